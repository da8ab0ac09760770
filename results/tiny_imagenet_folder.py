"""Unpack tiny-imagenet-200.zip for `--dataset folder:FOLDER`; its val images become test.

python results/tiny_imagenet_folder.py tiny-imagenet-200.zip FOLDER
"""

import argparse
import zipfile
from pathlib import Path, PurePosixPath

VAL = "tiny-imagenet-200/val/val_annotations.txt"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    with zipfile.ZipFile(options.archive) as archive:
        lines = archive.read(VAL).decode().splitlines()
        class_of = {file: name for file, name, *_ in (line.split("\t") for line in lines)}
        for entry in archive.namelist():
            picture = PurePosixPath(entry)
            if picture.suffix != ".JPEG" or picture.parts[1] not in ("train", "val"):
                continue
            if picture.parts[1] == "train":
                place = options.folder / "train" / picture.parts[2]
            else:
                place = options.folder / "test" / class_of[picture.name]
            place.mkdir(parents=True, exist_ok=True)
            (place / picture.name).write_bytes(archive.read(entry))


if __name__ == "__main__":
    main()
