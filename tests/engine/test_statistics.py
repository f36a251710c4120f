"""Statistics of layers by kernels and by NumPy: the same numbers, and the same bits on any number of threads."""

import numpy as np
import pytest

from trainlab.engine.compiled.library import load
from trainlab.engine.layer_statistics import LayerStatistics, measured_rows
from trainlab.engine.network import Net
from trainlab.engine.numpy_backend import NumpyBackend
from trainlab.engine.probe_passes import ProbePasses
from trainlab.nn.layer import Layer

pytestmark = pytest.mark.skipif(load() is None, reason="no compiled kernels here")

IMAGES = (
    *({"conv": {"filters": 5, "size": 3, "pad": "same"}}, "batch_norm", "relu", "max_pool"),
    {"residual": {"layers": [{"conv": {"filters": 5, "size": 3, "pad": "same"}}, "relu"]}},
    *("flatten", {"dense": 19}, "sigmoid", {"dropout": 0.3}, {"dense": 7}, "relu", {"dense": 6}, "tanh", {"dense": 3}),
)
ROWS = ({"dense": 33}, "relu", {"dense": 600}, "gelu", {"dense": 1})


def network(layers, shape, frozen=(), seed=0):
    """A network with drawn parameters."""
    net = Net([Layer.read(layer) for layer in layers], shape, frozen=frozen, engine="compiled")
    rng = np.random.default_rng(seed)
    for name, a in net.params.items():
        a[...] = rng.normal(size=a.shape) * 0.3 + (1 if name.endswith(("scale", "var")) else 0)
        if name.endswith("var"):
            np.abs(a, out=a)
    return net


def filled(layers=IMAGES, shape=(10, 8, 3), rows=300, frozen=(), seed=0):
    """A network, its memory and a step, all full of drawn numbers as after training."""
    net = network(layers, shape, frozen, seed)
    work, step, rng = net.workspace(rows, train=True), np.empty_like(net.theta), np.random.default_rng(seed)
    for slot in work.slots.values():
        slot.y[...] = rng.normal(size=slot.y.shape) * 2 + rng.normal()
    for name, slot in work.slots.items():
        if name.split(".")[-1].startswith("relu"):
            np.maximum(slot.y, 0, out=slot.y)
    net._grad[...], step[...] = rng.normal(size=net._grad.shape), 1e-3 * rng.normal(size=step.shape)
    return net, work, step


def statistics(net, work, step, backend=None):
    """The statistics of this network, by its own backend or another one."""
    return LayerStatistics(backend or net.backend, net.all_nodes(), work, net.views(step))


def both(net, work, step, rows):
    """The values of the kernels, and of NumPy."""
    assert net.backend.name == "compiled"
    pair = statistics(net, work, step), statistics(net, work, step, NumpyBackend())
    with np.errstate(all="ignore"):
        return [dict(zip(g.names, g.values(rows), strict=True)) for g in pair]


@pytest.mark.parametrize("rows", [300, 299, 129, 16, 3, 1])
@pytest.mark.parametrize(("layers", "shape"), [(IMAGES, (10, 8, 3)), (ROWS, (45,))], ids=["images", "rows"])
def test_kernels_measure_what_numpy_measures(layers, shape, rows):
    """The same to rounding, of whole batches and of shorter ones in the same memory."""
    net, work, step = filled(layers, shape)
    got, want = both(net, work, step, rows)
    assert got == pytest.approx(want, rel=1e-5, abs=1e-6)
    assert {q for _, q in got} >= {"mean", "std", "dead", "grad_norm", "weight_norm", "update_ratio"}


def test_any_sizes():
    """Widths around those of vectors and tiles, drawn."""
    rng = np.random.default_rng(1)
    for seed in range(40):
        width, units, rows = (round(np.exp(rng.uniform(0, np.log(n)))) for n in (300, 300, 500))
        layers = ({"dense": units}, str(rng.choice(["relu", "tanh", "sigmoid", "elu"])), {"dense": 2})
        net, work, step = filled(layers, (width,), rows, seed=seed)
        got, want = both(net, work, step, int(rng.integers(1, rows + 1)))
        assert got == pytest.approx(want, rel=2e-5, abs=1e-6), seed


