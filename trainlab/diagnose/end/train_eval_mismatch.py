"""train-eval-mismatch: the network computes something else in evaluation than in training."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, ClassVar, cast

from trainlab.core.component import setting
from trainlab.diagnose._patches import layers, model
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.program import Program
from trainlab.diagnose.view import View


class TrainEvalMismatch(Monitor, name="train-eval-mismatch"):
    """The network computes something else in evaluation than in training: dropout that is not rescaled, or batch norm
    with wrong running statistics.

    Measured on the same rows. Before the first step: a layer that is random in training (dropout) scales its input
    by another factor in evaluation; a difference of more than 20 % exceeds what randomness explains. At the end:
    the loss in evaluation mode exceeds `ratio` times that in training mode plus a tenth of the loss at chance, and
    the validation score is behind a simple rule. Dropout makes the training loss larger, never smaller.
    In a watched PyTorch loop: the running mean of a batch norm is more than a standard deviation from the mean of the
    last observed batch, or its variance differs by more than `far` times (medians over its channels), and the
    validation loss exceeds the training loss by as much as above.

    Do: Use `dropout` in its default mode, which rescales in training. Use batches that are large enough for batch
    norm's running statistics, or use layer norm.

    Picture:

        the same rows, the same weights
        in training     loss 0.2
        in evaluation   loss 1.9     another function

    Source: Srivastava et al. 2014, "Dropout" (weights are scaled at test time); TheDeepChecker (Ben Braiek & Khomh
    2022).
    """

    of_progress: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = (
        "start",
        "epoch",
        "end",
    )
    needs: ClassVar[tuple[str, ...]] = ("probe|program",)
    causes: ClassVar[tuple[str, ...]] = ("lr-too-high",)

    ratio: float = setting(1.6, "evaluation loss over training loss, on the same rows", gt=1)
    far: float = setting(4.0, "factor between the running variance and the batches' that is far", gt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step, after the last and, in another program, after each epoch."""
        if view.program is not None:
            yield from self._lagging(view, view.program)
        probe = view.probe
        if probe is None or not probe.deep:
            return
        odd = [p for p in probe.layers if p.gains and min(p.gains) > 0 and not 0.8 < p.gains[0] / p.gains[1] < 1.25]
        if odd and not view.step:
            train, evaluated = odd[0].gains or (0.0, 0.0)
            yield self.finding(
                view,
                f"{odd[0].name} multiplies its input by {train:.2f} in training and by {evaluated:.2f} in evaluation: "
                "the layers after it get other values than in training.",
                "Use inverted dropout (or vanilla, which scales in evaluation).",
                evidence={"train": train, "evaluation": evaluated, "layers": [p.name for p in odd]},
                layer=odd[0].name,
                patches=_rescaled(view),
            )
        elif view.step and probe.eval_loss > self.ratio * probe.loss + 0.1 * view.chance and view.behind > 0.1:
            yield self.finding(
                view,
                f"On the same rows the loss is {probe.loss:.3g} in training mode and {probe.eval_loss:.3g} in "
                "evaluation mode.",
                "Check the running statistics of batch norm (momentum, batches too small) and dropout.",
                evidence={"train": probe.loss, "evaluation": probe.eval_loss, "threshold": self.ratio},
                patches=_other_norm(view),
            )

    def _lagging(self, view: View, program: Program) -> Iterable[Finding]:
        """A batch norm of another program, whose running statistics are far from those of its batches."""
        val, (off, factor) = view.curves["val_loss"], program.lagging
        known = len(val) > 1 and isfinite(val[-1]) and view.epoch >= min(2, view.epochs)
        if not known or not (off > 1 or factor > self.far):
            return
        train = float(view.curves["train_loss"][-1])
        if float(val[-1]) > self.ratio * train + 0.1 * view.chance:
            yield self.finding(
                view,
                f"The running statistics of a batch norm are {off:.1f} standard deviations and a factor of "
                f"{factor:.1f} in variance away from the batches': the loss is {train:.3g} in training and "
                f"{val[-1]:.3g} in validation.",
                "Give batch norm a larger momentum (0.1) or more steps, or use layer norm.",
                evidence={"running_mean_off": off, "running_variance_off": factor, "threshold": self.far},
            )


def _rescaled(view: View) -> list[dict[str, Any]]:
    """The same share of dropout in the mode that rescales; else less of it."""
    if "mode" in (chosen := _table(model(view).get("dropout"))):
        share = float(chosen.get("drop") or 0.0)
        return [{"model.dropout": share}, *([{"model.dropout": 0.2}] if share > 0.2 else [])]
    modes = {f"model.layers.{i}.mode": "inverted" for i, layer in enumerate(layers(view)) if "mode" in layer}
    return [modes] if modes else []


def _other_norm(view: View) -> list[dict[str, Any]]:
    """Norm layers that compute the same in evaluation as in training."""
    if model(view).get("norm") == "batch":
        return [{"model.norm": "layer"}]
    norms = {f"model.layers.{i}.name": "layer_norm" for i, x in enumerate(layers(view)) if x["name"] == "batch_norm"}
    return [norms] if norms else []


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
