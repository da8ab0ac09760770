"""Support vector machines from Gram matrices, against scikit-learn's own."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from trainables.features import svm

SCALERS = {"none": FunctionTransformer, "standard": StandardScaler, "minmax": MinMaxScaler}


def blobs(n, classes=4, dim=12, seed=0):
    random = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centers = np.random.default_rng(9).normal(size=(classes, dim))
    scale = np.linspace(0.2, 5, dim)  # features of unlike size, so that scaling matters
    return ((centers[labels] + random.normal(size=(n, dim))) * scale).astype(np.float32), labels


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly"])
@pytest.mark.parametrize("scaling", SCALERS)
@pytest.mark.parametrize("C", [0.1, 10.0])
def test_decisions_are_those_of_scikit_learns_pipeline(kernel, scaling, C):
    (x, y), (other, _) = blobs(120), blobs(80, seed=1)
    pipeline = make_pipeline(SCALERS[scaling](), SVC(C=C, kernel=kernel, degree=3, gamma="scale"))
    pipeline.fit(x.astype(np.float64), y)

    grams = svm.grams(svm.scaled({"train": x, "test": other}, scaling), svm.Kernel(kernel))
    machine = svm.fit(grams["train"], y, C)
    decided = svm.decide(machine, grams["test"], 4)
    wanted = pipeline.decision_function(other.astype(np.float64))
    np.testing.assert_allclose(decided, wanted, atol=2e-3)
    assert np.mean(decided.argmax(1) == pipeline.predict(other)) > 0.97  # votes may tie


def test_scaling_is_fitted_on_train_alone():
    train, test = blobs(40)[0], 100 * blobs(40, seed=1)[0]
    scaled = svm.scaled({"train": train, "test": test}, "standard")
    np.testing.assert_allclose(scaled["train"].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled["train"].std(0), 1, atol=1e-6)
    by_train = (test - train.mean(0)) / train.std(0)
    np.testing.assert_allclose(scaled["test"], by_train, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("scaling", SCALERS)
def test_a_constant_feature_stays_finite(scaling):
    x = np.ones((6, 3), np.float32)
    grams = svm.grams(svm.scaled({"train": x}, scaling), svm.Kernel("rbf"))
    assert np.isfinite(grams["train"]).all()


def test_two_classes_have_two_columns_and_an_absent_one_is_never_predicted():
    x, y = blobs(60, classes=2)
    grams = svm.grams({"train": x.astype(np.float64)}, svm.Kernel("linear"))
    decided = svm.decide(svm.fit(grams["train"], y, 1.0), grams["train"], 3)
    assert decided.shape == (60, 3) and np.isneginf(decided[:, 2]).all()
    np.testing.assert_array_equal(decided[:, 0], -decided[:, 1])
    assert np.mean(decided.argmax(1) == y) > 0.9


def test_a_given_gamma_is_kept_and_scale_is_scikit_learns():
    x = blobs(30)[0].astype(np.float64)
    assert svm.Kernel("rbf", 0.5).on(x).gamma == 0.5
    assert svm.Kernel("rbf").on(x).gamma == pytest.approx(1 / (x.shape[1] * x.var()))
