"""class-imbalance: one class is much rarer than another."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count
from trainlab.diagnose._patches import balanced_classes
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class ClassImbalance(Monitor, name="class-imbalance"):
    """Some class has far fewer training rows than another. A network that always predicts the frequent class then
    scores well without learning anything.

    Measured as the number of rows of the largest class divided by that of the smallest class that has any. From 15 on
    it is a warning: a batch of 64 then holds only a few rows of the rare class, and their gradient hardly counts. From
    8 on, and with class weights, its severity is info. Many classes whose frequencies fall without a gap, as those of
    topics and species do, are natural: info, too. A gap is a class with less than a third of the rows of the next
    larger one.

    Do: Weight the classes in the loss (`class_weights: balanced`), collect more rows of the rare classes, sample
    them more often, or thin out the frequent ones. Judge by recall per class rather than by accuracy.

    Picture:

        rows of each class
        a ####################
        b ##################
        c #                    always predicting a or b scores 97 %

    Source: He & Garcia 2009, "Learning from Imbalanced Data"; CS231n, "Sanity checks".
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)

    ratio: float = setting(
        15.0, "rows of the largest class per row of the smallest, from which on it is a warning", gt=1
    )
    many: Count = setting(10, "classes from which on smoothly falling frequencies are natural")
    step: float = setting(3.0, "how many times the rows of the next smaller class are a gap", gt=1)
    advice: float = setting(8.0, "the same, from which on it is reported as info", gt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data = view.data
        if data is None or data.task.kind != "classification":
            return
        counts = data.counts[data.counts > 0]
        if len(counts) < 2:
            return
        ratio = float(counts.max() / counts.min())
        loss = view.settings.get("loss")
        weighted = isinstance(loss, dict) and bool(cast("dict[str, Any]", loss).get("class_weights"))
        if ratio < self.advice:
            return
        common = float(counts.max() / counts.sum())
        severe = ratio >= self.ratio and not weighted and not self._natural(counts)
        yield self.finding(
            view,
            f"The largest class has {ratio:.0f} times as many rows as the smallest; always predicting it scores "
            f"{common:.0%}.",
            "Weight the classes, collect more rows of the rare ones, and read the score per class.",
            evidence={"ratio": ratio, "counts": data.counts.tolist(), "majority": common, "threshold": self.ratio},
            patches=[] if weighted else balanced_classes(view),
            severity="warning" if severe else "info",
        )

    def _natural(self, counts: Array) -> bool:
        """Whether so many classes have so smoothly falling frequencies that nothing went wrong."""
        ordered = np.sort(counts)
        return len(counts) >= self.many and bool((ordered[:-1] * self.step > ordered[1:]).all())
