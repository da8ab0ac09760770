"""What is not the same in several runs of a study."""

from reports.compare.what_differs import what_differs


def test_a_setting_that_varies_has_its_values_in_their_order(made_run, made_trial):
    def of(*values):
        return made_run([made_trial({"lr": value}) for value in values])

    assert what_differs([of(0.1, 0.01, 1), of(0.1)])["settings"] == {"lr": ["0.01, 0.1, 1", "0.1"]}
    assert what_differs([of(0.1, 0.01), of(0.01, 0.1)]) == {}
