"""The numbers of the kept runs stay what they were, whatever becomes of the code that reads them.

numbers.json has them as they were told before: means, differences, what a comparison could have
found, and the findings behind every verdict. A change that means to change them writes it anew and
says so.
"""

import json
import math
from pathlib import Path

import pytest

from reports.reading import reading
from runs.folder import RunFolder

ROOT = Path(__file__).resolve().parents[2]
TOLD = json.loads(Path(__file__).with_name("numbers.json").read_text())


def keys(variant):
    return tuple(sorted(trial.key for trial in variant.finished))


def same(value, told):
    if isinstance(value, float) and isinstance(told, float):
        return math.isclose(value, told, rel_tol=1e-9, abs_tol=1e-12)
    return value == told


def test_every_kept_run_is_told_of():
    runs = [file.parent for file in (ROOT / "results").glob("*/*/study.json")]
    assert {f"{run.parent.name}/{run.name}" for run in runs} >= set(TOLD)


@pytest.fixture(params=TOLD, scope="module")
def kept(request):
    return reading(RunFolder(ROOT / "results" / request.param).read()), TOLD[request.param]


def test_means_spreads_and_counts(kept):
    read, told = kept
    rows = {
        keys(variant): {
            "n": len(variant.finished),
            "own": variant in read.shown,
            "cells": dict(zip(read.table.columns, cells, strict=True)),
        }
        for variant, cells in read.table.rows.items()
    }
    wanted = {tuple(one.pop("trials")): one for one in map(dict, told["variants"])}
    assert rows == wanted


def test_differences_and_what_could_have_been_found(kept):
    read, told = kept
    assert (keys(read.compared.baseline) if read.compared else None) == (
        tuple(told["baseline"]) if told["baseline"] else None
    )
    rows = read.compared.differences if read.compared else {}
    assert len(rows) == len(told["differences"])
    by_trials = {tuple(one["trials"]): one for one in told["differences"]}
    for variant, row in rows.items():
        wanted = by_trials[keys(variant)]
        for name in ("estimate", "low", "high", "p", "seeds", "images", "declared"):
            assert same(getattr(row, name), wanted[name]), name
        power = read.powers.get(variant)
        for name in ("detectable", "seeds", "hours"):
            assert same(getattr(power, name, None), wanted[f"power_{name}"]), name


def test_verdicts_and_the_findings_behind_them(kept):
    read, told = kept
    assert {v.claim.id: (v.status, v.clause) for v in read.verdicts} == {
        name: (one["status"], one["clause"]) for name, one in told["claims"].items()
    }
    for verdict in read.verdicts:
        wanted = told["claims"][verdict.claim.id]["findings"]
        for finding, one in zip(verdict.findings, wanted, strict=True):
            effect = finding.effect and [
                getattr(finding.effect, name)
                for name in ("estimate", "low", "high", "p", "seeds", "images")
            ]
            assert (effect is None) == (one["effect"] is None)
            assert all(map(same, effect or [], one["effect"] or []))
            assert (finding.status, finding.clause) == (one["status"], one["clause"])
            assert (finding.wanted, finding.scale, finding.unit) == (
                one["wanted"], one["scale"], one["unit"]
            )  # fmt: skip
            assert same(finding.detectable, one["detectable"])
