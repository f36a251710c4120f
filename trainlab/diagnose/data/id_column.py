"""id-column: an input that only numbers the rows."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose._patches import drop_columns
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View

_ROWS = 20  # fewer rows may be in order by chance
_IDS = ("id", "ids", "index", "idx", "rownames", "rowname", "row", "rowid", "nr", "no", "number", "key", "uuid")


class IdColumn(Monitor, name="id-column"):
    """An input only numbers the rows. It says nothing about new rows; if the file is sorted by the target, it gives
    the target away, and the score is too good.

    Measured on the raw training rows of a table: the column rises by 1 from row to row of the file, or it is named
    like an id and holds a different whole number in each row. A column of another name that rises from row to row may
    be a time: the severity is then info, not warning.

    Do: Drop the column. If it is a time, name it under `time`, so that the network is tested on later rows.

    Picture:

        line   Id   age   bought
           2    1    23   no
           3    2    31   yes      Id = line - 1

    Source: Kaufman et al. 2012, "Leakage in Data Mining"; Kapoor & Narayanan 2023, "Leakage and the
    reproducibility crisis in machine-learning-based science".
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)
    severity: ClassVar[Severity] = "warning"
    unshown: ClassVar[str] = "no built-in data have a column of row numbers"

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        table = view.data.table if view.data is not None else None
        if table is None or len(table.x) < _ROWS or table.x.shape[1] < 2:
            return
        found: dict[str, str] = {}
        for i, name in enumerate(table.names):
            values = table.x[:, i]
            if (values - table.lines == values[0] - table.lines[0]).all():
                found[name] = "counts the rows of the file"
            elif is_id_name(name) and all_different(values):
                found[name] = "has a different whole number in each row"
        if found:
            yield self.finding(
                view,
                "; ".join(f"column `{name}` {what}" for name, what in found.items()).replace("c", "C", 1) + ".",
                "Drop it, or name it under `time` if it is one.",
                evidence={"columns": list(found)},
                patches=drop_columns(view, list(found)),
                severity="warning" if any(is_id_name(name) for name in found) else "info",
            )


def is_id_name(name: str) -> bool:
    """Whether a column is named like an id: `Id`, `PassengerId`, `customer_id`, `index`, `Unnamed: 0`."""
    words = "".join(f" {c}" if c.isupper() else c if c.isalnum() else " " for c in name).lower().split()
    return bool(words) and (words[-1] in _IDS or "".join(words) in _IDS or words[0] == "unnamed")


def all_different(values: Array) -> bool:
    """Whether they are whole numbers, each different from all others."""
    return bool(np.isfinite(values).all()) and bool((values % 1 == 0).all()) and len(np.unique(values)) == len(values)
