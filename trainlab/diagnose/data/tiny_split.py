"""tiny-split: too few rows to learn from, or to choose by."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose._patches import more_validation
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class TinySplit(Monitor, name="tiny-split"):
    """A part of the data is too small for its job.

    Measured in rows. Training: under 10 for each class (30 in all for numbers) there is less to learn from than a
    network of any size has to fit: a warning. Validation: under 10 rows, one row more or less is a tenth of the score:
    a warning; under 30 worth knowing.

    Do: Bring more rows, move some into the small part, or use cross-validation, which lets each row do both.

    Picture:

        rows
        training    ##########################
        validation  #     one row more or less right is a tenth of the score

    Source: CS231n, "Validation sets"; Hastie et al. 2009, "The Elements of Statistical Learning", section 7.
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)

    rows: Count = setting(10, "training rows for each class, and validation rows in all, that are needed")

    def look(self, view: View) -> Iterable[Finding]:
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
                f"There are {train} rows to train on, for {data.task.outputs} "
                f"{'classes' if data.task.kind == 'classification' else 'numbers to predict'}; under {least} little "
                "can be learned.",
                "Bring more data, augment it, or take a simpler model.",
                evidence=evidence,
            )
        elif val is not None and val < 3 * self.rows:
            yield self.finding(
                view,
                f"There are only {val} validation rows: one more or less right is {1 / max(1, val):.0%} of the score.",
                "Give validation a larger share, or use cross-validation.",
                evidence=evidence,
                patches=more_validation(view),
                severity="warning" if val < self.rows else "info",
            )
