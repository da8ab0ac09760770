"""The command line as a value: parsed by tyro from the study's settings, every option optional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from claims.evidence import SEEDS
from claims.looks import FIRST
from runs.errors import UsageError, nearest, sentence
from trainables.protocol import Settings

SMOKE_DRAWS = 2  # of a study that is tuned, with --smoke
SEARCH_TRIALS, SMOKE_TRIALS = 20, 6  # of a search, and of one with --smoke
UNTIL_DECIDED: Literal["until-decided"] = "until-decided"
MAX_SEEDS = 12  # of one that goes on until its claims are decided


class RunOptions(BaseModel):
    """How to run a study; what its trials compute is the business of its settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    only: tuple[str, ...] = Field((), description="some sweeps only")
    seeds: int | Literal["until-decided"] | None = Field(
        None,
        description=f"seeds 0..N-1 of every variant (default: {SEEDS}; 1 with --smoke and "
        "--debug), or more of them, at planned numbers, until the claims are decided",
    )
    max_seeds: int | None = Field(
        None, ge=FIRST, description=f"the most that until-decided goes to (default: {MAX_SEEDS})"
    )
    tune: int | None = Field(
        None,
        ge=2,
        description="tune every variant over N settings with each seed, and compare the best",
    )
    search: Literal["optuna"] | None = Field(
        None, description="find the best settings of all that is varied or tuned"
    )
    trials: int | None = Field(
        None,
        ge=2,
        description=f"how many settings --search tries (default: {SEARCH_TRIALS}; {SMOKE_TRIALS} "
        "with --smoke); the best of them is trained again with each seed",
    )
    scheduler: Literal["asha", "none"] | None = Field(
        None, description="what ends trials of --search early that fall behind (default: none)"
    )
    output: Path = Field(Path("outputs"), description="on a cluster a path that every node sees")
    tracking_uri: str | None = Field(
        None, description="default MLFLOW_TRACKING_URI, else an SQLite file in the output folder"
    )
    address: str | None = Field(None, description="a Ray cluster; else RAY_ADDRESS, else local")
    cpus_per_trial: float | None = Field(None, gt=0, description="CPU cores, a trial's threads")
    gpus_per_trial: float | None = Field(None, ge=0, description="a share of a GPU, or whole ones")
    max_concurrent: int | None = Field(None, ge=1, description="trials at once; else what fits")
    max_failures: int = Field(1, ge=0, description="how often a trial that fails is tried again")
    trial_timeout: float | None = Field(
        None,
        gt=0,
        description="seconds without progress after which a trial is ended (default: none before "
        "its first epoch, then 20 times its slowest, at least 600)",
    )
    hours: float | None = Field(None, gt=0, description="stop cleanly after so long, resumable")
    then: str | None = Field(
        None, description="a command to run at the end, with RUN and STATUS in its environment"
    )
    resume: str | None = Field(None, description="go on with the last run, or a named one")
    retry_failed: str | None = Field(None, description="run just the failed trials of a run again")
    dry_run: bool = Field(False, description="list the trials, hours, disk; stop")
    smoke: bool = Field(False, description="small: digits, no weights, one epoch, ends of sweeps")
    controls: bool = Field(
        False, description="also the audit's controls: one batch learnt by heart, shuffled labels"
    )
    debug: bool = Field(False, description="run one trial here, in this process")
    trial: str | None = Field(None, description="which trial --debug runs; else the first")

    @field_validator("seeds", mode="before")
    @classmethod
    def _number_of_seeds(cls, given: Any) -> Any:
        if given in (None, UNTIL_DECIDED):
            return given
        number = str(given)
        if not number.isdecimal() or int(number) < 1:
            raise ValueError(f"should be at least 1, or {UNTIL_DECIDED}; got {given!r}.")
        return int(number)


