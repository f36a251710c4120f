"""Milestones: the rate falls by a factor at given times."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from trainlab.core.component import setting
from trainlab.optim.schedule import Schedule, in_epochs


class Milestones(Schedule, name="milestones"):
    """decay ^ (number of milestones passed): like `step`, at times that you choose.

    Source: He et al. 2016, section 4.2 (a tenth at 50 % and 75 % of the run); torch's MultiStepLR.

    >>> [Milestones(when=[3, 6], decay=0.5).at(e, 10) for e in (2, 3, 6)]
    [1.0, 0.5, 0.25]
    """

    when: list[Annotated[float, Field(gt=0)]] = setting([0.5, 0.75], "times: below 1 fractions of the run, else epochs")
    decay: float = setting(0.1, "factor at each milestone", gt=0, search={"log": [0.05, 0.7]})

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """Decay ^ (number of milestones passed)."""
        return self.decay ** sum(epoch >= in_epochs(when, epochs) - 1e-9 for when in self.when)
