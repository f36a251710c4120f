"""Patches that help most often where no finding says what to do, the likeliest first.

The rate and the length of the run come before the optimizer, the scale of the data, the strength of the regularization
and the size of the network.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from trainlab.core import config
from trainlab.core.errors import UserError
from trainlab.tools.fix.suggestion import Patch
from trainlab.tools.lr_range import lr_range
from trainlab.training.experiment import Experiment

_STEPS = 120  # of the range test
_APART = 2.0  # times: a suggested rate that is nearer to the present one is no change
_STEADY = ("adam", "adamw", "nadam")


def likely(raw: Mapping[str, Any]) -> Iterator[Patch]:
    """Patches for this resolved config. The range test of the rate runs when its patch is asked for."""
    rate = suggested_rate(raw)
    if rate is not None:
        yield {"optimizer.lr": rate}
    yield {"train.epochs": 3 * int(raw["train"]["epochs"])}
    if raw["optimizer"]["name"] not in _STEADY:
        yield {"optimizer": {"name": "adam", "lr": 1e-3}}
    data, model = cast("dict[str, Any]", raw["data"]), cast("dict[str, Any]", raw["model"])
    if data.get("preprocess") == []:
        yield {"data.preprocess": [{"name": "standardize"}]}
    if data.get("scale_target") is False:
        yield {"data.scale_target": True}
    block = cast("dict[str, Any]", raw.get("regularization") or {})
    penalties = {f"regularization.{key}": 0.0 for key in ("l1", "l2") if block.get(key)}
    if penalties:
        yield penalties
    if model.get("dropout"):
        yield {"model.dropout": 0.0}
    hidden = model.get("hidden")
    if isinstance(hidden, list):
        units = cast("list[int]", hidden)
        yield {"model.hidden": [max(64, 2 * n) for n in units] or [64]}


def suggested_rate(raw: Mapping[str, Any]) -> float | None:
    """The rate that a short range test suggests; None if it is about the present one or the test says nothing."""
    present = raw["optimizer"].get("lr")
    if not present:
        return None
    try:
        found = lr_range(config.read_plain(Experiment, raw, "config"), low=1e-6, high=10.0, steps=_STEPS, repeats=1)
    except UserError:
        return None
    rate = found.suggestion
    if rate is None or found.steepest is None or 1 / _APART < rate / float(present) < _APART:
        return None
    return rate
