"""The arrows of the architecture: who may import whom, and who may know Ray, MLflow and Optuna."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY = {
    "studies": {"service", "claims", "trainables"},
    "service": {"trainables", "reports", "claims", "runs"},
    "reports": {"claims", "metrics", "runs"},
    "claims": {"runs"},
    "trainables": {"models", "losses", "metrics", "images", "runs"},
    "runs": set(),
    "models": {"files"},
    "losses": set(),
    "metrics": set(),
    "images": {"files"},
    "files": set(),
}
FILES = [path for name in MAY for path in sorted((ROOT / name).rglob("*.py"))]


def imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append("." * node.level + (node.module or ""))
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_downward_only(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        top = name.partition(".")[0]
        assert top not in MAY or top == package or top in MAY[package], name


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_each_of_ray_mlflow_and_optuna_is_known_in_one_place(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name in imported(path):
        top = name.partition(".")[0]
        if top == "ray":
            assert place.startswith(("service/cluster/", "studies/")), name
        if top == "mlflow":
            assert place == "service/tracking/store.py", name
        if top == "optuna":
            assert place.startswith("service/search/"), name


def test_the_service_knows_only_the_protocol_of_trainables() -> None:
    for path in (ROOT / "service").rglob("*.py"):
        for name in imported(path):
            assert not name.startswith("trainables") or name == "trainables.protocol", path


def test_workers_are_sent_every_package() -> None:
    from service.cluster.connection import PACKAGES

    assert set(PACKAGES) == set(MAY)
