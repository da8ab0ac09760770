"""A small study, and what may be changed in it."""

from typing import Annotated

from pydantic import Field

from service.study import Study
from trainables.protocol import NotIdentity, Settings, When


class Toy(Settings):
    loss: str = "plain"
    margin: Annotated[float, When("loss", ("triplet",))] = Field(0.2, ge=0)
    lr: float = Field(0.1, gt=0)
    epochs: int = Field(2, ge=1)
    place: Annotated[str, NotIdentity()] = "here"


def nothing(settings, trial):
    yield from ()


def grid(*values):
    return {"grid_search": list(values)}


def study(**changes):
    sweeps = {
        "loss": {"loss": grid("plain", "triplet")},
        "margin": {"loss": "triplet", "margin": grid(0.2, 0.5)},
    }
    given = {
        "name": "toy",
        "question": "?",
        "trainable": nothing,
        "settings": Toy(),
        "sweeps": sweeps,
        "metric": "val/accuracy",
    }
    return Study(**{**given, **changes})
