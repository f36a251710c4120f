"""Augmentations: contract tests over the registry, and the law of each."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from trainlab.core.component import names, registered
from trainlab.core.errors import ShapeError
from trainlab.data.augment.color_jitter import ColorJitter
from trainlab.data.augment.crop import Crop
from trainlab.data.augment.cutout import Cutout
from trainlab.data.augment.flip import Flip
from trainlab.data.augment.mixup import Mixup
from trainlab.data.augment.noise import Noise
from trainlab.data.augment.shift import Shift
from trainlab.data.augmentation import Augmentation

ALL = registered(Augmentation)
IMAGES_ONLY = {"flip", "crop", "color_jitter"}
CASES = [(cls, (9, 7, 3)) for cls in ALL] + [(cls, (12,)) for cls in ALL if cls.name not in IMAGES_ONLY]


def batch(shape, n=16, dtype="f4"):
    """Random rows of this shape, none of them 0, and targets as shares of four classes."""
    rng = np.random.default_rng(0)
    return (rng.uniform(1, 2, (n, *shape))).astype(dtype), np.eye(4, dtype=dtype)[np.arange(n) % 4]


def changed(augmentation, x, t=None, seed=1):
    """x and t after one change."""
    x = x.copy()
    t = np.zeros((len(x), 1), x.dtype) if t is None else t.copy()
    augmentation.change(x, t, np.random.default_rng(seed))
    return x, t


def named(case):
    """The component's name, as the test's id."""
    return case.name if isinstance(case, type) else str(len(case))


def test_all_there():
    """Every augmentation of the contract exists."""
    assert names(Augmentation) == ["color_jitter", "crop", "cutout", "flip", "mixup", "noise", "shift"]
    assert [cls.name for cls in ALL] == names(Augmentation)
    assert [cls.name for cls in ALL if cls.mixes] == ["mixup"]


@pytest.mark.parametrize(("cls", "shape"), CASES, ids=named)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_changes_in_place(cls, shape, dtype):
    """Every augmentation changes something, in place and in its own type, and targets only where it says so."""
    augmentation = cls()
    augmentation.check(shape)
    x, t = batch(shape, dtype=dtype)
    got, t_got = changed(augmentation, x, t)
    assert got.dtype == t_got.dtype == np.dtype(dtype)
    assert got.shape == x.shape
    assert np.isfinite(got).all()
    assert (got != x).any()
    assert (t_got != t).any() == cls.mixes


@pytest.mark.parametrize(("cls", "shape"), CASES, ids=named)
def test_seeded(cls, shape):
    """The same generator gives the same batch, another one another."""
    x, t = batch(shape)
    np.testing.assert_array_equal(changed(cls(), x, t)[0], changed(cls(), x, t)[0])
    assert (changed(cls(), x, t, seed=2)[0] != changed(cls(), x, t)[0]).any()


@pytest.mark.parametrize(("cls", "shape"), CASES, ids=named)
def test_rows_differ(cls, shape):
    """Equal rows are not all changed alike."""
    x, t = batch(shape)
    x[1:] = x[0]
    if cls.mixes:
        x += np.arange(len(x), dtype=x.dtype).reshape(-1, *(1,) * len(shape))
    got = changed(cls(), x, t)[0] - x
    assert any((row != got[0]).any() for row in got[1:])


@pytest.mark.parametrize(("cls", "shape"), CASES, ids=named)
@pytest.mark.parametrize("n", [0, 1])
def test_small_batches(cls, shape, n):
    """A batch of one row, or none, is no problem."""
    x, t = batch(shape, n)
    assert changed(cls(), x, t)[0].shape == x.shape


@pytest.mark.parametrize("cls", ALL, ids=named)
def test_settings(cls):
    """Settings are frozen, unknown ones are errors, and the page says where it comes from."""
    with pytest.raises(ValidationError) as caught:
        cls(probability=0.5)
    assert caught.value.errors()[0]["type"] == "extra_forbidden"
    with pytest.raises(ValidationError) as caught:
        setattr(cls(), next(iter(cls.model_fields)), 1.0)
    assert caught.value.errors()[0]["type"] == "frozen_instance"
    assert "Source:" in cls.__doc__


def test_flip_twice():
    """Flipping everything twice is the identity, once is the mirror image; chance 0 does nothing."""
    x, _ = batch((9, 7, 3))
    for axis, mirrored in (("horizontal", x[:, :, ::-1]), ("vertical", x[:, ::-1])):
        once = changed(Flip(chance=1.0, axis=axis), x)[0]
        np.testing.assert_array_equal(once, mirrored)
        np.testing.assert_array_equal(changed(Flip(chance=1.0, axis=axis), once)[0], x)
    np.testing.assert_array_equal(changed(Flip(chance=0.0), x)[0], x)


def test_flip_chance():
    """As many images are flipped as `chance` says."""
    x, _ = batch((2, 2, 1), n=2000)
    share = (changed(Flip(chance=0.3), x)[0] != x).any(axis=(1, 2, 3)).mean()
    assert share == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("border", ["zero", "edge", "reflect"])
def test_crop_is_a_window(border):
    """Each image is a window of the image that numpy.pad makes, and over many images every window occurs."""
    x, _ = batch((4, 5, 2), n=300)
    x[1:] = x[0]
    mode = {"zero": "constant"}.get(border, border)
    padded = np.pad(x[0], ((2, 2), (2, 2), (0, 0)), mode=mode)
    windows = {padded[i : i + 4, j : j + 5].tobytes(): (i, j) for i in range(5) for j in range(5)}
    seen = {windows[image.tobytes()] for image in changed(Crop(pad=2, border=border), x)[0]}
    assert len(seen) == 25


def test_shift_wraps():
    """With `wrap` every row keeps its numbers and is rolled by at most `by` places, each amount occurring."""
    x, _ = batch((12,), n=200)
    got = changed(Shift(by=2, fill="wrap"), x)[0]
    rolls = [next(k for k in range(-2, 3) if (np.roll(row, k) == now).all()) for row, now in zip(x, got, strict=True)]
    assert set(rolls) == {-2, -1, 0, 1, 2}
    image, _ = batch((6, 5, 3), n=50)
    got = changed(Shift(by=2, fill="wrap"), image)[0]
    np.testing.assert_array_equal(np.sort(got.reshape(50, -1)), np.sort(image.reshape(50, -1)))


def test_shift_fills():
    """With `zero` zeros move in, with `edge` the outermost value does; the rest is the row's own, in its order."""
    x = np.tile(np.arange(1.0, 9.0), (100, 1))
    for fill, left, right in (("zero", 0, 0), ("edge", 1, 8)):
        want = {tuple(np.r_[[left] * 3, 1:9, [right] * 3][i : i + 8]) for i in range(7)}
        assert {tuple(row) for row in changed(Shift(by=3, fill=fill), x)[0]} == want


