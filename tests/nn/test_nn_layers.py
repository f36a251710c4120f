"""What every layer and activation promises, checked for whatever is registered."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from nn_cases import ALL, CASES, Case, is_view

from trainlab.core.component import find, names, registered
from trainlab.nn.activation import Activation
from trainlab.nn.activations.softmax import Softmax
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss
from trainlab.nn.model import Model
from trainlab.tools.contract.layers import LAWS, grads

each_case = pytest.mark.parametrize("case", ALL, ids=str)


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
@pytest.mark.parametrize("law", LAWS["layer"], ids=lambda law: law.__name__)
def test_law(case, law):
    """The laws that plugins are checked by hold for every case, with its settings and on its shape."""
    assert list(law(case.layer, [case.shape])) == []


@pytest.mark.parametrize("case", [c for c in ALL if not is_view(c)], ids=str)
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
    for dtype in (np.float32, np.float64):
        s = Case(cls.name, {}, (4,)).slot(1, dtype=dtype)
        s.x[...] = [-1e4, -30, 30, 1e4]
        cls().forward(s)
        cls().backward(s)
        assert np.isfinite(s.y).all()
        assert np.isfinite(s.dx).all()
    assert cls()([[1.0, 2.0, 3.0]]).shape == (1, 3)
    if cls is not Softmax:  # the only one that compares numbers
        np.testing.assert_array_equal(cls()([1.0, 2.0]), cls()([[1.0], [2.0]])[:, 0])
