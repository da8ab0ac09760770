"""`service.run` from Python, through Ray, with trials that fail, diverge and misbehave."""

import os

import pytest

import service
from service.study import Study
from trainables.protocol import Epoch, Settings


class Toy(Settings):
    kind: str = "fine"
    epochs: int = 2


def train(settings, trial):
    import torch

    start = trial.state["epoch"] if trial.state else 0
    marker = trial.folder / "came_here_before"
    for epoch in range(start + 1, settings.epochs + 1):
        if settings.kind == "vandal":
            torch.set_default_dtype(torch.float64)
            torch.set_num_threads(2)
            torch.manual_seed(epoch)
        if settings.kind == "broken" and epoch == 2:
            raise RuntimeError("no such luck")
        yield Epoch(
            {
                "val/draw": torch.rand(()).item(),
                "val/bytes": torch.zeros(1).element_size(),
                "val/threads": torch.get_num_threads(),
                "val/epoch": epoch,
                "time/pid": os.getpid(),
            },
            {"epoch": epoch},
        )
        if settings.kind == "flaky" and not marker.exists():
            marker.touch()
            raise RuntimeError("only once")
        if settings.kind == "mended" and not os.path.exists(trial.folder.parents[3] / "mended"):
            raise RuntimeError("not yet")
        if settings.kind == "diverging":
            yield Epoch({"val/epoch": float("inf")}, {"epoch": epoch + 1})


def toy(*kinds, **changes):
    sweeps = {"kind": {"kind": {"grid_search": list(kinds)}}}
    given = {"settings": Toy(), "sweeps": sweeps, "metric": "val/epoch", **changes}
    return Study("toy", "Which trial ends how?", train, **given)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def run(study, **options):
        how = {"output": tmp_path / "out", "max_concurrent": 1, "seeds": 1, **options}
        results = service.run(study, **how)
        return {trial["settings"]["kind"]: trial for trial in results["trials"]}

    return run


def test_failures_stay_alone_and_only_what_may_change_runs_again(run, tmp_path):
    study = toy("broken", "flaky", "diverging", "mended", "fine")
    ended = run(study)
    assert {kind: t["status"] for kind, t in ended.items()} == {
        "broken": "failed",
        "flaky": "finished",
        "diverging": "failed",
        "mended": "failed",
        "fine": "finished",
    }
    assert ended["broken"]["reason"].endswith("no such luck")
    assert ended["diverging"]["reason"].startswith("diverged: val/epoch is inf in epoch 2")
    assert ended["diverging"]["epochs"] == 1
    # A retry goes on from the last commit, so every epoch is there once.
    assert ended["flaky"]["epochs"] == 2
    (folder,) = (tmp_path / "out" / "toy").glob("2*")
    assert "RuntimeError" in (folder / "trials" / ended["broken"]["key"] / "error.txt").read_text()

    kept = (folder / "trials" / ended["fine"]["key"] / "status.json").read_bytes()
    diverged = (folder / "trials" / ended["diverging"]["key"] / "status.json").read_bytes()
    (tmp_path / "out" / "mended").touch()
    again = run(study, retry_failed="")
    assert {k: t["status"] for k, t in again.items() if k in ("broken", "mended")} == {
        "broken": "failed",
        "mended": "finished",
    }
    assert (folder / "trials" / ended["fine"]["key"] / "status.json").read_bytes() == kept
    assert (folder / "trials" / ended["diverging"]["key"] / "status.json").read_bytes() == diverged


def test_a_trial_on_a_used_actor_finds_a_fresh_process_state(run):
    ended = run(toy("first", "vandal", "last"))
    first, vandal, last = (ended[kind]["metrics"] for kind in ("first", "vandal", "last"))
    assert first["time/pid"] == vandal["time/pid"] == last["time/pid"] != os.getpid()
    assert (vandal["val/bytes"], vandal["val/threads"]) == (8, 2)
    for name in ("val/bytes", "val/threads", "val/draw"):
        assert first[name] == last[name]


@pytest.mark.parametrize(("expected", "status"), [([], 1), ([{"kind": "diverging"}], 0)])
def test_divergence_fails_a_run_unless_the_study_expects_it(tmp_path, expected, status):
    from service.cli import execute
    from service.options import options_from

    study = toy("diverging", "fine", may_diverge=expected)
    assert execute(study, options_from({"output": tmp_path, "seeds": 1}), {})[0] == status


def test_more_seeds_extend_a_run(run, tmp_path):
    first = run(toy("fine"))["fine"]
    more = service.run(toy("fine"), output=tmp_path / "out", resume="", seeds=3)["trials"]
    assert [trial["seed"] for trial in more] == [0, 1, 2]
    assert more[0] == first


def test_several_values_vary_and_one_holds(run, monkeypatch):
    monkeypatch.setenv("PYTHONBREAKPOINT", "pdb.set_trace")
    results = run(toy("fine", "other"), kind=["a", "b"], epochs=1)
    assert sorted(results) == ["a", "b"]
    assert {trial["epochs"] for trial in results.values()} == {1}
    assert os.environ["PYTHONBREAKPOINT"] == "pdb.set_trace"  # Ray puts its own in its place


def test_unknown_options_are_a_sentence(run):
    with pytest.raises(service.UsageError, match="did you mean epochs"):
        run(toy("fine"), epohs=3)
