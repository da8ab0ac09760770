"""Multiclass support vector machines from Gram matrices, of which one serves every C.

scikit-learn's SVC computes kernel values one by one, and anew for each machine; here a matrix
product makes all of them at once (kernel="precomputed"), and the machines of a process that differ
only in C share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.svm import SVC

Scaling = Literal["none", "standard", "minmax"]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Kernel:
    """A kernel as scikit-learn defines it.

    gamma: of "rbf" and "poly"; "scale" is 1 / (D x variance of train).
    degree, coef0: of "poly".
    """

    name: Literal["linear", "rbf", "poly"]
    gamma: float | Literal["scale"] = "scale"
    degree: int = 3
    coef0: float = 0.0

    def on(self, train: Array) -> Kernel:
        """The same with gamma as a number."""
        if self.gamma != "scale":
            return self
        variance = float(train.var())
        gamma = 1 / (train.shape[1] * variance) if variance > 0 else 1.0
        return Kernel(self.name, gamma, self.degree, self.coef0)

    def between(self, x: Array, y: Array) -> Array:
        """Kernel values (len(x), len(y)), float64; call it on a kernel whose gamma is a number."""
        from sklearn.metrics.pairwise import linear_kernel, polynomial_kernel, rbf_kernel

        if self.name == "linear":
            return np.asarray(linear_kernel(x, y))
        if self.name == "rbf":
            return np.asarray(rbf_kernel(x, y, gamma=self.gamma))
        return np.asarray(polynomial_kernel(x, y, self.degree, self.gamma, self.coef0))


def scaled(sets: Mapping[str, NDArray[Any]], scaling: Scaling) -> dict[str, Array]:
    """Every set (N, D) by a scaling that is fitted on sets["train"] alone, as float64.

    scaling: of every feature: none, to mean 0 and variance 1, or to 0..1.
    """
    from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

    scalers = {"none": FunctionTransformer, "standard": StandardScaler, "minmax": MinMaxScaler}
    wide = {name: np.asarray(values, np.float64) for name, values in sets.items()}
    scaler = scalers[scaling]().fit(wide["train"])
    return {name: np.asarray(scaler.transform(values)) for name, values in wide.items()}


def grams(sets: Mapping[str, Array], kernel: Kernel) -> dict[str, Array]:
    """The kernel values of every set with train: {name: (N, N of train)}."""
    fixed = kernel.on(sets["train"])
    return {name: fixed.between(values, sets["train"]) for name, values in sets.items()}


def fit(gram: Array, labels: NDArray[np.int64], C: float) -> SVC:
    """A machine on a train Gram matrix (N, N) with labels (N,); `decide` asks it.

    C: the penalty, above 0.
    """
    from sklearn.svm import SVC

    return SVC(C=C, kernel="precomputed", cache_size=500).fit(gram, labels)


def decide(machine: SVC, gram: Array, classes: int) -> Array:
    """Decision values (N, classes), the highest of which is the prediction.

    One value a class from the one-against-one votes and margins, as scikit-learn combines them
    (decision_function_shape="ovr"); a class that train lacks gets -inf.

    gram: kernel values (N, N of train).
    classes: how many there are, with those that train lacks.
    """
    decisions = np.asarray(machine.decision_function(gram))
    if decisions.ndim == 1:  # two classes have one value, which speaks for the second
        decisions = np.stack([-decisions, decisions], axis=1)
    values = np.full((len(gram), classes), -np.inf)
    values[:, machine.classes_] = decisions
    return values
