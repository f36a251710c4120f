"""The budget of a tune: a time, a number of epochs, or a number of trials. Everything that is trained counts."""

import re
from dataclasses import dataclass
from typing import Literal

from trainlab.core.errors import UserError

Unit = Literal["seconds", "epochs", "trials"]
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
FEWEST = 15  # trials: six to confirm the winner, and nine to search


@dataclass(frozen=True, slots=True)
class Budget:
    """So many seconds, epochs of training, or trained networks."""

    amount: float
    unit: Unit

    @classmethod
    def read(cls, text: str) -> "Budget":
        """Parse `10m` (also s, h), `200-epochs` or `40-trials`. Raises UserError.

        >>> Budget.read("1.5m"), Budget.read("40-trials")
        (Budget(amount=90.0, unit='seconds'), Budget(amount=40, unit='trials'))
        """
        if found := re.fullmatch(r"([0-9]{0,9}\.?[0-9]{1,9})([smh])", text):
            seconds = float(found[1]) * _SECONDS[found[2]]
            if seconds < 1:
                raise UserError(f"--budget {text}: expected a time of at least one second, such as 10m")
            return cls(seconds, "seconds")
        if found := re.fullmatch(r"([0-9]{1,9})-(epoch|trial)s?", text):
            amount = int(found[1])
            if found[2] == "epoch":
                return cls(
                    _enough(amount, 2 * FEWEST, text, "epochs", "each network is trained for two or more"), "epochs"
                )
            return cls(_enough(amount, FEWEST, text, "trials", "six of them confirm the winner"), "trials")
        raise UserError(f"--budget {text}: expected a time (90s, 10m, 1h), epochs (200-epochs) or trials (40-trials)")

    def __str__(self) -> str:
        if self.unit != "seconds":
            return f"{self.amount:g} {self.unit}"
        return spelled_time(self.amount)


def spelled_time(seconds: float) -> str:
    """Seconds as a person says them.

    >>> spelled_time(8.4), spelled_time(90), spelled_time(5400)
    ('8 s', '1.5 minutes', '1.5 hours')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    unit, length = ("minutes", 60) if seconds < 3600 else ("hours", 3600)
    return f"{seconds / length:.3g} {unit}"


def _enough(amount: int, least: int, text: str, unit: str, why: str) -> int:
    if amount < least:
        raise UserError(f"--budget {text}: expected at least {least}-{unit}: {why}")
    return amount
