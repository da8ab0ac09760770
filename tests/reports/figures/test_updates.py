"""What the optimiser did: numbers of steps, bins and epochs, and the lines that are drawn."""

import numpy as np
import pytest

from reports.figures import effective, layers, looks, path, update_series, updates
from reports.reading import reading
from runs.artifacts import Updates

LAYERS = ("conv", "linear")


def sampled(samples=60, every=1, adam=False, seed=0, width=8, **changed):
    """Constant norms, so that every drawn number is known; 10 samples an epoch."""
    if "step" in changed:
        samples = len(changed["step"])
    steps = 1 + every * np.arange(samples)
    both = np.ones((samples, 1))
    nothing = np.full(samples, np.nan)
    random = np.random.default_rng(seed)
    given = {
        "step": steps,
        "epoch": 1 + np.arange(samples) // 10,
        "layers": LAYERS,
        "gradient_norm": both * (3.0, 4.0),
        "update_norm": both * (0.3, 0.4),
        "weight_norm": both * (6.0, 8.0),
        "gradient_cosine": np.full(samples, 0.25),
        "update_cosine": nothing,
        "noise": nothing,
        "signal": nothing,
        "sketch": random.normal(size=(samples, width)).cumsum(0),
        "batch_size": 64,
        "weights": 1_000,
    }
    if adam:
        given["effective_step_quantiles"] = np.array((0.25, 0.5, 0.75))
        given["effective_step"] = both * (0.01, 0.1, 0.5)
    return Updates(**given | changed)


@pytest.fixture
def drawn(made_run, made_trial, tmp_path):
    """drawn(variant=updates): name to picture, of trials that left them; None left nothing."""

    def draw(**variants):
        trials = [made_trial({"x": name}, folder=tmp_path / name) for name in variants]
        for trial, left in zip(trials, variants.values(), strict=True):
            trial.folder.mkdir()
            if left is not None:
                left.save(trial.folder)
        read = reading(made_run(trials))
        pictures = {part.name: part.draw(read, "s") for part in (updates, layers, effective, path)}
        return {name: picture for name, picture in pictures.items() if picture}

    return draw


def names(picture):
    """The variants that are drawn."""
    return [text.get_text() for text in picture.legends[0].get_texts()]


def figure(draw, **variants):
    return draw("q", variants, looks.looks(variants))