def test_the_same_bits_for_any_number_of_threads():
    """One thread, two and five: large layers are shared, and sums come out alike."""
    net, work, step = filled(({"dense": 3000}, "tanh", {"dense": 1500}, "relu", {"dense": 2}), (7,), 1024)
    measure, found = statistics(net, work, step), []
    before = load().threads(1)
    try:
        for threads in (1, 2, 5):
            load().threads(threads)
            found.append(measure.values(1024).tobytes())
    finally:
        load().threads(before)
    assert found[0] == found[1] == found[2]


def test_only_the_first_eighth_of_the_rows_is_measured():
    """The numbers in the other rows change nothing."""
    net, work, step = filled(rows=200)
    assert [measured_rows(n) for n in (200, 64, 16, 3)] == [25, 16, 16, 3]
    before = statistics(net, work, step).values(200).copy()
    for slot in work.slots.values():
        slot.y[25:] = np.nan
    assert statistics(net, work, step).values(200).tolist() == before.tolist()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3e38])
def test_numbers_that_are_not_finite(odd):
    """Both give nan if a sum is not finite."""
    net, work, step = filled(rows=130)
    for slot in work.slots.values():
        slot.y.reshape(-1)[3::11] = odd
    got, want = both(net, work, step, 130)
    for name, value in want.items():
        if np.isfinite(value) or not np.isfinite(odd):  # in double, sums of large floats stay finite
            assert got[name] == pytest.approx(value, rel=1e-5, nan_ok=True), name


def test_what_cannot_be_measured():
    """Units that never fire, a frozen layer's step, weights that are zero."""
    net, work, step = filled(({"dense": 8}, "relu", {"dense": 4}, "relu", {"dense": 2}), (6,), 64, frozen=(0,))
    work.slots["relu1"].y[...] = 0
    work.slots["relu2"].y[...] = 0
    work.slots["relu2"].y[5, 3] = 0.5
    net.params["dense2.W"][...] = 0
    got, want = both(net, work, step, 64)
    for values in (got, want):
        assert (values["relu1", "dead"], values["relu2", "dead"]) == (1.0, 0.75)
        assert values["dense1", "update_ratio"] == 0
        assert np.isnan(values["dense2", "update_ratio"])


@pytest.mark.parametrize("train", [True, False], ids=["train", "evaluate"])
@pytest.mark.parametrize(("layers", "shape"), [(IMAGES, (10, 8, 3)), (ROWS, (45,))], ids=["images", "rows"])
def test_passes_keep_and_sum_up_every_output(layers, shape, train):
    """A probe by kernels leaves what a probe by NumPy leaves: outputs, gradients and sums, piece by piece."""
    found = {}
    for backend in (NumpyBackend(), None):
        net, made = network(layers, shape), {}
        seen = ProbePasses(backend or net.backend, net.workspace(50, train=train, rng=np.random.default_rng(5)))
        rng = np.random.default_rng(1)
        for piece, rows in enumerate((50, 41, 50)):
            for slot in seen.work.slots.values():
                slot.y[...] = np.nan
            seen.work.x[...] = rng.normal(size=seen.work.x.shape)
            seen.forward(rows)
            seen.add(rows)
            made |= {f"{piece} {name}": slot.y[:rows].copy() for name, slot in seen.work.slots.items()}
            if train:
                seen.work.dy[...] = rng.normal(size=seen.work.dy.shape)
                seen.backward(rows)
                made |= {f"{piece} {name}": a.copy() for name, a in net.grads.items()}
        sums = [(o.spread.deviation, o.dead, o.saturated, o.gain or 0.0) for o in seen.sums.layers.values()]
        found[backend is not None] = made, [(seen.sums.input.deviation, 0.0, 0.0, 0.0), *sums]
        seen.sums.reset()
        assert seen.sums.layers["relu1"].spread.rows == seen.sums.input.rows == 0
    (want, numbers), (got, ours) = found[True], found[False]
    for name, a in want.items():
        assert np.isfinite(a).all(), name
        assert np.abs(got[name] - a).max() <= 3e-5 * max(1.0, np.abs(a).max()), name
    assert np.array(ours) == pytest.approx(np.array(numbers), rel=1e-4, abs=1e-6)
