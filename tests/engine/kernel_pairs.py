"""A chain of layers run twice on the same numbers: by NumPy and by the compiled kernels."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from trainlab.engine.buffers import Workspace
from trainlab.engine.compiled.builder import Builder
from trainlab.engine.compiled.chain import lower_workspace
from trainlab.engine.compiled.library import Library, load
from trainlab.engine.compiled.program import Program
from trainlab.engine.graph import build_graph
from trainlab.nn.layer import Layer

Arrays = dict[str, np.ndarray]


def results(
    layers: Sequence[Layer],
    shape: tuple[int, ...],
    rows: int,
    *,
    compiled: bool,
    used: int | None = None,
    train: bool = True,
    need_dx: bool = True,
    last: bool = True,
    spoiled: float | None = None,
    zeros: float = 0,
    library: Library | None = None,
    dtype: str = "float32",
    seed: int = 0,
) -> Arrays:
    """The results of a forward and a backward pass: y of every layer, running statistics, and in training g and dx.

    used: rows of this batch, fewer than there is memory for · last: the last step of a call, which writes all outputs ·
    spoiled: a number for the middle of the first row of x · zeros: share of x that is 0.
    """
    nodes, params, grads, rng = build_graph(layers, shape), {}, {}, np.random.default_rng(seed)
    for node in (inner for top in nodes for inner in top.walk()):
        for key, param in node.params.items():
            name = f"{node.name}.{key}"
            scale = 1 / np.sqrt(max(1, param.fan_in)) if param.role == "weight" else 0.3
            params[name] = (param.fill + scale * rng.standard_normal(param.shape)).astype(np.float32).astype(dtype)
            if key == "var":
                params[name] = np.abs(params[name]) + params[name].dtype.type(0.5)
            if key == "edges":
                params[name].sort()
            if param.trained:
                grads[name] = np.full(param.shape, np.nan, dtype)
    work = Workspace(
        nodes, params, grads, rows=rows, dtype=np.dtype(dtype), rng=rng, train=train, need_dx=need_dx and train
    )
    used = used or rows
    part = work.first(used)
    work.x[...] = (0.5 + rng.standard_normal(work.x.shape)).astype(np.float32)
    work.x[np.random.default_rng((seed, 1)).random(work.x.shape) < zeros] = 0
    if spoiled is not None:
        first = work.x[0].reshape(-1)
        first[first.size // 2] = spoiled
    dy = rng.standard_normal(part.y.shape).astype(np.float32)
    if compiled:
        library = library or load()
        builder = Builder(library, rows, train=train)
        lower_workspace(builder, work)
        assert not any(op.call for op in [*builder.forwards, *builder.backwards]), "a layer without a kernel"
        _run(builder.forwards, builder, library, used, last)
        if train:
            part.dy[...] = dy
            _run(builder.backwards, builder, library, used, last)
    else:
        with np.errstate(all="ignore"):
            part.forward()
            if train:
                part.dy[...] = dy
                part.backward()
    made = {f"{name}.y": slot.y.copy() for name, slot in part.slots.items()}
    made |= {name: a for name, a in params.items() if name not in grads}
    made |= {f"gradient of {name}": a for name, a in grads.items() if train}
    return made | {"dx": part.dx.copy()} if train and need_dx else made


def _run(ops: Iterable[object], builder: Builder, library: Library, rows: int, last: bool) -> None:
    program = Program(list(ops), library, builder)
    program.step.last = last
    program.once(rows)


def errors(
    layers: Sequence[Layer],
    shape: tuple[int, ...],
    rows: int,
    *,
    train: bool = True,
    most: float = 1e-5,
    **settings: Any,
) -> dict[str, float]:
    """The errors of the kernels: relative errors above `most` against NumPy in float64.

    None where NumPy in float32 is about as far off: such a gradient is the difference of nearly equal numbers.
    """
    got = results(layers, shape, rows, compiled=True, train=train, **settings)
    true = results(layers, shape, rows, compiled=False, train=train, dtype="float64", **settings)
    usual = results(layers, shape, rows, compiled=False, train=train, **settings)
    if not train:  # of an evaluation only the outputs are kept
        last = [name for name in true if name.endswith(".y")][-1]
        got, true = {last: got[last]}, {last: true[last]}
    bad: dict[str, float] = {}
    for name, a in true.items():
        size = max(float(np.max(np.abs(a), initial=0)), 1e-3)
        error, allowed = (float(np.max(np.abs(b[name] - a), initial=0)) / size for b in (got, usual))
        if not error <= max(most, 10 * allowed):
            bad[name] = error
    return bad
