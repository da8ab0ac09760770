"""answer.json: the reading of a run as data, for whoever goes on from its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from claims.budget import Tuned
from claims.finding import Finding
from claims.statistics.interval import Difference
from claims.verdicts import Verdict
from reports.audit import Audit
from reports.reading import Reading
from runs.atomic import write_json
from runs.ranges import Range
from runs.record import TrialRecord
from runs.run import Run
from runs.variants import Variant

NAME = "answer.json"


def write(reading: Reading) -> Path:
    """Write it beside the results; the same reading gives the same bytes."""
    path = reading.run.path / NAME
    write_json(path, as_data(reading))
    return path


def as_data(reading: Reading) -> dict[str, Any]:
    """Variants, differences, claims with findings, and faults; numbers as they were measured."""
    run, compared = reading.run, reading.compared
    return {
        "study": run.study.study,
        "run": run.study.run,
        "question": run.study.question,
        "metric": run.study.metric,
        "mode": run.study.mode,
        "compared_on": run.outcome,
        "answer": {
            "paragraphs": list(reading.answer.paragraphs),
            "unanswered": dict(reading.answer.unanswered),
            "refused": reading.refused,
        },
        "variants": [_variant(reading, variant) for variant in run.variants],
        "cautions": list(reading.cautions),
        "baseline": compared.baseline.name if compared else None,
        "differences": [
            {
                "variant": variant.name,
                **_difference(difference),
                "power": _power(reading, variant),
            }
            for variant, difference in (compared.differences.items() if compared else ())
        ],
        "not_compared": [
            {"variant": variant.name, "why": why}
            for variant, why in (compared.left_out.items() if compared else ())
        ],
        "deaths": [
            {"variant": variant.name, "dead": one.dead, "of": one.of, "expected": one.expected}
            for variant, one in reading.deaths.items()
        ],
        **_tuning(reading),
        **_target(reading),
        **_search(reading),
        "claims": [_claim(verdict) for verdict in reading.verdicts],
        "audit": [_audit(reading.audits[trial.key], trial, run) for trial in run.trials],
    }


def _tuning(reading: Reading) -> dict[str, Any]:
    """What tuning brought; {} of a run that tuned nothing."""
    tuning = reading.tuning
    if tuning is None:
        return {}
    order = tuning.order(tuning.draws)
    return {
        "untuned_differences": [
            {"variant": variant.name, **_difference(one)}
            for variant, one in reading.untuned.items()
        ],
        "tuning": {
            "draws": tuning.draws,
            "blocks": list(tuning.blocks),
            "order": None if order is None else [variant.name for variant in order],
            "order_stands_from": tuning.stands_from,
            "equal": not tuning.unequal,
            "variants": [
                {"variant": variant.name, **_tuned(one)} for variant, one in tuning.variants.items()
            ],
        },
    }


def _tuned(one: Tuned) -> dict[str, Any]:
    names = "close", "drawn", "diverged", "failed", "trials", "epochs", "seconds", "multiply_adds"
    own = {
        "ranges": {name: drawn.model_dump(mode="json") for name, drawn in one.ranges.items()},
        "searches": [
            {
                "block": search.block,
                "ended": search.ended,
                "draws": [draw.key for draw in search.draws],
                "values": search.values,
                "chosen": search.chosen,
            }
            for search in one.searches
        ],
        "best": [after and asdict(after) for after in one.best],
        "test": [after and asdict(after) for after in one.test],
        **{name: getattr(one, name) for name in names},
        "edges": [
            {
                "setting": edge.setting,
                "values": edge.values,
                "of": edge.of,
                "upper": edge.upper,
                "further": edge.further and edge.further.model_dump(mode="json"),
            }
            for edge in one.edges
        ],
    }
    data: dict[str, Any] = _plain(own)
    return data


def _target(reading: Reading) -> dict[str, Any]:
    """When each variant reaches what the baseline ends at; {} without curves."""
    target = reading.target
    if target is None:
        return {}
    reached: list[Any] = _plain([
        {"variant": variant.name, **asdict(one)} for variant, one in target.reached.items()
    ])  # fmt: skip
    return {
        "time_to_target": {
            "metric": target.metric,
            "level": target.level,
            "baseline": target.baseline.name,
            "variants": reached,
        }
    }


def _search(reading: Reading) -> dict[str, Any]:
    """What a search found; {} of a run that searched nothing."""
    found = reading.search
    if found is None:
        return {}
    best = found.best
    own: dict[str, Any] = _plain({
        "asked": found.asked,
        "ended": found.ended,
        "best": best and {
            "key": best.trial.key,
            "settings": found.settings,
            "value": best.value,
            "fresh_seeds": len(found.again),
            "with_fresh_seeds": {
                metric: _mean(values)
                for metric in dict.fromkeys((found.metric, found.outcome))
                if (values := found.fresh(metric))
            },
        },
        "chosen_from": {
            name: one.model_dump(mode="json") if isinstance(one, Range) else list(one)
            for name, one in found.domains.items()
        },
        "history": [
            {
                "key": one.trial.key,
                "outcome": one.outcome,
                "epochs": one.trial.epochs,
                "value": one.value,
                "best": one.best,
            }
            for one in found.tried
        ],
        "spent": {name: asdict(one) for name, one in found.spent.items()},
        "rank_correlations": [asdict(one) for one in found.agreements],
        "importance": {
            name: {**asdict(one), "stands_out": one.stands_out}
            for name, one in found.importance.items()
        },
        "importance_over": found.ranked,
    })  # fmt: skip
    return {"search": own}


def _power(reading: Reading, variant: Variant) -> dict[str, Any] | None:
    power = reading.powers.get(variant)
    return None if power is None else asdict(power)


def _variant(reading: Reading, variant: Variant) -> dict[str, Any]:
    metrics = dict.fromkeys(name for trial in variant.finished for name in trial.metrics)
    return {
        "name": variant.name,
        "labels": {sweep: variant.label(sweep) for sweep in variant.sweeps},
        "settings": dict(variant.settings),
        "shown": variant in reading.shown,
        "trials": [
            {"key": t.key, "seed": t.seed, "status": t.status, "diverged": t.diverged}
            for t in variant.trials
        ],
        "means": {name: _mean(variant.values_of(name)) for name in metrics},
    }


def _mean(values: list[float]) -> dict[str, Any]:
    mean = math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    spread = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else None
    return {"mean": mean, "sd": spread, "n": len(values)}


def _claim(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.claim.id,
        "says": verdict.claim.says,
        "status": verdict.status,
        "clause": verdict.clause,
        "fragile": verdict.fragile,
        "registered": verdict.registered,
        "command": verdict.command,
        "findings": [_finding(finding) for finding in verdict.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    effect = finding.effect and _difference(finding.effect)
    deaths = [asdict(one) for one in finding.deaths]
    own: dict[str, Any] = _plain(asdict(replace(finding, effect=None, deaths=())))
    del own["needs"]  # what comes of them is the verdict's command
    return own | {"effect": effect, "deaths": deaths}


def _difference(one: Difference) -> dict[str, Any]:
    """With what seeds and images each put into half of its width."""
    names = "estimate", "low", "high", "p", "confidence", "seeds", "images", "declared", "drawn"
    parts = {"from_seeds": one.from_seeds, "from_images": one.from_images}
    own: dict[str, Any] = _plain({name: getattr(one, name) for name in names} | parts)
    return own


def _audit(audit: Audit, trial: TrialRecord, run: Run) -> dict[str, Any]:
    return {
        "trial": run.name(trial),
        "key": trial.key,
        "faults": [asdict(fault) for fault in audit.faults],
        "unchecked": list(audit.unchecked),
        "remarks": list(audit.remarks),
    }


def _plain(value: Any) -> Any:
    """Ready for JSON, which has no infinite numbers: these become words."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        ordered = sorted(value) if isinstance(value, set | frozenset) else value
        return [_plain(one) for one in ordered]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.item() if hasattr(value, "item") else value
