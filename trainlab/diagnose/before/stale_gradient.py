"""stale-gradient: gradients of earlier batches are added to each new one."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class StaleGradient(Monitor, name="stale-gradient"):
    """The gradients of all earlier batches are added to each new one, because nothing resets them. The steps grow and
    point where the network was long ago.

    Measured in a watched PyTorch loop on the first 20 steps, on the smallest parameter: in three of them its gradient
    is that of the last step plus all that came since. Gradients that are accumulated on purpose over several batches,
    with one step for all of them, are not reported. A loop of trainlab resets its gradients.

    Do: Call `optimizer.zero_grad()` before `loss.backward()`.

    Picture:

        gradient of each step
        reset       ##  #  ##  #  ##     of this batch
        not reset   ##  ###  #####  ######  ########   the sum of all

    Source: PyTorch, "Zeroing out gradients in PyTorch"; Karpathy 2018, "most common neural net mistakes": forgot to
    zero_grad.
    """

    when: ClassVar[tuple[When, ...]] = ("steps", "epoch", "end")
    certain: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("program",)
    unshown: ClassVar[str] = "it is a bug of a training loop, and trainlab's own has none"

    def inspect(self, view: View) -> Iterable[Finding]:
        """During the first epochs."""
        if view.program is not None and view.program.stale:
            yield self.finding(
                view,
                "The gradient of each batch is added to those of all earlier ones: it is never reset.",
                "Call optimizer.zero_grad() before loss.backward().",
                evidence={"stale": True},
            )
