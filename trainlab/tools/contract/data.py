"""Laws of preprocessors, augmentations, faults and data sources."""

from collections.abc import Iterator

import numpy as np

from trainlab.core.component import make
from trainlab.core.errors import DataError, ShapeError, UserError
from trainlab.core.types import Array, Shape, Task
from trainlab.data.augmentation import Augmentation
from trainlab.data.dataset import Rows
from trainlab.data.fault import Fault, Split
from trainlab.data.preprocessor import Preprocessor
from trainlab.data.source import Source

_SHAPES: tuple[Shape, ...] = ((5,), (6, 6, 3))
_ROWS = 40


def fitted_on_training_rows(step: Preprocessor) -> Iterator[str]:
    """It learns named arrays, the same each time, and applies them without changing the rows."""
    for x in _tables():
        kept = x.copy()
        fitted, again = step.fit(x), step.fit(x)
        if any(type(value) is not np.ndarray for value in fitted.values()):
            yield "`fit` must give a dict of arrays, which go into the checkpoint"
            return
        if not all(np.array_equal(value, again[name], equal_nan=True) for name, value in fitted.items()):
            yield "`fit` learns something else from the same rows the second time"
        made = step.apply(x, fitted)
        if not np.array_equal(x, kept) or made is x:
            yield "`apply` must give a new array and leave x as it is"
        if len(made) != len(x) or not np.isfinite(made).all():
            yield f"`apply` gives {made.shape} for {x.shape}, or numbers that are not finite"
        announced = step.out_shape(x.shape[1:])
        if announced is not None and tuple(made.shape[1:]) != tuple(announced):
            yield f"rows become {made.shape[1:]}, announced are {announced} (out_shape)"


def rows_apart(step: Preprocessor) -> Iterator[str]:
    """Rows are independent once it is fitted."""
    for x in _tables():
        fitted = step.fit(x)
        whole, alone = step.apply(x, fitted), step.apply(x[3:4].copy(), fitted)
        if not np.allclose(whole[3], alone[0], rtol=1e-9, atol=1e-12):
            yield f"a row of {x.shape[1:]} is another one alone than among others"


def changes_in_place(augmentation: Augmentation) -> Iterator[str]:
    """It changes batches in place, in their type, drawing only from its generator."""
    used = 0
    for shape in _SHAPES:
        try:
            augmentation.check(shape)
        except ShapeError:
            continue
        used += 1
        found: list[Array] = []
        for _ in range(2):
            x = np.random.default_rng(0).normal(size=(8, *shape)).astype(np.float32)
            t: Array = np.eye(2, dtype=np.float32)[np.arange(8) % 2] if augmentation.mixes else np.arange(8) % 2
            augmentation.change(x, t, np.random.default_rng(1))
            found.append(x)
            if not np.isfinite(x).all() or not np.isfinite(t).all():
                yield f"it makes numbers that are not finite, for rows of {shape}"
        if not np.array_equal(found[0], found[1]):
            yield "the same generator gives another batch the second time: draw from rng only"
    if not used:
        yield f"`check` refuses all of the shapes {', '.join(map(str, _SHAPES))}"


def leaves_input(fault: Fault) -> Iterator[str]:
    """It damages a copy, the same way for the same generator."""
    used = 0
    for task in (Task("classification", 3, ("a", "b", "c")), Task("regression", 1, ("y1",))):
        parts = [_part(task, seed) for seed in range(3)]
        kept = [(rows.x.copy() if isinstance(rows.x, np.ndarray) else rows.x, rows.y.copy()) for rows in parts]
        try:
            made = [fault.damage(Split(parts[0], parts[1], parts[2], task), np.random.default_rng(1)) for _ in range(2)]
        except UserError:
            continue
        used += 1
        same = [np.array_equal(p.x, x) and np.array_equal(p.y, y) for p, (x, y) in zip(parts, kept, strict=True)]
        if not all(same):
            yield f"it changes the rows that it was given, for a {task.kind}"
        if not np.array_equal(made[0].train.y, made[1].train.y):
            yield "the same generator damages other rows the second time: draw from rng only"
    if not used:
        yield "it refuses both a classification and a regression"


def loads(source: Source) -> Iterator[str]:
    """It loads rows with a target each, the same rows for the same seed."""
    try:
        found = [source.load(np.random.default_rng(0)) for _ in range(2)]
    except DataError as error:
        yield f"it cannot load: {str(error).splitlines()[0]}; name settings that can on the class: `example`"
        return
    loaded, rows = found[0], found[0].rows
    if not len(rows) or len(rows.y) != len(rows):
        yield f"it has {len(rows)} rows and {len(rows.y)} targets"
        return
    if loaded.task.kind == "classification":
        if rows.y.ndim != 1 or not np.isin(rows.y, range(loaded.task.outputs)).all():
            yield f"classes must be numbers from 0 to {loaded.task.outputs - 1}, one a row"
    elif rows.y.shape != (len(rows), loaded.task.outputs):
        yield f"targets of a regression must have the shape ({len(rows)}, {loaded.task.outputs}), not {rows.y.shape}"
    if rows.features and len(rows.features) != rows.shape[-1]:
        yield f"it names {len(rows.features)} features, but a row has the shape {rows.shape}"
    if not np.array_equal(np.asarray(rows.x[:50]), np.asarray(found[1].rows.x[:50])):
        yield "the same generator gives other rows the second time: draw from rng only"
    known = source.known()
    if known is not None and known != (rows.shape, loaded.task):
        yield f"`known` announces {known}, but the rows are {(rows.shape, loaded.task)}"


LAWS = {
    "preprocess": [fitted_on_training_rows, rows_apart],
    "augment": [changes_in_place],
    "fault": [leaves_input],
    "data": [loads],
}


def _tables() -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.normal(2, 3, size=(_ROWS, *shape)) for shape in _SHAPES]


def _part(task: Task, seed: int) -> Rows:
    blobs = make(Source, "blobs", classes=3).load(np.random.default_rng(seed)).rows
    y = blobs.y if task.kind == "classification" else blobs.y[:, None] + 0.5
    return Rows(np.array(blobs.x), y, lines=np.arange(1, len(y) + 1))
