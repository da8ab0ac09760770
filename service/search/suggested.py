"""A search: Optuna suggests what runs next, ASHA ends what falls behind, the best is run again.

All of it is read off the run folder. A suggestion is listed there before its trial starts, a trial
that is pruned has ended there before anyone hears of it, and made anew from the folder, a search
goes on as if nothing had happened: what Optuna was told, and ASHA's rungs, are told again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from runs import trial_folder
from runs.atomic import write_json
from runs.contents import Contents
from runs.folder import JOURNAL_FILE, RunFolder
from runs.record import StudyRecord, Suggestion, TrialAsked
from runs.rungs import first_rung
from service.search import tuning
from service.search.asha import Asha
from service.search.draws import SEARCH_SEED
from service.search.optimizer import Optimizer
from service.search.recorded import spec_of
from service.search.space import Chosen, Space
from service.study import Study
from service.trial_spec import TrialSpec, key_of, same
from trainables.protocol import Settings

REPEATS = 10  # suggestions in a row that are known, after which a random one is taken
TRIES = 1000  # random points, none of them new, after which the space counts as used up


class Suggested:
    """The trials of a search, and then those of what it found; see Source.

    study: with what options hold in place.
    folder: of a run whose study.json says how it searches.
    handed: is told of every trial that is given out.
    """

    def __init__(
        self,
        study: Study,
        folder: RunFolder,
        handed: Callable[[TrialSpec], None] = lambda spec: None,
    ) -> None:
        self._study, self._folder, self._handed = study, folder, handed
        record = folder.study
        self._asked = record.asked
        self.prunes, self.sequential = record.asked.scheduler == "asha", True
        self.notes: list[str] = []  # for people, when the search has ended
        self._space = Space(study, record.asked.only)
        self._asha = Asha(_first_rung(self._space), study.mode)
        self._optimizer = Optimizer(self._space, study.name, study.mode, folder.path / JOURNAL_FILE)
        self._search: dict[str, TrialSpec] = {}  # in the order in which they were listed
        self._known: dict[str, str] = {}  # what is computed: key
        self._numbers: dict[str, list[int]] = {}  # the suggestions that a trial answers
        self._ended: set[str] = set()
        self._epochs: dict[str, int] = {}  # that were told
        self._finals: dict[str, TrialAsked] = {}
        self._compared = False
        self._stopped = False
        self._waiting: list[TrialSpec] = []
        self._repeats = 0
        self._restore(record)

    def _restore(self, record: StudyRecord) -> None:
        """Tell again what the folder says."""
        for asked in record.trials:
            if asked.role == "search":
                self._list(spec_of(asked, self._study, self._folder))
            else:
                self._finals[asked.key] = asked
        for one in record.suggested:
            repeated = one.key in self._numbers
            self._repeats = self._repeats + 1 if repeated else 0
            self._optimizer.add(one.params)
            self._numbers.setdefault(one.key, []).append(one.number)
        if self.prunes:
            self._replay({key: self._folder.trial(key).contents() for key in self._search})
        for key in self._search:
            self._conclude(key)
        self._waiting = [spec for key, spec in self._search.items() if key not in self._ended]
        self._optimizer.place_journal()

    def _list(self, spec: TrialSpec) -> None:
        self._search[spec.key] = spec
        self._known[_computed(spec.settings)] = spec.key

    def _replay(self, stand: Mapping[str, Contents]) -> None:
        """Tell ASHA every committed line as it came, and end whom it was about to end."""
        order = {key: number for number, key in enumerate(self._search)}
        lines = [
            (line["timestamp"], order[key], place, key, line)
            for key, found in stand.items()
            for place, line in enumerate(found.lines, 1)
        ]
        for _, _, place, key, line in sorted(lines, key=lambda one: one[:3]):
            reason = self._judged(key, line)
            found = stand[key]
            if reason and found.ending is None and place == len(found.lines):
                self._folder.trial(key).end("pruned", reason)

    def _judged(self, key: str, line: Mapping[str, Any]) -> str | None:
        """Why a trial ends with this line; None if it goes on."""
        epoch = int(line["epoch"])
        self._epochs[key] = epoch
        value = line.get(self._study.metric)
        if value is None:
            return None
        last = self._search[key].settings.epochs_in_all()
        return self._asha.told(key, epoch, value, last)

    def _conclude(self, key: str) -> None:
        """Tell Optuna what became of a trial, if it has ended."""
        found = self._folder.trial(key).contents()
        if found.ending is None:
            return
        self._ended.add(key)
        for number in self._numbers.get(key, ()):
            self._tell(number, found)

    def _tell(self, number: int, found: Contents) -> None:
        metric, ending = self._study.metric, found.ending
        assert ending is not None
        values = {int(line["epoch"]): line[metric] for line in found.lines if metric in line}
        state = "diverged" if ending.diverged else ending.status
        self._optimizer.tell(number, state, values)

    def next(self) -> TrialSpec | None:
        """See Source."""
        if self._stopped:
            return None
        if not self._waiting:
            if self._searching:
                spec = self._suggest()
                if spec is not None:
                    self._waiting.append(spec)
            if not self._searching and not self._compared and self._ended >= self._search.keys():
                self._compare()
        if not self._waiting:
            return None
        spec = self._waiting.pop(0)
        self._handed(spec)
        return spec

    @property
    def _searching(self) -> bool:
        return len(self._search) < (self._asked.trials or 0)

    @property
    def over(self) -> bool:
        """See Source."""
        return self._stopped or (self._compared and not self._waiting)

    @property
    def best(self) -> TrialSpec | None:
        """The trial with the best last value, the first of equals; None if none finished."""
        trials = [self._folder.trial(key).record() for key in self._search]
        found = tuning.best(trials, self._study.metric, self._study.mode)
        return None if found is None else self._search[found.key]

    def told(self, key: str, line: Mapping[str, Any]) -> bool:
        """See Source."""
        if not self.prunes or key not in self._search or key in self._ended:
            return False
        for one in self._due(key, line):
            if reason := self._judged(key, one):
                self._folder.trial(key).end("pruned", reason)
                return True
        return False

    def _due(self, key: str, line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The line, behind those that were lost on their way: Ray may have ended."""
        before, now = self._epochs.get(key, 0), int(line["epoch"])
        if now <= before + 1:
            return [line]
        written = self._folder.trial(key).committed
        return [*(one for one in written if before < one["epoch"] < now), line]

    def ended(self, key: str) -> None:
        """See Source."""
        if key in self._search:
            self._conclude(key)
            self._stopped |= key not in self._ended
        else:
            self._stopped |= self._folder.trial(key).ending is None

    def close(self) -> None:
        """Write no more."""
        self._optimizer.close()

    def _suggest(self) -> TrialSpec | None:
        """The next trial of the search, listed; None if there is no other one to be found."""
        while True:
            number = self._optimizer.count
            if self._repeats < REPEATS:
                chosen = self._optimizer.ask()
            else:
                found = self._optimizer.random(self._is_new, TRIES)
                if found is None:
                    self._use_up()
                    return None
                chosen = found
            key = self._known.get(_computed(chosen.settings))
            spec = self._new(chosen) if key is None else self._search[key]
            answer = Suggestion(number=number, key=spec.key, params=chosen.params)
            self._numbers.setdefault(spec.key, []).append(number)
            if key is None:
                self._repeats = 0
                self._begin(spec, answer)
                self._list(spec)
                return spec
            self._repeats += 1
            self._folder.add(spec.asked, answer)
            if key in self._ended:  # else it is answered when that one ends
                self._tell(number, self._folder.trial(key).contents())

    def _use_up(self) -> None:
        """Record that the search consists of what it has listed by now."""
        record, listed = self._folder.study, len(self._search)
        self._asked = record.asked.model_copy(update={"trials": listed})
        self._folder.write_study(record.model_copy(update={"asked": self._asked}))
        self.notes.append(f"The space is used up: it has no other settings than these {listed}.")

    def _is_new(self, chosen: Chosen) -> bool:
        return _computed(chosen.settings) not in self._known

    def _new(self, chosen: Chosen) -> TrialSpec:
        identity = same(chosen.settings, SEARCH_SEED, "search", chosen.tuned)
        return TrialSpec(
            key_of(identity, SEARCH_SEED),
            (chosen.sweep,),
            chosen.settings,
            SEARCH_SEED,
            self._space.variant(chosen),
            may_diverge=True,  # a range reaches as far as settings that do
            role="search",
            tuned=chosen.tuned,
            draws=chosen.settings.draws,
        )

    def _begin(self, spec: TrialSpec, suggestion: Suggestion | None = None) -> None:
        """Make a trial's folder, and list it."""
        place = self._folder.trial(spec.key).place
        place.mkdir(exist_ok=True)
        asked = spec.asked_with_all.model_dump(mode="json")
        # What it was asked for is on the disk when it is listed; only of a final, this says more.
        write_json(place / trial_folder.SETTINGS, asked, lasting=bool(spec.among))
        self._folder.add(spec.asked, suggestion)

    def _compare(self) -> None:
        """List what is compared: the best settings, with fresh seeds."""
        self._compared = True
        best = self.best
        if best is None:
            self.notes.append(f"None of the {len(self._search)} settings that were tried finished.")
            return
        now = {spec.key: spec for spec in self._of(best)}
        for key, asked in self._finals.items():
            if asked.role == "compared" and key not in now:
                self._folder.add(asked.model_copy(update={"role": "superseded"}))
        for key, spec in now.items():
            known = self._finals.get(key)
            if known is None or known.role != "compared":
                self._begin(spec)
            if self._folder.trial(key).ending is None:
                self._waiting.append(spec)

    def _of(self, best: TrialSpec) -> list[TrialSpec]:
        seeds = self._asked.seeds if best.settings.draws else 1
        spec = replace(
            best,
            role="compared",
            among=(best.key,),
            may_diverge=self._study.expects_divergence(best.settings),
        )
        named = partial(same, best.settings, role="compared", tuned=best.tuned, among=spec.among)
        return [
            replace(spec, key=key_of(named(seed=seed), seed), seed=seed) for seed in range(seeds)
        ]


def _first_rung(space: Space) -> int:
    epochs = [settings.epochs_in_all() for settings in space.cases]
    known = [one for one in epochs if one is not None]
    return first_rung(max(known) if known else None)


def _computed(settings: Settings) -> str:
    return json.dumps(settings.identity(), sort_keys=True)
