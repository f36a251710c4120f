"""From a source to the three parts of an experiment: load, split, damage, preprocess."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.memory import release
from trainlab.core.streams import Streams
from trainlab.core.types import Array
from trainlab.data.columns import columns_of
from trainlab.data.dataset import Loaded, Rows, Splits
from trainlab.data.fault import Split
from trainlab.data.fingerprint import fingerprint
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessing import fit_all, names_after, preprocessed, scale
from trainlab.data.source import Source
from trainlab.data.split import split


def prepare(
    source: Source,
    *,
    streams: Streams,
    dtype: str = "float32",
    loaded: Loaded | None = None,
    fitted: Mapping[str, Array] | None = None,
) -> Splits:
    """The parts of an experiment. Preprocessors and the target's scale are fitted on the training rows only.

    x comes out in `dtype`, but bytes that no preprocessor changes stay bytes, rows of a memory-mapped file stay on disk
    as `LazyRows`, and those that the last preprocessor widens stay narrow: read batches with `lazy.gather`. Draws from
    the streams "data", "split" and "faults", which grow from `data.seed` where there is one, so that runs of other
    seeds can share their rows.
    Rows that are `loaded` already are taken instead of the source's own. `fitted`: what the preprocessors of a run
    learned when it began, so that it keeps its inputs if they learn something else by now.
    Raises DataError.
    """
    streams = streams if source.seed is None else Streams(source.seed)
    own = loaded is None
    loaded = _numbered(loaded or source.load(streams.named("data")))
    if not len(loaded.rows):
        raise DataError(f"data: `{source.name}` holds no rows")
    own_parts = [loaded.val, loaded.test] if loaded.val is not None else [loaded.test]
    known = fingerprint(loaded.rows, *own_parts)  # before the split, which may put the rows in another order
    train, val, test = split(loaded, source.split, streams.named("split"), own=own)
    train, val, test = _relative_weights(train, val, test)
    damaged = _damage(source, Split(train, val, test, loaded.task), streams)
    train, val, test = damaged.train, damaged.val, damaged.test

    learned = _learn(source, train, loaded) if fitted is None else dict(fitted)

    def finish(rows: Rows | None, part: str) -> Rows | None:
        if rows is None:
            return None
        steps = [] if part in damaged.skip else source.preprocess
        x = preprocessed(steps, learned, rows.x, dtype)
        return replace(rows, x=x, y=scale(rows.y, learned))

    done = finish(train, "train")
    assert done is not None  # noqa: S101 - a fact of the call above, for the type checker
    parts = Splits(
        done,
        finish(val, "val"),
        finish(test, "test"),
        loaded.task,
        done.shape,
        learned,
        loaded.encoding,
        raw_train=train.x,
        raw_y=train.y,
        sorted=damaged.sorted,
        fingerprint=known,
        raw={name: rows.x for name, rows in (("val", val), ("test", test)) if rows is not None},
        notes=loaded.notes,
        inputs=names_after(source.preprocess, learned, train.features, np.asarray(train.x[:1])),
    )
    _same_shapes(parts)
    release()
    return parts


def _learn(source: Source, train: Rows, loaded: Loaded) -> dict[str, Array]:
    """What the preprocessors learn of the training rows, and the target's scale."""
    release()  # what reading the table has freed
    columns = columns_of(loaded.encoding, train.features, train.x)
    learned = fit_all(source.preprocess, train.x, columns, train.y)
    scaled = source.scale_target is True or (source.scale_target == "auto" and loaded.task.kind == "regression")
    return learned | (_target_scale(train.y, loaded) if scaled else {})


def _numbered(loaded: Loaded) -> Loaded:
    """The rows with their numbers, memory-mapped ones wrapped."""

    def number(rows: Rows) -> Rows:
        x = LazyRows(rows.x) if isinstance(rows.x, np.memmap) else rows.x
        lines = np.arange(1, len(rows) + 1) if rows.lines is None else rows.lines
        return replace(rows, x=x, lines=lines)

    encoding = loaded.encoding or _columns(loaded)
    val, test = loaded.val and number(loaded.val), loaded.test and number(loaded.test)
    return Loaded(number(loaded.rows), loaded.task, test, encoding, loaded.notes, val)


def _columns(loaded: Loaded) -> dict[str, object]:
    """The encoding of a source without raw columns of its own: all numbers, as `predict` would find them in a CSV."""
    features = loaded.rows.features or tuple(f"x{i + 1}" for i in range(int(np.prod(loaded.rows.shape))))
    task = loaded.task
    return {
        "columns": [{"name": name} for name in features],
        "shape": list(loaded.rows.shape),
        "target": ["class"] if task.kind == "classification" else list(task.names),
        "classes": list(task.names) if task.kind == "classification" else None,
        "labels": list(task.names) if task.kind == "multilabel" else None,
        "ordered": task.ordered,
        "separator": "",
        "ignored": [],
    }


def _relative_weights(train: Rows, val: Rows | None, test: Rows | None) -> tuple[Rows, Rows | None, Rows | None]:
    """The parts with weights whose mean over the training rows is 1, so that they change no scale."""
    if train.weights is None:
        return train, val, test
    mean = float(train.weights.mean())
    if not mean > 0:
        raise DataError("data.weight: every training row has the weight 0; there is nothing to learn from")

    def relative(rows: Rows | None) -> Rows | None:
        return rows if rows is None or rows.weights is None else replace(rows, weights=rows.weights / mean)

    return relative(train) or train, relative(val), relative(test)


def _damage(source: Source, parts: Split, streams: Streams) -> Split:
    if source.faults:  # faults write to x
        rows = [None if r is None else _in_memory(r) for r in (parts.train, parts.val, parts.test)]
        parts = Split(rows[0] or parts.train, rows[1], rows[2], parts.task)
    for i, fault in enumerate(source.faults):
        parts = fault.damage(parts, streams.named("faults", str(i)))
    return parts


def _in_memory(rows: Rows) -> Rows:
    if isinstance(rows.x, LazyRows):
        return replace(rows, x=rows.x[:])
    return rows


def _target_scale(y: Array, loaded: Loaded) -> dict[str, Array]:
    if loaded.task.kind != "regression":
        raise DataError("data.scale_target: only targets of a regression can be scaled; these are classes")
    std = y.std(axis=0)
    return {"target.mean": y.mean(axis=0), "target.std": np.where(std == 0, 1.0, std)}


def _same_shapes(parts: Splits) -> None:
    for name, rows in (("validation", parts.val), ("test", parts.test)):
        if rows is not None and rows.shape != parts.shape:
            raise DataError(
                f"data: rows of the {name} set have the shape {rows.shape}, training rows {parts.shape}; "
                "without the same preprocessing they cannot be compared"
            )
