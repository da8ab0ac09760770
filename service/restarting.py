"""Run trials to their ends, and start Ray again where it ends before they do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from runs import trial_folder
from runs.errors import UsageError
from runs.folder import RunFolder
from runs.lease import Lease
from service import reasons
from service.cluster.link import Cluster, Gone
from service.cluster.messages import Event, RunTrials
from service.interruption import Interruption, raising
from service.search.handing import Handing

FRUITLESS = 2  # times in a row that Ray ends before any trial commits, until it is given up


def run_trials(
    job: RunTrials,
    trials: Handing,
    cluster: Cluster,
    folder: RunFolder,
    lease: Lease,
    stop: Interruption,
    follow: Callable[[Event], None],
) -> str | None:
    """Run trials to their ends, or until it is asked to stop; why that was given up, or None.

    A trial goes on from where it stands, so that nothing is lost with Ray but the epochs under way.

    trials: gives them.
    follow: is told of every event, once what it says is written down.
    """
    committed, fruitless = 0, 0

    def followed(event: Event) -> None:
        nonlocal committed
        committed += len(event.lines)
        if event.what == "failed":
            _record_failure(folder, event)
        follow(event)

    while True:
        before = committed
        try:
            cluster.run(job, trials, followed, stop)
            return None
        except Gone as gone:
            lease.revoke()
            if stop.gently:
                return None
            fruitless = fruitless + 1 if committed == before else 0
            if fruitless >= FRUITLESS:
                return str(gone)
            print(f"Ray ended ({gone}); it is started again, and trials go on.", flush=True)
            try:
                with raising():
                    cluster.again()
            except UsageError as error:
                return str(error)
            except KeyboardInterrupt:
                stop.end()
                return None
        if not trials.again():
            return None
        job = replace(job, token=lease.take())


def _record_failure(folder: RunFolder, event: Event) -> None:
    """Write down that a trial failed for the last time, as it could not itself."""
    files = folder.trial(event.key)
    reason, text = reasons.in_words(event, files.place)
    with suppress(OSError):  # on a full disk it counts as stopped, and resuming goes on with it
        if files.ending is None:  # its process may die after it has recorded a good end
            files.end("failed", reason)
        (files.place / trial_folder.ERROR).write_text(text)
