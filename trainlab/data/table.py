"""A table of named columns, each all numbers or all text, and the list of cells that cannot be used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array

SHOWN = 5  # problems that an error lists before it only counts


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name in the file's order: float64, or objects of type str. `lines`: line of each row in the file."""

    path: str
    columns: dict[str, Array]
    lines: Array


def texts(values: Sequence[Any]) -> Array:
    """Values as a CSV would hold them: whole numbers without a decimal point, dates in ISO form, missing ones empty.

    >>> texts([2.0, "red ", None])
    array(['2', 'red', ''], dtype=object)
    """
    cells = ["" if v is None or v != v else v.isoformat() if hasattr(v, "isoformat") else _text(v) for v in values]
    return np.array(cells, dtype=object)


@dataclass(slots=True)
class Problems:
    """Cells that cannot be used. All of them are reported at once, the first ones in full."""

    path: str
    found: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    more: int = 0

    def add(self, line: int, column: str, message: str) -> None:
        """One cell: its line, its column, and what is wrong with it."""
        self.found.append((line, column, message))

    def stop(self, advice: str) -> None:
        """Raises DataError with the first problems, ordered by line, if there are any."""
        if not self.found:
            return
        listed = [f"{self.path}:{line}: column `{column}`: {what}" for line, column, what in sorted(self.found)[:SHOWN]]
        more = len(self.found) - len(listed) + self.more
        raise DataError("\n".join([*listed, *([f"... and {more} more"] if more > 0 else []), advice]))


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
