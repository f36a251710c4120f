"""reg-not-felt: regularization that does not reach the loss."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class RegNotFelt(Monitor, name="reg-not-felt"):
    """Raising the regularization does not raise the loss: the penalty is not felt.

    Measured before the first step: the penalty as configured, and with ten times its strength plus an l2 of 1; with
    trained weights that are not zero the second must be larger. It is a check of the machinery (a penalty that is not
    added, weights that are not counted), so a small strength is not too small for it.

    Do: See that the penalty is added to the loss and that the weights are counted by it; this is a check of the
    machinery, and code has to be mended, not a config.

    Picture:

        strength       0    x1    x10
        loss (sound)   #    ##    ######
        loss (sick)    #    #     #

    Source: CS231n, "Sanity checks": increasing the regularization strength should increase the loss.
    """

    unshown: ClassVar[str] = "what it finds is wrong in code, not in a config"
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("probe",)

    def look(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        probe = view.probe
        if probe is None or probe.penalties is None:
            return
        now, raised = probe.penalties
        if any(w.norm > 0 and not w.frozen for w in probe.weights) and not raised > now:
            yield self.finding(
                view,
                f"With ten times the regularization the penalty is {raised:.3g}, and {now:.3g} as configured: it is "
                "not felt.",
                "See that the penalty is added to the loss, over all trained weights.",
                evidence={"penalty": now, "raised": raised},
            )
