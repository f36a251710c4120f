"""Pinball loss: regression of quantiles."""

from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import setting
from trainlab.core.types import Array, Task
from trainlab.nn.loss import Loss, LossSlot

Share = Annotated[float, Field(gt=0, lt=1)]


class Pinball(Loss, name="pinball"):
    """For each quantile a, a (t - y) where the target is above y and (1 - a) (y - t) where it is below; mean over all.

        dy = -a above, 1 - a below, divided by numbers

    The output for a learns the value that a share a of the targets stay below: with 0.1 and 0.9, four of five targets
    lie between the two outputs. So the network says how sure it is. The prediction is the output for the quantile
    nearest to the median; at prediction the outputs of a row are sorted, so that quantiles never cross.

    Source: Koenker & Bassett 1978, "Regression quantiles"; sorting: Chernozhukov et al. 2010, "Quantile and probability
    curves without crossing".
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    quantiles: list[Share] = setting(
        [0.1, 0.5, 0.9], "shares of the targets that stay below each output, ascending", min_length=1
    )

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if any(a >= b for a, b in zip(self.quantiles, self.quantiles[1:], strict=False)):
            raise PydanticCustomError("quantiles", "quantiles must ascend, such as [0.1, 0.5, 0.9]")
        return self

    @property
    def middle(self) -> int:
        """The index of the quantile nearest to the median."""
        return int(np.abs(np.array(self.quantiles) - 0.5).argmin())

    def units(self, task: Task) -> int:
        """One for each quantile of each number: all quantiles of the first number come first."""
        return task.outputs * len(self.quantiles)

    def encode(self, y: Array, task: Task) -> Array:
        """Numbers (n, k)."""
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def each(self, s: LossSlot) -> Array:
        """mean max(a (t - y), (a - 1) (t - y)) over all outputs."""
        a = np.tile(np.array(self.quantiles, s.y.dtype), s.t.shape[1])
        r = np.repeat(s.t, len(self.quantiles), axis=1) - s.y
        if s.dy is not None:
            s.dy[...] = ((r < 0) - a) * (r != 0) / r.shape[1]
        return np.maximum(a * r, (a - 1) * r).mean(axis=1)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        a = torch.as_tensor(self.quantiles, dtype=y.dtype, device=y.device).repeat(t.shape[1])
        r = t.repeat_interleave(len(self.quantiles), 1) - y
        slope = (a - (r < 0).to(y.dtype)) * (r != 0)
        return (slope * r).mean(1)

    def chance(self, t: Array, task: Task) -> float:
        """Loss of the quantiles of the targets."""
        best = np.quantile(t, self.quantiles, axis=0)  # (quantiles, k)
        r = t - best[:, None]
        a = np.array(self.quantiles)[:, None, None]
        return float(np.maximum(a * r, (a - 1) * r).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """The quantile nearest to the median."""
        return self.point(y)

    def point(self, y: Array) -> Array:
        """The quantile nearest to the median."""
        return np.sort(self._of_numbers(y), axis=2)[:, :, self.middle]

    def quantiles_of(self, y: Array, task: Task) -> Array:
        """The outputs of each number, sorted."""
        return np.sort(self._of_numbers(y), axis=2)

    def averaged(self, y: Array, task: Task, weights: Array | None = None) -> Array:
        """The mean of each quantile, each member's outputs sorted first.

        Source: Ratcliff 1979, "Group reaction time distributions" (Vincent averaging); Lichtendahl et al. 2013, "Is it
        better to average probabilities or quantiles?".
        """
        each = [self.quantiles_of(y[:, member], task).reshape(len(y), -1) for member in range(y.shape[1])]
        return np.average(each, axis=0, weights=weights)

    def _of_numbers(self, y: Array) -> Array:
        return y.reshape(len(y), -1, len(self.quantiles))
