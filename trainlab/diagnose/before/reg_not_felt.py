"""reg-not-felt: regularization has no effect on the loss."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class RegNotFelt(Monitor, name="reg-not-felt"):
    """A stronger regularization does not raise the loss: the penalty has no effect.

    Measured before the first step: the penalty as configured, and with ten times its strength plus an l2 of 1. If
    some trained weight is not zero, the second must be larger. This tests the code (a penalty that is not added,
    weights that are not counted), so no strength is too small for it.

    Do: Check that the penalty is added to the loss and that it counts all weights. Correct the code: no config can
    cause this.

    Picture:

        strength         0    x1    x10
        loss (normal)    #    ##    ######
        loss (faulty)    #    #     #

    Source: CS231n, "Sanity checks": increasing the regularization strength should increase the loss.
    """

    unshown: ClassVar[str] = "a bug in the code causes it, not a config"
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("probe",)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        probe = view.probe
        if probe is None or probe.penalties is None:
            return
        now, raised = probe.penalties
        if any(w.norm > 0 and not w.frozen for w in probe.weights) and not raised > now:
            yield self.finding(
                view,
                f"The penalty is {now:.3g} as configured and {raised:.3g} with ten times the regularization: it has no "
                "effect.",
                "Check that the penalty is added to the loss and counts all trained weights.",
                evidence={"penalty": now, "raised": raised},
            )
