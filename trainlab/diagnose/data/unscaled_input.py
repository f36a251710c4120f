"""unscaled-input: the inputs are much too large."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._patches import norm, preprocess
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class UnscaledInput(Monitor, name="unscaled-input"):
    """The inputs are so large that the first layer starts far outside its useful range.

    Measured as the root mean square of all training inputs after preprocessing. Initial weights assume inputs of
    about 1. At 10 times that, the first outputs, gradients and losses are 10 to 100 times too large, units saturate
    or die, and no learning rate suits both the first layer and the others. A single large feature also counts if
    its root mean square exceeds `feature` and 30 times that of the median feature. The default of 10 does not
    report images scaled to 0..16, or standardized data with outliers. A norm layer before the first nonlinearity
    removes the scale: then it is not reported.

    Do: Standardize the features (`data.preprocess: [standardize]`), or divide images by 255.

    Picture:

        values of a feature
        expected   |.:#:.|
                   -3   3
        given                                  ...:####:...
                                              100         255

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.3; CS231n, "Data preprocessing".
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = (
        "data",
        "structure",
    )

    factor: float = setting(10.0, "root mean square of all inputs that is too large", gt=1)
    feature: float = setting(30.0, "root mean square of one feature that is too large", gt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data, structure = view.data, view.structure
        if data is None or structure is None or not data.finite or structure.normalizes_input:
            return
        sizes = np.sqrt(data.mean**2 + data.std**2)
        largest, typical = float(sizes.max(initial=0.0)), float(median(sizes)) if len(sizes) else 0.0
        alone = largest > self.feature and largest > 30 * typical
        if data.rms <= self.factor and not alone:
            return
        column = int(sizes.argmax())
        yield self.finding(
            view,
            f"The inputs have a root mean square of {data.rms:.3g} ({data.name(column)}: {largest:.3g}), but a network "
            "expects about 1.",
            "Scale them: standardize the features, or divide images by 255.",
            evidence={"rms": data.rms, "largest": largest, "column": column, "threshold": self.factor},
            patches=[*preprocess(view, "standardize"), *norm(view)],
        )
