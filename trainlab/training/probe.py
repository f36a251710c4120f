"""Probes a network: sends the same training rows through it, without training on them, and measures the outputs.

A probe changes nothing that the run depends on: it has memory and randomness of its own, and puts running statistics
back. Its rows depend on the seed alone, so a resumed run is probed as the whole one would have been.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import gather
from trainlab.diagnose.probe import LayerProbe, Probe, WeightProbe
from trainlab.engine.buffers import Workspace
from trainlab.engine.graph import Node
from trainlab.engine.members import loss_slot
from trainlab.engine.probe_passes import ProbePasses
from trainlab.engine.probe_sums import OutputSums
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot
from trainlab.optim.regularizers.l2 import L2
from trainlab.training.setup import TrainingSetup

ROWS = 256
_AT_ONCE = 1 << 22  # numbers that the layers keep of the rows that go through together: 16 MB of float32
_FEWEST = 16  # rows that go through together in training mode whatever they take: batch norm needs some
_WIDEST = 1 << 22  # numbers in the widest layer
_WORK = 5 * 10**9  # multiplications of one pass: some tenths of a second
_FEW = 32  # rows that are probed whatever it costs


class Prober:
    """Probes the network of one run."""

    def __init__(self, setup: TrainingSetup) -> None:
        self.setup, self.net = setup, setup.net
        nodes = setup.net.all_nodes()
        widest = max(int(np.prod(n.out_shape)) for n in nodes)
        rows = min(ROWS, len(setup.t_train), max(16, _WIDEST // widest), max(_FEW, _WORK // setup.net.forward_work))
        picked = setup.streams.named("probe").permutation(len(setup.t_train))[:rows]
        self._index = np.sort(picked)
        numbers = sum(_numbers(n) for n in nodes)
        self._trained = _pieces(self._index, max(_FEWEST, _AT_ONCE // numbers))
        self._evaluated = _pieces(self._index, max(1, _AT_ONCE // numbers))
        self._kept: ProbePasses | None = None
        weighted = [i for i, node in enumerate(self.net.nodes) if _has_weights(node)]
        after = self.net.nodes[weighted[-1] + 1 :] if weighted else []
        self._after = {inner.name for top in after for inner in top.walk()}

    @property
    def rows(self) -> int:
        """How many training rows a probe sends through the network."""
        return len(self._index)

    def light(self) -> Probe:
        """A light probe: the outputs of all layers in evaluation mode."""
        seen = self._passes()
        with np.errstate(all="ignore"):
            for _ in self._evaluations(seen):
                pass
            return Probe(len(self._index), seen.sums.input.deviation, self._layers(seen.sums.layers))

    def deep(self, listener: Callable[[Workspace], None] | None = None) -> Probe:
        """A deep probe: outputs in training mode, losses, gradients and penalties.

        listener: is shown the memory of the training pass, gradients included.
        """
        net, config = self.net, self.setup.config
        with np.errstate(all="ignore"):
            seen, loss, weights = self._train(listener)
            plain, eval_loss, zeroed = self._evaluate()
            w = net.theta[: net.weights]
            now = sum(part.penalty(w) for part in config.regularizers)
            more = now * 9 + L2(strength=1.0).penalty(w)
            layers, spread = self._layers(seen.sums.layers, plain.sums.layers), seen.sums.input.deviation
        return Probe(
            len(self._index),
            spread,
            layers,
            True,
            loss,
            eval_loss,
            zeroed,
            weights,
            (float(now), float(now + more)),
        )

    def _train(self, listener: Callable[[Workspace], None] | None) -> tuple[ProbePasses, float, Sequence[WeightProbe]]:
        """A forward and backward pass in training mode: outputs, mean loss, and the weights with the mean gradient."""
        net, loss = self.net, 0.0
        kept = {name: a.copy() for name, a in net.params.items() if name not in net.grads}
        mean: dict[str, Array] = {}
        work = whole = net.workspace(len(self._trained[0]), train=True, rng=np.random.default_rng(0))
        seen = ProbePasses(net.backend, whole)
        for index in self._trained:
            work, share = whole.first(len(index)), len(index) / len(self._index)
            gather(self.setup.parts.train.x, index, work.x)
            seen.forward(len(index))
            for name, a in kept.items():
                net.params[name][...] = a
            loss += share * self._loss(work, index)
            seen.add(len(index))
            seen.backward(len(index))
            if len(self._trained) > 1:
                mean = {name: share * g + mean.get(name, 0.0) for name, g in net.grads.items()}
        for name, g in mean.items():
            net.grads[name][...] = g
        if listener is not None:
            listener(work)
        return seen, loss, [w for node in net.all_nodes() for w in self._weights(node, work.slots[node.name])]

    def _evaluate(self) -> tuple[ProbePasses, float, float]:
        """A pass in evaluation mode: outputs, mean loss, and the loss where all inputs are zero."""
        seen, loss, zeroed = self._passes(), 0.0, 0.0
        zero = _output_of_zero(seen)
        for work, index in self._evaluations(seen):
            share = len(index) / len(self._index)
            loss += share * self._loss(work, index)
            work.y[...] = zero
            zeroed += share * self._loss(work, index)
        return seen, loss, zeroed

    def _evaluations(self, seen: ProbePasses) -> Iterator[tuple[Workspace, Array]]:
        """The rows, piece by piece, after a forward pass in evaluation mode."""
        seen.sums.reset()
        for index in self._evaluated:
            work = seen.work.first(len(index))
            gather(self.setup.parts.train.x, index, work.x)
            seen.forward(len(index))
            seen.add(len(index))
            yield work, index

    def _passes(self) -> ProbePasses:
        """Memory for evaluation; reused if it is small, because small networks are probed often."""
        net = self.net
        room = self._kept or ProbePasses(net.backend, net.workspace(len(self._evaluated[0]), train=False))
        if len(self._evaluated) == 1:
            self._kept = room
        return room

    def _loss(self, work: Workspace, index: Array) -> float:
        loss = self.setup.config.loss
        t = self.setup.t_train[index]
        return float(loss.value(loss_slot(self.net.members, work.y, t, work.dy if work.train else None)))

    def _layers(
        self, seen: Mapping[str, OutputSums], plain: Mapping[str, OutputSums] | None = None
    ) -> list[LayerProbe]:
        """The layers' outputs; with what they were in evaluation mode, where another mode may make a difference."""
        found: list[LayerProbe] = []
        for node in self.net.all_nodes():
            layer, outputs = node.layer, seen[node.name]
            gain, other = outputs.gain, plain[node.name].gain if plain is not None else None
            found.append(
                LayerProbe(
                    node.name,
                    layer.name,
                    isinstance(layer, Activation) and not layer.linear,
                    node.name in self._after,
                    node.out_shape[-1],
                    outputs.spread.deviation,
                    outputs.dead,
                    outputs.saturated,
                    (gain, other) if gain is not None and other is not None else None,
                )
            )
        return found

    def _weights(self, node: Node, slot: Slot) -> Sequence[WeightProbe]:
        found: list[WeightProbe] = []
        for key, g in slot.g.items():
            if node.params[key].role == "weight":
                W = slot.p[key]
                equal = W.shape[-1] > 1 and _alike(W) and node.name not in self._last()
                same = equal and _alike(g, 1e-5)
                frozen = node.name in self.net.frozen
                norm, grad = float(np.linalg.norm(W)), float(np.linalg.norm(g))
                found.append(WeightProbe(node.name, W.shape[-1], norm, grad, W.size, same, frozen, equal))
        return found

    def _last(self) -> set[str]:
        """The last layer with weights, where equal weights do no harm."""
        weighted = [top for top in self.net.nodes if _has_weights(top)]
        return {node.name for node in weighted[-1].walk()} if weighted else set()


def _has_weights(node: Node) -> bool:
    return any(inner.weights for inner in node.walk())


def _output_of_zero(seen: ProbePasses) -> Array:
    """The network's output when all inputs are zero."""
    seen.work.x[:1] = 0
    seen.forward(1)
    return seen.work.y[0].copy()


def _alike(a: Array, tolerance: float = 0.0) -> bool:
    """Whether all units (last axis) have the same numbers, up to rounding."""
    return bool((np.abs(a - a[..., :1]) <= tolerance * np.abs(a).max()).all())


def _numbers(node: Node) -> int:
    """How many numbers a layer keeps of each row, in training mode."""
    kept = [scratch.shape for scratch in node.layer.scratch(node.shape).values() if scratch.per_row]
    return 2 * prod(node.out_shape) + sum(map(prod, kept))


def _pieces(index: Array, most: int) -> list[Array]:
    """The rows in as few pieces as there may be, all of about one size, the longest first."""
    return np.array_split(index, -(-len(index) // most))
