"""Inspects a network at a moment of its run: statistics of its layers, and the View that the monitors judge.

Before the first step and at the end everything is measured (data, a deep probe of the network); after an epoch a light
probe, when the schedule has one. The steps and the curves are in every view.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from trainlab.core.component import plain
from trainlab.core.types import Array
from trainlab.diagnose.data_view import DataView
from trainlab.diagnose.monitor import When
from trainlab.diagnose.structure import Part, Structure
from trainlab.diagnose.view import Curves, LayerView, Steps, View
from trainlab.engine.buffers import Workspace
from trainlab.engine.evaluator import compare
from trainlab.engine.graph import Node
from trainlab.engine.histograms import histograms
from trainlab.engine.layer_statistics import LayerStatistics, Name, layer_values, measured_rows
from trainlab.engine.network import Net
from trainlab.engine.trainer import Trainer
from trainlab.training.inspection_schedule import InspectionSchedule
from trainlab.training.probe import Prober
from trainlab.training.setup import TrainingSetup

_SHARE = 0.03  # of the run's multiplications may go into baselines
_POINTS = 200  # of the run at which monitors see the learning rate's schedule


class Inspector:
    """Inspects the network of one run. `steps`: what was recorded of its steps so far."""

    def __init__(self, setup: TrainingSetup, trainer: Trainer, curves: Curves, schedule: InspectionSchedule) -> None:
        self.setup, self.trainer, self.curves, self.schedule = setup, trainer, curves, schedule
        self.steps = Steps()
        self._inspected = 0  # steps done at the last inspection
        self._layer_views: dict[int, Sequence[LayerView]] = {}

    def resume(self, rows: Array, recent: Array, step: int) -> None:
        """Continue after `step` steps: `rows` of the past as steps.csv has them, `recent`: the last without gaps."""
        self.steps.resume(rows, recent, step)
        self._inspected = self.schedule.last_inspection(step)

    def view(self, when: When, *, listener: Callable[[Workspace], None] | None = None) -> View:
        """The run at this moment. listener: is shown the memory of the deep probe's pass, gradients included."""
        trainer, net = self.trainer, self.setup.net
        fresh, self._inspected = len(self.steps) - self._inspected, len(self.steps)
        data = probe = baselines = None
        layers: Sequence[LayerView] = ()
        if when in ("start", "end"):
            data = DataView(self.setup.parts, self.setup.t_train, self.setup.config.shuffle)
            probe = self._prober.deep(listener)
        elif when == "epoch" and self.schedule.probe_due(trainer.epoch, self._prober.rows):
            probe = self._prober.light()
        if data is not None and when == "end":
            baselines = affordable_baselines(data, net.weights, trainer.epoch)
        if when != "steps" and trainer.step:
            layers = self._layers()
        broken = None
        if trainer.broken and when == "steps":
            with np.errstate(all="ignore"):
                broken = trainer.first_non_finite()
        return View(
            epoch=trainer.epoch,
            step=trainer.step,
            fresh=fresh,
            broken=broken,
            layers=layers,
            data=data,
            probe=probe,
            baselines=baselines,
            **self._constant,
        )

    def statistics(self) -> tuple[Sequence[Name], Array]:
        """Statistics of every layer after the last step: (layer, quantity) of each, and the values."""
        rows = self.trainer.last_batch.rows
        with np.errstate(all="ignore"):
            names, values = self._statistics.names, self._statistics.values(rows)
            if self.trainer.broken:  # the step was not taken, and what is left of the steps before it is none
                values = np.where([quantity == "update_ratio" for _, quantity in names], np.nan, values)
            if not self.trainer.broken and self.schedule.histograms_due(self.trainer.step):
                work = self.trainer.last_batch.first(measured_rows(rows))
                more, counted = _split(histograms(self.setup.net.all_nodes(), work))
                names, values = (*names, *more), np.concatenate([values, counted])
        return names, values

    def probed(self, work: Workspace) -> tuple[Sequence[Name], Array]:
        """Statistics of every layer beside the steps, for rows that went through the network but changed nothing.

        work: the memory of a probe's pass in training mode, gradients included.
        """
        nodes = self.setup.net.all_nodes()
        measured = [found for found in layer_values(nodes, work, {}) if found[1] not in ("grad_norm", "update_ratio")]
        return _split([*measured, *histograms(nodes, work)])

    @cached_property
    def _statistics(self) -> LayerStatistics:
        return self.trainer.layer_statistics

    @cached_property
    def _prober(self) -> Prober:
        return Prober(self.setup)

    @cached_property
    def _constant(self) -> Mapping[str, Any]:
        """The fields of a View that are the same all through the run."""
        setup, t = self.setup, self.setup.t_train
        task, config = setup.parts.task, setup.config
        zeros = np.zeros((len(t), config.loss.units(task)), setup.net.dtype)
        epochs = config.epochs
        return {
            "epochs": epochs,
            "steps_per_epoch": self.trainer.steps_per_epoch,
            "task": task,
            "chance": config.loss.chance(t, task),
            "zero_loss": compare(config.loss, zeros, t, regression=config.regression).loss,
            "steps": self.steps,
            "curves": self.curves,
            "settings": plain(setup.experiment),
            "train_rows": len(setup.parts.train),
            "val_rows": len(setup.parts.val or ()),
            "structure": structure(setup.net),
            "lr_plan": np.array([config.schedule.at(e, epochs, ()) for e in np.linspace(0, epochs, _POINTS)]),
            "majority": setup.parts.majority,
        }

    def _layers(self) -> Sequence[LayerView]:
        """The layers after the last step, with what the step changed."""
        trainer, net = self.trainer, self.setup.net
        work = trainer.last_batch
        if work.rows not in self._layer_views:  # batches of equal size share their memory
            step, made = net.views(trainer.optimizer_state.step), list[LayerView]()
            for node in net.all_nodes():
                changes = {k: step[name] for k in node.params if (name := f"{node.name}.{k}") in step}
                made.append(LayerView(node.name, node.layer, work.slots[node.name], changes))
            self._layer_views[work.rows] = made
        return self._layer_views[work.rows]


def _split(found: Iterable[tuple[str, str, float]]) -> tuple[Sequence[Name], Array]:
    """(layer, quantity) of each, and the values."""
    rows = list(found)
    return [(layer, quantity) for layer, quantity, _ in rows], np.array([value for *_, value in rows], np.float64)


def affordable_baselines(data: DataView, weights: int, epochs: int) -> Mapping[str, float]:
    """Scores of the simplest rules, for a small share of what training so many weights for so many epochs costs."""
    multiplications = 3.0 * weights * len(data.parts.train) * max(1, epochs)
    return data.baselines(_SHARE * multiplications)


def structure(net: Net) -> Structure:
    """The network's layers as monitors read them."""

    def part(node: Node, inner: bool) -> Part:
        return Part(node.name, node.layer, node.shape, node.out_shape, node.weights, node.name in net.frozen, inner)

    return Structure([part(node, node is not top) for top in net.nodes for node in top.walk()])
