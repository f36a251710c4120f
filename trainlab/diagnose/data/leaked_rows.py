"""leaked-rows: validation rows that are also training rows."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count
from trainlab.data.lazy import LazyRows
from trainlab.diagnose.diagnosis import Diagnosis
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View

_BUDGET = 20_000_000  # numbers of each part that are compared


class LeakedRows(Monitor, name="leaked-rows"):
    """Validation holds copies of training rows: it rewards learning by heart, and its score is too good.

    Measured as the share of validation rows that are equal, in all inputs, to some training row. Data of few distinct
    rows have honest duplicates, so the share must exceed `share` plus twice the share of duplicates within training.

    Do: Drop duplicates before the split, and split by group where rows belong together (patients, users, days).
    Scores so far are too good: do not choose by them.

    Picture:

        training    A B C D E F
        validation  B X E
                    ^   ^ known by heart: scored, not foreseen

    Source: Kaufman et al. 2012, "Leakage in Data Mining"; Barz & Denzler 2020, "Do We Train on Test Data?".
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)

    share: float = setting(0.05, "share of copies that is too much, beyond honest duplicates", ge=0, lt=1)
    most: Count = setting(50_000, "rows of each part that are compared")

    def look(self, view: View) -> Iterable[Diagnosis]:
        """Before the first step."""
        data = view.data
        if data is None or data.parts.val is None or not data.finite or data.parts.train.shape != data.parts.val.shape:
            return
        train, val = self._rows(data.parts.train.x), self._rows(data.parts.val.x)
        known = set(train)
        inside = 1.0 - len(known) / max(1, len(train))
        share = sum(row in known for row in val) / max(1, len(val))
        share = min(1.0, share * len(data.parts.train) / max(1, len(train)))  # as if all training rows were compared
        if share > self.share + 2 * inside:
            yield self.finding(
                view,
                f"{share:.0%} of the validation rows are copies of training rows.",
                "Remove duplicates before splitting, and split by group where rows belong together.",
                evidence={"share": share, "duplicates_in_training": inside, "threshold": self.share},
            )

    def _rows(self, x: Array | LazyRows) -> list[int]:
        """What identifies each of the first rows, as many as are compared."""
        n = min(len(x), self.most, _BUDGET // max(1, int(np.prod(x.shape[1:]))))
        return [hash(row.tobytes()) for row in np.ascontiguousarray(x[:n]).reshape(n, -1)]
