"""Runs what a source gives in this process, without Ray, up to any commit."""

from service.execution import run_trial
from service.search.handing import Handing
from service.search.sources import source_of


class Cut(Exception):
    """The run was ended here."""


def run(plan, folder, commits=None, slots=1):
    """Run what a plan lacks; raises Cut after so many commits. Returns names as they began."""
    study, began = plan.study, []
    source = source_of(plan, folder, lambda spec: None, lambda key: None)
    handing, running = Handing(source, folder), {}
    while True:
        while len(running) < slots and (spec := handing.next(slots)) is not None:
            began.append(spec.name)
            running[spec.key] = run_trial(
                study.trainable, spec.settings, folder.path / "trials" / spec.key, seed=spec.seed,
                threads=1, gpus=0, metric=study.metric, mode=study.mode,
            )  # fmt: skip
        if not running:
            assert handing.over
            return began
        for key in [*running]:
            try:
                line = next(running[key], None)
            except ValueError as error:
                folder.trial(key).end("failed", str(error))
                line = None
            if line is None:
                del running[key]
                handing.ended(key)
                continue
            handing.told(key, line)
            if commits is not None:
                commits -= 1
                if not commits:
                    for trial in running.values():
                        trial.close()
                    raise Cut
