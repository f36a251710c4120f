"""Numbers for sentences, tables and labels."""

import math


def readable(value: float | None) -> str:
    """A number to three digits, whole numbers whole; a measured number of a million or more has three digits again.

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
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    digits, _, power = f"{value:.3g}".partition("e")
    return f"{digits}e{int(power)}" if power else digits


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