OPTIONAL_VALUE = ("resume", "retry_failed")
METAVARS = {
    "seeds": f"N|{UNTIL_DECIDED}",
    "only": "SWEEP [SWEEP ...]",
    "scheduler": "{asha,none}",
    "search": "{optuna}",
    "resume": "[RUN]",
    "retry_failed": "[RUN]",
    "trial": "KEY",
    "trial_timeout": "SECONDS",
    "hours": "H",
    "then": "COMMAND",
    "address": "HOST:PORT",
    "tracking_uri": "URI",
    "output": "DIR",
    "data_dir": "DIR",
}


def parse(
    program: str, about: str, settings: Settings, words: Sequence[str]
) -> tuple[RunOptions, dict[str, list[Any]]]:
    """(how to run, {setting: values given}).

    program: what is typed before the options.

    Raises UsageError if a word is no option.
    """
    import tyro

    fields = {**type(settings).model_fields, **RunOptions.model_fields}
    groups = {
        "settings": (
            type(settings).model_fields,
            "What a trial computes; what varies takes several.",
        ),
        "run": (RunOptions.model_fields, "How the study is run."),
    }
    parts: dict[str, Any] = {}
    for group, (members, said) in groups.items():
        part: Any = TypedDict(group, _options(members, settings), total=False)  # type: ignore[misc]
        parts[group] = Annotated[part, tyro.conf.arg(help=said)]
    shape: Any = TypedDict("shape", parts)  # type: ignore[misc]
    given, unknown = tyro.cli(
        shape,
        args=list(words),
        prog=program,
        description=about,
        return_unknown_args=True,
        config=(tyro.conf.OmitArgPrefixes,),
    )
    if unknown:
        known = ["--" + name.replace("_", "-") for name in fields]
        raise UsageError(f"There is no option {unknown[0]}{nearest(unknown[0], known)}")
    typed: Mapping[str, Mapping[str, tuple[str, ...]]] = given  # type: ignore[assignment]
    run = {k: _value(k, v, fields[k]) for k, v in typed["run"].items()}
    held = {
        k: [_value(k, (one,), fields[k]) for one in v] or [_value(k, (), fields[k])]
        for k, v in typed["settings"].items()
    }
    return options_from(run), held


def options_from(values: Mapping[str, Any]) -> RunOptions:
    """Validated options. Raises UsageError if a value is out of range."""
    try:
        return RunOptions.model_validate(values)
    except ValidationError as error:
        raise sentence(error, RunOptions.model_fields) from None


def _value(name: str, words: tuple[str, ...], field: Any) -> Any:
    option = "--" + name.replace("_", "-")
    if name == "only":
        if not words:
            raise UsageError("--only needs the name of a sweep.")
        return words
    if not words:
        if field.annotation is bool:
            return True
        if name in OPTIONAL_VALUE:
            return ""
        raise UsageError(f"{option} needs a value.")
    if len(words) > 1:
        raise UsageError(f"{option} takes one value; got {len(words)}: {' '.join(words)}.")
    return words[0]


def _options(fields: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Every field as an option that may be left out, which differs from giving its default."""
    import tyro

    options: dict[str, Any] = {}
    for name, field in fields.items():
        default = getattr(settings, name, None if name in OPTIONAL_VALUE else field.default)
        shown = "" if default in (None, (), False) else f"(default: {default})"
        options[name] = Annotated[
            tuple[str, ...],
            tyro.conf.arg(
                help=field.description, metavar=_metavar(name, field), help_behavior_hint=shown
            ),
        ]
    return options


def _metavar(name: str, field: Any) -> str:
    """What may follow the option: the choices, or the kind of value."""
    if name in METAVARS:
        return METAVARS[name]
    kind = field.annotation
    if get_origin(kind) is Literal:
        return "{" + ",".join(map(str, get_args(kind))) + "}"
    if kind is bool:
        return "[true|false]"
    kinds = get_args(kind) or (kind,)
    return next((word for t, word in ((int, "N"), (float, "X")) if t in kinds), "TEXT")
