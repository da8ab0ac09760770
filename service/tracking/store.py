"""Every call of MLflow: look up what it holds of a run, create, send, delete.

A call that was not answered may have been carried out. So no creation is repeated by the client:
whoever gets an exception looks again at what there is before it creates anything.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from runs.bundle import on_disk
from service.tracking.address import Address
from service.tracking.held import Held, Mending
from service.tracking.owed import FILES, KEY, LINES, NESTED_IN, PARENT, RUN, Data, Owed, Row
from service.tracking.trouble import Refusal

ENTITIES_A_CALL = 1000  # MLflow's limits
PARAMS_A_CALL = 100
RUNS_A_CALL = 1000
SECONDS_A_CALL = "10"


class Store:
    """One experiment of an MLflow store, connected. Raises whatever MLflow does."""

    def __init__(self, client: Any, address: Address, experiment: str) -> None:
        self._client, self._address, self.experiment = client, address, experiment
        self._file = _identity(address)

    @classmethod
    def connect(cls, address: Address, study: str, question: str, output: Path) -> Store:
        """The experiment of a study, made if there is none.

        output: the output folder, where artifacts lie that no server takes.

        Raises Refusal if it was deleted.
        """
        client = _client(address, create=True)
        experiment = client.get_experiment_by_name(study)
        if experiment is None:
            artifacts = None
            if "://" in address.used and not address.used.startswith("http"):
                # MLflow would put them below the folder that somebody happens to be in.
                artifacts = _artifacts(address.sqlite_file or output / "mlflow.db")
            note = {"mlflow.note.content": question}
            made = client.create_experiment(study, artifact_location=artifacts, tags=note)
            return cls(client, address, str(made))
        return cls(client, address, _alive(experiment, address))

    @classmethod
    def look_up(cls, address: Address, study: str) -> Store | None:
        """The experiment of a study; None without one. Changes nothing."""
        file = address.sqlite_file
        if file is not None and not file.exists():
            return None
        client = _client(address, create=False)
        experiment = client.get_experiment_by_name(study)
        return None if experiment is None else cls(client, address, _alive(experiment, address))

    def check(self, parent: str) -> None:
        """Raise if the store is not what it was: the run is gone, or the SQLite file another."""
        if _identity(self._address) != self._file:
            raise Refusal("is another file than before")
        self._client.get_run(parent)

    def runs(self, run: str) -> dict[str, list[Held]]:
        """All that MLflow holds of a run, by trial key, "" for parents."""
        quote = '"' if "'" in run else "'"
        wanted, found, token = f"tags.`{RUN}` = {quote}{run}{quote}", [], None
        while True:
            some = self._client.search_runs(
                [self.experiment], wanted, max_results=RUNS_A_CALL, page_token=token
            )
            found += some
            token = some.token
            if not token:
                break
        by_key: dict[str, list[Held]] = {}
        for one in found:
            tags = one.data.tags
            key = "" if PARENT in tags else tags.get(KEY, f"without a tag {KEY}")
            by_key.setdefault(key, []).append(_held(one, key, self._address))
        return by_key

    def look(self, held: Held) -> None:
        """Find out which rows and files a run has."""
        held.rows = {
            Row(name, row.step, row.value, row.timestamp)
            for name in held.metrics
            for row in self._client.get_metric_history(held.run_id, name)
        }
        sizes = dict(self._files(held.run_id))
        # MLflow's server says nothing of the size of an empty file; others, of no file's.
        empty = 0 if any(sizes.values()) else None
        held.files = {path: empty if size is None else size for path, size in sizes.items()}

    def _files(self, run_id: str, folder: str | None = None) -> Iterator[tuple[str, int | None]]:
        for one in self._client.list_artifacts(run_id, folder):
            if one.is_dir:
                yield from self._files(run_id, one.path)
            else:
                yield one.path, one.file_size

    def create(self, owed: Owed, parent: str | None) -> Held:
        """A new run, empty but for its tags.

        parent: the MLflow run that it is nested below.
        """
        tags = {k: v for k, v in owed.tags.items() if k not in (LINES, FILES)}
        if parent is not None:
            tags[NESTED_IN] = parent
        with _asked_once():
            made = self._client.create_run(
                self.experiment, start_time=owed.start, run_name=owed.name, tags=tags
            )
        held = _held(made, owed.key, self._address)
        held.rows, held.files = set(), {}
        return held

    def mend(self, owed: Owed, held: Held, mending: Mending) -> None:
        """Bring a run to what it owes; what it then holds stands in `held`."""
        from mlflow.entities import RunStatus, RunTag

        client, run_id = self._client, held.run_id
        if mending.data and owed.data:
            self._send_data(run_id, owed.data)
        if mending.files or mending.files_gone:
            self._send_files(held, mending)
        self._send_batch(
            run_id, mending.rows, mending.params, [RunTag(k, v) for k, v in mending.tags.items()]
        )
        for name in mending.tags_gone:
            client.delete_tag(run_id, name)
        if mending.name:
            client.update_run(run_id, name=owed.name)
        if mending.status and owed.end is not None:
            client.set_terminated(run_id, owed.status, owed.end)
        elif mending.status:
            client.update_run(run_id, status=RunStatus.to_string(RunStatus.RUNNING))
        self._note(owed, held, mending)

    def _note(self, owed: Owed, held: Held, mending: Mending) -> None:
        held.name, held.status = owed.name, owed.status
        held.end = held.end if owed.end is None else owed.end
        held.tags |= mending.tags
        for name in mending.tags_gone:
            held.tags.pop(name, None)
        held.params |= mending.params
        if owed.data:
            held.data.add((owed.data.name, owed.data.digest))
        if held.files is not None:
            held.files |= {one.path: one.size for one in mending.files}
            for name in mending.files_gone:
                held.files.pop(name, None)
        if held.rows is not None:
            held.rows = None  # the tag tells from now on
            held.metrics = list({row.name for row in owed.rows})

    def _send_batch(
        self, run_id: str, rows: Sequence[Row], params: dict[str, str], tags: Sequence[Any]
    ) -> None:
        """One call if it fits; tags come last, since they say that the rows have arrived."""
        from mlflow.entities import Metric, Param

        metrics = [Metric(row.name, row.value, row.timestamp, row.step) for row in rows]
        given = [Param(name, value) for name, value in params.items()]
        while len(given) > PARAMS_A_CALL:
            self._client.log_batch(run_id, params=given[:PARAMS_A_CALL])
            given = given[PARAMS_A_CALL:]
        while len(tags) > PARAMS_A_CALL // 2:
            tags, some = tags[PARAMS_A_CALL // 2 :], tags[: PARAMS_A_CALL // 2]
            self._client.log_batch(run_id, tags=[t for t in some if t.key not in (LINES, FILES)])
            tags = [*tags, *(t for t in some if t.key in (LINES, FILES))]
        room = ENTITIES_A_CALL - len(given) - len(tags)
        while len(metrics) > room:
            self._client.log_batch(run_id, metrics=metrics[:ENTITIES_A_CALL])
            metrics = metrics[ENTITIES_A_CALL:]
        self._client.log_batch(run_id, metrics=metrics, params=given, tags=tags)

    def _send_data(self, run_id: str, data: Data) -> None:
        from mlflow.entities import Dataset, DatasetInput

        dataset = Dataset(data.name, data.digest, "local", "{}", profile=data.profile)
        self._client.log_inputs(run_id, datasets=[DatasetInput(dataset, [])])

    def delete(self, several: Iterable[Held]) -> None:
        """Delete runs, which MLflow can restore."""
        for held in several:
            self._client.delete_run(held.run_id)

    def _send_files(self, held: Held, mending: Mending) -> None:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        # MLflow's client would ask for all that the run holds, to know where its artifacts lie.
        place = get_artifact_repository(held.artifacts, tracking_uri=self._address.used)
        for one in mending.files:
            with on_disk(one.file) as path:
                place.log_artifact(str(path), one.path.rpartition("/")[0] or None)
        for name in mending.files_gone:
            place.delete_artifacts(name)


def _held(run: Any, key: str, address: Address) -> Held:
    info, data = run.info, run.data
    inputs = run.inputs.dataset_inputs if run.inputs else []
    place = urlsplit(str(info.artifact_uri))
    on_this_machine = address.sqlite_file is not None and place.scheme in ("", "file")
    return Held(
        run_id=str(info.run_id),
        key=key,
        name=str(info.run_name),
        status=str(info.status),
        start=int(info.start_time),
        end=int(info.end_time) if info.end_time else None,
        tags=dict(data.tags),
        params=dict(data.params),
        data={(str(one.dataset.name), str(one.dataset.digest)) for one in inputs},
        metrics=list(data.metrics),
        artifacts=str(info.artifact_uri),
        place=Path(unquote(place.path)) if on_this_machine else None,
    )


def _client(address: Address, create: bool) -> Any:
    """A client that is answered soon or not at all.

    create: whether a new SQLite file is set up, by one process at a time.
    """
    for name, value in {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # The next pass tries again; minutes of retries would only delay the end of a run.
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": SECONDS_A_CALL,
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "PGCONNECT_TIMEOUT": SECONDS_A_CALL,
    }.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for noisy in ("mlflow", "alembic"):  # they describe every step of setting up a database
        logging.getLogger(noisy).setLevel(logging.ERROR)
    file = address.sqlite_file
    if file is not None and create:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock"):
            _open_again(address, file)
            return MlflowClient(tracking_uri=address.used)
    if "://" in address.used and not address.used.startswith(("http", "sqlite", "file")):
        _knock(address)
    return MlflowClient(tracking_uri=address.used)


def load() -> None:
    """Import MLflow, which takes seconds, while nothing else can go on."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow  # noqa: F401


