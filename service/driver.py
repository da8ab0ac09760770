"""One run from here to its end: prepare inputs, schedule what is missing, record, summarise."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service import tracking
from service.capacity import Capacity
from service.errors import UsageError
from service.options import RunOptions
from service.plan import Plan
from service.progress import Preparing, Progress
from service.publisher import Publisher
from service.run_folder import RunFolder
from service.trial_folder import read_json

TRACKING_GRACE_SECONDS = 30.0
DEAD_TRACKING_GRACE_SECONDS = 8.0
EXIT_STATUS = {"finished": 0, "failed": 1, "stopped": 130}


def drive(plan: Plan, options: RunOptions) -> tuple[int, RunFolder]:
    """Run the trials that `plan` still lacks; (exit status, run folder)."""
    from service.cluster import connection

    output = options.output.resolve()
    folder = plan.folder or RunFolder.create(output, plan.study.name)
    lock = folder.lock()
    began = connected = False
    try:
        if not plan.todo:
            print(f"Nothing is left to do in {folder.path}.")
            return 0, folder
        with _interruptible():
            inputs = _prepare(plan)
            address = options.address or os.environ.get("RAY_ADDRESS")
            print(f"Joining Ray at {address} ..." if address else "Starting Ray ...", flush=True)
            variables = plan.study.settings.environment()
            whole = connection.connect(address, plan.study.resources, variables)
            connected = True
            capacity = whole.at_most(options.max_concurrent)
            if address:
                connection.check_shared(folder.path)
            chosen = options.tracking_uri or plan.tracking_uri or tracking.default_uri(output)
            uri = tracking.absolute(chosen)
            plan.write(folder, inputs, uri)
            began = True
        _say(plan, capacity, inputs)
        return _run(plan, options, folder, capacity, uri), folder
    except KeyboardInterrupt:
        if not began:
            raise
        _say_how_to_go_on(plan, folder)
        return EXIT_STATUS["stopped"], folder
    finally:
        if connected:
            connection.disconnect()
        if not began and plan.folder is None:  # a run that never began leaves no folder behind
            shutil.rmtree(folder.path, ignore_errors=True)
        lock.release()


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
                found = settings.prepare(progress.advance)
            except (ValueError, OSError) as error:
                raise UsageError(str(error)) from None
            inputs = inputs or found
    plan.check_inputs(inputs)
    return inputs


def _say(plan: Plan, capacity: Capacity, inputs: dict[str, Any]) -> None:
    for note in dict.fromkeys(n for spec in plan.trials for n in spec.settings.notes(inputs)):
        print(note)
    wanted = plan.study.resources.gpus
    if wanted and not capacity.trial.gpus:
        print(f"No GPU here: trials train on CPU (wanted {wanted:g} GPU each).")
    print(f"{len(plan.todo)} trials, at most {capacity.slots} at once: {capacity.limit}.")


def _say_how_to_go_on(plan: Plan, folder: RunFolder) -> None:
    print(f"Interrupted; go on with: python -m studies.{plan.study.name} --resume {folder.path}")


def _run(plan: Plan, options: RunOptions, folder: RunFolder, capacity: Capacity, uri: str) -> int:
    from reports.run import read
    from service import report
    from service.cluster import connection, runner
    from service.summary import show

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
    connection.disconnect()  # nobody commits any more
    folder.write_results()
    try:
        show(plan.study, read(folder.path))
        shutil.rmtree(folder.path / "figures", ignore_errors=True)  # of fewer trials, on resuming
        print(f"Report: {report.build(folder)}")
    except ValueError as error:  # an answer that these numbers do not bear out
        print(f"No report: {error}")
    finally:  # the record is completed whatever becomes of tables and pictures
        _finish_record(publisher, folder, uri)
    if broken is not None and not interrupted:
        print(f"Ray stopped: {str(broken).strip().splitlines()[0]}")
    if interrupted or broken:
        _say_how_to_go_on(plan, folder)
    return EXIT_STATUS["stopped"] if interrupted else int(folder.outcome() != "finished")


def _finish_record(publisher: Publisher, folder: RunFolder, uri: str) -> None:
    grace = TRACKING_GRACE_SECONDS if publisher.error is None else DEAD_TRACKING_GRACE_SECONDS
    print(f"Run folder: {folder.path}")
    if publisher.close(folder.outcome(), timeout=grace):
        print(f"MLflow: {_place(folder, uri)}")
    else:
        print(f"MLflow at {uri} did not take everything ({publisher.error or 'it is slow'}).")
        print(f"Complete it with: python -m service.publish {folder.path}")


def _place(folder: RunFolder, uri: str) -> str:
    """Where a person finds the run; without the workflow's type MLflow opens on traces."""
    from reports import page

    experiment = read_json(folder.path / "mlflow.json")["experiment_id"]
    runs = f"{page.tracked_at(uri, experiment)}?workflowType=machine_learning"
    if uri.startswith("http"):
        return runs
    ui = f"MLFLOW_DISABLE_TELEMETRY=true mlflow ui --workers 1 --backend-store-uri {uri}"
    return f"{ui}\n        {runs}"


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
