"""All that a study of one's own needs.

`service.Study(...)` of `service.Settings` and a function of these and a `service.Trial`, which
yields a `service.Epoch` after each; `service.main(STUDY)` runs it from a shell, and
`service.run(STUDY, ...)` from Python.
"""

import sys
from pathlib import Path
from types import TracebackType

from runs.errors import UsageError
from service.cli import main, run
from service.resources import Resources
from service.study import Study
from service.sweeps import HELD
from service.trial_spec import TrialSpec
from trainables.protocol import Epoch, Settings, Trial


def _say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What is wrong with a study's file is said in a sentence, with the line that it is about."""
    # Tune refuses some ranges itself, where they are written.
    in_a_space = isinstance(error, ValueError) and any(
        Path(file).parts[-4:-1] == ("ray", "tune", "search") for file, _ in _frames(trace)
    )
    if not isinstance(error, UsageError) and not in_a_space:
        _hook_before(kind, error, trace)
        return
    own = [frame for frame in _frames(trace) if frame[0] == _main_file()]
    where = f"{own[-1][0]}, line {own[-1][1]}: " if own else ""
    print(f"{where}{error}", file=sys.stderr)
    raise SystemExit(2)


def _frames(trace: TracebackType | None) -> list[tuple[str, int]]:
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return frames


def _main_file() -> str:
    return str(getattr(sys.modules["__main__"], "__file__", ""))


_hook_before = sys.excepthook
sys.excepthook = _say

__all__ = [
    "HELD",
    "Epoch",
    "Resources",
    "Settings",
    "Study",
    "Trial",
    "TrialSpec",
    "UsageError",
    "main",
    "run",
]