def _open_again(address: Address, file: Path) -> None:
    """Leave connections that this process may have to a file that was there before.

    MLflow keeps them as long as a process lives; what is written through them to a file that was
    removed is lost without an error.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(address.used, _artifacts(file)).engine.dispose()
    SqlAlchemyStore(address.used, _artifacts(file))  # which sets up a new file


def _knock(address: Address) -> None:
    """Raise at once if a database is not there: MLflow would try for minutes."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(address.used)
    try:
        with engine.connect():
            pass
    finally:
        engine.dispose()


def _artifacts(file: Path) -> str:
    return (file.parent / "mlartifacts").as_uri()


def _identity(address: Address) -> tuple[int, int] | None:
    """Which file an SQLite store is, None without one."""
    file = address.sqlite_file
    if file is None or not file.exists():
        return None
    stat = file.stat()
    return stat.st_dev, stat.st_ino


def _alive(experiment: Any, address: Address) -> str:
    """The id of an experiment. Raises Refusal if it was deleted."""
    name, number = experiment.name, str(experiment.experiment_id)
    if experiment.lifecycle_stage == "deleted":
        raise Refusal(
            f"has the experiment {name} among what was deleted",
            f"MLFLOW_TRACKING_URI={shlex.quote(address.shown)} mlflow experiments restore "
            f"--experiment-id {number}",
        )
    return number


@contextlib.contextmanager
def _asked_once() -> Iterator[None]:
    """A creation that is not answered is not repeated by the client, whatever it is set to."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    before = os.environ.get(name, "0")
    os.environ[name] = "0"
    try:
        yield
    finally:
        os.environ[name] = before