def lines(axis):
    """(x, y) of the lines of variants; those that cross the whole panel are none."""
    own = [line for line in axis.lines if line.get_transform() == axis.transData]
    return [(np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in own]


def test_a_sweep_without_updates_has_no_picture_of_them(drawn):
    assert drawn(none=None) == {}


def test_without_adam_there_is_no_picture_of_its_steps(drawn):
    assert set(drawn(none=None, sgd=sampled())) == {"updates", "layers", "path"}


def test_a_variant_without_updates_is_left_out_and_takes_no_colour_from_the_others(drawn):
    pictures = drawn(none=None, sgd=sampled(), adam=sampled(adam=True))
    assert set(pictures) == {"updates", "layers", "effective", "path"}
    assert names(pictures["updates"]) == ["x=sgd", "x=adam"]
    assert pictures["updates"].axes[0].lines[0].get_color() == looks.COLOURS[1]


def test_a_broken_file_is_left_out(drawn, tmp_path, monkeypatch):
    whole = Updates.save

    def cut(self, folder):
        whole(self, folder)
        if folder.name == "cut":
            file = folder / Updates.FILE
            file.write_bytes(file.read_bytes()[:100])

    monkeypatch.setattr(Updates, "save", cut)
    assert names(drawn(sgd=sampled(), cut=sampled())["updates"]) == ["x=sgd"]


def test_norms_are_of_the_whole_network():
    drawn = figure(updates.overview, a=sampled())
    panels = {axis.get_title(): lines(axis) for axis in drawn.axes}
    for label, number in {
        "gradient norm": 5,
        "update norm": 0.5,
        "update norm / weight norm": 0.05,
        "cosine of successive gradients": 0.25,
    }.items():
        ((x, y),) = panels[label]
        assert x[-1] > 50 and y == pytest.approx(number)
    ((x, _),) = panels["cosine of successive updates"]
    assert len(x) == 0  # nothing was measured, nor a noise scale, which has no panel then
    assert len(panels) == 5


def test_gradients_of_images_that_are_learnt_do_not_squeeze_the_others():
    norms = np.ones((600, 2))
    norms[::3] = 1e-9
    drawn = figure(updates.overview, a=sampled(600, gradient_norm=norms))
    bottom, top = drawn.axes[0].get_ylim()
    assert 0.01 < bottom < 1 < np.sqrt(2) < top


@pytest.mark.parametrize("every, scale", [(8, "linear"), (9, "log")])
def test_steps_are_logarithmic_where_variants_end_far_apart(every, scale):
    short = sampled(step=1.0 + np.arange(60))
    long = sampled(step=every * short.step)
    for draw in (updates.overview, layers.layers):
        assert {axis.get_xscale() for axis in figure(draw, a=short, b=long).axes} == {scale}


def test_a_bin_has_the_quartiles_of_its_finite_samples():
    step, values = np.arange(1, 601), np.arange(600.0) % 20
    values[0] = np.nan
    edges = update_series.bin_edges([sampled(step=step)], log=False)
    x, middles = update_series.quartiles(step, values, edges)
    assert x.tolist() == [11, *np.arange(30.5, 600, 20)]  # medians of 2 to 20, 21 to 40, ...
    assert middles[:, 0].tolist() == [5.5, 10, 14.5]
    assert set(map(tuple, middles.T[1:])) == {(4.75, 9.5, 14.25)}


def test_bins_with_few_samples_are_joined_where_there_are_many():
    step = np.arange(1, 601)
    edges = update_series.bin_edges([sampled(step=step)], log=True)
    x, _ = update_series.quartiles(step, step, edges)
    assert x[0] >= np.median(step[: update_series.LEAST])
    assert update_series.quartiles(step, step, edges, least=1)[0][0] == 1
    few = np.array([1, 300, 600])  # of a short training every sample is a point
    assert update_series.quartiles(few, few, edges)[0].tolist() == [1, 300, 600]


def test_short_epochs_of_a_long_training_are_joined_for_their_noise():
    """Four samples an epoch, 75 epochs: three epochs each are a point."""
    epoch = np.repeat(np.arange(1, 76), 4)
    even = np.where(epoch % 3 == 0, 9.0, 1.0)
    short = sampled(step=np.arange(1, 301), epoch=epoch, noise=even, signal=np.ones(300))
    steps, scales = update_series.epoch_noise_scales(short)
    assert steps.tolist() == list(range(12, 301, 12))
    np.testing.assert_allclose(scales, 11 / 3)


def test_the_noise_scale_of_an_epoch_is_a_ratio_of_means():
    noise = np.array([4.0, np.nan, 8.0, 1.0, 1.0, np.nan])
    signal = np.array([1.0, np.nan, 2.0, 1.0, -3.0, np.nan])
    short = sampled(
        step=np.array([1, 5, 9, 11, 15, 21]),
        epoch=np.array([1, 1, 1, 2, 2, 3]),
        noise=noise,
        signal=signal,
    )
    steps, scales = update_series.epoch_noise_scales(short)
    assert steps.tolist() == [9, 15, 21]
    np.testing.assert_array_equal(scales, [4.0, np.nan, np.nan])
    drawn = figure(updates.overview, a=short)
    panel = drawn.axes[-1]
    np.testing.assert_array_equal(lines(panel)[0][1], scales)
    assert [text.get_text() for text in panel.texts] == ["batch size 64"]


def test_every_layer_has_a_panel_with_a_line_a_variant():
    other = np.ones((60, 1)) * (0.6, 1.6)
    drawn = figure(layers.layers, a=sampled(), b=sampled(update_norm=other))
    assert [axis.get_title() for axis in drawn.axes] == list(LAYERS)
    ratios = [[y[0] for _, y in lines(axis)] for axis in drawn.axes]
    np.testing.assert_allclose(ratios, [[0.05, 0.1], [0.05, 0.2]])


def test_quantiles_of_adam_are_bands_around_a_median_in_its_own_panel():
    adam = sampled(90, adam=True)
    adam.effective_step[::3] *= 1.5  # three samples a bin, whose median is drawn
    adam.effective_step[1::3] /= 1.5
    drawn = figure(effective.effective_steps, sgd=sampled(), adam=adam)
    (axis,) = drawn.axes
    assert axis.get_title() == "adam"
    ((_, middle),) = lines(axis)
    (band,) = axis.collections
    assert set(middle) == {0.1}
    assert set(band.get_paths()[0].vertices[:, 1]) == {0.01, 0.5}
    listed = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert listed == ["25% to 75%", "50%"]


def test_paths_share_a_plane_and_have_their_starts_and_ends_marked():
    way = np.linspace(0, 1, 60)[:, None]
    one = sampled(sketch=way * (3.0, 0.0, 0.0))
    two = sampled(sketch=way * (0.0, 4.0, 0.0))
    diverged = sampled(sketch=np.full((60, 3), np.inf))
    other = sampled(sketch=np.ones((60, 3)), weights=2_000)  # a wider network
    drawn = figure(path.weight_paths, one=one, two=two, diverged=diverged, other=other)
    (axis,) = drawn.axes
    first, start, end, second, *_ = lines(axis)
    xy = np.stack(first, axis=1)
    assert len(lines(axis)) == 6
    # Two lines span the plane, which keeps their lengths and their right angle.
    reached = np.stack(second, axis=1)
    assert np.linalg.norm(xy[-1] - xy[0]) == pytest.approx(3)
    assert np.linalg.norm(reached[-1] - reached[0]) == pytest.approx(4)
    assert (xy[-1] - xy[0]) @ (reached[-1] - reached[0]) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(xy[[0, -1]], [np.ravel(start), np.ravel(end)])
    shares = [
        int(text.split("(")[1].split("%")[0]) for text in (axis.get_xlabel(), axis.get_ylabel())
    ]
    assert sum(shares) == 100 and shares[0] > shares[1]
    assert figure(path.weight_paths, diverged=diverged) is None
