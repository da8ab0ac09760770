"""A study whose trials do what no trial should, until a file called `mended` lies beside it."""

import ctypes
import os
import re
import time
from pathlib import Path
from typing import Literal

import service

MENDED = Path(__file__).with_name("mended")


class Mine(service.Settings):
    does: Literal["well", "raise", "hang", "exit", "crash", "fill"] = "well"
    epochs: int = 3
    seconds: float = 0.1


def misbehave(how, folder):
    if how == "fill":
        while len([*folder.parent.glob("*/checkpoint.pt")]) < 2:
            time.sleep(0.1)  # until another has something to lose, too
        with (folder / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))  # until there is no space left
    if how == "raise":
        raise ValueError("no such thing")
    if how == "hang":
        re.match("(a+)+$", "a" * 60 + "b")  # in C, which never lets go of Python
    if how == "exit":
        os._exit(5)
    if how == "crash":
        ctypes.string_at(0)


def train(settings, trial):
    done = trial.state["epoch"] if trial.state else 0
    for epoch in range(done + 1, settings.epochs + 1):
        time.sleep(settings.seconds)
        if epoch == 2 and not MENDED.exists():
            misbehave(settings.does, trial.folder)
        yield service.Epoch({"val/score": epoch + trial.seed / 10}, {"epoch": epoch})
    yield service.Epoch({"test/score": float(epoch)}, None)


STUDY = service.Study(
    name="misbehaving",
    question="What does a trial do to the others?",
    trainable=train,
    settings=Mine(),
    sweeps={"does": {"does": {"grid_search": ["well", "raise", "hang", "exit", "crash"]}}},
    metric="val/score",
)

if __name__ == "__main__":
    service.main(STUDY)
