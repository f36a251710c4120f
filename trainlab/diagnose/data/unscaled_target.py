"""unscaled-target: the targets have another scale than the outputs."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._patches import block
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class UnscaledTarget(Monitor, name="unscaled-target"):
    """The targets of a regression are much larger or much smaller than the outputs, which start near 1.

    Measured on the training targets as the loss gets them. A standard deviation above 30, or a mean more than 100
    away from zero, makes the first losses and gradients thousands of times too large, because the squared error
    grows with the square. A standard deviation below 0.003 is far smaller than the initial outputs. House prices in
    dollars are a typical case. Where a watched PyTorch loop gives no data, the first squared error shows their size:
    its root, less that of the outputs, is at most the root mean square of the targets.

    Do: Scale the targets: `data.scale_target: true` subtracts the mean and divides by the standard deviation;
    predictions come back in the original unit.

    Picture:

        values
        outputs at the start  |#|              about 1
        targets                         ..:##:..   200 000: far away

    Source: Bishop 1995, "Neural Networks for Pattern Recognition", section 8.2; Karpathy 2019, "A Recipe for
    Training Neural Networks" (initialize well).
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data|program",)

    std: float = setting(30.0, "standard deviation that is too large", gt=1)
    mean: float = setting(100.0, "distance of the mean from zero that is too large", gt=1)
    small: float = setting(0.003, "standard deviation that is too small", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data = view.data
        size = view.program.targets if view.program is not None else 0.0
        if data is None and size**2 > self.mean**2 + self.std**2:
            yield self.finding(
                view,
                f"The first squared error is that of targets with a root mean square of {size:.3g}; the outputs start "
                "near 1.",
                "Train on standardized targets: subtract their mean and divide by their standard deviation.",
                evidence={"size": size, "threshold": self.mean},
            )
        if data is None or data.task.kind != "regression" or not len(data.t):
            return
        t = np.asarray(data.t, dtype=np.float64)
        std, mean = float(t.std(axis=0).max()), float(np.abs(t.mean(axis=0)).max())
        if not np.isfinite(std + mean) or std == 0:
            return
        if std > self.std or mean > self.mean or std < self.small:
            yield self.finding(
                view,
                f"The targets have a mean of {mean:.3g} and a standard deviation of {std:.3g}; the outputs start near "
                "1.",
                "Train on standardized targets (`data.scale_target: true`).",
                evidence={"mean": mean, "std": std, "threshold": self.std},
                patches=[] if block(view, "data").get("scale_target") else [{"data.scale_target": True}],
            )
