"""label-range: training targets that do not cover the task."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._patches import block
from trainlab.diagnose.data_view import DataView
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class LabelRange(Monitor, name="label-range"):
    """The training targets do not cover the task: they are all equal, a class has no training rows, or the validation
    targets lie outside the range of the training targets.

    Measured on the training targets. A single class, or targets without any variance, is an error. A class with
    validation rows but no training rows is a warning. So are validation targets of a regression if most of them lie
    farther outside the range of the training targets than that range is wide.

    Do: Split again with `data.split.stratify`, check how the target column was read, and make sure that every class
    has training rows.

    Picture:

        targets
        training    |..:::..|
        validation            |.::.|    outside the training range

    Source: Breck et al. 2019, "Data Validation for Machine Learning" (schema of the label).
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)

    outside: float = setting(0.5, "share of validation targets far outside the range that gives a warning", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data = view.data
        if data is None:
            return
        result = self._classes(data) if data.task.kind == "classification" else self._numbers(data)
        if result is not None:
            message, evidence, severity = result
            advice = "Check how the targets are read and how the rows are split."
            unmixed = "classes" in evidence and block(view, "data", "split").get("stratify") is False
            mixed = [{"data.split.stratify": True}] if unmixed else []
            yield self.finding(view, message, advice, evidence=evidence, severity=severity, patches=mixed)

    def _classes(self, data: DataView) -> tuple[str, dict[str, Any], Severity] | None:
        present = np.flatnonzero(data.counts)
        if len(present) < 2:
            return "All training rows have the same class.", {"class": present.tolist()}, "error"
        val = data.parts.val
        known = set(present.tolist())
        unseen: list[int] = sorted(set(val.y.tolist()) - known) if val is not None else []
        if unseen:
            names = [str(data.task.names[c]) if data.task.names else str(c) for c in unseen]
            return f"No training row has the class {', '.join(names)}.", {"classes": names}, "warning"
        return None

    def _numbers(self, data: DataView) -> tuple[str, dict[str, Any], Severity] | None:
        y = np.asarray(data.parts.train.y, dtype=np.float64).reshape(len(data.parts.train), -1)
        if not np.isfinite(y).all() or not len(y):
            return None
        low, high = y.min(axis=0), y.max(axis=0)
        if (low == high).all():
            return "All training rows have the same target.", {"target": low.tolist()}, "error"
        val = data.parts.val
        if val is not None and len(val):
            w, width = np.asarray(val.y, dtype=np.float64).reshape(len(val), -1), high - low
            outside = np.count_nonzero((w < low - width) | (w > high + width)) / max(1, w.size)
            if outside > self.outside:
                message = f"{outside:.0%} of the validation targets lie far outside the range of the training targets."
                return message, {"outside": outside, "threshold": self.outside}, "warning"
        return None
