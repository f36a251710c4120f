"""Tabular: an MLP with the settings for tables, of the whole config."""

from typing import Annotated, Any

from pydantic import Field

from trainlab.core.component import setting
from trainlab.core.types import Count, Task
from trainlab.nn.activation import Activation
from trainlab.nn.activations.silu import SiLU
from trainlab.nn.layer import Layer
from trainlab.nn.models.mlp import MLP

_LONGEST = 128  # epochs of a small table
_ROWS = 2_500_000  # that a training goes through at most, an epoch's rows each time it sees them
_BATCHES = ((1_500, 32), (4_000, 64), (16_000, 128), (64_000, 256))  # up to so many rows: so many in a batch
_LARGEST = 512
_OF_PROBABILITIES = ("loss", "log_loss", "brier", "roc_auc", "average_precision", "calibration_error")


class Tabular(MLP, name="tabular"):
    """The layers of `mlp` for a table, and with them defaults for everything else that suits tables.

    With `model: tabular`, settings that the config leaves out are not trainlab's usual defaults but these: numbers are
    filled, scaled robustly and encoded piecewise linearly; AdamW with a short memory and one cycle of the rate; labels
    are smoothed; eight narrower networks are trained as one; epochs and rows of a batch are chosen by the number of
    rows; boosted trees are scored beside it. What
    the config says wins. The run's config.yaml has every value written out, to be changed or swept.

    Source: what pays is measured on 14 tables, benchmarks/README.md; the candidates are from Gorishniy et al. 2022,
    arXiv:2203.05556, and Holzmüller et al. 2024, arXiv:2407.04491.
    """

    first = "hidden"

    hidden: list[Count] = setting([256, 256], "units of each hidden layer", max_length=1000)
    activation: Activation = setting(SiLU(), "after each hidden layer")
    dropout: Annotated[float, Field(ge=0, lt=1)] | Layer = setting(
        0.15, "after each activation: the fraction that is dropped, or a dropout layer with settings"
    )

    @classmethod
    def recipe(cls) -> dict[str, Any]:
        """Preprocessing, optimizer and schedule."""
        return {
            "data": {
                "preprocess": [
                    {"name": "fill", "indicator": True},
                    "robust",
                    "smooth_clip",
                    {"name": "piecewise_linear", "bins": 12},
                ],
                "scale_target": "auto",
                "unknown": "ignore",
            },
            "optimizer": {"name": "adamw", "lr": 2e-3, "b2": 0.95, "weight_decay": 0.02},
            "schedule": {"name": "one_cycle"},
            "train": {"members": 8},
            "baselines": True,
        }

    @classmethod
    def suited(cls, task: Task, rows: int, metric: str) -> dict[str, Any]:
        """Fewer epochs of a large table, larger batches of more rows, and smoothed labels, unless the metric judges
        probabilities or their order: smoothing harms those.
        """
        batch = next((size for most, size in _BATCHES if rows < most), _LARGEST)
        found = {"train.epochs": max(8, min(_LONGEST, _ROWS // max(1, rows))), "train.batch_size": batch}
        if task.kind == "regression" or metric.removeprefix("val_") in _OF_PROBABILITIES:
            return found
        return found | {"loss": {"name": "softmax_cross_entropy", "label_smoothing": 0.1}}
