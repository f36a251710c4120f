"""constant-feature: features with the same value in every row."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class ConstantFeature(Monitor, name="constant-feature"):
    """Some inputs have the same value in every training row. They carry no information; if all inputs are constant,
    nothing can be learned.

    Measured as the share of features whose training values are all equal. If all features are constant, it is an
    error. From 90 % on it is a warning: most of the data is missing. From 10 % on the severity is info. A few constant
    features are normal, for example the border pixels of images.

    Do: Remove such columns. If all are constant, check the reader and the preprocessing: a wrong path, a wrong
    scale, or a column that was read as text.

    Picture:

        values of a feature over the rows
        normal    .'..':.'.:'    constant  ...............
        separates rows           no information

    Source: Kuhn & Johnson 2013, "Applied Predictive Modeling", section 3.5 (zero-variance predictors).
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)
    severity: ClassVar[Severity] = "info"

    share: float = setting(0.1, "share of constant features from which on it is reported", gt=0, le=1)

    def inspect(self, view: View) -> Iterable[Finding]:
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
        what = "All features have" if all_still else f"{still.sum()} of {len(still)} features have"
        yield self.finding(
            view,
            f"{what} the same value in every training row.",
            "Check how the data are read and preprocessed." if all_still else "Remove these features.",
            evidence={"share": share, "constant": int(still.sum()), "first": data.name(int(still.argmax()))},
            severity=severity,
        )
