"""The budget for trials: a number of runs, or a time."""

import re
from dataclasses import dataclass
from math import inf

from trainlab.core.errors import UserError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Budget:
    """At most this many runs, in at most this many seconds."""

    runs: float = 12
    seconds: float = inf

    @classmethod
    def read(cls, text: str) -> "Budget":
        """Parse `12` (runs) or a time: `90s`, `5m`, `1h`. Raises UserError.

        >>> Budget.read("12"), Budget.read("1.5m")
        (Budget(runs=12, seconds=inf), Budget(runs=inf, seconds=90.0))
        """
        if re.fullmatch(r"[0-9]+", text) and int(text) > 0:
            return cls(int(text))
        found = re.fullmatch(r"([0-9]*\.?[0-9]+)([smh])", text)
        if found and float(found[1]) > 0:
            return cls(inf, float(found[1]) * _UNITS[found[2]])
        raise UserError(f"--budget {text}: expected a number of runs (12) or a time (90s, 5m, 1h)")
