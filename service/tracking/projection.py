"""Bring one MLflow store to what a run folder owes it, and say where it is not.

Whenever a call fails, all that is known of MLflow is forgotten and looked up again before anything
else is sent: a call whose answer never came may have been carried out, and a database that lost a
run has it sent again. Runs that are there twice become one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from reports import answer_file, page
from reports.reading import Reading, reading
from runs.atomic import write_json
from runs.folder import STUDY_FILE, TRACKED_FILE, TROUBLE_FILE, RunFolder
from runs.record import Tracked
from runs.trial_folder import read_json
from service.tracking.address import Address, shown_text
from service.tracking.held import Held, compare, one_of
from service.tracking.owed import Owed, Source
from service.tracking.store import Store
from service.tracking.trouble import Refusal


def publish(run: RunFolder, address: Address, *, concluded: bool = True) -> None:
    """Complete and repair the record of a run that nobody runs. Raises whatever MLflow does.

    concluded: whether the folder has all that is read off a run: results, answer, page.
    """
    read = reading(run.read()) if concluded else None
    projection = Projection(run, address)
    projection.close_trials(read, every_value=True)
    if read is not None:
        answer_file.write(read)
        # Its numbers link to runs that are all there only now; a kept page is as it was kept,
        # since it may hold pictures of what was not.
        if (run.path / page.NAME).exists() and not read.refused and not run.bundled:
            page.write(read, run.tracked)
    projection.close_run(read)


class Projection:
    """One run folder in one MLflow store."""

    def __init__(self, run: RunFolder, address: Address) -> None:
        self.run, self.address = run, address
        self._source = Source(run)
        self._store: Store | None = None
        self._held: dict[str, Held] = {}  # by trial key, "" of the parent run
        self._abandoned = False
        _forget_credentials(run)
        self._written = run.tracked
        if self._written and self._written.complete:  # until all of it has arrived again
            self._write(self._written.model_copy(update={"complete": False}))

    def sync(self, keys: Iterable[str] | None = None) -> None:
        """Send what MLflow lacks of these trials. Raises whatever MLflow does.

        keys: None for all, and for a new look at what there is.
        """
        if keys is None:
            self._forget()
        with self._looking_again_after_a_failure():
            known = self._store is not None
            store = self._connected()
            if not known:
                self._bring(store, self._source.parent())
            for key in self._source.keys if keys is None or not known else keys:
                owed = self._source.trial(key)
                if owed is not None:
                    self._bring(store, owed)
        self._write_down(complete=False)

    def close_trials(self, read: Reading | None, *, every_value: bool = False) -> None:
        """Send all of every trial when nobody runs it any more, and what was found in it.

        A trial that has not ended is closed as stopped; resuming opens its run again. MLflow runs
        of no trial are deleted, and of several that are one all but one.

        read: what was read off the run, None if that is not known.
        every_value: whether to compare all that MLflow has, instead of what it is known to have.
        """
        self._forget()  # for a last look at what there is
        with self._looking_again_after_a_failure():
            store = self._connected()
            if every_value:
                for held in self._held.values():
                    store.look(held)
            self._settle_parent(store)
            owed = self._source.concluded_trials(read)
            for one in owed:
                self._bring(store, one)
            left = self._held.keys() - {"", *(one.key for one in owed)}
            store.delete([self._held.pop(key) for key in left])
        self._write_down(complete=False)

    def close_run(self, read: Reading | None) -> None:
        """Close the parent run: finished, failed or stopped. Raises whatever MLflow does."""
        with self._looking_again_after_a_failure():
            store = self._connected()
            owed = self._source.concluded_parent(self._source.concluded_trials(read), read)
            self._bring(store, owed)
            store.check(self._held[""].run_id)
        self._write_down(complete=read is not None)

    def abandon(self) -> None:
        """Send nothing more: another process may."""
        self._abandoned = True

    def _settle_parent(self, store: Store) -> None:
        """Have a parent run that will not be sent anew, for trials to be nested below."""
        owed, held = self._source.parent(), self._held.get("")
        if held is None or compare(owed, held, None).anew:
            self._bring(store, owed)

    def _bring(self, store: Store, owed: Owed) -> None:
        """Make MLflow hold what one run owes."""
        if self._abandoned:
            raise Refusal("was left to whoever publishes next")
        held = self._held.get(owed.key)
        parent = self._held[""].run_id if owed.key else None
        if held is not None:
            mending = compare(owed, held, parent)
            if mending.says and not mending.only_tags and held.files is None:
                store.look(held)
                mending = compare(owed, held, parent)
            if mending.anew:
                store.delete([self._held.pop(owed.key)])
                held = None
        if held is None:
            held = self._held[owed.key] = store.create(owed, parent)
            mending = compare(owed, held, parent)
        if mending.says:
            store.mend(owed, held, mending)

    def _connected(self) -> Store:
        """The store, with what it holds of the run known."""
        if self._store is not None:
            self._store.check(self._held[""].run_id)
            return self._store
        study = self._source.study()
        output = self.run.path.parent.parent
        store = Store.connect(self.address, study.study, study.question, output)
        for key, several in store.runs(study.run).items():
            self._held[key], *surplus = one_of(several)
            store.delete(surplus)
        self._store = store
        return store

    @contextmanager
    def _looking_again_after_a_failure(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._forget()
            raise

    def _forget(self) -> None:
        self._store, self._held = None, {}

    def _write_down(self, complete: bool) -> None:
        runs = {key: held.run_id for key, held in self._held.items() if key}
        experiment = self._store.experiment if self._store else ""
        self._write(
            Tracked(
                experiment_id=experiment,
                parent=self._held[""].run_id,
                runs=runs,
                complete=complete,
            )
        )

    def _write(self, tracked: Tracked) -> None:
        if tracked != self._written:
            write_json(self.run.path / TRACKED_FILE, tracked.model_dump())
            self._written = tracked
        if tracked.complete:
            (self.run.path / TROUBLE_FILE).unlink(missing_ok=True)


def _forget_credentials(run: RunFolder) -> None:
    """Take passwords out of what an earlier version wrote: study.json becomes an artifact."""
    file = run.path / STUDY_FILE
    kept = read_json(file)
    clean = {n: shown_text(kept[n]) for n in ("tracking_uri", "command") if kept.get(n)}
    if any(kept[name] != text for name, text in clean.items()):
        write_json(file, {**kept, **clean})
