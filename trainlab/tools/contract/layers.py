"""Laws of layers and activations: shapes, gradients, what forward and backward may write, rows, float types.

Each takes the shapes of rows to try; by default a few odd ones that the layer takes.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Shape
from trainlab.engine.buffers import Workspace
from trainlab.engine.graph import build_graph
from trainlab.nn.layer import Layer, Slot

SHAPES: tuple[Shape, ...] = ((5,), (8,), (6, 8, 4), (9, 7, 2))
_H = 1e-6


def shapes_of(layer: Layer) -> list[Shape]:
    """Those of a few odd shapes of rows and images that the layer takes."""
    return [shape for shape in SHAPES if _takes(layer, shape)]


def slot_of(layer: Layer, shape: Shape, rows: int, *, train: bool = True, dtype: str = "f8", dx: bool = True) -> Slot:
    """The layer's memory with x, dy and every param drawn, so that none is a neutral 0 or 1."""
    rng, nodes = np.random.default_rng(0), build_graph([layer], shape)
    params, grads = dict[str, Array](), dict[str, Array]()
    for node in nodes[0].walk():
        for key, param in node.params.items():
            spread = 1 / np.sqrt(max(1, param.fan_in)) if param.role == "weight" else 0.3
            drawn = param.fill + spread * rng.normal(size=param.shape)
            params[f"{node.name}.{key}"] = (np.abs(drawn) if key.endswith("var") else drawn).astype(dtype)
            if param.trained:
                grads[f"{node.name}.{key}"] = np.zeros(param.shape, dtype)
    work = Workspace(nodes, params, grads, rows=rows, dtype=np.dtype(dtype), rng=rng, train=train, need_dx=dx)
    slot = work.chain[0][1]
    slot.x[...] = rng.normal(size=slot.x.shape)
    if train:
        slot.dy[...] = rng.normal(size=slot.dy.shape)
    return slot


def announced_shape(layer: Layer, shapes: Sequence[Shape] = ()) -> Iterator[str]:
    """Shapes: y is as announced and not empty."""
    if not (shapes or shapes_of(layer)):
        yield f"it takes none of the shapes {', '.join(map(str, SHAPES))}"
    for shape in shapes or shapes_of(layer):
        s = slot_of(layer, shape, 2)
        layer.forward(s)
        if s.y.shape != (2, *layer.out_shape(shape)) or not s.y.size:
            yield f"rows of {shape} become {s.y.shape[1:]}, announced are {layer.out_shape(shape)}"
        elif not np.isfinite(s.y).all():
            yield f"y is not finite for rows of {shape}, or forward does not write all of it"


def gradient(layer: Layer, shapes: Sequence[Shape] = ()) -> Iterator[str]:
    """Gradients: backward gives the slope of forward, for x and every param."""
    for shape in [] if layer.view else shapes or shapes_of(layer):
        for rows in (1, 7):
            yield from _slopes(layer, slot_of(layer, shape, rows), shape, rows)


def forward_writes_y(layer: Layer, shapes: Sequence[Shape] = ()) -> Iterator[str]:
    """Forward writes y and nothing else that others use."""
    for shape in [] if layer.view else shapes or shapes_of(layer):
        for train in (True, False):
            s = slot_of(layer, shape, 3, train=train)
            trained = grads(s)
            kept = {"x": s.x, "dy": s.dy} | {k: v for k, v in params(s).items() if not train or k in trained}
            kept |= {f"the gradient of {k}": g for k, g in trained.items()}
            s.y.fill(np.nan)
            yield from _changed(kept, lambda s=s: layer.forward(s), "forward", shape)
            if not np.isfinite(s.y).all():
                yield f"forward leaves parts of y as they were, for rows of {shape}"


def backward_overwrites(layer: Layer, shapes: Sequence[Shape] = ()) -> Iterator[str]:
    """Backward overwrites dx and all gradients, and changes nothing else."""
    for shape in [] if layer.view else shapes or shapes_of(layer):
        whole, without = slot_of(layer, shape, 3), slot_of(layer, shape, 3, dx=False)
        for s in (whole, without):
            layer.forward(s)
            for g in [*grads(s).values(), *([] if s.dx is None else [s.dx])]:
                g.fill(np.nan)
            kept = {"x": s.x, "y": s.y, "dy": s.dy} | params(s)
            yield from _changed(kept, lambda s=s: layer.backward(s), "backward", shape)
        written = {"dx": whole.dx} | grads(whole)
        yield from (
            f"backward leaves parts of {key} as they were, for rows of {shape}"
            for key, value in written.items()
            if value is None or not np.isfinite(value).all()
        )
        alike = all(np.array_equal(g, grads(whole)[key]) for key, g in grads(without).items())
        if not alike:
            yield f"the gradients depend on whether dx is needed, for rows of {shape}"


