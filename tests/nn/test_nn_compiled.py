"""Every layer on both paths: the compiled ops write what the NumPy methods write."""

import numpy as np
import pytest
from nn_cases import ALL, is_view

from trainlab.core.component import names
from trainlab.engine.buffers import Workspace
from trainlab.engine.compiled import lowerings
from trainlab.engine.compiled.builder import Builder
from trainlab.engine.compiled.chain import lower_workspace
from trainlab.engine.compiled.library import load
from trainlab.engine.compiled.program import Program
from trainlab.engine.graph import build_graph
from trainlab.nn.layer import Layer
from trainlab.tools.contract.layers import grads, params

WITH_KERNELS = (
    *(
        "dense",
        "conv",
        "max_pool",
        "avg_pool",
        "global_avg_pool",
        "dropout",
        "drop_connect",
        "maxout",
        "prelu",
        "scale",
    ),
    "embedding",
    *("batch_norm", "layer_norm", "group_norm", "instance_norm"),
    *("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "sigmoid", "softplus", "tanh"),
)
pytestmark = pytest.mark.skipif(load() is None, reason="no compiled kernels here")


def workspace(case, rows, *, train, need_dx=True):
    """A layer's memory in float32, drawn from a seed."""
    rng = np.random.default_rng(3)
    nodes = build_graph([case.layer], case.shape)
    arrays, gradients = {}, {}
    for node in nodes[0].walk():
        for key, param in node.params.items():
            name = f"{node.name}.{key}"
            arrays[name] = (param.fill + 0.3 * rng.normal(size=param.shape)).astype(np.float32)
            if key.endswith("var"):
                arrays[name] = np.abs(arrays[name])
            if key == "edges":
                arrays[name].sort()
            if param.trained:
                gradients[name] = np.full(param.shape, 7, np.float32)
    work = Workspace(
        nodes,
        arrays,
        gradients,
        rows=rows,
        dtype=np.dtype(np.float32),
        rng=np.random.default_rng(5),
        train=train,
        need_dx=need_dx,
    )
    slot = work.chain[0][1]
    slot.x[...] = rng.normal(size=slot.x.shape)
    if train:
        slot.dy[...] = rng.normal(size=slot.dy.shape)
    return work


def compiled(work, rows):
    """Run both ways by ops, `rows` of the workspace's."""
    b = Builder(load(), work.rows, train=work.train)
    lower_workspace(b, work)
    Program([*b.forwards, *b.backwards], load(), b).once(rows)


def close(got, want, what):
    """Within a few rounding errors of the largest number, or of the numbers that went into it, which are about 1."""
    scale = max(0.1, float(np.abs(want).max(initial=0)))
    assert np.abs(got - want).max(initial=0) <= 2e-5 * scale, what


@pytest.mark.parametrize("case", [c for c in ALL if not is_view(c)], ids=str)
@pytest.mark.parametrize(("rows", "used", "need_dx"), [(7, 7, True), (19, 13, False)])
def test_both_paths_write_the_same(case, rows, used, need_dx):
    """Outputs, gradients and running statistics agree, for full and for shorter batches, with and without dx."""
    one, other = workspace(case, rows, train=True, need_dx=need_dx), workspace(case, rows, train=True, need_dx=need_dx)
    part = one.first(used)
    part.forward()
    part.backward()
    compiled(other, used)
    a, b = part.chain[0][1], other.first(used).chain[0][1]
    close(b.y, a.y, "y")
    if need_dx:
        close(b.dx, a.dx, "dx")
    for key, want in grads(a).items():
        close(grads(b)[key], want, f"gradient of {key}")
    for key, want in params(a).items():
        close(params(b)[key], want, key)
    assert a.rng.bit_generator.state == b.rng.bit_generator.state


@pytest.mark.parametrize("case", [c for c in ALL if not is_view(c)], ids=str)
def test_both_paths_evaluate_the_same(case):
    """In evaluation the outputs agree, and no param moves."""
    one, other = workspace(case, 11, train=False), workspace(case, 11, train=False)
    one.forward()
    before = {k: v.copy() for k, v in params(other.chain[0][1]).items()}
    compiled(other, 11)
    close(other.y, one.y, "y")
    for key, want in before.items():
        assert params(other.chain[0][1])[key].tobytes() == want.tobytes(), key


def test_layers_that_have_kernels_keep_them():
    """These are lowered by the module of their name. A new layer without one runs its NumPy method between kernels."""
    assert {name for name in WITH_KERNELS if lowerings.find("layers", name) is None} == set()


def test_every_lowering_belongs_to_a_layer():
    """A module in `compiled/layers` has the name of a layer."""
    assert lowerings.names("layers") <= set(names(Layer))
