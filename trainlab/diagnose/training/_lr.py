"""Learning rates for prescriptions, computed from the steps that were measured."""

from typing import Any

import numpy as np

from trainlab.diagnose.view import View

HEALTHY_RATIO = 1e-2  # the largest step that a run should take, as a share of the weights; CS231n aims at 1e-3


def lower_lr(view: View) -> list[dict[str, Any]]:
    """A patch that makes the longest of the steps so far `HEALTHY_RATIO` of the weights, at least ten times shorter.

    No patch where lr is 0 or no step was measured.
    """
    lr = view.settings.get("optimizer", {}).get("lr")
    if not lr or not len(view.steps):
        return []
    ratios = view.steps["update_ratio"]
    ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
    longest = float(ratios.max()) if len(ratios) else 1.0
    factor = min(0.1, max(1e-4, HEALTHY_RATIO / longest))
    return [{"optimizer.lr": float(f"{lr * factor:.1e}")}]


def higher_lr(view: View, ratio: float) -> list[dict[str, Any]]:
    """A patch that makes a typical step, `ratio` of the weights so far, a thousandth of them."""
    lr = view.settings.get("optimizer", {}).get("lr")
    if not lr or not ratio > 0:
        return []
    return [{"optimizer.lr": float(f"{lr * min(1e5, max(3.0, 1e-3 / ratio)):.1e}")}]


def other_lr(view: View) -> list[dict[str, Any]]:
    """A patch that makes the median step a thousandth of the weights; none where it is about that already."""
    lr = view.settings.get("optimizer", {}).get("lr")
    ratios = view.steps["update_ratio"]
    ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
    if not lr or not len(ratios):
        return []
    factor = min(1e5, max(1e-4, 1e-3 / float(np.median(ratios))))
    return [{"optimizer.lr": float(f"{lr * factor:.1e}")}] if not 0.5 < factor < 2 else []
