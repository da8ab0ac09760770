"""The image for the cluster installs what the service takes its database for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_image_installs_the_driver_of_the_database_that_the_compose_file_names() -> None:
    from sqlalchemy.engine import make_url

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
    (extras,) = re.findall(r"-e \"?\.\[([\w,]+)\]", dockerfile)
    wanted = [one for name in extras.split(",") for one in project["optional-dependencies"][name]]
    compose = (ROOT / "docker" / "compose.yaml").read_text()
    (kind,) = re.findall(r"--backend-store-uri (\S+?)://", compose)
    # What SQLAlchemy imports for such an address, "psycopg" say, is what has to be installed.
    driver = make_url(f"{kind}://user@host/name").get_dialect().driver
    assert driver in [re.split(r"[\[<>=~ ]", package)[0] for package in wanted]
