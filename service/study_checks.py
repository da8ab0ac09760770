"""What makes no sense in a study is refused before anything runs: UsageError, one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reports.answer_template import mentions
from runs.errors import UsageError, nearest
from runs.ranges import Range
from runs.variants import label
from service.distributions import is_distribution, range_of
from service.sweeps import choices, has, is_grid, spaces
from trainables.protocol import Settings, measured_by

if TYPE_CHECKING:
    from service.study import Study

FEWEST_DRAWS = 2  # of one, nothing is chosen
TIMED = ("time/seconds", "time/peak_gpu_gib")  # what is measured of every trial


def check_values(study: Study) -> None:
    """Refuse what cannot run: settings, and sweeps over them."""
    _check_kinds(study)
    for sweep in study.sweeps:
        for space in spaces(study.sweeps[sweep]):
            _check_space(study, sweep, space)
    _check_tuned(study)
    for sweep in study.sweeps:
        _check_variants(study, sweep)
    cases: list[tuple[str, Mapping[str, Any]]] = [
        ("is made small", study.smoke),
        ("compares", study.baseline),
        ("tunes each variant", study.tuned),
        *(("may diverge", case) for case in study.may_diverge),
    ]
    for what, case in cases:
        for name in case:
            _check_name(study, name, f"Study {study.name} {what} with {name!r}")


def check_words(study: Study) -> None:
    """Refuse a question, baseline, metric, claim or answer about what the study does not have."""
    _check_tuned_used(study)
    _check_question(study)
    _check_baseline(study)
    _check_claims(study)
    _check_metrics(study)
    _check_named_variants(study)
    _check_answer(study)


def _check_kinds(study: Study) -> None:
    if not isinstance(study.settings, Settings):
        given = study.settings
        what = f"the class {given.__name__}" if isinstance(given, type) else repr(given)
        raise UsageError(
            f"settings of study {study.name} must be a value, such as Settings(epochs=3); got "
            f"{what}."
        )
    if not callable(study.trainable):
        raise UsageError(
            f"trainable of study {study.name} must be a function of settings and trial; got "
            f"{study.trainable!r}."
        )
    if study.mode not in ("min", "max"):
        raise UsageError(f"mode of study {study.name} must be min or max; got {study.mode!r}.")
    if not study.sweeps:
        raise UsageError(f"Study {study.name} needs at least one sweep.")
    for name, sweep in study.sweeps.items():
        if not spaces(sweep):
            raise UsageError(f"Sweep {name} has no search space.")


def _check_space(study: Study, sweep: str, space: Mapping[str, Any]) -> None:
    for setting, value in space.items():
        _check_name(study, setting, f"Sweep {sweep} varies {setting!r}")
        if is_distribution(value):
            _check_range(study, setting, range_of(value, f"Sweep {sweep} draws {setting}"))
        if is_grid(value) and not value["grid_search"]:
            raise UsageError(f"Sweep {sweep} has no values for {setting}.")
        if isinstance(value, list | tuple) and not _takes(study, setting, value):
            raise UsageError(
                f"Sweep {sweep} gives {setting} the list {list(value)}; write "
                f"tune.grid_search({list(value)}) to try each of them."
            )


def _check_range(study: Study, name: str, drawn: Range) -> None:
    """Refuse a range that reaches beyond what the setting allows."""
    for value in drawn.choices or (drawn.at(0.0), drawn.at(1.0)):
        study.validated(name, value)


def _check_tuned(study: Study) -> None:
    """Refuse ranges that are none, or that no variant uses, and a number of draws too small."""
    for name, value in study.tuned.items():
        _check_name(study, name, f"Study {study.name} tunes {name!r}")
        _check_range(study, name, range_of(value, f"Study {study.name} tunes {name}"))
    if study.tune and study.tune < FEWEST_DRAWS:
        raise UsageError(f"Study {study.name} tunes over {study.tune} settings; 2 are the fewest.")
    if study.tune and not study.tuned_names:
        raise UsageError(f"Study {study.name} has tune={study.tune} and no range to draw from.")


def _check_tuned_used(study: Study) -> None:
    """Refuse a tuned setting that no variant uses, of a study as it is declared."""
    used = {name for sweep in study.sweeps for _, own in study.tunable(sweep) for name in own}
    for name in study.tuned:
        if name not in used:
            raise UsageError(f"Study {study.name} tunes {name}, which no variant uses.")


def _takes(study: Study, setting: str, value: Any) -> bool:
    try:
        study.settings.changed(**{setting: value})
    except ValidationError:
        return False
    return True


def _check_variants(study: Study, sweep: str) -> None:
    """Refuse settings without a meaning, and variants that would share a key: two data_dirs."""
    variants: dict[str, Settings] = {}
    for choice, settings in zip(choices(study.sweeps[sweep]), study.choices(sweep), strict=True):
        named = (*choice.values, *choice.ranges, *choice.held)
        idle = [setting for setting in named if not settings.applies(setting)]
        if idle:
            raise UsageError(
                f"Sweep {sweep} sets {idle[0]}, which has no meaning in its variant "
                f"{settings.canonical()}."
            )
        identity = json.dumps(settings.identity(), sort_keys=True)
        if variants.setdefault(identity, settings) != settings:
            raise UsageError(
                f"Sweep {sweep} has variants that differ only in where things lie or in what "
                "is recorded; run them as runs of their own."
            )


def _check_question(study: Study) -> None:
    """Refuse a field that is no setting, and one that has no single value in a run."""
    who = f"The question of study {study.name}"
    try:
        fields = [
            field for _, field, _, _ in Formatter().parse(study.question) if field is not None
        ]
    except ValueError as why:
        raise UsageError(f"{who} cannot be filled in: {why}.") from None
    for name in fields:
        _check_name(study, name, f"{who} names {{{name}}}")
        for sweep in study.sweeps:
            if name in study.varied(sweep):
                raise UsageError(f"{who} names {{{name}}}, which sweep {sweep} varies.")


def _check_baseline(study: Study) -> None:
    """Refuse one that no variant has, or several."""
    if not study.baseline:
        return
    variants = [settings for sweep in study.sweeps for settings in study.choices(sweep)]
    apart = _apart(study, variants, study.baseline)
    if len(apart) == 1:
        return
    named = label(study.baseline, study.baseline)
    if not apart:
        raise UsageError(f"The baseline of study {study.name}, {named}, is no variant's.")
    names = dict.fromkeys(name for settings in apart for name in settings)
    differ = [n for n in names if any(settings.get(n) != apart[0].get(n) for settings in apart)]
    raise UsageError(
        f"The baseline of study {study.name}, {named}, is that of {len(apart)} variants; say "
        f"which {' and '.join(differ)} it has."
    )


def _check_claims(study: Study) -> None:
    ids = [claim.id for claim in study.claims]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise UsageError(f"Study {study.name} has several claims called {min(twice)}.")
    varied = {sweep: study.varied(sweep) for sweep in study.sweeps}
    for claim in study.claims:
        if why := claim.problem(varied):
            raise UsageError(why)
        _check_settings(study, f"Claim {claim.id}", claim.settings())
        for sweep, chosen in claim.selections():
            if not _apart(study, study.choices(sweep), chosen):
                raise UsageError(
                    f"Claim {claim.id} is about {dict(chosen)}, which no variant of sweep "
                    f"{sweep} has."
                )


def _check_metrics(study: Study) -> None:
    """Refuse a metric that the trainable never measures, if it says what it does."""
    names = measured_by(study.trainable)
    asked = [(f"Study {study.name} chooses by", study.metric)]
    for claim in study.claims:
        for part in claim.test.simple:
            read = [metric for on in (part.on, *part.on.others()) for metric in on.metrics]
            asked += [(f"Claim {claim.id} is about", metric) for metric in read]
    for who, metric in asked:
        if names and not any(fnmatchcase(metric, name) for name in (*names, *TIMED)):
            near = nearest(metric, [name for name in names if "*" not in name])
            raise UsageError(f"{who} {metric}, which its trainable does not measure{near}")


def _check_named_variants(study: Study) -> None:
    variants = [settings for sweep in study.sweeps for settings in study.choices(sweep)]
    for name, chosen in study.variants.items():
        _check_settings(study, f"Variant {name!r}", chosen.items())
        if not _apart(study, variants, chosen):
            raise UsageError(f"Variant {name!r} is {dict(chosen)}, which no sweep has.")


def _check_answer(study: Study) -> None:
    """Refuse a paragraph that cannot be filled in whatever the numbers are."""
    where = study.answer if isinstance(study.answer, Path) else f"The answer of study {study.name}"
    claims = [claim.id for claim in study.claims]
    for sweep, text in study.paragraphs.items():
        who = f"{where}, on {sweep},"
        if sweep not in study.sweeps:
            near = nearest(sweep, study.sweeps)
            raise UsageError(f"{where} is about {sweep!r}, which is no sweep{near}")
        try:
            named = mentions(text)
        except ValueError as why:
            raise UsageError(f"{who} is no template: {why}.") from None
        for claim in named.claims:
            if claim not in claims:
                near = nearest(claim, claims or ["none"])
                raise UsageError(f"{who} names {claim!r}, which is no claim{near}")
        for variant in named.variants:
            chosen = study.variants.get(variant) if isinstance(variant, str) else variant
            if chosen is None:
                near = nearest(str(variant), study.variants or ["none"])
                raise UsageError(f"{who} names {variant!r}, which is no variant{near}")
            apart = _apart(study, study.choices(sweep), chosen)
            if len(apart) != 1:
                raise UsageError(
                    f"{who} names {variant!r}, which is {len(apart) or 'none'} of the sweep's "
                    "variants, not one."
                )


def _check_settings(study: Study, who: str, settings: Iterable[tuple[str, Any]]) -> None:
    """Refuse names that are no settings, and values that settings turn into others, as "0.5"."""
    for name, value in settings:
        _check_name(study, name, f"{who} names {name!r}")
        if value is not None and study.validated(name, value) != value:
            raise UsageError(
                f"{who} says {name}={value!r}, which in this study is "
                f"{study.validated(name, value)!r}."
            )


def _check_name(study: Study, name: str, who: str) -> None:
    if name not in study.setting_names:
        raise UsageError(f"{who}, which is no setting{nearest(name, study.setting_names)}")


def _apart(
    study: Study, variants: Sequence[Settings], chosen: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The variants with these settings, those that sweeps share once."""
    apart: dict[str, dict[str, Any]] = {}
    for settings in variants:
        if has(settings.canonical(), chosen):
            kept = settings.identity()
            apart.setdefault(json.dumps(kept, sort_keys=True), kept)
    return list(apart.values())
