"""`trainlab check`: checks an experiment before training, in seconds.

It runs every monitor that runs before the first step, and the trials that some of them need: a gradient check, and a
fit of a few rows. Each measurement gets the verdict of its monitors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from trainlab.core.config import Document
from trainlab.core.types import Array, Shape, Task
from trainlab.diagnose.finding import SEVERITIES, Finding
from trainlab.diagnose.trials import GradientError, TinyFit
from trainlab.diagnose.view import View
from trainlab.engine.blas import pinned
from trainlab.engine.buffers import Workspace
from trainlab.engine.layer_statistics import layer_values
from trainlab.engine.network import Net
from trainlab.tools.gradient_check import gradient_errors
from trainlab.tools.overfit_check import tiny_fit
from trainlab.training.experiment import Experiment
from trainlab.training.monitoring import MonitorRunner
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build, refuse_threads
from trainlab.training.tracking import require_trackers

_SIGNAL = (
    *("signal-collapse", "signal-explosion", "symmetric-init", "missing-nonlinearity"),
    *("dead-relu", "saturated-activation", "vanishing-gradient", "exploding-gradient"),
)


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer before training: its outputs over some training rows (mean, standard deviation, share of dead units)
    and the norm of its weights' gradient; None if it has none.
    """

    name: str
    shape: Shape
    params: int
    mean: float | None = None
    std: float | None = None
    dead: float | None = None
    grad_norm: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement in a sentence. codes: the monitors that check it · verdict: ok, or their worst severity."""

    name: str
    text: str
    codes: tuple[str, ...]
    values: dict[str, Any]
    verdict: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of `check`.

    asked: the codes that were checked for · skipped: those that could not be checked · notes: guesses about the data.
    """

    name: str
    rows: tuple[int, int, int]
    task: str
    parameters: int
    layers: Sequence[LayerRow]
    measured: Sequence[Measured]
    diagnoses: Sequence[Finding]
    asked: Sequence[str]
    skipped: Sequence[str]
    seconds: float
    notes: Sequence[str] = ()

    def worst(self) -> str:
        """The worst severity, or `ok` if there are no findings."""
        return _worst(self.diagnoses)

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        common = {name: getattr(self, name) for name in ("name", "task", "parameters", "asked", "skipped", "seconds")}
        common["notes"] = list(self.notes)
        rows = dict(zip(("train", "val", "test"), self.rows, strict=True))
        return common | {
            "verdict": self.worst(),
            "rows": rows,
            "layers": [asdict(row) for row in self.layers],
            "measured": [asdict(m) for m in self.measured],
            "diagnoses": [d.as_dict() for d in self.diagnoses],
        }


def check(document: Document[Experiment]) -> Checked:
    """Build the experiment, measure it, run the trials and the monitors. Writes no files.

    Raises ConfigError or DataError if it cannot be built.
    """
    refuse_threads(document)
    require_trackers(document)
    train = document.value.train
    with pinned(train.threads, torch=train.engine == "torch"):
        return _check(document)


def _check(document: Document[Experiment]) -> Checked:
    began = perf_counter()
    setup = build(document)
    values: dict[str, dict[str, float]] = {}
    inspector = TrainingSession(setup).inspector
    view = inspector.view("start", listener=partial(_collect, setup.net, values))
    table = _layers(setup.net, values, view)
    view = replace(view, gradients=gradient_errors(setup), tiny=tiny_fit(setup))
    monitors = [m for m in setup.experiment.monitors.active() if "start" in m.when]
    found = list(MonitorRunner(monitors).run("start", view))
    parts = setup.parts
    return Checked(
        setup.experiment.name,
        (len(parts.train), len(parts.val or ()), len(parts.test or ())),
        _asked(parts.task),
        setup.net.size,
        table,
        [*_of_data(view, found), *_of_net(view, found)],
        found,
        [m.name for m in monitors],
        [m.name for m in monitors if not all(view.has(need) for need in m.needs)],
        perf_counter() - began,
        parts.notes,
    )


def _asked(task: Task) -> str:
    """The task in words: `10 classes`, `1 number`."""
    kinds = {
        "classification": ("class", "classes"),
        "ordinal": ("level", "levels"),
        "multilabel": ("label", "labels"),
        "regression": ("number", "numbers"),
    }
    what = kinds[task.word]
    return f"{task.outputs} {what[task.outputs > 1]}"


def _collect(net: Net, values: dict[str, dict[str, float]], work: Workspace) -> None:
    """Statistics of each layer from the buffers of a probe, by layer and quantity."""
    for layer, quantity, value in layer_values(net.all_nodes(), work, {}):
        values.setdefault(layer, {})[quantity] = value


def _layers(net: Net, values: Mapping[str, Mapping[str, float]], view: View) -> list[LayerRow]:
    """The table of layers, from the probe's forward and backward pass in training mode."""
    probed = {layer.name: layer for layer in view.probe.layers} if view.probe is not None else {}
    rows: list[LayerRow] = []
    for node in net.all_nodes():
        found = values.get(node.name, {})
        dead = probed[node.name].dead if node.layer.fires and node.name in probed else found.get("dead")
        params = node.parameters
        measured = found.get("mean"), found.get("std"), dead, found.get("grad_norm")
        rows.append(LayerRow(node.name, node.out_shape, params, *measured))
    return rows


