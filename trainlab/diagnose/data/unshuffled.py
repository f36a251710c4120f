"""unshuffled: the rows are sorted by their target."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class Unshuffled(Monitor, name="unshuffled"):
    """The training rows are sorted by their target and not shuffled. Each batch then holds only one class, and the
    network forgets the others.

    Measured only where the rows are not shuffled: how often the class changes from one row to the next (for a
    regression: the mean difference of neighbouring targets), compared with a random order. Below a fifth of that
    the rows count as sorted.

    Do: Shuffle the rows: remove the fault `sort`, or set `shuffle=True` in your own loader.

    Picture:

        labels in the order of training
        sorted    0000000011111111222222223333   learns 3, forgets 0
        shuffled  2031130220131302013221030231

    Source: Bottou 2012, "Stochastic Gradient Descent Tricks", section 4.1; LeCun et al. 1998, "Efficient BackProp",
    4.2.
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)

    share: float = setting(
        0.2, "changes, as a share of those in a random order, below which rows count as sorted", gt=0, lt=1
    )

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data = view.data
        if data is None or data.shuffled or len(data.parts.train) <= view.train_rows / max(1, view.steps_per_epoch):
            return  # with a single batch an epoch the order does not matter
        y = data.parts.train.y
        if data.task.kind == "classification":
            shares = data.counts / max(1, data.counts.sum())
            expected, found = float(1.0 - np.sum(shares**2)), float(np.count_nonzero(np.diff(y)) / max(1, len(y) - 1))
        else:
            first = y.reshape(len(y), -1)[:, 0].astype(np.float64)
            mixed = np.random.default_rng(0).permutation(first)
            expected, found = (float(np.abs(np.diff(v)).mean()) for v in (mixed, first))
        if expected > 0 and found < self.share * expected:
            yield self.finding(
                view,
                "The training rows are sorted by their target and not shuffled: each batch holds mostly one kind.",
                "Shuffle the rows before they are split, and let the loop shuffle them.",
                evidence={"changes": found, "expected": expected, "threshold": self.share},
            )
