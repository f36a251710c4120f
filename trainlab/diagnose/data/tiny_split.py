"""tiny-split: too few rows to train on, or to validate with."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose._patches import more_validation
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View

_NAMES = {"classification": "classes", "multilabel": "labels", "regression": "numbers to predict"}


class TinySplit(Monitor, name="tiny-split"):
    """A split of the data is too small for its purpose.

    Measured in rows. Training: fewer than 10 rows per class (30 in total for a regression) is a warning, because a
    network of any size fits them without learning a rule. Validation: fewer than 10 rows is a warning, because a
    single row is then more than a tenth of the score; fewer than 30 give a finding of severity info.

    Do: Collect more rows, move some into the small split, or use cross-validation, which uses each row for both.

    Picture:

        rows
        training    ##########################
        validation  #     a single row is a tenth of the score

    Source: CS231n, "Validation sets"; Hastie et al. 2009, "The Elements of Statistical Learning", section 7.
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)

    rows: Count = setting(10, "training rows per class, and validation rows in total, that are needed")

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data = view.data
        if data is None:
            return
        train, val = len(data.parts.train), len(data.parts.val) if data.parts.val is not None else None
        least = self.rows * data.task.outputs if data.task.kind == "classification" else 3 * self.rows
        evidence = {"train_rows": train, "val_rows": val, "least": least}
        if train < least:
            yield self.finding(
                view,
                f"There are only {train} training rows for {data.task.outputs} "
                f"{_NAMES[data.task.kind]}, but at "
                f"least {least} are needed.",
                "Collect more data, augment it, or use a simpler model.",
                evidence=evidence,
            )
        elif val is not None and val < 3 * self.rows:
            yield self.finding(
                view,
                f"There are only {val} validation rows: a single row is {1 / max(1, val):.0%} of the score.",
                "Give validation a larger share, or use cross-validation.",
                evidence=evidence,
                patches=more_validation(view),
                severity="warning" if val < self.rows else "info",
            )