def test_shift_by_share():
    """Below 1 the farthest move is a share of each side."""
    x = np.zeros((400, 20, 10, 1))
    x[:, 10, 5] = 1
    _, row, column, _ = np.nonzero(changed(Shift(by=0.2), x)[0])
    assert (row.min(), row.max(), column.min(), column.max()) == (6, 14, 3, 7)


def test_noise_law():
    """The noise has mean 0 and the standard deviation that is asked for."""
    x, _ = batch((50, 40), n=30, dtype="f8")
    noise = changed(Noise(std=0.3), x)[0] - x
    assert noise.mean() == pytest.approx(0, abs=0.005)
    assert noise.std() == pytest.approx(0.3, rel=0.01)
    np.testing.assert_array_equal(changed(Noise(std=0.0), x)[0], x)


def test_brightness_alone():
    """Brightness adds one number to each image, evenly from -b to b."""
    x, _ = batch((3, 3, 3), n=500, dtype="f8")
    added = changed(ColorJitter(brightness=0.4, contrast=0, saturation=0), x)[0] - x
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1, :1], added.shape), atol=1e-12)
    assert np.abs(added).max() == pytest.approx(0.4, abs=0.01)
    assert added.std() == pytest.approx(0.4 / math.sqrt(3), rel=0.1)


def test_contrast_alone():
    """Contrast keeps each image's mean and stretches its standard deviation by at most c."""
    x, _ = batch((5, 4, 3), n=300, dtype="f8")
    got = changed(ColorJitter(brightness=0, contrast=0.5, saturation=0), x)[0]
    np.testing.assert_allclose(got.mean(axis=(1, 2, 3)), x.mean(axis=(1, 2, 3)))
    stretched = got.std(axis=(1, 2, 3)) / x.std(axis=(1, 2, 3))
    assert 0.5 <= stretched.min() < 0.55
    assert 1.45 < stretched.max() <= 1.5


def test_saturation_alone():
    """Saturation keeps each pixel's grey and stretches its distance from it; without color it does nothing."""
    x, _ = batch((5, 4, 3), n=300, dtype="f8")
    jitter = ColorJitter(brightness=0, contrast=0, saturation=0.5)
    got = changed(jitter, x)[0]
    np.testing.assert_allclose(got.mean(axis=3), x.mean(axis=3))
    ratio = (got - x.mean(axis=3, keepdims=True)) / (x - x.mean(axis=3, keepdims=True))
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1, :1, :1], ratio.shape), rtol=1e-6)
    assert 0.5 <= ratio.min() < 0.55
    assert 1.45 < ratio.max() <= 1.5
    np.testing.assert_array_equal(changed(jitter, x[..., :1])[0], x[..., :1])


