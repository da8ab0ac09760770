"""Train one trial of a run again and compare every number:  python -m service.verify RUN.

Data or weights that lie elsewhere by now are named as when a study is run: --data-dir DIR,
--weights FILE. The same numbers come out on the same kind of processor, or of GPU, with the same
versions and threads; elsewhere they part in their last digits, and more with every epoch.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from runs.errors import UsageError, nearest
from runs.folder import RunFolder
from runs.trial_folder import TrialFolder
from service.execution import run_trial
from service.options import RunOptions, options_from, parse
from service.plan import Plan
from service.resume import resume_run
from service.search import tuning
from service.studies import study_of
from service.trial_spec import TrialSpec

LISTED = 5  # differences that are named


def main() -> int:
    """Exit status 0: every number is the same; 1: some differ; 2: wrong usage or input."""
    words, _, more = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m service.verify", description=words, epilog=more.strip(), allow_abbrev=False
    )
    parser.add_argument("run", metavar="RUN", help="a path, or STUDY/RUN below the output folder")
    parser.add_argument("--trial", metavar="KEY", help="which; else the first that finished")
    parser.add_argument("--output", default="outputs", help="default ./outputs")
    parser.add_argument(
        "--study", metavar="MODULE", help="where the study is; else what started the run"
    )
    options, places = parser.parse_known_args()
    try:
        folder = RunFolder.find(options.run, Path(options.output), None)
        plan = _plan(folder, options.study, places)
        spec = _chosen(plan, folder, options.trial)
        again = _trained(plan, spec)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    before = folder.trial(spec.key).committed
    for name in measured_since(before, again):
        print(f"{name} is measured now, and was not when this run was made.")
    return _told(spec, compared(before, again))


def _plan(folder: RunFolder, study: str | None, places: Sequence[str]) -> Plan:
    """The run as it was planned, with data and weights where they lie now."""
    own = study_of(folder.study, study)
    given, values = parse("python -m service.verify", "", own.settings, places)
    if given != RunOptions():
        raise UsageError("Only where data and weights lie can be said beside RUN and --trial.")
    return resume_run(own, options_from({"resume": str(folder.path)}), values)


def _chosen(plan: Plan, folder: RunFolder, key: str | None) -> TrialSpec:
    ended = [
        spec
        for spec in plan.trials
        if (end := folder.trial(spec.key).ending) and end.for_good and end.status != "pruned"
    ]
    if not ended:
        raise UsageError(f"No trial of {folder.path} has ended.")
    by_key = {spec.key: spec for spec in ended}
    if key is not None and key not in by_key:
        raise UsageError(f"No trial that ended has the key {key!r}{nearest(key, by_key)}")
    chosen = ended[0] if key is None else by_key[key]
    return tuning.found(chosen, folder) or chosen


def _trained(plan: Plan, spec: TrialSpec) -> list[dict[str, Any]]:
    """Its lines, trained again from its start, in a folder that is gone afterwards."""
    try:
        spec.settings.check()
        plan.check_inputs(spec.settings.prepare())
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from None
    print(f"{spec.name} again, from its start")
    study = plan.study
    with tempfile.TemporaryDirectory() as place:
        for line in run_trial(
            study.trainable,
            spec.settings,
            Path(place),
            seed=spec.seed,
            threads=study.resources.threads,
            gpus=study.resources.gpus,
            metric=study.metric,
            mode=study.mode,
        ):
            print(f"epoch {line['epoch']}", flush=True)
        return TrialFolder(Path(place)).committed


def compared(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[tuple[str, Any, Any]]:
    """Every number of the lines of both, as ("val/loss in epoch 3", before, after).

    What takes time is none of them, nor what was not measured at all before. One that only one of
    them has is None in the other.
    """
    new = measured_since(before, after)
    again = [{name: v for name, v in line.items() if name not in new} for line in after]
    one, other = dict(_numbers(before)), dict(_numbers(again))
    return [(name, one.get(name), other.get(name)) for name in {**one, **other}]


def measured_since(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Metrics of the second lines that none of the first has, as an older run lacks them."""
    known = {name for line in before for name in line}
    return list(dict.fromkeys(name for line in after for name in line if name not in known))


def _numbers(lines: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for line in lines:
        for name, value in line.items():
            if "/" in name and not name.startswith("time/"):
                yield f"{name} in epoch {line['epoch']}", value


def _told(spec: TrialSpec, numbers: Sequence[tuple[str, Any, Any]]) -> int:
    """Say what came out; returns the exit status."""
    differ = [row for row in numbers if row[1] != row[2]]
    if not differ:
        print(f"All {len(numbers):,} numbers of {spec.name} are the same.")
        return 0
    print(f"{len(differ):,} of {len(numbers):,} numbers of {spec.name} differ:")
    for name, before, after in sorted(differ, key=_apart, reverse=True)[:LISTED]:
        print(f"  {name}: {before} in the run, {after} now")
    if len(differ) > LISTED:
        print(f"  and {len(differ) - LISTED:,} more, which lie nearer to each other")
    return 1


def _apart(row: tuple[str, Any, Any]) -> float:
    """How far two numbers lie apart, of the larger; infinitely where there is only one."""
    _, before, after = row
    if before is None or after is None:
        return math.inf
    return float(abs(before - after) / max(abs(before), abs(after)))


if __name__ == "__main__":
    sys.exit(main())
