"""Dates and times as files write them."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

_QUARTER = re.compile(r"(\d{4})[ -]?[Qq]([1-4])")
_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})")
_FORMATS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y.%m.%d",
    "%b %d %Y",
    "%B %d %Y",
    "%b-%d-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %Y",
    "%B %Y",
    "%B-%Y",
    "%b-%y",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%m/%d/%y %H:%M",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%m-%d-%y",
    "%d-%m-%y",
)
MOSTLY = 0.95  # of the texts that are dates in one of the forms: then the others are dates that nobody could write
SAMPLE = 200  # texts that are looked at for this


YEAR = 365.2425 * 86_400  # seconds


def found_format(texts: Sequence[str]) -> str | None:
    """The name of the first format in which all texts are dates, or None.

    >>> found_format(["2024-01-31"]), found_format(["02/01/1970", "31/01/1970"]), found_format(["soon"])
    ('iso', '%d/%m/%Y', None)
    """
    return next((name for name, read in _readers().items() if all(read(text) is not None for text in texts)), None)


def as_years(texts: Sequence[str], form: str) -> list[float | None]:
    """Years since 1970 of each text in ISO form or in the format of this name, None for others.

    >>> [round(year, 3) for year in as_years(["02/01/1970", "2000-01-01"], "%d/%m/%Y")]
    [0.003, 29.999]
    """
    read = _readers()[form]
    found = [read(text) if (seconds := _iso(text)) is None else seconds for text in texts]
    return [None if seconds is None else seconds / YEAR for seconds in found]


def as_seconds(texts: Sequence[str]) -> list[float | None]:
    """Seconds since 1970 of each text, None for those that are no dates. One format holds for all of them.

    ISO dates, months (1949-01) and quarters (1974Q1), 2012/01/31, 31.01.2012, Jan 31 2012, and 01/31/2012 or
    31/01/2012, whichever all texts can be; both possible means month first.

    >>> as_seconds(["1970-01-02"]), as_seconds(["31/01/1970", "02/01/1970"])[1], as_seconds(["soon"])
    ([86400.0], 86400.0, [None])
    """
    readings: list[list[float | None]] = []
    for read in _readers().values():
        if texts and read(texts[0]) is None and read(texts[-1]) is None:
            continue
        found = [read(text) for text in texts]
        if None not in found:
            return found
        readings.append(found)
    return min(readings, key=lambda found: found.count(None), default=[None] * len(texts))


def are_dates(texts: Sequence[str]) -> bool:
    """Whether all of the texts are dates."""
    return bool(texts) and None not in as_seconds(texts)


def are_mixed_dates(texts: Sequence[str]) -> bool:
    """Whether nearly all of the texts are dates, not all in one form.

    >>> are_mixed_dates(["2019-03-21", "27/04/2019", "1/05/2019"]), are_mixed_dates(["1/2", "3/4"])
    (True, False)
    """
    some, others = texts[:: max(1, len(texts) // SAMPLE)], 0
    readers = list(_readers().values())
    for text in some:
        others += all(read(text) is None for read in readers)
        if others > (1 - MOSTLY) * len(some):
            return False
    return bool(some)


def _readers() -> dict[str, Callable[[str], float | None]]:
    return {"iso": _iso, "part of a year": _year_part, **{form: _formatted(form) for form in _FORMATS}}


def _iso(text: str) -> float | None:
    try:
        return _seconds(datetime.fromisoformat(text))
    except ValueError:
        return None


def _year_part(text: str) -> float | None:
    if match := _QUARTER.fullmatch(text):
        return _seconds(datetime(int(match[1]), 3 * int(match[2]) - 2, 1, tzinfo=UTC))
    if (match := _MONTH.fullmatch(text)) and 1 <= int(match[2]) <= 12:
        return _seconds(datetime(int(match[1]), int(match[2]), 1, tzinfo=UTC))
    return None


def _formatted(form: str) -> Callable[[str], float | None]:
    def read(text: str) -> float | None:
        try:
            return _seconds(datetime.strptime(" ".join(text.replace(",", " ").split()), form))
        except ValueError:
            return None

    return read


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
