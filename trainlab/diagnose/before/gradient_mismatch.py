"""gradient-mismatch: the analytic gradient is not the slope of the loss."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class GradientMismatch(Monitor, name="gradient-mismatch"):
    """Backpropagation does not return the slope of the loss: the backward pass of some layer is wrong, and training
    moves in a wrong direction.

    Measured by `trainlab check` in float64: at a few coordinates of every parameter the gradient is compared with a
    central difference, (L(w + h) - L(w - h)) / 2h. A relative error above 1e-4 is wrong. Coordinates where the loss
    has a kink between the two points do not count.

    Do: Check the backward pass of the named layer: a transposed matrix, a missing sum over rows, a factor of the
    batch size. Only code can cause it, not a config, so check your own layers first.

    Picture:

        loss around one weight
          |    .     difference: the slope of the chord, from two losses
          |  .' '.   backward:   the slope that the layer returns
          |_'_____'_ both must agree to four digits

    Source: CS231n, "Gradient checks": relative errors above 1e-2 are wrong, above 1e-4 suspicious; kinks excepted.
    """

    unshown: ClassVar[str] = "a bug in the code causes it, not a config"
    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("gradients",)
    severity: ClassVar[Severity] = "error"

    error: float = setting(1e-4, "largest relative error", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """When `check` has compared the gradients."""
        wrong = [g for g in view.gradients or () if not g.error <= self.error]
        if wrong:
            worst = max(wrong, key=lambda g: g.error)
            yield self.finding(
                view,
                f"The gradient of {worst.name} is {worst.analytic:.6g} by backpropagation and {worst.numeric:.6g} by "
                f"differences{f'; {len(wrong)} parameters are wrong' if len(wrong) > 1 else ''}.",
                "Correct the backward pass of this layer, or of the first one after it whose gradient is wrong.",
                evidence={"errors": {g.name: g.error for g in wrong}, "threshold": self.error},
                layer=worst.name.rpartition(".")[0] or worst.name,
            )