def no_memory(layer: Layer, shapes: Sequence[Shape] = ()) -> Iterator[str]:
    """Nothing is carried over from an earlier batch."""
    for shape in [] if layer.view else shapes or shapes_of(layer):
        found: list[list[Array]] = []
        for garbage in (0, 3):
            s = slot_of(layer, shape, 4)
            _fill_scratch(s, garbage)
            layer.forward(s)
            layer.backward(s)
            found.append([s.y, *([] if s.dx is None else [s.dx]), *grads(s).values()])
        if not all(np.array_equal(a, b) for a, b in zip(*found, strict=True)):
            yield f"the result depends on what `tmp` held before, for rows of {shape}"


def rows_apart(layer: Layer, shapes: Sequence[Shape] = ()) -> Iterator[str]:
    """Rows are independent in evaluation."""
    for shape in [] if layer.view else shapes or shapes_of(layer):
        s, alone = slot_of(layer, shape, 6, train=False), slot_of(layer, shape, 1, train=False)
        layer.forward(s)
        for got, want in zip(params(alone).values(), params(s).values(), strict=True):
            got[...] = want
        for row in range(6):
            alone.x[0] = s.x[row]
            layer.forward(alone)
            if not np.allclose(alone.y[0], s.y[row], rtol=1e-12, atol=1e-12):
                yield f"a row of {shape} has another output alone than among others"
                break


def single_precision(layer: Layer, shapes: Sequence[Shape] = ()) -> Iterator[str]:
    """Float32 stays float32 and agrees with float64."""
    for shape in [] if layer.view else shapes or shapes_of(layer):
        found: list[list[Array]] = []
        for dtype in ("f8", "f4"):
            s = slot_of(layer, shape, 4, dtype=dtype, train=False)
            layer.forward(s)
            found.append([s.y])
        for double, single in zip(*found, strict=True):
            if single.dtype != np.float32:
                yield f"y is {single.dtype}, for rows of {shape}"
            elif not np.allclose(single, double, rtol=1e-4, atol=2e-5):
                yield f"float32 and float64 differ by {np.abs(single - double).max():.2g}, for rows of {shape}"


def params(slot: Slot) -> dict[str, Array]:
    """All params of a slot, those of inner layers too, by path."""
    return _collected(slot, "p", "")


def grads(slot: Slot) -> dict[str, Array]:
    """All gradients of a slot, those of inner layers too, by path."""
    return _collected(slot, "g", "")


_ALL = [
    announced_shape,
    gradient,
    forward_writes_y,
    backward_overwrites,
    no_memory,
    rows_apart,
    single_precision,
]
LAWS = {"layer": _ALL, "activation": _ALL}


def _takes(layer: Layer, shape: Shape) -> bool:
    try:
        return bool(build_graph([layer], shape))
    except ShapeError:
        return False


def _slopes(layer: Layer, s: Slot, shape: Shape, rows: int) -> Iterator[str]:
    """Backprop against central differences in random directions; masks repeat, as the random stream is put back."""
    rng, state, r = np.random.default_rng(1), s.rng.bit_generator.state, s.dy.copy()

    def loss() -> float:
        s.rng.bit_generator.state = state
        layer.forward(s)
        return float((s.y * r).sum())

    loss()
    layer.backward(s)
    values = params(s)
    checked = {key: (values[key], g.copy()) for key, g in grads(s).items()}
    if s.dx is not None:
        checked["x"] = (s.x, s.dx.copy())
    for key, (value, slope) in checked.items():
        if rows > 1 and not np.abs(slope).max() > 0:
            yield f"the gradient of {key} is 0 everywhere, for rows of {shape}"
        start = value.copy()
        for _ in range(3):
            d = rng.normal(size=value.shape)
            value[...] = start + _H * d
            up = loss()
            value[...] = start - _H * d
            down = loss()
            value[...] = start
            measured, told = (up - down) / (2 * _H), float((slope * d).sum())
            if not abs(measured - told) <= 1e-6 * abs(told) + 1e-7:
                where = f"for {rows} rows of {shape}"
                yield f"the gradient of {key} says {told:.6g} in a direction, but the slope is {measured:.6g}, {where}"
                break


def _changed(kept: dict[str, Array], run: object, what: str, shape: Shape) -> Iterable[str]:
    before = {key: value.copy() for key, value in kept.items()}
    if callable(run):
        run()
    return [
        f"{what} changes {key}, for rows of {shape}"
        for key, value in kept.items()
        if not np.array_equal(value, before[key], equal_nan=True)
    ]


def _collected(slot: Slot, which: str, prefix: str) -> dict[str, Array]:
    found: dict[str, Array] = {prefix + key: value for key, value in getattr(slot, which).items()}
    for b, branch in enumerate(slot.branches):
        for i, (_, inner) in enumerate(branch):
            found |= _collected(inner, which, f"{prefix}{b}.{i}.")
    return found


def _fill_scratch(slot: Slot, value: float) -> None:
    for memory in slot.tmp.values():
        memory.fill(value)
    for branch in slot.branches:
        for _, inner in branch:
            _fill_scratch(inner, value)
