"""Suggested learning rates, computed from the measured steps."""

from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.view import View

HEALTHY_RATIO = 1e-2  # length of the early steps of a good run, relative to the weights; later ones are shorter
_PLAIN_RATIO = 3e-2  # the same for plain gradient descent, whose steps shrink with the gradient
_FIRST_RATIO = 5e-2  # the longest first step of plain gradient descent
_USUAL = {  # rates outside of which a guess from a few steps is not believed
    "sgd": (1e-4, 1.0),
    "momentum": (1e-4, 0.3),
    "nesterov": (1e-4, 0.3),
    "adam": (1e-5, 0.03),
    "adamw": (1e-5, 0.03),
    "nadam": (1e-5, 0.03),
    "rmsprop": (1e-5, 0.03),
    "adagrad": (1e-3, 0.5),
    "adadelta": (0.1, 10.0),
}
_LONGER = 3.0  # a second patch must differ from the first by this factor


def lower_lr(view: View) -> list[dict[str, Any]]:
    """Patches that make the steps at least ten times shorter: so that the first step would have had a healthy length,
    and, if later steps were far longer, so that the longest one would have had it.

    The first step is the one that nothing has disturbed yet. No patch if lr is 0 or no step was measured.
    """
    optimizer: dict[str, Any] = view.settings.get("optimizer", {})
    lr = optimizer.get("lr")
    if not lr or not len(view.steps):
        return []
    ratios = _finite(view.steps["update_ratio"])
    if not len(ratios):
        return [{"optimizer.lr": _short(lr * 0.1)}]
    longest = _factor(HEALTHY_RATIO / float(ratios.max()))
    gentle = _factor(_first_ratio(optimizer) / float(ratios[0]))
    factors = [gentle, longest] if gentle > _LONGER * longest else [gentle]
    return [{"optimizer.lr": _short(lr * factor, view)} for factor in factors]


def higher_lr(view: View, ratio: float) -> list[dict[str, Any]]:
    """A patch that gives early steps a healthy length; they were `ratio` of the weights, or longer after the warmup."""
    optimizer: dict[str, Any] = view.settings.get("optimizer", {})
    lr = optimizer.get("lr")
    if not lr or not ratio > 0:
        return []
    healthy = _PLAIN_RATIO if optimizer.get("name") == "sgd" else HEALTHY_RATIO
    after = round(view.warmup * view.steps_per_epoch)
    early = _finite(view.steps["update_ratio"][after : after + 20])
    typical = max(ratio, float(median(early)) if len(early) else 0.0)
    return _with_middle(view, lr, lr * min(1e5, max(3.0, healthy / typical)))


def further(view: View, walked: float) -> list[dict[str, Any]]:
    """A patch with which all steps together lead about as far as the weights are long; they led `walked` of that."""
    lr = view.settings.get("optimizer", {}).get("lr")
    return _with_middle(view, lr, lr * min(100.0, max(3.0, 2.0 / walked))) if lr and walked > 0 else []


def _with_middle(view: View, lr: float, wanted: float) -> list[dict[str, Any]]:
    """The rate, and, if it is far from the present one, one in the middle of both."""
    far = _short(wanted, view)
    middle = [_short((lr * far) ** 0.5, view)] if far > 10 * lr else []
    return [{"optimizer.lr": rate} for rate in (far, *middle)]


def other_lr(view: View) -> list[dict[str, Any]]:
    """Patches for a run that learns nothing: steps of a thousandth of the weights if the median is far longer, longer
    steps if it is far shorter, none if it is about that already.
    """
    lr = view.settings.get("optimizer", {}).get("lr")
    ratios = _finite(view.steps["update_ratio"])
    if not lr or not len(ratios):
        return []
    typical = float(median(ratios))
    if typical < HEALTHY_RATIO / 20:
        return higher_lr(view, typical)
    factor = max(1e-4, HEALTHY_RATIO / 10 / typical)
    return [{"optimizer.lr": _short(lr * factor)}] if factor < 0.5 else []


def adaptive(view: View) -> list[dict[str, Any]]:
    """Adam instead of plain or momentum descent; its rate is a thirtieth of the initial size of a weight."""
    structure = view.structure
    name = str(view.settings.get("optimizer", {}).get("name"))
    if structure is None or name not in ("sgd", "momentum", "nesterov", "adagrad", "adadelta"):
        return []
    parts = [structure.parts[i] for i in structure.weighted]
    sizes = np.array([(part.out_shape[-1] / max(1, part.weights)) ** 0.5 for part in parts])
    rate = min(0.02, max(5e-4, float(median(sizes)) / 30)) if len(sizes) else 1e-3
    return [{"optimizer": {"name": "adam", "lr": float(f"{rate:.1g}")}}]


def _first_ratio(optimizer: dict[str, Any]) -> float:
    """The healthy length of a first step: momentum makes later ones 1 / (1 - momentum) times as long."""
    if "momentum" in optimizer:
        return _FIRST_RATIO * max(0.01, 1.0 - float(optimizer["momentum"] or 0.0))
    return _FIRST_RATIO if optimizer.get("name") == "sgd" else HEALTHY_RATIO


def _finite(ratios: Array) -> Array:
    return ratios[np.isfinite(ratios) & (ratios > 0)]


def _factor(wanted: float) -> float:
    return min(0.1, max(1e-4, wanted))


def _short(lr: float, view: View | None = None) -> float:
    """Two digits; within what is usual for the optimizer, unless the present rate is beyond it already."""
    if view is not None:
        low, high = _USUAL.get(str(view.settings.get("optimizer", {}).get("name")), (0.0, float("inf")))
        lr = min(max(lr, min(low, view.lr)), max(high, view.lr))
    return float(f"{lr:.1e}")
