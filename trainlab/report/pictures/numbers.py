"""Numbers for sentences, tables and labels."""

import math
from collections.abc import Sequence


def readable(value: float | None, digits: int = 3) -> str:
    """A number to three digits (or more), whole numbers whole; a measured number of a million or more has three again.

    >>> readable(0.97222), readable(123456), readable(1.5e-07), readable(654946729984.0), readable(None)
    ('0.972', '123\u202f456', '1.5e-7', '6.55e11', '')
    """
    if value is None:
        return ""
    if not math.isfinite(value):
        return str(float(value))
    if value == int(value) and abs(value) < (1e12 if isinstance(value, int) else 1e6):
        return f"{int(value):,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(int(value))
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:.{max(0, digits - 4)}f}"
    mantissa, _, power = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(power)}" if power else mantissa


def apart(values: Sequence[float]) -> list[str]:
    """Numbers of an axis as `readable` has them, with as many digits as tell them apart.

    >>> apart([0.9, 0.90005, 0.9001]), apart([0.1, 0.1])
    (['0.9', '0.90005', '0.9001'], ['0.1', '0.1'])
    """
    several = ([readable(value, digits) for value in values] for digits in range(3, 10))
    return next((texts for texts in several if len({*texts}) == len({*values})), [readable(v) for v in values])


def share(value: float) -> str:
    """A share as a percentage.

    >>> share(0.9837), share(0.0)
    ('98.4 %', '0 %')
    """
    return f"{100 * value:.3g} %"


def listing(names: list[str], most: int = 6) -> str:
    """Names in a sentence, cut where there are many.

    >>> listing(["a", "b", "c"]), listing(["a", "b", "c"], most=2)
    ('a, b and c', 'a, b and 1 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
