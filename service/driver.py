"""One run from here to its end: prepare inputs, schedule what is missing, record, conclude."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

from runs.command import written
from runs.disk import disk_sentence
from runs.errors import UsageError
from runs.folder import RunFolder
from runs.lease import Lease
from service import restarting
from service.capacity import Capacity
from service.cluster.link import Cluster
from service.cluster.messages import Event, RunTrials
from service.interruption import INTERRUPTED, Interruption, raising
from service.options import RunOptions
from service.plan import Plan
from service.progress import Preparing, Progress
from service.publisher import Publisher
from service.search.handing import Handing
from service.search.sources import source_of
from service.tracking import store
from service.tracking.address import Address, choose
from service.trial_spec import TrialSpec


def drive(plan: Plan, options: RunOptions) -> tuple[int, RunFolder]:
    """Run the trials that `plan` still lacks; (exit status, run folder)."""
    output = options.output.resolve()
    until = None if options.hours is None else time.monotonic() + 3600 * options.hours
    folder = plan.folder or RunFolder.create(output, plan.study.name)
    lock, lease = folder.lock(), Lease(folder.path)
    began, cluster = False, None
    try:
        if not plan.lacks:
            complete = _complete(plan, folder)
            more = _further(plan, folder)
            if more is None:
                if complete:
                    print(f"Nothing is left to do in {folder.path}.")
                return 0, folder
            plan = more
        with raising():
            address = options.address or os.environ.get("RAY_ADDRESS")
            print(f"Joining Ray at {address} ..." if address else "Starting Ray ...", flush=True)
            variables = plan.study.settings.environment()
            cluster = Cluster(address, plan.study.resources, variables)
            inputs = _prepare(plan)
            store.load()  # while nothing else can go on
            capacity = cluster.capacity().at_most(options.max_concurrent)
            if address:
                cluster.check_shared(folder.path)
            mlflow = choose(options.tracking_uri, plan.tracking_uri, output)
            lease.take()
            plan.write(folder, inputs, mlflow.shown)
            began = True
        _say(plan, capacity, inputs)
        print(f"{plan.amount}, at most {capacity.slots} at once: {capacity.limit}.")
        return _run(plan, options, folder, cluster, capacity, mlflow, lease, until), folder
    except KeyboardInterrupt:
        if not began:
            raise
        _say_how_to_go_on(folder)
        return INTERRUPTED, folder
    except OSError as error:  # a full disk: what is measured stays, and resuming makes what is owed
        if (sentence := disk_sentence(error, folder.path)) is None:
            raise
        if not began:
            raise UsageError(sentence) from None
        _say_how_to_go_on(folder, sentence.removesuffix("."))
        return 1, folder
    finally:
        lease.release()
        if cluster is not None:
            cluster.leave()
            cluster.end()
        if not began and plan.folder is None:  # a run that never began leaves no folder behind
            shutil.rmtree(folder.path, ignore_errors=True)
        lock.release()


def _further(plan: Plan, folder: RunFolder) -> Plan | None:
    """What comes next of a run that goes on until its claims are decided."""
    if plan.until is None:
        return None
    from service import until_decided

    return until_decided.further(plan, folder)


def _complete(plan: Plan, folder: RunFolder) -> bool:
    """Make whatever a run whose trials have ended still lacks; whether it lacked nothing."""
    from service import ending

    if not folder.bundled:
        for trial in folder.trials():
            trial.tidy()
    lacking = ending.owed(folder)
    if not lacking:
        return True
    print(f"All trials have ended; what is missing is made: {', '.join(lacking)}.")
    uri = folder.study.tracking_uri
    publisher = None if uri is None else Publisher(folder, choose(None, uri, folder.path))
    gather = not folder.gathered  # a kept run's curves have fewer digits than its results
    ending.conclude(folder, plan.study.settings, publisher, gather=gather)
    return False


def _prepare(plan: Plan) -> dict[str, Any]:
    """What all trials read, made ready once; returns the record of the first variant's."""
    distinct: dict[str, Any] = {}
    for settings in plan.reading:
        key = settings.model_dump_json(include=set(settings.inputs))
        distinct.setdefault(key, settings)
    inputs: dict[str, Any] = {}
    with Preparing() as progress:
        for settings in distinct.values():
            try:
                record = settings.prepare(progress.advance)
            except (ValueError, OSError) as error:
                raise UsageError(str(error)) from None
            inputs = inputs or record
    plan.check_inputs(inputs)
    return inputs


def _say(plan: Plan, capacity: Capacity, inputs: dict[str, Any]) -> None:
    for note in dict.fromkeys(n for settings in plan.cases for n in settings.notes(inputs)):
        print(note)
    if plan.cost_of_tuning:
        print(plan.cost_of_tuning)
    wanted = plan.study.resources.gpus
    if wanted and not capacity.trial.gpus:
        print(f"No GPU here: trials train on CPU (wanted {wanted:g} GPU each).")


def _say_how_to_go_on(folder: RunFolder, why: str = "Interrupted") -> None:
    again = written(folder.study, {"resume": str(folder.path)})
    print(f"{why}; go on with: {again}", flush=True)


def _run(
    plan: Plan,
    options: RunOptions,
    folder: RunFolder,
    cluster: Cluster,
    capacity: Capacity,
    mlflow: Address,
    lease: Lease,
    until: float | None,
) -> int:
    """Run what a plan lacks, and conclude; the exit status."""
    from reports.figures import side_processes
    from service import ending

    publisher = Publisher(folder, mlflow)
    slots = min(capacity.slots, plan.expected)
    asked = {spec.key for spec in plan.todo}
    with (
        Interruption(folder.path, lease, until) as stop,
        Progress(plan.study, plan.todo, folder, slots, plan.expected) as progress,
    ):

        def follow(event: Event) -> None:
            progress.notify(event)
            publisher.notify(event.key)

        def added(spec: TrialSpec) -> None:
            asked.add(spec.key)
            progress.add(spec)

        source = source_of(plan, folder, added, lambda key: follow(Event("end", key)))
        job = RunTrials(
            study=plan.study,
            run=folder.path,
            waits=source.prunes,
            trial=capacity.trial,
            slots=capacity.slots,
            max_concurrent=options.max_concurrent,
            max_failures=options.max_failures,
            token=lease.take(),
            limit=options.trial_timeout,
        )
        handing = Handing(source, folder)
        broken = restarting.run_trials(job, handing, cluster, folder, lease, stop, follow)
    for note in source.notes:
        print(note)
    status = plan.status(folder, asked)
    interrupted = stop.gently and status == "stopped"
    if stop.now and interrupted:  # who ends processes may leave no time for pictures
        _say_how_to_go_on(folder)
    side_processes.start()  # which takes as long as Ray's does to end
    lease.revoke()  # nobody commits any more
    cluster.leave()
    ending.conclude(folder, plan.study.settings, publisher)
    if interrupted:
        if not stop.now:
            _say_how_to_go_on(folder)
        return INTERRUPTED
    if broken:
        _say_how_to_go_on(folder, f"Ray ended: {broken}")
    return int(status != "finished")
