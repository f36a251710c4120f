"""The `sweep` block of a config: what is searched, by which strategy, for how long, and what counts as better."""

from functools import partial
from typing import Literal

from pydantic import Field

from trainlab.core.component import Settings, make, setting
from trainlab.core.types import Count
from trainlab.lab.sweep.distribution import Distribution
from trainlab.lab.sweep.execution.limits import Limits
from trainlab.lab.sweep.strategy import Strategy

Metric = Literal["val_accuracy", "val_r2", "val_loss", "train_accuracy", "train_r2", "train_loss"]


class SweepSettings(Settings):
    """A search for better settings; only read by `trainlab sweep`.

    A trial is scored by the metric's best epoch. The training seed is the config's in every trial, so two trials differ
    by their settings alone; put `seed` into the space to vary it, too.
    """

    metric: Metric = setting("val_loss", "a column of metrics.csv; losses are minimized, scores maximized")
    space: dict[str, Distribution | Literal["auto"]] = setting(
        "dotted path of a setting: what it is drawn from; auto: the setting's own search range", min_length=1
    )
    strategy: Strategy = Field(
        default_factory=partial(make, Strategy, "random"), description="how the trials are chosen"
    )
    trials: Count = setting(20, "how many settings are tried")
    limits: Limits = setting(Limits(), "what a trial may use before it is ended as failed")
