"""leaked-target: an input that is the target under another name."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose._patches import drop_columns
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View

_ROWS = 20  # fewer rows may agree by chance
_EXACT = 1e-9  # relative; the target in another unit is exact up to rounding


class LeakedTarget(Monitor, name="leaked-target"):
    """One column gives the target alone: each of its values stands for one class, or the target is a x + b of it. A new
    row will not have it, so the score says nothing.

    Measured on the raw training rows of a table. A column that only separates the classes well is no finding: it must
    have one value for each class, and one class for each value.

    Do: Drop the column, unless it is known before the target is.

    Picture:

        survived  alive         price_eur  price_usd
        1         yes           100        108
        0         no            250        270         usd = 1.08 eur

    Source: Kaufman et al. 2012, "Leakage in Data Mining".
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)
    severity: ClassVar[Severity] = "warning"
    unshown: ClassVar[str] = "no built-in data hold their target twice"

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        table = view.data.table if view.data is not None else None
        if view.data is None or table is None or len(table.x) < _ROWS:
            return
        columns: dict[str, list[int]] = {}
        for i, name in enumerate(table.names):
            columns.setdefault(table.column_of(name), []).append(i)
        if len(columns) < 2:
            return
        gives = one_to_one if view.data.task.kind == "classification" else _linear
        found = [name for name, places in columns.items() if gives(table.x[:, places], table.y)]
        if found:
            listed, many = ", ".join(f"`{name}`" for name in found), len(found) > 1
            yield self.finding(
                view,
                f"Column{'s' * many} {listed} alone give{'s' * (not many)} the target of every training row.",
                "Drop it, unless it is known before the target is.",
                evidence={"columns": found, "rows": len(table.x)},
                patches=drop_columns(view, found),
            )


def one_to_one(x: Array, y: Array) -> bool:
    """Whether each class has one value, and each value one class; x (n, k): a column of numbers, or one-hot."""
    codes = np.unique(x[:, 0], return_inverse=True)[1] if x.shape[1] == 1 else x.argmax(axis=1)
    pairs = len(np.unique(np.stack([codes, y], axis=1), axis=0))
    return pairs == len(np.unique(codes)) == len(np.unique(y)) > 1


def _linear(x: Array, y: Array) -> bool:
    """Whether the only target is a x + b, a not 0."""
    if x.shape[1] != 1 or y.ndim != 2 or y.shape[1] != 1 or not np.isfinite(x).all():
        return False
    a, b = x[:, 0] - x.mean(), y[:, 0] - y.mean()
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return length > 0 and len(np.unique(a)) > 2 and abs(abs(float(a @ b)) / length - 1) < _EXACT
