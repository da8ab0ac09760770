"""Does MLflow hold what the run folder holds? Compares every value, changes nothing."""

from __future__ import annotations

from reports.reading import reading
from runs.folder import RunFolder
from service.tracking.address import parse
from service.tracking.held import Held, compare, one_of
from service.tracking.owed import Owed, Source
from service.tracking.store import Store


def differences(run: RunFolder, uri: str) -> list[str]:
    """What the store lacks, has too much or otherwise, a sentence each; empty if complete.

    The run is one that nobody runs any more. Raises whatever MLflow does.
    """
    source = Source(run)
    study = source.study()
    store = Store.look_up(parse(uri), study.study)
    found = {} if store is None else store.runs(study.run)
    parents = one_of(found.pop("", []))
    if store is None or not parents:
        return ["The run has 0 parent runs in MLflow instead of 1."]
    said = []
    if len(parents) > 1:
        said.append(f"The run has {len(parents)} parent runs in MLflow instead of 1.")
    read = reading(run.read()) if run.gathered else None  # reading gathers otherwise
    trials = source.concluded_trials(read)
    said += _wrong(store, source.concluded_parent(trials, read), parents[0], None)
    for owed in trials:
        several = one_of(found.pop(owed.key, []))
        if len(several) != 1:
            said.append(f"{owed.called}: {len(several)} MLflow runs instead of 1.")
        if several:
            said += _wrong(store, owed, several[0], parents[0].run_id)
    surplus = [one for several in found.values() for one in several]
    return said + [f"{one.name}: an MLflow run of no trial that has begun." for one in surplus]


def _wrong(store: Store, owed: Owed, held: Held, parent: str | None) -> list[str]:
    store.look(held)
    return [f"{owed.called}: {what}." for what in compare(owed, held, parent).says]
