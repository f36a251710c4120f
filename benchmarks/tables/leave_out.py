"""What each ingredient of `model: tabular` is worth: the recipe without it, beside the recipe.

The base is the recipe with `train.members: 1`; the last row is the recipe with its members.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tables.splits import Part
from trainlab.core.types import Task
from trainlab.nn.models.tabular import Tabular

Changes = dict[str, Any]
BASE = "the recipe, one network"
_HELD, _DRAWS = 0.85, 2000  # training rows that are trained on; bootstrap draws
_FILL = {"name": "fill", "indicator": True}
_BINS = {"name": "piecewise_linear", "bins": 12}


def _steps(*steps: Any) -> Callable[[Changes], Changes]:
    """Other preprocessors instead of the recipe's."""
    return lambda _: {"data.preprocess": [*steps]}


def _set(**changes: Any) -> Callable[[Changes], Changes]:
    """Settings by their paths, with `__` for the dot."""
    return lambda _: {key.replace("__", "."): value for key, value in changes.items()}


def _layers(front: list[Any], *, ntk: bool = False, **settings: Any) -> Callable[[Changes], Changes]:
    """The recipe's network written out, with layers in front of it, and all settings that the recipe would bring."""
    inner = [{"name": "dense", "units": 256, "ntk": ntk}, "silu", {"name": "dropout", "drop": 0.15}]
    model = {"name": "sequential", "layers": [*front, *inner, *inner, {"name": "dense", "units": "output", "ntk": ntk}]}
    return lambda recipe: {**recipe, **_set(**settings)(recipe), "model": model}


def _classes(part: Part) -> bool:
    return part.task == "classification"


def _numbers(part: Part) -> bool:
    return part.task == "regression"


def _gaps(part: Part) -> bool:
    return bool(part.train[[name for name in part.train if name not in part.categorical]].isna().any(axis=None))


def _categories(part: Part) -> bool:
    return bool(part.categorical)


# The name of a row -> the splits that it is about (None: all), and the changes, made from the recipe as it is.
ROWS: dict[str, tuple[Callable[[Part], bool] | None, Callable[[Changes], Changes]]] = {
    "no bins (`piecewise_linear`)": (None, _steps(_FILL, "robust", "smooth_clip")),
    "bins without the number itself": (
        None,
        _steps(_FILL, "robust", "smooth_clip", {**_BINS, "keep": False}),
    ),
    "no indicator of missing cells": (_gaps, _steps("fill", "robust", "smooth_clip", _BINS)),
    "no `smooth_clip`": (None, _steps(_FILL, "robust", _BINS)),
    "`standardize` for `robust` and `smooth_clip`": (None, _steps(_FILL, "standardize", _BINS)),
    "the same, of one-hot columns, too": (_categories, _steps(_FILL, {"name": "standardize", "columns": "all"}, _BINS)),
    "no `scale_target`": (_numbers, _set(data__scale_target=False)),
    "no label smoothing": (_classes, _set(loss="softmax_cross_entropy")),
    "`b2: 0.999`": (None, _set(optimizer__b2=0.999)),
    "no weight decay": (None, _set(optimizer__weight_decay=0.0)),
    "no dropout": (None, _set(model__dropout=0.0)),
    "`cosine` for `one_cycle`": (None, _set(schedule="cosine")),
    "a constant rate": (None, _set(schedule="constant")),
    "`relu` for `silu`": (None, _set(model__activation="relu")),
    "one hidden layer": (None, _set(model__hidden=[256])),
    "half the epochs": (None, lambda recipe: {"train.epochs": max(4, recipe["train.epochs"] // 2)}),
    "with `clip_output`": (_numbers, _set(model__clip_output=True)),
    "with a layer `scale` in front, its rate times 6": (None, _layers(["scale"], optimizer__lr_factors={"scale": 6})),
    "with NTK parametrization, rate 0.04": (None, _layers([], ntk=True, optimizer__lr=0.04)),
    "with `flat_cos` for dropout": (None, _set(regularization__dropout_schedule="flat_cos")),
    "with `flat_cos` for weight decay": (None, _set(regularization__weight_decay_schedule="flat_cos")),
    "eight members": (None, _set(train__members=8)),
}


def recipe(task: str, rows: int) -> Changes:
    """All that `model: tabular` sets for a table with so many training rows, by dotted paths."""
    kind = Task("classification", 2) if task == "classification" else Task("regression", 1)
    told = Tabular.recipe()
    train = {f"train.{key}": value for key, value in told.pop("train").items()}
    data = {f"data.{key}": value for key, value in told.pop("data").items() if key != "unknown"}
    optimizer = {"optimizer": told["optimizer"]["name"]}
    optimizer |= {f"optimizer.{key}": value for key, value in told["optimizer"].items() if key != "name"}
    return {
        **data,
        **optimizer,
        "schedule": told["schedule"],
        **train,
        **Tabular.suited(kind, round(_HELD * rows), "accuracy"),
        "train.members": 1,
    }


def changed(row: str, part: Part) -> Changes | None:
    """The settings of a row beside `model: tabular`, of its base without a row; None: it is not about this table."""
    if row == BASE:
        return {"train.members": 1}
    about, change = ROWS[row]
    if about and not about(part):
        return None
    return {"train.members": 1, **change(recipe(part.task, len(part.train)))}


def leave_out_table(scores: Mapping[str, Mapping[str, float]], tasks: Mapping[str, str]) -> str:
    """Markdown: for each row its loss over that of the recipe, with a bootstrap over the sets.

    scores: `ROW/SET/SPLIT` -> loss and seconds, as far as they are measured · tasks: of the sets.
    """
    base = _of(scores, BASE)
    lines = [
        "| | loss / the recipe | 95 % over sets | of classes | of numbers | better, worse | CPU | fits |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        own = {split: told for split, told in _of(scores, row).items() if split in base}
        if not own:
            continue
        logs: dict[str, list[float]] = {}
        for split, told in own.items():
            logs.setdefault(split.split("/")[0], []).append(float(np.log(told["loss"] / base[split]["loss"])))
        means = {name: float(np.mean(found)) for name, found in logs.items()}
        known = np.array([*means.values()])
        draws = known[np.random.default_rng(0).integers(len(known), size=(_DRAWS, len(known)))].mean(axis=1)
        low, high = np.exp(np.percentile(draws, [2.5, 97.5]))
        kinds = [[v for name, v in means.items() if tasks[name] == kind] for kind in ("classification", "regression")]
        of = [f"{np.exp(np.mean(values)):.3f}" if values else "" for values in kinds]
        spent = np.median([told["seconds"] / base[split]["seconds"] for split, told in own.items()])
        lines.append(
            f"| {row} | {np.exp(known.mean()):.3f} | {low:.3f} to {high:.3f} | {of[0]} | {of[1]} "
            f"| {(known < 0).sum()}, {(known > 0).sum()} | {spent:.2f} | {len(own)} |"
        )
    return "\n".join(lines)


def _of(scores: Mapping[str, Mapping[str, float]], row: str) -> dict[str, Mapping[str, float]]:
    return {key.split("/", 1)[1]: told for key, told in scores.items() if key.split("/")[0] == row}
