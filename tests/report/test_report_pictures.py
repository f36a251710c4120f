"""What pictures are made of: thinning, smoothing, importance, images, colors."""

import io
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from run_folders import make_run

from trainlab.report.importance import LEAST, importance
from trainlab.report.pictures.gallery import of_run
from trainlab.report.pictures.lr_range import picture
from trainlab.report.pictures.png import png, sheet
from trainlab.report.pictures.theme import _CATEGORY, colors
from trainlab.report.pictures.thinning import band, extremes, smooth
from trainlab.store.reading import read_run


def test_thinning_keeps_every_spike():
    """A single spike among 100 000 values is the highest of its column."""
    values = np.ones(100_000)
    values[31_337] = 50.0
    thin = band(range(100_000), values.tolist(), columns=200)
    assert len(thin["x"]) == 200
    assert (max(thin["high"]), min(thin["low"])) == (50.0, 1.0)
    assert abs(thin["x"][thin["high"].index(50.0)] - 31_337) <= 250


def test_smoothing_does_not_lag():
    """The smoothed line begins and ends where the curve does, and a straight line stays itself."""
    steep = np.exp(-np.arange(50) / 3)
    assert smooth(steep)[0] == steep[0]
    assert smooth(steep)[-1] == pytest.approx(steep[-1])
    line = np.arange(30.0)
    assert smooth(line) == pytest.approx(line)


def test_what_is_not_finite_is_left_out():
    """nan, infinities and absent values leave no column."""
    got = band([1, 2, 3, 4], [math.nan, 5.0, None, math.inf])
    assert (got["x"], got["low"], got["high"]) == ([2.0], [5.0], [5.0])


def drawn(count, seed=0):
    """Settings of made-up trials."""
    rng = np.random.default_rng(seed)
    lr = (10 ** rng.uniform(-5, 0, count)).tolist()
    width = rng.integers(16, 256, count).tolist()
    kind = rng.choice(["adam", "sgd"], count).tolist()
    return {"lr": lr, "width": width, "kind": kind}


def test_what_matters_is_found():
    """A score of the learning rate, and a little of the optimizer, is seen as such; the width gets next to nothing."""
    values = drawn(60)
    noise = np.random.default_rng(1).normal(0, 0.02, 60)
    wanted = [
        -((math.log10(lr) + 2) ** 2) + 0.8 * (k == "adam") for lr, k in zip(values["lr"], values["kind"], strict=True)
    ]
    got = importance(values, (np.array(wanted) + noise).tolist(), lower=False, log=["lr"])
    assert list(got.shares)[:2] == ["lr", "kind"]
    assert got.shares["lr"] > 0.7
    assert got.shares["width"] < 0.1
    assert sum(got.shares.values()) == pytest.approx(1)
    assert got.fit > 0.5


def test_noise_has_no_importance():
    """Scores that have nothing to do with the settings get no shares, and the reason."""
    got = importance(drawn(40), np.random.default_rng(2).normal(size=40).tolist(), lower=True)
    assert (got.shares, "of the variance on held-out trials" in got.note) == ({}, True)


def test_few_trials_tell_nothing():
    """Below a dozen trials there is no number, whatever they say."""
    values = drawn(LEAST - 1)
    got = importance(values, values["lr"], lower=True)
    assert (got.shares, got.note) == ({}, f"it needs {LEAST} trials, the sweep has {LEAST - 1}")


def test_a_diverged_trial_counts_as_the_worst():
    """Whether scores are losses or accuracies, one that is not finite is the lowest rank."""
    values = drawn(40)
    scores = [math.nan if lr > 0.05 else 0.9 for lr in values["lr"]]
    assert next(iter(importance(values, scores, lower=False, log=["lr"]).shares)) == "lr"
    assert next(iter(importance(values, scores, lower=True, log=["lr"]).shares)) == "lr"


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_png_is_read_back_by_pillow(shape):
    """An image of grey or of colors is the same after Pillow has read the file."""
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(image)))), image)


def test_a_sheet_has_every_image_in_its_place():
    """Five images of two by three, three in a row, with a gap of one around each."""
    images = [np.full((2, 3), i, np.uint8) for i in range(5)]
    got = sheet(images, 3)
    assert got.shape == (2 * 3 + 1, 3 * 4 + 1)
    assert [got[1, 1], got[1, 5], got[1, 9], got[4, 1], got[4, 5], got[4, 9]] == [0, 1, 2, 3, 4, 128]


def luminance(color):
    """Source: WCAG 2.2, relative luminance."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """Source: WCAG 2.2, contrast ratio."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colors_can_be_told_from_their_background(theme):
    """Text has a contrast of 4.5 to 1 and more, every line and mark one of 3 to 1."""
    c = colors(theme)
    assert all(contrast(c[name], c["background"]) >= 4.5 for name in ("text", "quiet"))
    marks = [c[name] for name in ("first", "second", "third", "good", "bad", "grey")] + _CATEGORY[theme]
    assert all(contrast(color, c["background"]) >= 3 for color in marks)


@pytest.mark.parametrize("losses", [[1.0, math.nan, 3.0, math.inf], [math.nan] * 4, [1e308, 1.0, 2.0, 3.0], [2.0] * 4])
def test_the_picture_of_a_learning_rate_range(losses):
    """The marked rates are named, and what is not finite leaves a gap, also where nothing else is there."""
    marks = {"steepest": 0.01, "suggested": 0.5}
    text = picture("a < b", [1e-3, 1e-2, 1e-1, 1.0], losses, [losses[:2]], marks).svg()
    words = [("".join(t.itertext())) for t in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert [w for w in ("a < b", "learning rate", "steepest 0.01", "suggested 0.5") if w not in words] == []
    assert not re.search(r"NaN|Infinity", text)


def test_a_curve_of_many_points_keeps_its_spikes_and_its_ends():
    """Of 100 000 points a line gets at most four a column of pixels; the highest, the lowest and both ends stay."""
    points = [(float(i), 1.0) for i in range(100_000)]
    points[31_337], points[50_001] = (31_337.0, 50.0), (50_001.0, -3.0)
    thin = extremes(points, columns=200)
    assert len(thin) <= 800
    assert {points[0], points[-1], points[31_337], points[50_001]} <= set(thin)
    assert thin == sorted(thin)
    assert extremes(points[:800], columns=200) == points[:800]


def test_a_page_of_many_epochs_draws_few_points(tmp_path):
    """The pictures of a run of 20 000 epochs hold a few thousand rows in all, and the best epoch among them."""
    losses = [1.0 + 1 / (1 + i) for i in range(20_000)]
    losses[7_777] = 0.25
    folder = make_run(tmp_path, losses=losses, scores=[1 - loss / 3 for loss in losses])
    pictures = of_run(read_run(folder.path))
    rows = {p.name: sum(map(len, p.spec().get("datasets", {}).values())) for p in pictures}
    assert rows["loss"] > 100
    assert max(rows.values()) < 3_000
    shown = [
        row.get("val") for p in pictures if p.name == "loss" for part in p.spec()["datasets"].values() for row in part
    ]
    assert 0.25 in shown
