"""The layer graph and its memory: names, shapes, errors, and arrays that slots share."""

import numpy as np
import pytest

from trainlab.engine.buffers import Workspace, aligned
from trainlab.engine.graph import LayerError, build_graph
from trainlab.engine.network import Net
from trainlab.nn.activations.relu import ReLU
from trainlab.nn.layers.dense import Dense
from trainlab.nn.layers.dropout import Dropout
from trainlab.nn.layers.flatten import Flatten


def net_of(*layers, shape=(5,), frozen=(), dtype="float64") -> Net:
    return Net(layers, shape, frozen=frozen, dtype=dtype)


def test_layers_are_named_by_kind_and_number():
    """A layer's name is its kind and its number among its kind, in the order in which they run."""
    nodes = build_graph([Dense(units=3), ReLU(), Dense(units=2), ReLU()], (5,))
    assert [n.name for n in nodes] == ["dense1", "relu1", "dense2", "relu2"]
    assert [n.out_shape for n in nodes] == [(3,), (3,), (2,), (2,)]


def test_a_shape_that_does_not_fit_names_the_layer_and_its_place():
    """The first layer that cannot take its input is named, with the indices that lead to it."""
    with pytest.raises(LayerError) as caught:
        build_graph([ReLU(), Dense(units=3)], (8, 8, 1))
    assert str(caught.value) == "dense1: dense takes rows of numbers, not (8, 8, 1); put `flatten` before it"
    assert caught.value.place == (1,)


def test_theta_holds_weights_then_biases_then_what_is_frozen():
    """One flat vector: trained weights, other trained params, frozen params; views are live."""
    net = net_of(Dense(units=3), ReLU(), Dense(units=2), frozen=[0])
    assert (net.trained, net.weights, net.size) == (3 * 2 + 2, 3 * 2, 5 * 3 + 3 + 3 * 2 + 2)
    net.theta[...] = np.arange(8)
    assert net.params["dense2.W"].ravel().tolist() == [0, 1, 2, 3, 4, 5]
    assert net.params["dense2.b"].tolist() == [6, 7]
    assert not net.params["dense1.W"].any()


def test_neighbours_share_memory():
    """A layer's y is the next one's x and its dy the next one's dx; a flatten is only another shape of the same."""
    net = net_of(Flatten(), Dense(units=3), ReLU(), shape=(2, 2, 1))
    work = net.workspace(4, train=True)
    flat, dense, relu = (work.slots[n] for n in ("flatten1", "dense1", "relu1"))
    assert np.shares_memory(flat.y, work.x)
    assert dense.x is flat.y
    assert relu.x is dense.y
    assert relu.dx is dense.dy


def test_the_first_layer_is_given_no_dx():
    """Nothing needs the gradient of the input, nor of anything before the first layer that learns."""
    work = net_of(Dropout(drop=0.5), ReLU(), Dense(units=3), ReLU()).workspace(4, train=True)
    assert [slot.dx is None for _, slot in work.chain] == [True, True, True, False]


def test_a_smaller_batch_uses_the_same_memory():
    """`first(n)` is a view of the first n rows of every array, made once."""
    work = net_of(Dense(units=3), ReLU()).workspace(8, train=True)
    part = work.first(3)
    assert part.x.shape == (3, 5)
    assert np.shares_memory(part.y, work.y)
    assert work.first(3) is part
    assert work.first(8) is work


def test_an_evaluation_workspace_has_no_gradients():
    """Evaluation needs no dy: its arrays are empty."""
    work = net_of(Dense(units=3), ReLU()).workspace(8, train=False)
    assert isinstance(work, Workspace)
    assert work.dy.size == 0


def test_views_work_in_evaluation_behind_other_layers():
    """A flatten after a layer that learns has no gradient to reshape in evaluation."""
    work = net_of(Dense(units=4), Flatten(), Dense(units=2)).workspace(3, train=False)
    work.forward()
    assert [slot.dx for _, slot in work.chain] == [None, None, None]


@pytest.mark.parametrize("numbers", [1, 3, 1 << 17, (1 << 17) + 1, 1 << 19, (1 << 19) + 1, 3 << 18])
def test_arrays_of_all_sizes_are_zeros_on_a_cache_line(numbers):
    """Whatever the size, the first byte begins a cache line, and all numbers can be written."""
    made = aligned((numbers, 1), np.dtype(np.float32))
    assert (made.shape, made.dtype, made.flags.c_contiguous) == ((numbers, 1), np.float32, True)
    assert made.__array_interface__["data"][0] % 64 == 0
    assert not made.any()
    made += 1
    assert made.sum() == numbers
