"""What a gradient check cannot see: that forward computes the right thing. Each layer with a law keeps it."""

import numpy as np
import pytest
from layer_slots import slot_for

from trainlab.nn.layer import Layer


def slot_of(spelled, shape, rows, **options):
    """A layer and its slot, x drawn from N(3, 2^2)."""
    layer = Layer.read(spelled)
    s = slot_for(layer, shape, rows, **options)
    s.x[...] = np.random.default_rng(5).normal(3, 2, s.x.shape)
    return layer, s


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("drop", [0.1, 0.5, 0.8])
def test_dropout_keeps_the_expectation(drop, dtype):
    """Inverted dropout zeroes the share it is told and keeps the mean; evaluation is x itself."""
    layer, s = slot_of({"dropout": drop}, (50,), 2000, dtype=dtype)
    s.x.fill(1)
    layer.forward(s)
    assert np.mean(s.y == 0) == pytest.approx(drop, abs=0.01)
    assert s.y.mean(dtype=float) == pytest.approx(1, abs=0.02)
    assert set(np.unique(s.y)) == {dtype(0), dtype(1 / (1 - drop))}
    layer, s = slot_of({"dropout": drop}, (5,), 4, train=False)
    layer.forward(s)
    np.testing.assert_array_equal(s.y, s.x)


@pytest.mark.parametrize("mode", ["vanilla", "unscaled"])
def test_dropout_modes(mode):
    """Vanilla and unscaled do not scale in training; evaluation of vanilla multiplies by 1 - drop."""
    spelled = {"name": "dropout", "drop": 0.2, "mode": mode}
    layer, s = slot_of(spelled, (50,), 2000)
    s.x.fill(1)
    layer.forward(s)
    assert set(np.unique(s.y)) == {0.0, 1.0}
    assert s.y.mean() == pytest.approx(0.8, abs=0.01)
    layer, s = slot_of(spelled, (5,), 4, train=False)
    layer.forward(s)
    np.testing.assert_allclose(s.y, s.x * (0.8 if mode == "vanilla" else 1.0))


def test_dropout_draws_a_new_mask_each_time():
    """Two passes drop different units, and the gradient follows the last mask."""
    layer, s = slot_of({"dropout": 0.5}, (40,), 10)
    layer.forward(s)
    first = s.y.copy()
    layer.forward(s)
    assert (first != s.y).any()
    s.dy.fill(1)
    layer.backward(s)
    np.testing.assert_array_equal(s.dx == 0, s.y == 0)


def test_drop_connect_keeps_the_expectation():
    """Averaged over many masks, training computes what evaluation does; weights are zeroed with the share told."""
    layer, s = slot_of({"name": "drop_connect", "units": 3, "drop": 0.3}, (6,), 2)
    total = np.zeros_like(s.y)
    dropped = 0.0
    for _ in range(4000):
        layer.forward(s)
        total += s.y
        dropped += np.mean(s.tmp["factor"] == 0)
    np.testing.assert_allclose(total / 4000, s.x @ s.p["W"] + s.p["b"], atol=0.15)
    assert dropped / 4000 == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(("name", "shape", "axes"), [
    ("batch_norm", (4,), (0,)),
    ("batch_norm", (5, 3, 4), (0, 1, 2)),
    ("layer_norm", (40,), (1,)),
    ("layer_norm", (5, 3, 4), (1, 2, 3)),
    ("instance_norm", (5, 3, 4), (1, 2)),
])  # fmt: skip
def test_norms_center_and_scale(name, shape, axes):
    """A norm's output has mean 0 and standard deviation 1 over the axes it is named after; scale and shift follow."""
    layer, s = slot_of(name, shape, 50)
    layer.forward(s)
    np.testing.assert_allclose(s.y.mean(axis=axes), 0, atol=1e-12)
    np.testing.assert_allclose(s.y.std(axis=axes), 1, atol=1e-4)
    before = s.y.copy()
    s.p["scale"].fill(3)
    s.p["shift"].fill(-2)
    layer.forward(s)
    np.testing.assert_allclose(s.y, 3 * before - 2)


def test_group_norm_centers_each_group():
    """Each group of channels of each image has mean 0 and standard deviation 1, its neighbours have their own."""
    layer, s = slot_of({"group_norm": 2}, (3, 4, 6), 5)
    s.x[..., 3:] *= 10
    layer.forward(s)
    for group in (s.y[..., :3], s.y[..., 3:]):
        np.testing.assert_allclose(group.mean(axis=(1, 2, 3)), 0, atol=1e-12)
        np.testing.assert_allclose(group.std(axis=(1, 2, 3)), 1, atol=1e-4)


def test_batch_norm_learns_the_statistics():
    """After many batches the running mean and variance are the data's, and evaluation gives what training gave."""
    layer, s = slot_of("batch_norm", (3,), 4000)
    rng = np.random.default_rng(0)
    for _ in range(100):
        s.x[...] = rng.normal([1, -2, 5], [1, 2, 0.5], s.x.shape)
        layer.forward(s)
    np.testing.assert_allclose(s.p["mean"], [1, -2, 5], atol=0.05)
    np.testing.assert_allclose(s.p["var"], [1, 4, 0.25], rtol=0.05)
    s.train = False
    trained = s.y.copy()
    layer.forward(s)
    np.testing.assert_allclose(s.y, trained, atol=0.1)


