"""How many trees does a random forest need to read handwritten digits?

python examples/random_forest.py --seeds 3
"""

from collections.abc import Iterator

from pydantic import Field
from ray import tune
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

import service


class Settings(service.Settings):
    """What can vary, under scikit-learn's names; each is an option of the command line, too."""

    n_estimators: int = Field(100, ge=1, description="how many trees vote")
    max_depth: int = Field(20, ge=1, description="how often a tree splits at most")


def train(settings: Settings, trial: service.Trial) -> Iterator[service.Epoch]:
    """Grow one forest. A seed draws its trees and the validation images, never the test images."""
    x, y = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y, random_state=0)
    x, x_val, y, y_val = train_test_split(x, y, random_state=trial.seed)
    forest = RandomForestClassifier(**settings.model_dump(), random_state=trial.seed).fit(x, y)
    val, test = forest.score(x_val, y_val), forest.score(x_test, y_test)
    yield service.Epoch({"val/accuracy": val, "test/accuracy": test})


STUDY = service.Study(
    name="random_forest",
    question="How many trees, {max_depth} deep, does a random forest need to read digits?",
    trainable=train,
    settings=Settings(),
    sweeps={"trees": {"n_estimators": tune.grid_search([100, 10, 1])}},
    metric="val/accuracy",
)

if __name__ == "__main__":
    service.main(STUDY)
