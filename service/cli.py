"""From options to an ended run: validate everything, then list, debug or run."""

from __future__ import annotations

import gc
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runs.errors import UsageError, nearest
from runs.folder import RESULTS_FILE, RunFolder
from runs.trial_folder import read_json
from service.afterwards import run_command
from service.interruption import INTERRUPTED
from service.new_run import plan_run
from service.options import RunOptions, options_from, parse
from service.output import outlasting_its_reader
from service.plan import Plan
from service.resume import resume_run
from service.search import tuning
from service.study import Study
from service.tracking.address import shown_word
from service.trial_spec import TrialSpec


def main(study: Study) -> None:
    """The whole of `python -m studies.NAME`.

    Exits with 0: all trials finished (or diverged where the study expects it); 1: some failed;
    2: wrong usage or input, said in one sentence; 130: interrupted, state kept.
    """
    about = (sys.modules["__main__"].__doc__ or study.asks()).strip()
    try:
        program = _program()
        options, values = parse(program, about, study.settings, sys.argv[1:])
        status = execute(study, options, values, program)[0]
    except UsageError as error:
        print(f"{error}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        print("Interrupted; nothing had begun that could be lost.", file=sys.stderr)
        status = INTERRUPTED
    gc.freeze()  # else Python looks for cycles in all of Ray and MLflow before it ends
    sys.exit(status)


def run(study: Study, **options: Any) -> dict[str, Any]:
    """Run `study` from Python and return what results.json holds ({} for a dry run or debugging).

    Options are those of the command line (only="loss" or ["loss", "alpha"], seeds=3, output=...)
    and settings (epochs=3; a list replaces the values of a varied setting). Raises UsageError if
    one of them is wrong.
    """
    if isinstance(options.get("only"), str):
        options["only"] = [options["only"]]
    known = RunOptions.model_fields
    settings = {k: v if isinstance(v, list) else [v] for k, v in options.items() if k not in known}
    chosen = options_from({k: v for k, v in options.items() if k in known})
    folder = execute(study, chosen, settings)[1]
    if folder is None:
        return {}
    results: dict[str, Any] = read_json(folder.path / RESULTS_FILE)
    return results


def _program() -> str:
    """What a person typed before the options: "python -m studies.q2_losses"."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None:
        return f"python -m {spec.name.removesuffix('.__main__')}"
    return f"python {shlex.quote(sys.argv[0])}"


def _command(program: str) -> str:
    """The whole of it, without passwords."""
    return " ".join([program, *(shlex.quote(shown_word(word)) for word in sys.argv[1:])])


def execute(
    study: Study,
    options: RunOptions,
    values: Mapping[str, Sequence[Any]],
    program: str = "",
) -> tuple[int, RunFolder | None]:
    """Run what the options ask for; (exit status, run folder or None).

    program: what a person types before options, "" for a call from Python.
    """
    if options.trial and not options.debug:
        raise UsageError("--trial names the trial that --debug runs; give both.")
    modes = [options.resume is not None, options.retry_failed is not None, options.smoke]
    if sum(modes) > 1:
        raise UsageError("Only one of --resume, --retry-failed and --smoke can be given.")
    if options.resume is None and options.retry_failed is None:
        plan = plan_run(study, options, values)
    else:
        plan = resume_run(study, options, values)
    if plan.until is not None:
        from service import until_decided

        until_decided.check(plan)
    plan = plan.booking(options.cpus_per_trial, options.gpus_per_trial)
    if program:
        plan = replace(plan, program=program, command=_command(program))
    if options.dry_run:
        from service.dry_run import show

        show(plan, options.max_concurrent, options.address or os.environ.get("RAY_ADDRESS"))
        return 0, None
    if plan.lacks or options.debug:
        _check(plan)
    if options.debug:
        from service.debug import debug

        debug(plan.study, _chosen(plan, options.trial), options.output.resolve())
        return 0, None
    from service.driver import drive

    status, folder = 1, plan.folder
    try:
        with outlasting_its_reader():
            status, folder = drive(plan, options)
    except UsageError:
        status = 2
        raise
    except KeyboardInterrupt:
        status = INTERRUPTED
        raise
    finally:
        if options.then:
            run_command(options.then, status, folder.path if folder else None)
    return status, folder


def _check(plan: Plan) -> None:
    for settings in plan.cases:
        try:
            settings.check()
        except (ValueError, OSError) as error:
            raise UsageError(str(error)) from None


def _chosen(plan: Plan, key: str | None) -> TrialSpec:
    if key is None:
        return plan.trials[0]
    by_key = {t.key: t for t in plan.trials}
    if key not in by_key:
        raise UsageError(f"No selected trial has the key {key!r}{nearest(key, by_key)}")
    spec = by_key[key]
    if spec.among:
        if plan.folder is None or (whole := tuning.found(spec, plan.folder)) is None:
            raise UsageError(
                f"Trial {key} ({spec.name}) is trained with the best of {len(spec.among)} settings "
                "that a run has to try first: debug one of these, or, with --resume RUN, this one "
                "once its search has ended."
            )
        return whole
    return spec