@pytest.mark.parametrize("shape", [(3,), (1, 1, 3)])
def test_batch_norm_takes_a_single_row(shape):
    """One number a feature has no variance: it is normalized by the running statistics, which stay as they are."""
    layer, s = slot_of({"name": "batch_norm", "eps": 1e-12}, shape, 1)
    s.p["mean"][...] = [1, 2, 3]
    s.p["var"][...] = [4, 9, 16]
    s.x[...] = [3, 2, -1]
    layer.forward(s)
    np.testing.assert_allclose(s.y.ravel(), [1, 0, -1], atol=1e-9)
    np.testing.assert_array_equal(s.p["mean"], [1, 2, 3])
    np.testing.assert_array_equal(s.p["var"], [4, 9, 16])


def test_conv_is_a_correlation():
    """By hand: a 2x2 filter over a 3x3 image, not flipped; bias added once."""
    layer = Layer.read({"name": "conv", "filters": 1, "size": 2, "pad": "valid"})
    s = slot_for(layer, (3, 3, 1), 1)
    s.x[0, :, :, 0] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    s.p["W"][:, :, 0, 0] = [[1, 0], [0, 10]]
    s.p["b"][0] = 100
    layer.forward(s)
    assert s.y[0, :, :, 0].tolist() == [[151.0, 162.0], [184.0, 195.0]]


def test_conv_sees_all_images_of_a_large_batch():
    """Images that are unfolded in several portions give the same outputs and gradients as one by one."""
    layer = Layer.read({"name": "conv", "filters": 3, "size": 5, "stride": 1})
    stride_2 = Layer.read({"name": "conv", "filters": 3, "size": 5, "stride": 2})
    for one in (layer, stride_2):
        s, single = slot_for(one, (20, 20, 4), 30), slot_for(one, (20, 20, 4), 1)
        portions = list(one._portions(s, one._windows((20, 20, 4))))
        assert 1 < len(portions) < 30
        rng = np.random.default_rng(0)
        s.x[...], s.dy[...] = rng.normal(size=s.x.shape), rng.normal(size=s.dy.shape)
        single.p["W"][...] = s.p["W"]
        one.forward(s)
        one.backward(s)
        g = np.zeros_like(s.g["W"])
        for row in range(30):
            single.x[0], single.dy[0] = s.x[row], s.dy[row]
            one.forward(single)
            one.backward(single)
            np.testing.assert_allclose(single.y[0], s.y[row], rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(single.dx[0], s.dx[row], rtol=1e-12, atol=1e-12)
            g += single.g["W"]
        np.testing.assert_allclose(g, s.g["W"], rtol=1e-12, atol=1e-12)


def test_max_pool_sends_the_gradient_to_one_pixel():
    """Where all pixels are equal, the first one of each window gets all of the gradient."""
    layer = Layer.read({"name": "max_pool", "size": 2})
    s = slot_for(layer, (4, 4, 1), 1)
    s.x.fill(0)
    s.dy[0, :, :, 0] = [[1, 2], [3, 4]]
    layer.forward(s)
    layer.backward(s)
    assert s.dx[0, :, :, 0].tolist() == [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]


def test_average_pool_leaves_the_border_out():
    """The mean of ones is one, at the border too."""
    layer = Layer.read({"name": "avg_pool", "size": 3, "stride": 2, "pad": 1})
    s = slot_for(layer, (5, 5, 2), 1)
    s.x.fill(1)
    layer.forward(s)
    np.testing.assert_allclose(s.y, 1)


def test_maxout_can_be_relu():
    """With one piece at zero, maxout is relu of a dense layer."""
    layer = Layer.read({"maxout": 3})
    s = slot_for(layer, (5,), 20)
    s.x[...] = np.random.default_rng(0).normal(size=s.x.shape)
    s.p["W"][:, 3:] = 0
    layer.forward(s)
    np.testing.assert_allclose(s.y, np.maximum(0, s.x @ s.p["W"][:, :3]))
    assert (s.y == 0).any()


def test_residual_of_zero_weights_is_the_identity():
    """y = f(x) + x: with f zero, y is x and dx is dy."""
    layer = Layer.read({"residual": [{"dense": 4}, "relu", {"dense": 5}]})
    s = slot_for(layer, (5,), 3)
    s.x[...] = np.random.default_rng(0).normal(size=s.x.shape)
    for _, inner in s.branches[0]:
        for p in inner.p.values():
            p.fill(0)
    s.dy[...] = s.x + 1
    layer.forward(s)
    layer.backward(s)
    np.testing.assert_array_equal(s.y, s.x)
    np.testing.assert_array_equal(s.dx, s.dy)


def test_selu_keeps_mean_and_variance():
    """Selu of a standard normal has mean 0 and variance 1: its fixed point."""
    layer = Layer.read("selu")
    s = slot_for(layer, (1000,), 1000)
    s.x[...] = np.random.default_rng(0).normal(size=s.x.shape)
    layer.forward(s)
    assert s.y.mean() == pytest.approx(0, abs=0.01)
    assert s.y.var() == pytest.approx(1, abs=0.01)
