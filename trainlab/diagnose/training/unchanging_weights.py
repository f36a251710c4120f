"""unchanging-weights: weights that never change."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose._patches import activation, init
from trainlab.diagnose._words import named
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.program import Program
from trainlab.diagnose.structure import Part
from trainlab.diagnose.view import View


class UnchangingWeights(Monitor, name="unchanging-weights"):
    """Some weights never change: the learning rate is zero, layers are frozen, or no gradient arrives.

    Measured before the first step: a learning rate of zero over the whole schedule is an error. After the second epoch,
    while little has been learned, frozen layers and layers whose last step was exactly zero are a warning. At the end
    frozen layers are a warning if the network has covered less than two thirds of the way, or a simple rule does
    better. Frozen layers of a network that learns well are not reported, nor those of a network whose weights come from
    another run (`model.from`): there freezing is the plan. In a watched PyTorch loop, from half of the run on: weights
    that the optimizer does not have and that have not changed, and weights that no gradient has ever reached, while the
    network has covered less than two thirds of the way.

    Do: Give the layers a learning rate and take them out of `model.freeze` or `model.frozen`. If nothing is frozen,
    look for dead units in the layers after them.

    Picture:

        weights of a layer
        step 0     .3 -.1  .7
        step 1000  .3 -.1  .7     every bit the same

    Source: PyTorch's `torcheck` and TheDeepChecker (Ben Braiek & Khomh 2022), "untrained parameters".
    """

    when: ClassVar[tuple[When, ...]] = (
        "start",
        "epoch",
        "end",
    )
    needs: ClassVar[tuple[str, ...]] = ("structure|program",)
    causes: ClassVar[tuple[str, ...]] = (
        "symmetric-init",
        "constant-feature",
        "signal-collapse",
        "dead-relu",
        "exploding-loss",
        "lr-too-high",
    )

    learned: float = setting(0.1, "progress from chance (0) to perfect (1) that ends the check", gt=0, lt=1)
    well: float = setting(0.67, "progress at the end from which on frozen layers do no harm", gt=0, lt=1)
    steps: Count = setting(30, "steps before which it is not checked")

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step, and after an epoch while little has been learned."""
        parts: Sequence[Part] = view.structure.parts if view.structure is not None else ()
        model: Mapping[str, Any] = view.settings.get("model", {})
        frozen = [part.name for part in parts if part.frozen and part.weights and not model.get("from")]
        plan = view.lr_plan
        if not view.step:
            if "lr" in view.settings.get("optimizer", {}) and (view.lr == 0 or (plan is not None and not plan.any())):
                yield self.finding(
                    view,
                    "The learning rate is zero: no weight will ever change.",
                    "Choose a learning rate; `trainlab lr-range` suggests one.",
                    evidence={"lr": view.lr},
                    severity="error",
                    patches=[{"optimizer.lr": 1e-3 if "adam" in view.settings["optimizer"]["name"] else 1e-2}],
                )
            return
        if view.program is not None:
            yield from self._untrained(view, view.program)
        harmful = view.baselines is not None and bool(frozen) and (view.progress < self.well or view.behind > 0)
        early = view.epoch < max(2.0, view.warmup + 1) or view.step < self.steps
        if not harmful and (early or view.progress > self.learned):
            return
        still = [v.name for v in view.layers if "W" in v.step and not v.step["W"].any()]
        key = "freeze" if model.get("freeze") else "frozen"
        if frozen or still:
            names = frozen or still
            yield self.finding(
                view,
                f"The weights of {named(names)} do not change{' (frozen)' if frozen else ''}, and "
                f"{'the others do not make up for it' if harmful else 'little has been learned'}.",
                f"Unfreeze them (`model.{key}: []`)."
                if frozen
                else "Look for dead units, and for layers that pass no signal.",
                evidence={"frozen": frozen, "still": still, "progress": view.progress},
                layer=names[0],
                patches=[{f"model.{key}": []}] if frozen else [*init(view), *activation(view, "leaky_relu")],
            )

    def _untrained(self, view: View, program: Program) -> Iterable[Finding]:
        """Weights of another program that nothing trains, where the network has not learned well."""
        early = view.epoch < max(2.0, 0.5 * view.epochs) or view.step < self.steps
        names = [*program.outside, *program.cut]
        if not names or early or not view.progress < self.well:
            return
        why = "the optimizer does not have them" if program.outside else "no gradient reaches them"
        yield self.finding(
            view,
            f"The weights of {named(names)} do not change: {why}. The network has not learned well.",
            "Make the optimizer from all parameters of the model."
            if program.outside
            else "Look for `detach`, `no_grad`, `.data` or a layer that is not called between them and the loss.",
            evidence={"outside": list(program.outside), "cut": list(program.cut), "progress": view.progress},
            layer=names[0],
        )
