"""A run as it is read: judged once, and shown in many places, which can then not disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from claims import Claim, budget, comparisons, deaths, planning, searching, tuned, verdicts
from claims import target as targets
from claims.budget import Tuning
from claims.comparisons import Comparison
from claims.deaths import Deaths
from claims.planning import Power
from claims.searching import Found
from claims.statistics.interval import Difference
from claims.target import Target
from claims.verdicts import Verdict
from reports import answers, audit, tables
from reports.answers import Answer
from reports.audit import Audit
from reports.tables import Table
from runs.run import Run
from runs.variants import Variant


@dataclass(frozen=True)
class Reading:
    """All that is read off one run.

    run: what it is read off.
    shown: the variants with a finished trial, of a setting that each tunes those at its own value.
    cautions: sentences on own values that lie at an end of what was tried.
    compared: each of `shown` with the baseline, None where the run has none.
    deaths: of variants of which a network died, how many did.
    powers: what that comparison could have found.
    audits: of every trial, by key.
    verdicts: on every claim.
    answer: in words.
    refused: the sentence that says why there is no answer, "" where there is one.
    table: means of all variants with a finished trial.
    tuning: what tuning brought; None of a run that tuned nothing.
    untuned: of a tuned run the differences with what is held in place of what is tuned.
    target: when each variant reaches what the baseline ends at; None without curves.
    search: what a search found; None of a run that searched nothing. Then nothing is compared.
    """

    run: Run
    shown: Sequence[Variant]
    cautions: Sequence[str]
    compared: Comparison | None
    deaths: Mapping[Variant, Deaths]
    powers: Mapping[Variant, Power]
    audits: Mapping[str, Audit]
    verdicts: Sequence[Verdict]
    answer: Answer
    refused: str
    table: Table
    tuning: Tuning | None = None
    untuned: Mapping[Variant, Difference] = field(default_factory=dict)
    target: Target | None = None
    search: Found | None = None

    @property
    def suspects(self) -> dict[Variant, list[str]]:
        """What the audit found in any trial of a variant, controls too, nothing twice."""
        said = {
            variant: [f.says for trial in variant.trials for f in self.audits[trial.key].faults]
            for variant in self.run.all_variants
        }
        return {variant: list(dict.fromkeys(words)) for variant, words in said.items() if words}


def reading(run: Run) -> Reading:
    """Read a run."""
    study = run.study
    shown = [variant for variant in run.variants if variant.finished]
    cautions: list[str] = []
    if study.tune_each:
        shown = tuned.own_variants(shown, study.tune_each, study.metric, study.mode)
        cautions = tuned.at_an_end(run.variants, shown, study.tune_each)
    judged = [verdicts.judge(claim, [run]) for claim in claims_of(run)]
    of_tuned = [one for one in judged if not run.tuned or one.claim.at == "tuned"]
    searched = searching.found(run)
    compared = None if searched else comparisons.compare(run, shown, of_tuned)
    died = deaths.of_variants(run)
    answer, refused = Answer([], {}), ""
    try:
        answer = answers.answer(run, judged, compared, shown, died)
    except answers.AnswerError as why:
        refused = str(why)
    return Reading(
        run=run,
        shown=shown,
        cautions=cautions,
        compared=compared,
        deaths=died,
        powers=planning.powers(compared) if compared else {},
        audits=audit.audit_run(run.trials),
        verdicts=judged,
        answer=answer,
        refused=refused,
        table=tables.table(run),
        tuning=budget.tuning(run),
        untuned=_untuned(run, judged) if run.tuned else {},
        target=_target(run, shown, compared),
        search=searched,
    )


def _untuned(run: Run, verdicts: Sequence[Verdict]) -> dict[Variant, Difference]:
    """The differences between variants at what is held, by the variants of the run as it is."""
    held = run.at_defaults()
    shown = [variant for variant in held.variants if variant.finished]
    declared = [one for one in verdicts if one.claim.at == "held"]
    compared = comparisons.compare(held, shown, declared)
    if compared is None:
        return {}
    named = {variant.name: one for variant, one in compared.differences.items()}
    return {variant: named[variant.name] for variant in run.variants if variant.name in named}


def _target(run: Run, shown: Sequence[Variant], compared: Comparison | None) -> Target | None:
    if compared is None:
        return None
    lost = [v for v in run.variants if not run.study.tune_each and not v.finished]
    return targets.target(run, [*shown, *lost], compared.baseline)


def claims_of(run: Run) -> list[Claim]:
    """What the run is judged by."""
    return [Claim.recorded(claim) for claim in run.study.claims]
