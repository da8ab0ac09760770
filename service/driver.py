"""One run from here to its end: prepare inputs, schedule what is missing, record, conclude."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runs.command import written
from runs.errors import UsageError
from runs.folder import RunFolder
from service import tracking
from service.capacity import Capacity
from service.options import RunOptions
from service.plan import Plan
from service.progress import Preparing, Progress
from service.publisher import Publisher

if TYPE_CHECKING:
    from service.cluster.connection import Cluster

INTERRUPTED = 130  # the exit status of a run that was stopped


def drive(plan: Plan, options: RunOptions) -> tuple[int, RunFolder]:
    """Run the trials that `plan` still lacks, look after look; (exit status, run folder)."""
    from service.cluster import connection

    output = options.output.resolve()
    folder = plan.folder or RunFolder.create(output, plan.study.name)
    lock = folder.lock()
    began, cluster = False, None
    try:
        if not plan.todo:
            complete = _complete(plan, folder)
            more = _further(plan, folder)
            if more is None:
                if complete:
                    print(f"Nothing is left to do in {folder.path}.")
                return 0, folder
            plan = more
        with _interruptible():
            address = options.address or os.environ.get("RAY_ADDRESS")
            print(f"Joining Ray at {address} ..." if address else "Starting Ray ...", flush=True)
            variables = plan.study.settings.environment()
            cluster = connection.Cluster(address, plan.study.resources, variables)
            inputs = _prepare(plan)
            tracking.load()  # Tune and the publisher need it at the same time otherwise
            capacity = cluster.capacity().at_most(options.max_concurrent)
            if address:
                connection.check_shared(folder.path)
            chosen = options.tracking_uri or plan.tracking_uri or tracking.default_uri(output)
            uri = tracking.absolute(chosen)
            plan.write(folder, inputs, uri)
            began = True
        _say(plan, capacity, inputs)
        while True:
            print(f"{len(plan.todo)} trials, at most {capacity.slots} at once: {capacity.limit}.")
            status, whole = _run(plan, options, folder, cluster, capacity, uri)
            more = _further(plan, folder) if whole else None
            if more is None:
                return status, folder
            plan = more
            plan.extend(folder)
    except KeyboardInterrupt:
        if not began:
            raise
        _say_how_to_go_on(folder)
        return INTERRUPTED, folder
    finally:
        if cluster is not None:
            cluster.leave()
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

    lacking = ending.owed(folder)
    if not lacking:
        return True
    print(f"All trials have ended; what is missing is made: {', '.join(lacking)}.")
    uri = folder.study.tracking_uri
    publisher = None if uri is None else Publisher(folder, uri)
    gather = not folder.gathered  # a kept run's curves have fewer digits than its results
    ending.conclude(folder, plan.study.settings, publisher, gather=gather)
    return False


def _prepare(plan: Plan) -> dict[str, Any]:
    """What all trials read, made ready once; returns the record of the first variant's."""
    distinct: dict[str, Any] = {}
    for spec in plan.trials:
        key = spec.settings.model_dump_json(include=set(spec.settings.inputs))
        distinct.setdefault(key, spec.settings)
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
    for note in dict.fromkeys(n for spec in plan.trials for n in spec.settings.notes(inputs)):
        print(note)
    wanted = plan.study.resources.gpus
    if wanted and not capacity.trial.gpus:
        print(f"No GPU here: trials train on CPU (wanted {wanted:g} GPU each).")


def _say_how_to_go_on(folder: RunFolder) -> None:
    study = folder.study
    again = written(study, {"resume": str(folder.path)})
    print(f"Interrupted; go on with: {again}")


def _run(
    plan: Plan,
    options: RunOptions,
    folder: RunFolder,
    cluster: Cluster,
    capacity: Capacity,
    uri: str,
) -> tuple[int, bool]:
    """Run what a plan lacks, and conclude; (exit status, whether nothing broke it off)."""
    from reports.figures import side_processes
    from service import ending
    from service.cluster import runner

    publisher = Publisher(folder, uri)
    slots = min(capacity.slots, len(plan.todo))
    interrupted, broken = False, None
    with (
        _interruptible() as asked_to_stop,
        Progress(plan.study, plan.todo, folder, slots) as progress,
    ):

        def notify(event: str, key: str, line: dict[str, Any]) -> None:
            progress.notify(event, key, line)
            publisher.notify()

        try:
            runner.run_trials(
                plan.study,
                plan.todo,
                folder,
                capacity.trial,
                max_concurrent=options.max_concurrent,
                max_failures=options.max_failures,
                notify=notify,
            )
        except KeyboardInterrupt:
            interrupted = True
        except Exception as error:  # such as a cluster that went away: keep what there is
            # A signal to all processes ends Ray's too, and its failure may be what comes first.
            interrupted, broken = asked_to_stop.is_set(), error
    side_processes.start()  # which takes as long as Ray's does to end
    if broken or interrupted or plan.last:
        cluster.leave()  # nobody commits any more
    ending.conclude(folder, plan.study.settings, publisher)
    if broken is not None and not interrupted:
        print(f"Ray stopped: {str(broken).strip().splitlines()[0]}")
    if interrupted or broken:
        _say_how_to_go_on(folder)
    if interrupted:
        return INTERRUPTED, False
    # Sweeps that were not selected may lack a trial.
    return int(folder.status({spec.key for spec in plan.todo}) != "finished"), broken is None


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """SIGTERM, which batch systems send, interrupts as Ctrl-C does; yields whether one came."""
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    def interrupt(*_: Any) -> None:
        came.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, before)
