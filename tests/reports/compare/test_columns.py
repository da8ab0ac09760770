"""Variants of several runs as rows, and the cells that they have in them."""

from reports.compare.columns import columns_of, rows_of
from reports.reading import reading

OUTCOME = {"test/accuracy": 0.5, "val/accuracy": 0.5}


def rows(*runs):
    """The cells of every variant, by its name."""
    made = rows_of(columns_of([reading(run) for run in runs]))
    return {row.name: row.cells for row in made}


def test_tuned_variants_meet_without_what_they_tune(made_run, made_trial):
    def of(best):
        return made_run(
            [
                made_trial({"x": x, "lr": lr}, metrics={"test/accuracy": lr, "val/accuracy": good})
                for x in "ab"
                for lr in (0.1, 0.2)
                for good in [float(lr == best)]
            ],
            tune_each="lr",
        )

    cells = rows(of(0.1), of(0.2))
    assert list(cells) == ["x=a", "x=b"]
    assert [(cell.value, cell.more) for cell in cells["x=a"]] == [
        ("10.0 %", "lr=0.1"),
        ("20.0 %", "lr=0.2"),
    ]


def test_a_variant_that_another_run_names_at_length_is_the_same_one(made_run, made_trial):
    def of(alpha, varied):
        settings = {"loss": "center", "alpha": alpha}
        return made_run([made_trial(settings, metrics=OUTCOME)], sweeps={"s": varied})

    def there(*runs):
        return {name: [cell is not None for cell in cells] for name, cells in rows(*runs).items()}

    short, same, other = of(1, ["loss"]), of(1, ["loss", "alpha"]), of(2, ["loss", "alpha"])
    assert there(short, same) == {"loss=center alpha=1": [True, True]}
    assert there(short, other) == {
        "loss=center": [True, False],
        "loss=center alpha=2": [False, True],
    }
