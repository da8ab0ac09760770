"""From options to an ended run: validate everything, then run, then say what came out."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from service import tracking
from service.errors import UsageError
from service.options import RunOptions, options_from, parse
from service.plan import Plan, plan_run, resume_run
from service.run_folder import RunFolder
from service.study import Resources, Study

TRACKING_GRACE_SECONDS = 30.0


def main(study: Study) -> None:
    """The whole of `python -m studies.NAME`; exits with the status that DESIGN's contract names."""
    about = (sys.modules["__main__"].__doc__ or study.question).strip()
    try:
        options, values = parse(study.name, about, study.settings, sys.argv[1:])
        status = execute(study, options, values)[0]
    except UsageError as error:
        print(f"{error}", file=sys.stderr)
        status = 2
    sys.exit(status)


def run(study: Study, **options: Any) -> dict[str, Any]:
    """Run `study` from Python and return what results.json holds.

    Options are those of the command line (only=["loss"], seeds=3, output=...) and settings
    (epochs=3; a list replaces the values of a varied setting). UsageError as there.
    """
    known = RunOptions.model_fields
    settings = {k: v if isinstance(v, list) else [v] for k, v in options.items() if k not in known}
    chosen = options_from({k: v for k, v in options.items() if k in known})
    folder = execute(study, chosen, settings)[1]
    return {} if folder is None else folder.write_results()


def execute(
    study: Study, options: RunOptions, values: Mapping[str, Sequence[Any]]
) -> tuple[int, RunFolder | None]:
    """Run what the options ask for; (exit status, run folder or None)."""
    if options.trial and not options.debug:
        raise UsageError("--trial names the trial that --debug runs; give both.")
    modes = [options.resume is not None, options.retry_failed is not None, options.smoke]
    if sum(modes) > 1:
        raise UsageError("Only one of --resume, --retry-failed and --smoke can be given.")
    if options.resume is None and options.retry_failed is None:
        plan = plan_run(study, options, values)
    else:
        plan = resume_run(study, options, values)
    plan = replace(plan, study=_with_resources(plan.study, options))
    if options.dry_run:
        _dry_run(plan)
        return 0, None
    _check(plan)
    if options.debug:
        from service.debug import debug

        debug(plan.study, _chosen(plan, options.trial), options.output.resolve())
        return 0, None
    return _run(plan, options)


def _with_resources(study: Study, options: RunOptions) -> Study:
    resources = study.resources
    cpus = resources.cpus if options.cpus_per_trial is None else options.cpus_per_trial
    gpus = resources.gpus if options.gpus_per_trial is None else options.gpus_per_trial
    return replace(study, resources=Resources(cpus, gpus))


def _check(plan: Plan) -> None:
    for settings in {t.settings for t in plan.trials}:
        try:
            settings.check()
        except (ValueError, OSError) as error:
            raise UsageError(str(error)) from None


def _chosen(plan: Plan, key: str | None) -> Any:
    from service.errors import nearest

    if key is None:
        return plan.trials[0]
    by_key = {t.key: t for t in plan.trials}
    if key not in by_key:
        raise UsageError(f"No selected trial has the key {key!r}{nearest(key, by_key)}")
    return by_key[key]


def _dry_run(plan: Plan) -> None:
    from rich.console import Console
    from rich.table import Table

    resources = plan.study.resources
    table = Table("key", "trial", "sweeps", title=f"{plan.study.name}: {len(plan.todo)} trials")
    for spec in plan.todo:
        table.add_row(spec.key, spec.name, " ".join(spec.sweeps))
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(table)
    slots = max(1, int(len(os.sched_getaffinity(0)) / resources.cpus))
    try:
        costs = [spec.settings.cost() for spec in plan.todo]
    except (ValueError, OSError) as error:
        print(f"Hours are not known without the data: {error}")
    else:
        hours = sum(seconds for seconds, _ in costs) / resources.threads / 3600
        disk = sum(sorted((size for _, size in costs), reverse=True)[:slots]) / 2**30
        print(f"About {hours:.1f} hours of a trial's cores, {hours / slots:.1f} hours here;")
        print(f"about {disk:.1f} GiB of disk while it runs (a rough guess from ResNet-18's speed).")
    print(
        f"At most {slots} at once on this machine: {len(os.sched_getaffinity(0))} CPU cores, "
        f"{resources.cpus:g} for a trial."
    )


