"""Where MLflow is. Passwords stop here: an address is recorded and shown without them.

They come from the environment: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or
MLFLOW_TRACKING_TOKEN, of a server; PGUSER and PGPASSWORD of PostgreSQL. Or they stand in
MLFLOW_TRACKING_URI or --tracking-uri, from which they are used while the process lives.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

SQLITE = "sqlite:///"
LOCAL = ("sqlite", "file")  # an @ in a path is no password
HIDDEN = "***"
# The parts of a query's names that say a secret follows; odbc_connect has a password within it.
SECRET = re.compile(r"pass|pwd|token|secret|key|auth|credential|odbc_connect", re.IGNORECASE)
SCHEME = r"([A-Za-z][A-Za-z0-9+.-]*)://"
ADDRESS = re.compile(rf"{SCHEME}(.*)", re.DOTALL)
IN_A_TEXT = re.compile(rf"{SCHEME}(\S*)")
TOO_SHORT = 4  # letters of a secret that would be found in any text
HOST_AND_PORT = re.compile(r"[^:/?#@]*(:\d+)?[/?#]|[^:/?#@]*[/?#]")


@dataclass(frozen=True)
class Address:
    """An MLflow store.

    shown: without credentials: what is recorded, printed and linked to.
    used: what MLflow connects to.
    secrets: what must not be seen in any message.
    """

    shown: str
    used: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def scrubbed(self, text: str) -> str:
        """A text of someone else's, an exception's say, without credentials."""
        text = text.replace(self.used, self.shown)
        for secret in sorted(self.secrets, key=len, reverse=True):
            if len(secret) >= TOO_SHORT:
                text = text.replace(secret, HIDDEN)
        return shown_text(text)

    @property
    def sqlite_file(self) -> Path | None:
        """The file of an SQLite store."""
        return Path(self.used.removeprefix(SQLITE)) if self.used.startswith(SQLITE) else None


def parse(uri: str) -> Address:
    """An address as it was given; the path of an SQLite file becomes absolute."""
    if uri.startswith(SQLITE):
        path = f"{SQLITE}{Path(uri.removeprefix(SQLITE)).resolve()}"
        return Address(path, path)
    found = ADDRESS.fullmatch(uri)
    if found is None or found[1].startswith(LOCAL):
        return Address(uri, uri)
    scheme, (credentials, place) = found[1], _split(found[2])
    bare, secrets = _without_secrets(place)
    shown = f"{scheme}://{bare}"
    if not credentials:
        return Address(shown, uri, tuple(secrets))
    user, _, password = credentials.partition(":")
    # An @ or a slash in a password, typed as it is, would end it.
    typed = ":".join(quote(part, safe="%") for part in (user, password) if part)
    secrets += [password or user, typed, credentials]
    secrets += [unquote(secret) for secret in secrets]
    return Address(shown, f"{scheme}://{typed}@{place}", tuple(dict.fromkeys(secrets)))


def choose(given: str | None, recorded: str | None, output: Path) -> Address:
    """Where a run is recorded.

    given: --tracking-uri.
    recorded: where an earlier part of the run is; its credentials come from MLFLOW_TRACKING_URI if
        that is the same place.
    output: the output folder, which has an SQLite file unless something else is said.
    """
    named = os.environ.get("MLFLOW_TRACKING_URI")
    if given:
        return parse(given)
    if recorded:
        own = parse(recorded)
        return parse(named) if named and parse(named).shown == own.shown else own
    return parse(named or f"{SQLITE}{output.resolve()}/mlflow.db")


def shown_word(word: str) -> str:
    """A word of a command line with the address in it, if there is one, as it may be shown."""
    return ADDRESS.sub(_as_shown, word)


def shown_text(text: str) -> str:
    """A text with every address in it, up to the next space, as it may be shown."""
    return IN_A_TEXT.sub(_as_shown, text)


def _as_shown(found: re.Match[str]) -> str:
    return found[0] if found[1].startswith(LOCAL) else parse(found[0]).shown


def _split(rest: str) -> tuple[str, str]:
    """(user:password, host and path) of what follows the scheme.

    A password may have an @, a slash or a question mark in it, so that the last @ ends it, unless
    what begins is clearly a host.
    """
    if HOST_AND_PORT.match(rest):
        return "", rest
    credentials, _, place = rest.rpartition("@")
    return credentials, place


def _without_secrets(place: str) -> tuple[str, list[str]]:
    """(host and path with what of a query is no secret, the secrets that were there)."""
    bare, _, query = place.partition("#")[0].partition("?")
    kept, secrets = [], []
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        if not SECRET.search(name):
            kept.append(part)
        elif value:
            secrets.append(value)
    return "?".join([bare.rstrip("/"), "&".join(kept)] if kept else [bare.rstrip("/")]), secrets
