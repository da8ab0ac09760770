"""What a run owes when its trials have ended: results, answer, pictures, page, record in MLflow.

All of it is made from the run folder, so that it can be made again, and whatever was lost is.
"""

from __future__ import annotations

from pathlib import Path

from reports import answer_file, page
from reports.answers import AnswerError
from reports.figures import drawing
from reports.reading import Reading, reading
from reports.terminal import show
from runs.folder import RESULTS_FILE, TABLE_FILE, RunFolder, json_or_none
from service import looks
from service.publisher import Publisher
from trainables.protocol import Settings

TRACKING_GRACE_SECONDS = 30.0
DEAD_TRACKING_GRACE_SECONDS = 8.0


def owed(folder: RunFolder) -> list[str]:
    """What a run whose trials have ended lacks, in words."""
    lacking, tracked = owed_files(folder), folder.tracked
    if folder.study.tracking_uri is not None and not (tracked and tracked.complete):
        lacking.append("the record in MLflow")
    return lacking


def owed_files(folder: RunFolder) -> list[str]:
    """The files of a run that are missing, or older than its trials."""
    answer = json_or_none(folder.path / answer_file.NAME)
    whole = isinstance(answer, dict) and "answer" in answer
    refused = whole and answer["answer"]["refused"]  # there is no page: it contradicts the numbers
    has = {
        RESULTS_FILE: folder.gathered,
        TABLE_FILE: _filled(folder.path / TABLE_FILE),
        answer_file.NAME: whole,
        page.NAME: refused or _filled(folder.path / page.NAME),
        drawing.FOLDER: refused or (folder.path / drawing.FOLDER).is_dir(),
    }
    return [name for name, there in has.items() if not there]


def _filled(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def conclude(
    folder: RunFolder, settings: Settings, publisher: Publisher | None, *, gather: bool = True
) -> None:
    """Make all of it, and say where it is.

    What the trials came to is sent to MLflow while pictures are drawn; the page comes after both,
    since its numbers link to MLflow's runs.

    publisher: None where MLflow has no part in it.
    gather: whether results.json may be old.
    """
    folder.fold()
    if publisher:
        publisher.notify()
    if gather:
        folder.write_results()
    looks.take(folder)
    read = reading(folder.read())
    answer_file.write(read)
    try:
        show(read, settings.remarks)
        try:
            drawing.draw(read)
            if publisher:
                publisher.wait_for_trials(_grace(publisher))
            print(f"Report: {_page(read, folder)}")
        except AnswerError as error:  # an answer that these numbers do not bear out
            print(f"No report: {error}")
    finally:  # the record is completed whatever becomes of tables and pictures
        print(f"Run folder: {folder.path}")
        if publisher:
            _finish_record(publisher, folder, read)


def _page(read: Reading, folder: RunFolder) -> Path:
    """The page, with links to what is known of MLflow by now."""
    return page.write(read, folder.tracked)


def _grace(publisher: Publisher) -> float:
    return TRACKING_GRACE_SECONDS if publisher.error is None else DEAD_TRACKING_GRACE_SECONDS


def _finish_record(publisher: Publisher, folder: RunFolder, read: Reading) -> None:
    if publisher.close(read, timeout=_grace(publisher)):
        print(f"MLflow: {_place(folder, publisher.uri)}")
    else:
        why = publisher.error or "it is slow"
        print(f"MLflow at {publisher.uri} did not take everything ({why}).")
        print(f"Complete it with: python -m service.publish {folder.path}")


def _place(folder: RunFolder, uri: str) -> str:
    """Where a person finds the run; without the workflow's type MLflow opens on traces."""
    experiment = folder.tracked.experiment_id if folder.tracked else ""
    runs = f"{page.tracked_at(uri, experiment)}?workflowType=machine_learning"
    if uri.startswith("http"):
        return runs
    ui = f"MLFLOW_DISABLE_TELEMETRY=true mlflow ui --workers 1 --backend-store-uri {uri}"
    return f"{ui}\n        {runs}"