def _run(plan: Plan, options: RunOptions) -> tuple[int, RunFolder]:
    from service.cluster import runner

    output = options.output.resolve()
    folder = plan.folder or RunFolder.create(output, plan.study.name)
    lock = folder.lock()
    created = False
    try:
        if not plan.todo:
            print(f"Nothing is left to do in {folder.path}.")
            return _exit_status(plan, folder), folder
        inputs = _prepare(plan)
        address = options.address or os.environ.get("RAY_ADDRESS")
        try:
            resources = runner.connect(address, plan.study.resources, print)
            uri = options.tracking_uri or plan.tracking_uri or tracking.default_uri(output)
            plan.write(folder, inputs, uri)
            created = True
            return _scheduled(plan, options, folder, resources, uri), folder
        finally:
            runner.disconnect()
    finally:
        if not created and plan.folder is None:
            _forget(folder)
        lock.release()


def _forget(folder: RunFolder) -> None:
    """A run that never began leaves no folder behind."""
    import shutil

    shutil.rmtree(folder.path, ignore_errors=True)


def _prepare(plan: Plan) -> dict[str, Any]:
    shown: dict[str, int] = {}

    def progress(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(1, total)
        if shown.get(what) != tenth:
            shown[what] = tenth
            print(f"{what}: {done} of {total}", flush=True)

    inputs: dict[str, Any] = {}
    distinct: dict[str, Any] = {}
    for spec in plan.trials:
        held = {"dataset", "image_size", "classes", "images_per_class", "model", "weights"}
        distinct.setdefault(spec.settings.model_dump_json(include=held), spec.settings)
    for settings in distinct.values():
        try:
            found = settings.prepare(progress)
        except (ValueError, OSError) as error:
            raise UsageError(str(error)) from None
        inputs = inputs or found
    plan.check_inputs(inputs)
    return inputs


def _scheduled(
    plan: Plan, options: RunOptions, folder: RunFolder, resources: Resources, uri: str
) -> int:
    from service.cluster import runner
    from service.progress import Progress
    from service.summary import draw, show

    publisher = tracking.Publisher(folder, uri)
    slots = max(1, int(len(os.sched_getaffinity(0)) / resources.cpus))
    interrupted = False
    slots = min(slots, options.max_concurrent or slots, len(plan.todo))
    with Progress(plan.study, plan.todo, folder, slots) as progress:

        def notify(event: str, key: str, line: dict[str, Any]) -> None:
            progress.notify(event, key, line)
            publisher.notify()

        try:
            runner.run_trials(
                plan.study,
                plan.todo,
                folder,
                resources,
                max_concurrent=options.max_concurrent,
                max_failures=options.max_failures,
                notify=notify,
            )
        except KeyboardInterrupt:
            interrupted = True
    results = folder.write_results()
    draw(folder, results)
    show(plan.study, results)
    status = 130 if interrupted else _exit_status(plan, folder)
    whole = {0: "finished", 130: "stopped"}.get(status, "failed")
    if publisher.close(whole, timeout=TRACKING_GRACE_SECONDS if publisher.error is None else 8.0):
        print(f"Runs: {uri} (make ui shows them); folder: {folder.path}")
    else:
        print(f"MLflow at {uri} did not take everything ({publisher.error or 'it is slow'}).")
        print(f"Complete it with: python -m service.publish {folder.path}")
    if interrupted:
        print(
            f"Interrupted; go on with: python -m studies.{plan.study.name} --resume {folder.path}"
        )
    return status


def _exit_status(plan: Plan, folder: RunFolder) -> int:
    ended = [folder.trial(spec.key).status or {} for spec in plan.trials]
    return 0 if all(status.get("status") == "finished" for status in ended) else 1
