"""What every layer and activation promises, checked for whatever is registered."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from nn_cases import ALL, CASES, grads, is_view, params, replay

from trainlab.core.component import find, names, registered
from trainlab.nn.activation import Activation
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss
from trainlab.nn.model import Model

each_case = pytest.mark.parametrize("case", ALL, ids=str)
each_worker = pytest.mark.parametrize("case", [c for c in ALL if not is_view(c)], ids=str)


def test_every_layer_has_its_cases():
    """A new layer needs an entry in nn_cases.CASES: add its settings and shapes there."""
    assert sorted(CASES) == names(Layer)


@pytest.mark.parametrize("cls", [*registered(Layer), *registered(Init), *registered(Loss), *registered(Model)])
def test_class_explains_itself(cls):
    """A component has the name of its file, a docstring with a source, and help on every setting."""
    assert Path(inspect.getfile(cls)).stem == cls.name
    assert "Source: " in cls.__doc__
    assert not [key for key, field in cls.model_fields.items() if not field.description]


@pytest.mark.parametrize("cls", registered(Activation))
def test_gain_names_an_init(cls):
    """What `auto` takes before an activation exists."""
    assert find(Init, cls.gain) is not None


@each_case
def test_y_has_the_shape_that_was_announced(case):
    """out_shape is y's shape without the batch, and the shape that comes out is not empty."""
    s = case.slot(2)
    assert s.y.shape == (2, *case.layer.out_shape(case.shape))
    assert s.y.size


@each_worker
@pytest.mark.parametrize("rows", [1, 7])
def test_gradient_is_the_slope(case, rows):
    """Backprop agrees with a central difference in random directions, for x and for every param."""
    layer, s = case.layer, case.slot(rows)
    rng, again, h = np.random.default_rng(1), replay(s), 1e-6
    r = s.dy.copy()

    def loss():
        again()
        layer.forward(s)
        return (s.y * r).sum()

    loss()
    layer.backward(s)
    values = params(s)
    checked = {"x": (s.x, s.dx.copy())} | {key: (values[key], g.copy()) for key, g in grads(s).items()}
    for key, (value, gradient) in checked.items():
        if rows > 1:
            assert np.abs(gradient).max() > 0, f"a gradient of all zeros would pass for nothing: {key}"
        start = value.copy()
        for _ in range(3):
            d = rng.normal(size=value.shape)
            value[...] = start + h * d
            up = loss()
            value[...] = start - h * d
            down = loss()
            value[...] = start
            assert (up - down) / (2 * h) == pytest.approx((gradient * d).sum(), rel=1e-6, abs=1e-7), key


@each_worker
def test_forward_writes_y_alone(case):
    """Forward changes neither x nor dy nor what is learned; in evaluation, no running statistic either."""
    for train in (True, False):
        s = case.slot(3, train=train)
        before = {k: v.copy() for k, v in params(s).items() if not train or k in grads(s)}
        x, dy, g = s.x.copy(), s.dy.copy(), {k: v.copy() for k, v in grads(s).items()}
        s.y.fill(np.nan)
        case.layer.forward(s)
        np.testing.assert_array_equal(s.x, x)
        np.testing.assert_array_equal(s.dy, dy)
        assert np.isfinite(s.y).all()
        for key, value in before.items():
            np.testing.assert_array_equal(params(s)[key], value)
        for key, value in g.items():
            np.testing.assert_array_equal(grads(s)[key], value)


@each_worker
@pytest.mark.parametrize("need_dx", [True, False])
def test_backward_overwrites_gradients_and_keeps_the_rest(case, need_dx):
    """Whatever g and dx held is gone after backward; x, y, dy and params stay; without dx, g is the same."""
    layer, whole, s = case.layer, case.slot(3), case.slot(3, need_dx=need_dx)
    for slot in (whole, s):
        layer.forward(slot)
        kept = [slot.x.copy(), slot.y.copy(), slot.dy.copy(), *(p.copy() for p in params(slot).values())]
        for g in grads(slot).values():
            g.fill(np.nan)
        if slot.dx is not None:
            slot.dx.fill(np.nan)
        layer.backward(slot)
        for got, want in zip([slot.x, slot.y, slot.dy, *params(slot).values()], kept, strict=True):
            np.testing.assert_array_equal(got, want)
    assert (s.dx is not None) == need_dx
    assert np.isfinite(whole.dx).all()
    for key, g in grads(s).items():
        np.testing.assert_array_equal(g, grads(whole)[key])
        assert np.isfinite(g).all()


@each_worker
def test_working_memory_needs_no_start_value(case):
    """Whatever tmp holds before, forward and backward give the same: nothing is carried over from another batch."""
    results = []
    for garbage in (0, 3):
        s = case.slot(4)
        _fill_scratch(s, garbage)
        case.layer.forward(s)
        case.layer.backward(s)
        results.append([s.y, s.dx, *grads(s).values()])
    for got, want in zip(*results, strict=True):
        np.testing.assert_array_equal(got, want)


def _fill_scratch(slot, value):
    for memory in slot.tmp.values():
        memory.fill(value)
    for branch in slot.branches:
        for _, inner in branch:
            _fill_scratch(inner, value)


@each_worker
def test_rows_are_independent_in_evaluation(case):
    """In evaluation a row's output does not depend on the other rows."""
    layer, s = case.layer, case.slot(6, train=False)
    layer.forward(s)
    for row in range(6):
        alone = case.slot(1, train=False)
        for got, want in zip(params(alone).values(), params(s).values(), strict=True):
            got[...] = want
        alone.x[0] = s.x[row]
        layer.forward(alone)
        np.testing.assert_allclose(alone.y[0], s.y[row], rtol=1e-12, atol=1e-12)


@each_worker
def test_float32_stays_float32(case):
    """In float32 a layer computes what it computes in float64, to single precision."""
    layer, s, single = case.layer, case.slot(4), case.slot(4, dtype=np.float32)
    if case.name in ("dropout", "drop_connect"):
        pytest.skip("the two float types draw different masks")
    for slot in (s, single):
        layer.forward(slot)
        layer.backward(slot)
    for got, want in zip([single.y, single.dx, *grads(single).values()], [s.y, s.dx, *grads(s).values()], strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("case", [c for c in ALL if is_view(c)], ids=str)
def test_a_view_is_the_same_memory(case):
    """A layer that says `view` has x as y and dx as dy, and leaves both alone."""
    s = case.slot(3)
    assert np.shares_memory(s.x, s.y)
    assert np.shares_memory(s.dx, s.dy)
    x, dy = s.x.copy(), s.dy.copy()
    case.layer.forward(s)
    case.layer.backward(s)
    np.testing.assert_array_equal(s.y, x.reshape(s.y.shape))
    np.testing.assert_array_equal(s.dx, dy.reshape(s.dx.shape))


@pytest.mark.parametrize("cls", registered(Activation))
def test_activation_takes_any_size_without_a_warning(cls):
    """At +-1e4 an activation is finite in both float types, its gradient too; called, it takes lists and 2-D arrays."""
    from nn_cases import Case

    for dtype in (np.float32, np.float64):
        s = Case(cls.name, {}, (4,)).slot(1, dtype=dtype)
        s.x[...] = [-1e4, -30, 30, 1e4]
        cls().forward(s)
        cls().backward(s)
        assert np.isfinite(s.y).all()
        assert np.isfinite(s.dx).all()
    assert cls()([[1.0, 2.0, 3.0]]).shape == (1, 3)
    if cls.alone:
        np.testing.assert_array_equal(cls()([1.0, 2.0]), cls()([[1.0], [2.0]])[:, 0])
