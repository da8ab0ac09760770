"""Taking known files out of a .tar.gz archive, safely, once, all of them or none."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO

from files import regular
from images.tree import inside


def unpack(archive: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Copy `<folder.name>/<name>` of a tar archive to `folder`, for all names and nothing else.

    They go to a folder of another name that is renamed when complete. Of processes that start
    together one unpacks and the others wait.

    Raises ValueError, one sentence, if the archive is damaged, no regular file, or unpacks to far
    more than its size, a name in it leads out of it, a file is missing or no file, or the place
    cannot be written.
    """
    from filelock import FileLock

    building = folder.with_name(f".{folder.name}.building")
    try:
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if folder.is_dir():
                return  # another process has unpacked it while this one waited
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir()
            try:
                _copy(archive, folder.name, building, names)
                building.rename(folder)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        raise ValueError(
            f"{archive} must be readable, and {folder.parent} writable and large enough to unpack "
            f"it; {error.strerror or error}."
        ) from error


def _copy(archive: Path, root: str, target: Path, names: tuple[str, ...]) -> None:
    missing = set(names)
    try:
        with (
            regular.opened(archive) as packed,
            _Bounded(archive, packed) as stream,
            tarfile.open(fileobj=stream, mode="r|") as opened,
        ):
            for member in opened:
                folder, _, name = inside(member.name, archive).partition("/")
                if folder != root or name not in missing:
                    continue
                content = opened.extractfile(member) if member.isfile() else None
                if content is None:
                    raise ValueError(f"{archive} must hold {root}/{name} as a file; it does not.")
                regular.check_unpacked(archive, member.size)  # of a sparse file little is stored
                with (target / name).open("wb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)
                missing.remove(name)
            while stream.read(1 << 20):
                pass  # gzip's checksum, which shows damage, stands at the very end
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{archive} must be a whole .tar.gz archive; {error}.") from error
    if missing:
        raise ValueError(f"{archive} must hold {root}/{min(missing)}; it does not.")


class _Bounded(gzip.GzipFile):
    """What an archive unpacks to, of which no more is read than such an archive may hold."""

    def __init__(self, archive: Path, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._archive, self._done = archive, 0

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes. Raises Refused beyond the limit."""
        content = super().read(size)
        self._done += len(content)
        regular.check_unpacked(self._archive, self._done)
        return content
