"""constant-feature: features that never change."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class ConstantFeature(Monitor, name="constant-feature"):
    """Some inputs are the same in every training row: they tell nothing, and if all are, nothing can be learned.

    Measured as the share of features whose training values are all equal. All of them: an error. Nine tenths: most of
    the data is missing, a warning. A tenth is worth knowing; a few, as at the border of images, are normal.

    Do: Leave such columns out. If all are constant, look at the reader and at the preprocessing: a wrong path, a
    wrong scale, or a column that was read as text.

    Picture:

        values of a feature over the rows
        sound  .'..':.'.:'    sick  ...............
        tells rows apart      tells nothing

    Source: Kuhn & Johnson 2013, "Applied Predictive Modeling", section 3.5 (zero-variance predictors).
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)
    severity: ClassVar[Severity] = "info"

    share: float = setting(0.1, "share of constant features that is said", gt=0, le=1)

    def look(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data = view.data
        if data is None or not data.finite or not data.train.size:
            return
        still = np.ptp(data.train, axis=0) == 0
        share = float(still.mean())
        if share < self.share:
            return
        all_still = share == 1.0
        severity: Severity = "error" if all_still else "warning" if share >= 0.9 else "info"
        what = "All features are" if all_still else f"{still.sum()} of {len(still)} features are"
        yield self.finding(
            view,
            f"{what} the same in every training row.",
            "Look at how the data are read and preprocessed." if all_still else "Leave these features out.",
            evidence={"share": share, "constant": int(still.sum()), "first": data.name(int(still.argmax()))},
            severity=severity,
        )
