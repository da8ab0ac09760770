"""A website on this machine, and runs made up of numbers for what only looks at numbers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from runs.hits import Hits
from runs.ranges import Range, without
from runs.record import Asked, StudyRecord, TrialAsked, TrialRecord
from runs.run import Run
from runs.searched import called
from runs.variants import label


@dataclass
class Site:
    """A folder that is published on the loopback interface, and the files that were asked for."""

    folder: Path
    url: str = ""
    sent: list[str] = field(default_factory=list)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty website; write into its folder what it offers."""
    site = Site(tmp_path / "site")
    site.folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            site.sent.append(self.path.lstrip("/"))
            super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("no_proxy", "*")
    handler = partial(Handler, directory=str(site.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site.url = f"http://127.0.0.1:{server.server_port}/"
        yield site
        server.shutdown()


def _trial(settings, seed=0, *, sweep="s", curves=None, metrics=None, status="finished",
           diverged=None, folder=Path("nowhere"), labels=None, predicted=None):  # fmt: skip
    """curves: metric to its values by epoch, whose last one is also in metrics.

    sweep: one, or several.  diverged: by default what failed did.
    labels, predicted: of its test images, whose accuracy is then in metrics, too.
    """
    curves = curves or {}
    length = max(map(len, curves.values()), default=0)
    lines = [
        {"epoch": e + 1, **{name: values[e] for name, values in curves.items() if e < len(values)}}
        for e in range(length)
    ]
    last = {name: values[-1] for name, values in curves.items()} | (metrics or {})
    if predicted is not None:
        last = {"test/accuracy": float(np.mean(np.equal(labels, predicted)))} | last
    diverged = status == "failed" if diverged is None else diverged
    trial = TrialRecord(
        key=f"{label(settings, settings)}/{seed}",
        seed=seed,
        sweeps=(sweep,) if isinstance(sweep, str) else sweep,
        settings=settings,
        status=status,
        reason=None if status == "finished" else "diverged" if diverged else "broken",
        diverged=diverged,
        epochs=length,
        metrics=last,
        seconds=60.0,
        lines=lines,
        folder=folder,
    )
    if predicted is not None:  # as if they lay in its folder
        vars(trial)["hits"] = Hits(np.asarray(labels), np.asarray(predicted))
    return trial


def _run(made, /, dataset="digits", path=Path("nowhere"), tracked=None, **study):
    """A run of these trials, whose sweeps vary every setting unless it is said what they do."""
    sweeps = {sweep: {} for trial in made for sweep in trial.sweeps}
    for trial in made:
        for sweep in trial.sweeps:
            sweeps[sweep] |= dict.fromkeys(trial.settings)
    about = {"study": "toy", "run": "now", "metric": "val/accuracy",
             "program": "python -m studies.toy",
             "sweeps": {sweep: tuple(names) for sweep, names in sweeps.items()},
             "inputs": {"dataset": {"name": dataset}}}  # fmt: skip
    return Run(path, StudyRecord(**about | study), made, tracked)


@pytest.fixture(scope="session")
def made_trial():
    return _trial


@pytest.fixture(scope="session")
def made_run():
    return _run


RATES = {"lr": Range(low=0.01, high=1.0, log=True)}
LOST = {
    "diverged": {"status": "failed"},
    "failed": {"status": "failed", "diverged": False},
    "stopped": {"status": "stopped", "diverged": False},
}


def _tuned_run(drawn, untuned=None, ranges=None, gap=0.01, path=Path("nowhere"), **study):
    """A run of sweep s that tuned lr for every x; the draw with the highest number is compared.

    drawn: value of x to a list of draws a block, each what was drawn, a value of lr or all that are
        tuned, and what it came to: its validation accuracy, "diverged", "failed" or "stopped".
    untuned: value of x to what it came to with lr=0.1, block by block.
    ranges: what was drawn from.
    gap: by how much every test accuracy is below that of validation.
    """
    ranges, made = ranges or RATES, []

    def add(key, x, seed, values, came_to, role, among=()):
        settings = {"x": x, **values}
        if came_to in LOST:
            trial = _trial(settings, seed, curves={"train/loss": [9.0]}, **LOST[came_to])
        else:
            curves = {"val/accuracy": [came_to / 2, came_to]}
            trial = _trial(settings, seed, curves=curves, metrics={"test/accuracy": came_to - gap})
        made.append(replace(trial, key=key, role=role, tuned=ranges, among=among))

    for x, blocks in drawn.items():
        for block, draws in enumerate(blocks):
            keys, found = [], {}
            for place, (values, came_to) in enumerate(draws):
                values = values if isinstance(values, dict) else {"lr": values}
                keys.append(f"{x}/{block}/{place}")
                add(keys[-1], x, 10_000 + block, values, came_to, "search")
                if came_to not in LOST:
                    found.setdefault(came_to, values)
            if any(came_to == "stopped" for _, came_to in draws):
                add(f"{x}/{block}", x, block, {}, "stopped", "compared", tuple(keys))
                continue
            best = max(found, default="diverged")
            add(f"{x}/{block}", x, block, found.get(best, {}), best, "compared", tuple(keys))
    for x, ends in (untuned or {}).items():
        for block, came_to in enumerate(ends):
            add(f"{x}/{block}/held", x, block, {"lr": 0.1}, came_to, "default")
    asked = tuple(
        TrialAsked(key=t.key, seed=t.seed, sweeps=("s",), settings=t.settings, role=t.role,
                   tuned=t.tuned, among=tuple(t.among))
        for t in made
    )  # fmt: skip
    about = {"trials": asked, "sweeps": {"s": ("x",)}, "baseline": {"x": next(iter(drawn))}}
    run = _run([one for one in made if one.role == "compared"], path=path, **about | study)
    return replace(run, others=[one for one in made if one.role != "compared"])


@pytest.fixture(scope="session")
def tuned_run():
    return _tuned_run


SEARCHED = {"lr": Range(low=0.001, high=1.0, log=True)}


def _searched_run(tried, fresh=(), asked=None, gap=0.02, path=Path("nowhere"), **study):
    """A run that searched x and lr, and beta where x is b; the best that finished is run again.

    tried: of each trial its settings, and its validation accuracies by epoch, or how it was lost;
        one with fewer epochs than the longest was pruned.
    fresh: the validation accuracy of each fresh seed.
    gap: by how much every test accuracy is below that of validation.
    """
    longest = max((len(curve) for _, curve in tried if not isinstance(curve, str)), default=0)
    made, best = [], None

    def ranges(settings):
        return {n: r for n, r in {**SEARCHED, "beta": Range(low=0.0, high=1.0)}.items()
                if n in settings}  # fmt: skip

    for place, (settings, curve) in enumerate(tried):
        if isinstance(curve, str):
            trial = _trial(settings, 10_000, curves={"train/loss": [9.0]}, **LOST[curve])
        else:
            status = "finished" if len(curve) == longest else "pruned"
            more = {"test/accuracy": curve[-1] - gap} if status == "finished" else {}
            trial = _trial(settings, 10_000, curves={"val/accuracy": curve}, metrics=more,
                           status=status)  # fmt: skip
        made.append(replace(trial, key=f"t{place}", role="search", tuned=ranges(settings)))
        if trial.finished and (best is None or curve[-1] > best.metrics["val/accuracy"]):
            best = made[-1]
    for seed, value in enumerate(fresh):
        curves = {"val/accuracy": [value] * longest}
        trial = _trial(best.settings, seed, curves=curves, metrics={"test/accuracy": value - gap})
        made.append(replace(trial, key=f"f{seed}", tuned=best.tuned, among=(best.key,)))
    listed = tuple(
        TrialAsked(key=t.key, seed=t.seed, sweeps=("s",), role=t.role, tuned=t.tuned,
                   settings=without(t.settings, t.tuned) if t.among else t.settings,
                   among=tuple(t.among))
        for t in made
    )  # fmt: skip
    options = {"search": "optuna", "trials": asked or len(tried), "scheduler": "asha",
               "seeds": max(len(fresh), 1)}  # fmt: skip
    about = {"trials": listed, "sweeps": {"s": ("x",)}, "asked": Asked(**options)}
    run = _run([one for one in made if one.role == "compared"], path=path, **about | study)
    return called(replace(run, others=[one for one in made if one.role != "compared"]))


@pytest.fixture(scope="session")
def searched_run():
    return _searched_run
