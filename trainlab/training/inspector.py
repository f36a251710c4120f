"""Makes the View that monitors look at: what is measured at which moment, and by whom.

Before the first step everything is measured (data, a deep probe of the network); after an epoch a light probe, as
often as training pays for it; at the end a deep one. Curves and steps are always there.
"""

from collections.abc import Sequence

import numpy as np

from trainlab.core.component import plain
from trainlab.diagnose.data_view import DataView
from trainlab.diagnose.monitor import When
from trainlab.diagnose.structure import Part, Structure
from trainlab.diagnose.view import Curves, LayerView, Steps, View
from trainlab.engine.evaluator import Evaluator
from trainlab.engine.graph import Node
from trainlab.engine.network import Net
from trainlab.engine.sampler import steps_per_epoch
from trainlab.engine.trainer import Trainer
from trainlab.training.probe import Prober
from trainlab.training.setup import TrainingSetup

_SHARE = 0.03  # of the run's multiplications may go into baselines
_PLAN = 200  # moments of the run at which the schedule is asked


class Inspector:
    """Views of one run. `trainer` None: nothing is trained (`check`)."""

    def __init__(self, setup: TrainingSetup, curves: Curves, trainer: Trainer | None = None) -> None:
        self.setup, self.curves, self.trainer = setup, curves, trainer
        self.steps = Steps()
        self.settings = plain(setup.experiment)
        self.prober = Prober(setup)
        self._layers: dict[int, Sequence[LayerView]] = {}
        self.structure = structure(setup.net)
        recipe, t = setup.config, setup.t_train
        task, loss = setup.parts.task, recipe.loss
        self.chance = loss.chance(t, task)
        evaluator = Evaluator(setup.net, loss, regression=recipe.regression)
        self.zero_loss = evaluator.compare(np.zeros((len(t), loss.units(task)), setup.net.dtype), t).loss
        size = len(t) if recipe.optimizer.full_batch else recipe.batch_size
        self.steps_per_epoch = steps_per_epoch(len(t), size)
        epochs = recipe.epochs
        self._plan = np.array([recipe.schedule.at(e, epochs, ()) for e in np.linspace(0, epochs, _PLAN)])
        counts = setup.parts.class_counts() if task.kind == "classification" else np.zeros(1)
        self._majority = float(counts.max() / max(1, counts.sum()))
        self.seen = 0  # steps that the monitors have looked at
        self._view = View(  # one for all moments: monitors keep nothing
            epoch=0,
            step=0,
            epochs=epochs,
            steps_per_epoch=self.steps_per_epoch,
            task=task,
            chance=self.chance,
            zero_loss=self.zero_loss,
            steps=self.steps,
            curves=curves,
            settings=self.settings,
            train_rows=len(setup.parts.train),
            val_rows=len(setup.parts.val or ()),
            structure=self.structure,
            lr_plan=self._plan,
            majority=self._majority,
        )

    def view(self, when: When) -> View:
        """The run at this moment; good until the next one is asked for."""
        t, view = self.trainer, self._view
        if t is not None:
            view.epoch, view.step = t.epoch, t.step
        view.fresh, self.seen = len(self.steps) - self.seen, len(self.steps)
        view.broken = view.probe = view.data = view.baselines = None
        view.layers = ()
        if when == "steps":
            return view
        if when in ("start", "end"):
            view.data = DataView(self.setup.parts, self.setup.t_train, self.setup.config.shuffle)
            view.probe = self.prober.deep()
        elif self.prober.due(view.epoch, view.train_rows):
            view.probe = self.prober.light()
        if when == "end" and view.data is not None:
            trained = 3.0 * self.setup.net.weights * view.train_rows * max(1, view.epoch)
            view.baselines = view.data.baselines(_SHARE * trained)
        if t is not None and t.step:
            view.layers = self.layers(t)
        return view

    def layers(self, t: Trainer) -> Sequence[LayerView]:
        """The layers after the last step, with what the step changed."""
        known = self._layers.get(t.last_batch.rows)  # the same memory whenever a batch has so many rows
        if known is None:
            step, made = self.setup.net.views(t.optimizer_state.step), list[LayerView]()
            for node in self.setup.net.all_nodes():
                moved = {k: step[name] for k in node.params if (name := f"{node.name}.{k}") in step}
                made.append(LayerView(node.name, node.layer, t.last_batch.slots[node.name], moved))
            known = self._layers[t.last_batch.rows] = made
        return known


def structure(net: Net) -> Structure:
    """The network's layers as monitors read them."""

    def part(node: Node, inner: bool) -> Part:
        return Part(node.name, node.layer, node.shape, node.out_shape, node.weights, node.name in net.frozen, inner)

    return Structure([part(node, node is not top) for top in net.nodes for node in top.walk()])
