"""bad-values: the data hold values that are not numbers."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.diagnose._patches import preprocess
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class BadValues(Monitor, name="bad-values"):
    """Some input or target is nan or infinite: one such cell turns every weight into nan in the step that meets it.

    Measured on every row of the training, validation and test parts, before the first step; the first one is named with
    its row and column. Nothing in a network can repair it, so one value is enough; what `fill` has filled is no fault.

    Do: Look at the named row and column in the source. Drop the row, repair it, or let `fill` put a feature's
    median there; see why the exporter wrote it, as more may follow.

    Picture:

        row 17 | 0.3  1.2   nan  0.9 |
                             ^ one cell, and after one step:
        W      | nan  nan   nan  nan |

    Source: Breck et al. 2019, "Data Validation for Machine Learning"; numerical faults in Zhang et al. 2021,
    AUTOTRAINER.
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)
    severity: ClassVar[Severity] = "error"

    def look(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        found = view.data.where_broken() if view.data is not None else None
        if found is None:
            return
        part, line, column, rows = found
        yield self.finding(
            view,
            f"Row {line} of the {part} data has a value in {column} that is not finite"
            f"{f', and {rows - 1} more rows have one' if rows > 1 else ''}.",
            "Repair or leave out these rows in the data, or let the preprocessor `fill` do it.",
            evidence={"part": part, "row": line, "column": column, "rows": rows},
            patches=[] if column == "its target" else preprocess(view, "fill", first=True),
        )
