"""Names of the columns in a run folder's CSV files, and of the quantities in layers.csv."""

import re
from collections.abc import Mapping

METRICS_OF = {"classification": "accuracy", "regression": "r2", "multilabel": "accuracy"}
STEP_COLUMNS = ("step", "loss", "lr", "grad_norm", "update_ratio")
LAYER_COLUMNS = ("step", "layer", "quantity", "value")
REGION_COLUMNS = ("epoch", "step", "low", "high", "cells")  # cells: a symbol for each place of the grid, row by row
REGION_SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*/:;<"  # no digit, comma or quote
HISTOGRAMS = {"outputs": "", "weights": "weight_", "gradients": "grad_"}  # before `low`, `high` and `bin00` to `bin15`
_EDGE = 4.0
_PART = re.compile(r"(weight_|grad_|)(low|high|bin\d{1,3})")


def histogram_part(quantity: str) -> tuple[str, str] | None:
    """What a quantity of layers.csv counts, and which part of that histogram it is; None if it is another quantity.

    >>> histogram_part("weight_bin03"), histogram_part("low"), histogram_part("weight_norm")
    (('weights', 'bin03'), ('outputs', 'low'), None)
    """
    found = _PART.fullmatch(quantity)
    return ({prefix: what for what, prefix in HISTOGRAMS.items()}[found[1]], found[2]) if found else None


def histogram_of(parts: Mapping[str, float]) -> tuple[list[float], list[float]]:
    """The edges of the bins (one more than there are bins), and the share of numbers in each, from its parts by name.

    Runs of early versions have no `low` and `high`: their bins lie between -4 and 4.

    >>> histogram_of({"low": 0.0, "high": 2.0, "bin00": 0.25, "bin01": 0.75})
    ([0.0, 1.0, 2.0], [0.25, 0.75])
    """
    shares = [parts[name] for name in sorted(parts) if name.startswith("bin")]
    low, high = parts.get("low", -_EDGE), parts.get("high", _EDGE)
    if not high > low:  # all numbers are the same
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    width = high / len(shares) - low / len(shares) if shares else 0.0
    return [low + width * i for i in range(len(shares) + 1)], shares


def region_levels(classes: int) -> int:
    """How many levels of certainty a symbol of regions.csv tells apart.

    >>> region_levels(2), region_levels(10), region_levels(64)
    (32, 6, 1)
    """
    return max(1, len(REGION_SYMBOLS) // classes)


def metric_columns(task: str) -> tuple[str, ...]:
    """The columns of metrics.csv for `classification`, `multilabel` or `regression`, in their order.

    >>> metric_columns("regression")[4:8]
    ('train_loss', 'train_r2', 'val_loss', 'val_r2')
    """
    score = METRICS_OF[task]
    measured = ("train_loss", f"train_{score}", "val_loss", f"val_{score}")
    return ("epoch", "step", "seconds", "lr", *measured, "reg_loss", "grad_norm", "update_ratio")
