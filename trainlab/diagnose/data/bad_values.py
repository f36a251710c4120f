"""bad-values: the data contain nan or infinite values."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.diagnose._patches import preprocess
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class BadValues(Monitor, name="bad-values"):
    """An input or target is nan or infinite. One such value turns every weight into nan in the first step that uses
    it.

    Measured on every row of the training, validation and test splits before the first step. The message names the
    first row and column. A network cannot repair such a value, so a single one is an error. Values that the
    preprocessor `fill` replaces do not count.

    Do: Look at the named row and column in the source. Drop the row, repair the value, or let `fill` put the
    feature's median there. Find out why the value was written: there may be more.

    Picture:

        row 17 | 0.3  1.2   nan  0.9 |
                             ^ one cell, and after one step:
        W      | nan  nan   nan  nan |

    Source: Breck et al. 2019, "Data Validation for Machine Learning"; numerical faults in Zhang et al. 2021,
    AUTOTRAINER.
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)
    severity: ClassVar[Severity] = "error"

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        found = view.data.where_broken() if view.data is not None else None
        if found is None:
            return
        part, line, column, rows = found
        yield self.finding(
            view,
            f"Row {line} of the {part} data has a value in {column} that is not finite"
            f"{f', and {rows - 1} more rows have such a value' if rows > 1 else ''}.",
            "Repair or remove these rows in the data, or let the preprocessor `fill` replace the values.",
            evidence={"part": part, "row": line, "column": column, "rows": rows},
            patches=[] if column == "its target" else preprocess(view, "fill", first=True),
        )
