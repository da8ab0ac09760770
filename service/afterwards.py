"""The command that a person wants run at a run's end, for a mail or a message."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

STATUS = {0: "finished", 1: "failed", 2: "refused", 130: "stopped"}


def run_command(command: str, status: int, run: Path | None) -> None:
    """Run it in a shell, and wait for it; if it fails, that is said and changes nothing.

    It finds in its environment STATUS (finished, failed, refused or stopped), and RUN, the run
    folder ("" where none was made).

    status: the exit status that the run has.
    """
    told = {"STATUS": STATUS.get(status, "failed"), "RUN": str(run or "")}
    done = subprocess.run(command, shell=True, env={**os.environ, **told}, check=False)
    if done.returncode:
        print(f"--then {command!r} ended with status {done.returncode}.", flush=True)