def _of_data(view: View, found: Sequence[Finding]) -> list[Measured]:
    """The measurements of the data."""
    data = view.data
    if data is None:
        return []
    parts = data.parts
    made: list[Measured] = []
    inputs = _moments(data.train)
    codes = ("bad-values", "unscaled-input", "tiny-input", "outlier-input", "constant-feature")
    text = "mean {mean:.3g}, standard deviation {std:.3g}, from {low:.3g} to {high:.3g}".format(**inputs)
    made.append(_measured("inputs", text, codes, inputs, found))
    if view.task.kind == "multilabel":
        ones = parts.train.y.sum(axis=0).astype(int).tolist()
        text = f"{len(ones)} labels, each on {min(ones)} to {max(ones)} of {len(parts.train)} rows"
        made.append(_measured("labels", text, ("label-range",), {"rows": ones}, found))
    elif view.task.kind == "classification":
        counts = [int(n) for n in data.counts]
        spread = f"{min(counts)} to {max(counts)} rows" if min(counts) < max(counts) else f"{counts[0]} rows each"
        text = f"{len(counts)} classes of {spread}"
        made.append(_measured("labels", text, ("class-imbalance", "label-range"), {"rows": counts}, found))
    else:
        targets = _moments(np.asarray(parts.train.y, dtype=np.float64))
        text = "mean {mean:.3g}, standard deviation {std:.3g}, from {low:.3g} to {high:.3g}".format(**targets)
        made.append(_measured("targets", text, ("unscaled-target", "label-range"), targets, found))
    rows = {"train": view.train_rows, "val": view.val_rows, "test": len(parts.test or ())}
    text = "{train} rows to train, {val} to validate, {test} to test".format(**rows)
    codes = ("tiny-split", "split-mismatch", "leaked-rows", "unshuffled")
    return [*made, _measured("splits", text, codes, rows, found)]


def _of_net(view: View, found: Sequence[Finding]) -> list[Measured]:
    """The measurements of the network and the results of the trials."""
    made: list[Measured] = []
    probe = view.probe
    if probe is not None:
        values = {"loss": probe.loss, "zero_loss": view.zero_loss, "chance": view.chance}
        text = f"{probe.loss:.4g}; all-zero outputs give {view.zero_loss:.4g}, chance is {view.chance:.4g}"
        made.append(_measured("initial loss", text, ("initial-loss", "wrong-loss", "output-range"), values, found))
        values = {"loss": probe.eval_loss, "zeroed_loss": probe.zeroed_loss}
        text = f"loss {probe.eval_loss:.4g}, with all inputs zero {probe.zeroed_loss:.4g}"
        made.append(_measured("effect of inputs", text, ("input-ignored",), values, found))
        last = probe.hidden[-1] if probe.hidden else None
        if last is not None:
            values = {"input": probe.input_spread, last.name: last.spread}
            text = f"rows differ by {probe.input_spread:.3g} at the input and by {last.spread:.3g} after {last.name}"
            codes = _SIGNAL
            made.append(_measured("signal", text, codes, values, found))
        if probe.penalties is not None:
            now, raised = (probe.loss + penalty for penalty in probe.penalties)
            text = f"loss {now:.4g} as configured, {raised:.4g} with a stronger penalty"
            values = {"loss": now, "raised": raised}
            made.append(_measured("regularization", text, ("reg-not-felt",), values, found))
    return [*made, *_of_trials(view.gradients, view.tiny, found)]


def _of_trials(
    gradients: Sequence[GradientError] | None, tiny: TinyFit | None, found: Sequence[Finding]
) -> list[Measured]:
    made: list[Measured] = []
    if gradients is None:
        text = "not compared: the inputs or the untrained network's loss are not finite"
        made.append(_measured("gradients", text, ("gradient-mismatch", "diverged"), {}, found))
    elif gradients:
        worst = max(gradients, key=lambda g: g.error)
        checked, kinks = sum(g.checked for g in gradients), [g.name for g in gradients if not g.checked]
        text = f"{checked} coordinates of {len(gradients)} parameters, largest relative error {worst.error:.2g} "
        text += f"({worst.name})"
        text += f"; only kinks in {', '.join(kinks)}" if kinks else ""
        values = {"params": [asdict(g) for g in gradients]}
        made.append(_measured("gradients", text, ("gradient-mismatch",), values, found))
    if tiny is not None:
        text = f"loss {tiny.loss:.2g} on {tiny.rows} rows after {tiny.steps} steps (chance {tiny.chance:.4g})"
        made.append(_measured("fit of a few rows", text, ("cannot-overfit",), asdict(tiny), found))
    return made


def _measured(
    name: str, text: str, codes: tuple[str, ...], values: dict[str, Any], found: Sequence[Finding]
) -> Measured:
    return Measured(name, text, codes, values, _worst([d for d in found if d.code in codes]))


def _worst(found: Sequence[Finding]) -> str:
    return max((d.severity for d in found), key=SEVERITIES.index, default="ok")


def _moments(a: Array) -> dict[str, float]:
    with np.errstate(all="ignore"):
        return {"mean": float(a.mean()), "std": float(a.std()), "low": float(a.min()), "high": float(a.max())}
