"""over-regularized: the penalty outweighs the data."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._patches import largest_dropout, less_dropout
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class OverRegularized(Monitor, name="over-regularized"):
    """The penalty on the weights is so strong that training shrinks the weights instead of fitting the data.

    Measured as the penalty relative to the loss at chance. Before the first step: more than 20 times (in a network
    without norm layers). After 30 % of the run the penalty began above the loss at chance, and since then the weights
    have shrunk until less than a tenth of it is left, while the network has covered at most `shrunk` of the way; or it
    is still larger than the data loss, and little has been learned or, at the end, a simple rule is ahead by `margin`.
    At the end also dropout: some layer drops at least `drop` of its units, the network is behind a simple rule or has
    covered at most `shrunk` of the way, and on the same rows the loss is larger with dropout than without.

    Adam with a decay beside its gradient (AdamW) keeps each weight below 1 / decay: reported where that is less than a
    fresh weight's size, 1 / sqrt(3 inputs), the weights are below half of that, and the network, which has no norm
    layers, has covered at most `shrunk` of the way or is behind a simple rule.

    Do: Divide `regularization.l2` (or l1) by ten until the data loss falls again, and drop a fifth of the units. For a
    first run use 1e-4 or none, and no dropout.

    Picture:

        what is minimized
        penalty    |##################            shrinks the weights first
        data loss  |##  ... ln C, and stays there

    Source: CS231n, "Neural Networks Part 2" (regularization); TheDeepChecker (Ben Braiek & Khomh 2022), penalty
    gradient at least twice the data's; Xie & Li 2024, "Implicit Bias of AdamW" (weights within 1 / decay).
    """

    causes: ClassVar[tuple[str, ...]] = ("unscaled-target", "signal-explosion")
    of_progress: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = (
        "start",
        "epoch",
        "end",
    )
    needs: ClassVar[tuple[str, ...]] = ("curves",)

    start: float = setting(
        20.0, "penalty before the first step, relative to the loss at chance, that is too large", gt=0
    )
    ratio: float = setting(1.0, "the same for a run that has since learned little", gt=0)
    learned: float = setting(0.2, "progress from chance (0) to perfect (1) that ends the check", gt=0, lt=1)
    shrunk: float = setting(0.6, "the same where the weights have shrunk", gt=0, lt=1)
    margin: float = setting(0.05, "how far a simple rule is ahead where the penalty has cost too much", gt=0)
    drop: float = setting(0.7, "share of dropped units that may be too much", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step, and after an epoch while little has been learned."""
        yield from self._decayed(view)
        probed = view.probe.penalties if view.probe is not None and not view.step else None
        penalty = np.array(probed[:1]) if probed is not None else view.curves["reg_loss"]
        if not len(penalty) or not view.chance > 0 or not np.isfinite(penalty[[0, -1]]).all():
            return
        first, now = float(penalty[0]) / view.chance, float(penalty[-1]) / view.chance
        if not view.step:
            norms = view.structure is not None and any(part.norm for part in view.structure.parts)
            wrong = first > self.start and not norms
        elif first <= self.ratio or view.epoch < min(view.epochs, max(3.0, 0.3 * view.epochs)):
            wrong = False
        else:
            little = view.progress <= self.learned or view.behind > self.margin
            larger = now > float(view.curves["train_loss"][-1]) / view.chance and little
            wrong = larger or (now < 0.1 * first and view.progress <= self.shrunk)
        if not wrong:
            yield from self._dropped(view)
        if wrong:
            yield self.finding(
                view,
                f"The penalty on the weights {'is' if not view.step else 'began at'} {first:.1f} times the loss at "
                f"chance{f' and is now {now:.2g} times' if view.step else ''}: it shrinks the weights.",
                "Lower l2 and l1 by a factor of a hundred or more.",
                evidence={"penalty_first": first, "penalty": now, "threshold": self.start},
                patches=self._patches(view, max(first, 1.0)),
            )

    def _dropped(self, view: View) -> Iterable[Finding]:
        """Dropout that leaves too few units to learn from, at the end."""
        probe, most = view.probe, largest_dropout(view)
        if probe is None or not probe.deep or not view.step or most < self.drop:
            return
        low = view.behind > 0 or view.progress <= self.shrunk
        if low and probe.loss > 1.05 * probe.eval_loss:
            yield self.finding(
                view,
                f"{most:.0%} of the units of a layer are dropped in each step: on the same rows the loss is "
                f"{probe.loss:.3g} with dropout and {probe.eval_loss:.3g} without.",
                "Drop fewer units: a fifth, at most half.",
                evidence={"drop": most, "train": probe.loss, "evaluation": probe.eval_loss, "threshold": self.drop},
                patches=less_dropout(view),
            )

    def _decayed(self, view: View) -> Iterable[Finding]:
        """A decay beside Adam's gradient that keeps the weights smaller than a fresh network's."""
        decay = float(view.settings.get("optimizer", {}).get("weight_decay") or 0.0)
        probe = view.probe
        low = view.progress <= self.shrunk or view.behind > self.margin
        if not decay or probe is None or not probe.weights or view.epoch < max(3.0, 0.3 * view.epochs) or not low:
            return
        if any(layer.kind.endswith("_norm") for layer in probe.layers):  # what comes before has no scale of its own
            return
        fresh = np.array([(w.units / (3 * w.size)) ** 0.5 for w in probe.weights if w.size])  # 1 / sqrt(3 inputs)
        now = np.array([w.norm / w.size**0.5 for w in probe.weights if w.size])
        if len(now) and float(np.median(decay * fresh)) > 1 and float(np.median(now / fresh)) < 0.5:
            yield self.finding(
                view,
                f"The weight decay of {decay:g} keeps the weights of Adam below {1 / decay:.2g}; fresh ones have "
                f"{float(np.median(fresh)):.2g}, and little has been learned.",
                "Use a weight decay of 0.01 to 0.1.",
                evidence={"weight_decay": decay, "fresh": fresh.tolist(), "weights": now.tolist()},
                patches=[{"optimizer.weight_decay": 0.01}],
            )

    def _patches(self, view: View, pressure: float) -> list[dict[str, Any]]:
        """Strengths that make the penalty a hundredth of the loss at chance."""
        block: dict[str, Any] = view.settings.get("regularization", {})
        lower = {
            f"regularization.{k}": float(f"{block[k] / (100 * pressure):.1g}") for k in ("l2", "l1") if block.get(k)
        }
        return [lower] if lower else []
