"""noisy-eval: the validation split is too small to compare models."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._patches import more_validation
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class NoisyEval(Monitor, name="noisy-eval"):
    """There are so few validation rows that differences between models are mostly chance.

    Measured as the standard error of the validation accuracy, sqrt(p (1 - p) / rows). Above `error` a difference of
    a few hundredths means nothing. Its severity is info.

    Do: Give validation more rows (`data.split.val`), or repeat over seeds or folds and compare means.

    Picture:

        validation accuracy of two models, each with its standard error
        A      |-----o-----|
        B         |-----o-----|        which is better? unknown

    Source: Hastie et al. 2009, "The Elements of Statistical Learning", section 7; Godbole et al. 2023, "Deep
    Learning Tuning Playbook".
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("end",)
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    severity: ClassVar[Severity] = "info"

    error: float = setting(0.04, "standard error of the accuracy", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        scores = view.curves["val_accuracy"]
        if not len(scores) or not view.val_rows or not np.isfinite(scores[-1]):
            return
        p = min(max(float(scores[-1]), 1 / view.val_rows), 1 - 1 / view.val_rows)
        error = (p * (1 - p) / view.val_rows) ** 0.5
        if error > self.error:
            yield self.finding(
                view,
                f"With {view.val_rows} validation rows the accuracy of {scores[-1]:.3g} is only known to "
                f"+- {2 * error:.2g}.",
                "Give validation a larger share, or compare by cross-validation.",
                evidence={"error": error, "rows": view.val_rows, "threshold": self.error},
                patches=more_validation(view),
            )
