"""Probes a network: sends the same training rows through it, without training on them, and measures what comes out.

A probe changes nothing that the run depends on: it has memory and randomness of its own, and puts running statistics
back. Its rows depend on the seed alone, so a resumed run is probed as the whole one would have been.
"""

from collections.abc import Callable, Sequence

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import gather
from trainlab.diagnose.probe import LayerProbe, Probe, WeightProbe
from trainlab.engine.inspection import SATURATION
from trainlab.engine.memory import Node, Workspace, allocate
from trainlab.engine.net import Net
from trainlab.lab.building import Built
from trainlab.lab.trying import work_of
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot
from trainlab.nn.loss import LossSlot
from trainlab.optim.regularizers.l2 import L2

ROWS = 256
_ROOM = 1 << 22  # numbers in the widest layer
_WORK = 5 * 10**9  # multiplications of one pass: some tenths of a second
_FEW = 32  # rows that are probed whatever it costs
_EVERY = 12  # a light probe costs a third of training on its rows: one for every 12 times its rows stays under 3 %


class Prober:
    """Probes the network of one run."""

    def __init__(self, built: Built) -> None:
        self.built, self.net = built, built.net
        widest = max(int(np.prod(n.out_shape)) for n in built.net.all_nodes())
        rows = min(ROWS, len(built.t_train), max(16, _ROOM // widest), max(_FEW, _WORK // work_of(built.net)))
        picked = built.streams.named("probe").permutation(len(built.t_train))[:rows]
        self._index = np.sort(picked)
        self._eval: Workspace | None = None
        self.listener: Callable[[Workspace], None] | None = None  # is shown a deep probe's memory, gradients included
        weighted = [i for i, node in enumerate(self.net.nodes) if _has_weights(node)]
        after = self.net.nodes[weighted[-1] + 1 :] if weighted else []
        self._after = {inner.name for top in after for inner in top.walk()}

    def due(self, epoch: int, rows_per_epoch: int) -> bool:
        """Whether a light probe is paid for by the training since the last one."""
        interval = _EVERY * len(self._index)
        return epoch * rows_per_epoch // interval > (epoch - 1) * rows_per_epoch // interval

    def light(self) -> Probe:
        """What the layers do in evaluation mode."""
        with np.errstate(all="ignore"):
            work = self._evaluate()
            layers = [self._layer(node, work.slots[node.name]) for node in self.net.all_nodes()]
            return Probe(len(self._index), _spread(work.x), layers)

    def deep(self) -> Probe:
        """The same in training mode, with losses, gradients and penalties."""
        net, recipe = self.net, self.built.recipe
        kept = {name: a.copy() for name, a in net.params.items() if name not in net.grads}
        work = net.workspace(len(self._index), train=True, rng=np.random.default_rng(0))
        with np.errstate(all="ignore"):
            gather(self.built.parts.train.x, self._index, work.x)
            work.forward()
            for name, a in kept.items():
                net.params[name][...] = a
            loss = self._loss(work)
            layers: list[LayerProbe] = []
            evaluated = self._evaluate()
            for node in net.all_nodes():
                slot = work.slots[node.name]
                gains = _gain(node, slot), _gain(node, evaluated.slots[node.name])
                layers.append(self._layer(node, slot, gains if _may_be_random(node) else None))
            eval_loss = self._loss(evaluated)
            work.backward()
            if self.listener is not None:
                self.listener(work)
            weights = [w for node in net.all_nodes() for w in self._weights(node, work.slots[node.name])]
            zeroed = self._zeroed_loss(evaluated)
            w = net.theta[: net.weights]
            now = sum(part.penalty(w) for part in recipe.regularizers)
            spread = _spread(work.x)
        more = now * 9 + L2(strength=1.0).penalty(w)
        return Probe(
            len(self._index), spread, layers, True, loss, eval_loss, zeroed, weights, (float(now), float(now + more))
        )

    def _evaluate(self) -> Workspace:
        if self._eval is None:
            self._eval = self.net.workspace(len(self._index), train=False)
        gather(self.built.parts.train.x, self._index, self._eval.x)
        self._eval.forward()
        return self._eval

    def _zeroed_loss(self, work: Workspace) -> float:
        """The loss with all inputs zero: every row has the same answer, so one is computed."""
        one = work.first(1)
        one.x[...] = 0
        one.forward()
        work.y[...] = one.y[0].copy()
        return self._loss(work)

    def _loss(self, work: Workspace) -> float:
        loss = self.built.recipe.loss
        t = self.built.t_train[self._index]
        tmp = {k: allocate(s, work.rows, self.net.dtype) for k, s in loss.scratch(work.y.shape[-1]).items()}
        return float(loss.value(LossSlot(work.y, t, work.dy if work.train else None, tmp)))

    def _layer(self, node: Node, slot: Slot, gains: tuple[float, float] | None = None) -> LayerProbe:
        y, layer = slot.y, node.layer
        dead = saturated = 0.0
        if layer.name == "relu":
            fires = (y.reshape(-1, y.shape[-1]) > 0).any(axis=0)
            dead = 1.0 - float(np.count_nonzero(fires)) / fires.size
        if ends := SATURATION.get(layer.name):
            saturated = float(np.mean((y < ends[0]) | (y > ends[1])))
        return LayerProbe(
            node.name,
            layer.name,
            isinstance(layer, Activation) and layer.name != "identity",
            node.name in self._after,
            y.shape[-1],
            _spread(y),
            dead,
            saturated,
            gains,
        )

    def _weights(self, node: Node, slot: Slot) -> Sequence[WeightProbe]:
        found: list[WeightProbe] = []
        for key, g in slot.g.items():
            if node.params[key].role == "weight":
                W = slot.p[key]
                same = W.shape[-1] > 1 and _alike(W) and _alike(g, 1e-5) and node.name not in self._last()
                frozen = node.name in self.net.frozen
                norm, grad = float(np.linalg.norm(W)), float(np.linalg.norm(g))
                found.append(WeightProbe(node.name, W.shape[-1], norm, grad, W.size, same, frozen))
        return found

    def _last(self) -> set[str]:
        """The last layer with weights, where equal weights do no harm."""
        weighted = [top for top in self.net.nodes if _has_weights(top)]
        return {node.name for node in weighted[-1].walk()} if weighted else set()


def weights_of(net: Net, node: Node) -> int:
    """How many weights a layer owns."""
    return sum(int(np.prod(p.shape)) for p in node.params.values() if p.role == "weight")


def _has_weights(node: Node) -> bool:
    return any(p.role == "weight" for inner in node.walk() for p in inner.params.values())


def _may_be_random(node: Node) -> bool:
    """A layer that learns nothing, keeps its input's shape and bends nothing: dropout and its like."""
    plain = not node.params and not node.branches and not node.layer.view
    return plain and node.shape == node.out_shape and not isinstance(node.layer, Activation)


def _gain(node: Node, slot: Slot) -> float:
    size = float(np.abs(slot.x).mean()) if _may_be_random(node) else 0.0
    return float(np.abs(slot.y).mean()) / size if size else 0.0


def _alike(a: Array, tolerance: float = 0.0) -> bool:
    """Whether all units (last axis) have the same numbers, within a share of the largest (products round)."""
    return bool((np.abs(a - a[..., :1]) <= tolerance * np.abs(a).max()).all())


def _spread(y: Array) -> float:
    """Standard deviation from row to row, root mean square over what is in a row."""
    wide = y.reshape(len(y), -1)
    with np.errstate(all="ignore"):
        return float(np.asarray(wide, dtype=np.float64).var(axis=0).mean()) ** 0.5
