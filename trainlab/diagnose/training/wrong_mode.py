"""wrong-mode: steps in evaluation mode, or validation in training mode."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np

from trainlab.diagnose._words import named
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class WrongMode(Monitor, name="wrong-mode"):
    """The steps are made in evaluation mode, or the network is validated in training mode: dropout and batch norm do
    the opposite of what they should.

    Measured in a watched PyTorch loop, on networks with dropout or batch norm. Evaluation mode: the network was trained
    in training mode, and since then at least as many steps, and at least five, were made in evaluation mode, as happens
    when `model.eval()` is called before a validation and nothing takes it back. If all steps are made so, it may be
    meant, and its severity is info. A part that is kept in evaluation mode, such as a frozen encoder, is not reported.
    Training mode: all passes without a gradient between the last step of an epoch and its scores.

    Do: Call `model.train()` before the steps of each epoch and `model.eval()` before each validation.

    Picture:

        mode      should be          is
        steps     train  train       train  eval      no dropout from here on
        scores    eval   eval        eval   eval

    Source: PyTorch, "Autograd mechanics: Evaluation Mode"; Karpathy 2018, "most common neural net mistakes": forgot to
    toggle train/eval mode.
    """

    when: ClassVar[tuple[When, ...]] = ("epoch", "end")
    needs: ClassVar[tuple[str, ...]] = ("program",)
    lasting: ClassVar[bool] = True
    unshown: ClassVar[str] = "it is a bug of a training loop, and trainlab's own has none"

    def inspect(self, view: View) -> Iterable[Finding]:
        """After each epoch."""
        p = view.program
        if p is None:
            return
        which = f"{named(p.random)} {_does(p.random)}"
        scored = [view.curves[column][-1:] for column in ("val_loss", view.judged)]
        if p.evaluating:
            when = "The steps are made" if p.evaluating == "always" else "Since a validation the steps are made"
            said = f"{when} in evaluation mode: {which} not what training needs."
            advice = "Call model.train() before the steps of each epoch."
        elif p.validates_in_training and any(np.isfinite(scores).any() for scores in scored):
            said = f"The network is validated in training mode: {which} what only training needs."
            advice = "Call model.eval() before validation, and model.train() after it."
        else:
            return
        yield self.finding(
            view,
            said,
            advice,
            evidence={"layers": list(p.random)},
            severity="info" if p.evaluating == "always" else "warning",
        )


def _does(layers: Sequence[str]) -> str:
    return "does" if len(layers) == 1 else "do"
