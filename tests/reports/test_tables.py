"""The table of a run: what it measured, in the unit of each."""

import pytest

from reports.tables import mean_sd, table


@pytest.fixture
def shown(made_run, made_trial):
    """shown(metrics, ...): the table of a variant with these metrics in each of its seeds."""

    def of(*metrics, **study):
        trials = [made_trial({"x": 1}, seed, metrics=own) for seed, own in enumerate(metrics)]
        made = table(made_run(trials, **study))
        (cells,) = made.rows.values()
        return dict(zip(made.columns, cells, strict=True))

    return of


def test_shares_have_points_and_an_auc_three_digits(shown):
    both = {"test/accuracy": 0.51234, "test/auc_macro": 0.87654, "val/accuracy": 0.6}
    assert shown(both) == {"val": "60.0 %", "test": "51.2 %", "AUC": "0.877"}
    more = {"test/accuracy": 0.5, "test/auc_macro": 0.9, "val/accuracy": 0.6}
    assert shown(both, more)["test"] == "50.6 ± 0.9 %"


def test_the_metric_by_which_a_study_chooses_is_there_and_what_it_is_compared_by(shown):
    metrics = {"test/accuracy": 0.5, "val/macro_f1": 0.41, "test/macro_f1": 0.43}
    cells = shown(metrics, metric="val/macro_f1")
    assert cells == {
        "test": "50.0 %",
        "validation macro f1": "41.0 %",
        "test macro f1": "43.0 %",
    }


def test_what_classifies_nothing_has_its_own_metrics_shown(shown):
    cells = shown({"val/rmse": 12.345, "val/bias": -0.0123, "time/seconds": 3.0}, metric="val/rmse")
    assert cells == {"validation rmse": "12.3", "validation bias": "-0.0123"}


SPACE = {"test/recall_at_1": 0.2, "test/map_at_r": 0.1, "test/knn_accuracy": 0.3,
         "test/intra_inter_ratio": 1.5}  # fmt: skip


def test_both_geometries_are_named_where_both_were_measured(shown):
    both = SPACE | {f"{name}_cosine": value + 0.05 for name, value in SPACE.items()}
    assert shown(both | {"val/accuracy": 0.5}) == {
        "val": "50.0 %",
        "recall@1 Euclidean": "20.0 %", "recall@1 cosine": "25.0 %",
        "MAP@R Euclidean": "10.0 %", "MAP@R cosine": "15.0 %",
        "k-NN Euclidean": "30.0 %", "k-NN cosine": "35.0 %",
        "intra/inter Euclidean": "1.50", "intra/inter cosine": "1.55",
    }  # fmt: skip


def test_a_run_that_measured_the_euclidean_one_alone_is_told_as_it_was(shown):
    cells = shown(SPACE | {"val/accuracy": 0.5})
    assert cells == {
        "val": "50.0 %", "recall@1": "20.0 %", "k-NN": "30.0 %", "intra/inter ratio": "1.50",
    }  # fmt: skip


def test_a_variant_of_which_no_trial_finished_has_no_row(made_run, made_trial):
    lost = made_trial({"x": 2}, metrics={"val/accuracy": 0.1}, status="failed")
    run = made_run([made_trial({"x": 1}, metrics={"val/accuracy": 0.5}), lost])
    assert [variant.name for variant in table(run).rows] == ["x=1"]


def test_a_control_has_no_row(made_run, made_trial):
    metrics = {"val/accuracy": 0.5}
    control = made_trial({"x": 1, "control": "one_batch"}, sweep="controls", metrics=metrics)
    run = made_run([made_trial({"x": 1}, metrics=metrics), control])
    assert [variant.name for variant in table(run).rows] == ["x=1"]


@pytest.mark.parametrize(
    ("values", "digits", "told"),
    [
        ([0.5], 1, "0.5"),
        ([0.5, 0.7], 2, "0.60 ± 0.14"),
        ([123.4, 125.6], None, "124 ± 2"),
        ([0.01234], None, "0.0123"),
        ([0.0, 0.0], None, "0.00 ± 0.00"),
        ([], None, "-"),
    ],
)
def test_mean_and_spread(values, digits, told):
    assert mean_sd(values, digits) == told
