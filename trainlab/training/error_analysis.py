"""Error analysis of a network, mistakes.json: its confusion matrix and its worst mistakes."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.data.dataset import Rows
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessing import unscale
from trainlab.nn.loss import Loss
from trainlab.store.folder import RunFolder
from trainlab.store.json_file import write_json
from trainlab.training.probability_curves import probability_curves
from trainlab.training.setup import TrainingSetup

_WORST, _POINTS = 24, 400
_CURVE = 60  # points of a ROC or precision-recall curve
_CLASSES = 100  # with more classes only the most frequent confusions are stored
_PIXELS, _COLUMNS = 64, 12  # of an image's side, of a table's row


def write_mistakes(folder: RunFolder, setup: TrainingSetup, outputs: Array, *, part: str, epoch: int) -> None:
    """Writes the mistakes on the rows of a split. epoch: of the weights. Raises UserError if the disk refuses."""
    rows = setup.parts.test if part == "test" else setup.parts.val
    if rows is not None and np.isfinite(outputs).all():
        common = {"part": part, "epoch": epoch, "rows": len(rows)}
        write_json(folder.mistakes, common | mistakes(setup, rows, setup.parts.raw.get(part, rows.x), outputs))


def mistakes(setup: TrainingSetup, rows: Rows, raw: Array | LazyRows, outputs: Array) -> dict[str, Any]:
    """Confusion matrix and worst mistakes of a classification, those of each label where rows have several; predictions
    and worst errors of a regression.

    outputs: the network's, for all rows · raw: the rows before preprocessing.
    """
    task, loss = setup.parts.task, setup.config.loss
    if task.kind == "classification":
        return _classes(outputs, rows, raw, loss, task)
    if task.kind == "multilabel":
        return _labels(loss.predict(outputs, task), rows, raw)
    predicted, true = (unscale(a.astype(np.float64), setup.parts.fitted) for a in (loss.predict(outputs, task), rows.y))
    return _numbers(predicted.reshape(len(rows), -1), true.reshape(len(rows), -1), rows, raw)


def _classes(outputs: Array, rows: Rows, raw: Array | LazyRows, loss: Loss, task: Task) -> dict[str, Any]:
    predicted = loss.predict(outputs, task).astype(np.int64)
    count = task.outputs
    pairs = np.bincount(rows.y * count + predicted, minlength=count * count)
    probabilities = loss.probabilities(outputs)
    sure = outputs if probabilities is None else probabilities
    if sure.ndim != 2 or sure.shape[1] != count:  # one output for two classes
        sure = np.abs(sure.reshape(len(predicted), -1)[:, :1] - 0.5).repeat(count, axis=1) + 0.5
    certainty = sure[np.arange(len(predicted)), predicted].astype(np.float64)
    wrong = np.flatnonzero(predicted != rows.y)
    worst = wrong[np.argsort(-certainty[wrong], kind="stable")[:_WORST]]
    facts: dict[str, Any] = {
        "wrong": len(wrong),
        "measure": "probability" if probabilities is not None else "score",
        "worst": [
            {
                "row": _line(rows, i),
                "true": int(rows.y[i]),
                "predicted": int(predicted[i]),
                "certainty": float(certainty[i]),
            }
            for i in worst.tolist()
        ],
    }
    if count <= _CLASSES:
        facts["confusion"] = pairs.reshape(count, count).tolist()
    else:
        pairs[:: count + 1] = 0
        often = np.argsort(-pairs, kind="stable")[:50]
        facts["pairs"] = [[int(i) // count, int(i) % count, int(pairs[i])] for i in often if pairs[i]]
    sure, measure = (outputs, "score") if probabilities is None else (probabilities, "probability")
    facts["curves"] = probability_curves(sure, rows.y, task, measure=measure, points=_CURVE)
    return facts | _shown(raw, worst, rows.features)


def _labels(predicted: Array, rows: Rows, raw: Array | LazyRows) -> dict[str, Any]:
    """Right, missed and false ones of each label, and the rows with the most wrong labels."""
    true = rows.y > 0.5
    wrong = (predicted > 0.5) != true
    worst = np.argsort(-wrong.sum(axis=1), kind="stable")[: min(_WORST, int(wrong.any(axis=1).sum()))]
    return {
        "wrong": int(wrong.any(axis=1).sum()),
        "labels": [
            {"right": int(right), "missed": int(missed), "false": int(false)}
            for right, missed, false in zip(
                (true & ~wrong).sum(axis=0), (true & wrong).sum(axis=0), (~true & wrong).sum(axis=0), strict=True
            )
        ],
        "worst": [
            {
                "row": _line(rows, i),
                "true": np.flatnonzero(true[i]).tolist(),
                "predicted": np.flatnonzero(predicted[i] > 0.5).tolist(),
            }
            for i in worst.tolist()
        ],
        **_shown(raw, worst, rows.features),
    }


def _numbers(predicted: Array, true: Array, rows: Rows, raw: Array | LazyRows) -> dict[str, Any]:
    with np.errstate(all="ignore"):
        spread = true.std(axis=0)
        error = (np.abs(predicted - true) / np.where(spread > 0, spread, 1.0)).sum(axis=1)
    worst = np.argsort(-error, kind="stable")[:_WORST]
    return {
        "worst": [
            {"row": _line(rows, i), "true": true[i].tolist(), "predicted": predicted[i].tolist()}
            for i in worst.tolist()
        ],
        "sample": some_pairs(true, predicted),
        **_shown(raw, worst, rows.features),
    }


def some_pairs(true: Array, predicted: Array) -> dict[str, Any]:
    """True and predicted numbers (n, targets) of at most 400 rows, for a picture."""
    some = np.unique(np.linspace(0, len(true) - 1, min(_POINTS, len(true))).astype(np.int64))
    return {"true": true[some].tolist(), "predicted": predicted[some].tolist()}


def _shown(raw: Array | LazyRows, index: Array, names: Sequence[str]) -> dict[str, Any]:
    """The rows before preprocessing: images as bytes, or the first columns of a table."""
    if not len(index):
        return {}
    x = np.asarray(raw[index])
    if x.ndim == 4 and x.shape[-1] in (1, 3):
        step = max(1, -(-max(x.shape[1:3]) // _PIXELS))
        x = x[:, ::step, ::step].astype(np.float64)
        low, high = float(x.min()), float(x.max())
        pixels = np.clip((x - low) * (255.0 / ((high - low) or 1.0)), 0, 255).astype(np.uint8)
        return {"images": {"shape": list(pixels.shape[1:]), "pixels": [b64encode(p).decode() for p in pixels]}}
    if x.ndim != 2:
        return {}
    titles = [names[i] if i < len(names) else f"x{i + 1}" for i in range(min(_COLUMNS, x.shape[1]))]
    return {"table": {"columns": titles, "more": x.shape[1] - len(titles), "rows": x[:, : len(titles)].tolist()}}


def _line(rows: Rows, i: int) -> int:
    """The row's line in its file, or its number in its source, counted from 1."""
    return int(rows.lines[i]) if rows.lines is not None else i + 1