def test_brightness_and_contrast():
    """Contrast acts around the brightened mean: the mean moves by the brightness alone."""
    x, _ = batch((5, 4, 3), n=50, dtype="f8")
    got = changed(ColorJitter(brightness=0.4, contrast=0.5, saturation=0.5), x)[0]
    moved = (got - x).mean(axis=(1, 2, 3))
    assert 0.3 < np.abs(moved).max() <= 0.4


def test_cutout_is_a_box():
    """The hole is one full box, at most `size` wide, whole unless it touches the border; the rest stays."""
    x, _ = batch((9, 7, 3), n=200)
    got = changed(Cutout(size=3, fill=-1.0), x)[0]
    hole = got == -1
    np.testing.assert_array_equal(got[~hole], x[~hole])
    whole = 0
    for image in hole:
        assert (image.all(axis=2) == image.any(axis=2)).all()
        rows, columns = np.flatnonzero(image.any(axis=(1, 2))), np.flatnonzero(image.any(axis=(0, 2)))
        assert image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert 1 < len(rows) <= 3
        assert 1 < len(columns) <= 3
        whole += len(rows) == len(columns) == 3
    assert whole / 200 == pytest.approx(7 / 9 * 5 / 7, abs=0.1)
    assert hole.any(axis=0).all()


def test_cutout_rows():
    """Rows of numbers lose a stretch of neighbours."""
    x, _ = batch((40,), n=50)
    lost = (changed(Cutout(size=0.25), x)[0] == 0).sum(axis=1)
    assert lost.max() == 10
    assert lost.min() >= 5


def test_mixup_law():
    """Targets are mixed by the same shares as inputs, shares still sum to 1, and a ~ Beta(alpha, alpha)."""
    n = 4000
    number = np.arange(n, dtype=float)
    t = np.stack([number, np.ones(n)], axis=1)
    got, t_got = changed(Mixup(alpha=0.5), number.reshape(-1, 1, 1, 1), t)
    np.testing.assert_allclose(got[:, 0, 0, 0], t_got[:, 0])
    np.testing.assert_allclose(t_got[:, 1], 1.0)
    rows = np.zeros((n, 1))
    rows[: n // 2] = 1.0
    mixed = changed(Mixup(alpha=0.5), rows, rows)[0]
    assert mixed.mean() == pytest.approx(0.5, abs=0.03)
    assert mixed.var() == pytest.approx(0.25 / 2 + 0.25 / 2 * 0.5, abs=0.02)  # half the pairs differ; var a = 1/8


def test_mixup_halves():
    """With a large alpha every row is the mean of itself and its partner."""
    rows = np.array([[0.0], [1.0]] * 50)
    halves = changed(Mixup(alpha=1e8), rows, rows)[0]
    np.testing.assert_allclose(np.unique(halves.round(3)), [0.0, 0.5, 1.0])


def test_mixup_reads_partner_before_it_changes():
    """Every result lies between two of the original rows, also where the partner is mixed in the same call."""
    x = np.array([[0.0], [1000.0]] * 50)
    got = changed(Mixup(alpha=1.0), x, x)
    np.testing.assert_array_equal(got[0], got[1])
    assert got[0].min() >= 0
    assert got[0].max() <= 1000
    assert 0.2 < ((got[0] == 0) | (got[0] == 1000)).mean() < 0.8


@pytest.mark.parametrize(
    ("augmentation", "shape", "want"),
    [
        (Flip(), (4,), "flip takes images (height, width, channels), not rows of shape (4,)"),
        (Crop(), (30,), "crop takes images (height, width, channels), not rows of shape (30,)"),
        (ColorJitter(), (8, 8), "color_jitter takes images (height, width, channels), not rows of shape (8, 8)"),
        (
            Crop(pad=4),
            (4, 8, 1),
            "crop with a border of 4 pixels may lose an image of 4 x 8 altogether; the largest `pad` is 3",
        ),
        (Shift(by=5), (5,), "shift by 5 places moves everything out of rows of shape (5,)"),
        (Cutout(size=8), (9, 8, 3), "cutout of 8 places leaves nothing of rows of shape (9, 8, 3)"),
    ],
)
def test_check(augmentation, shape, want):
    """Shapes that cannot be augmented so are refused before training, with the reason."""
    with pytest.raises(ShapeError) as error:
        augmentation.check(shape)
    assert str(error.value) == want
