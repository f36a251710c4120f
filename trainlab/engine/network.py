"""The network: one flat vector of parameters, one of gradients, and named views into both.

The order in `theta` is: trained weights, other trained params (biases, scales), frozen params. So what an optimizer
moves, and what is decayed, is one slice each.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import prod

import numpy as np

from trainlab.core.component import make
from trainlab.core.streams import Streams
from trainlab.core.types import Array, Shape
from trainlab.engine.buffers import Workspace, aligned
from trainlab.engine.graph import Node, build_graph
from trainlab.engine.selection import Engine, select
from trainlab.nn.activation import Activation
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer
from trainlab.nn.model import Model


class Net:
    """Layers with their parameters.

    theta, grad: flat vectors of everything trained · params, grads: named views (`dense1.W`), params with running
    statistics and frozen params too · weights: how many numbers at the start of theta are weights · backend:
    runs its arithmetic.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        shape: Shape,
        *,
        frozen: Iterable[int] = (),
        dtype: str = "float32",
        engine: Engine = "auto",
    ) -> None:
        self.nodes = build_graph(layers, shape)
        self.shape, self.out_shape = shape, self.nodes[-1].out_shape
        self.dtype = np.dtype(dtype)
        self.backend = select(engine, self.dtype)
        every = [(node, key, param) for node in self.all_nodes() for key, param in node.params.items()]
        still = self._frozen_names(frozen)
        learned = [(n, k, p) for n, k, p in every if p.trained]
        order = sorted(learned, key=lambda e: (e[0].name in still, e[2].role != "weight"))
        sizes = [int(np.prod(p.shape)) for _, _, p in order]
        ends = np.cumsum([0, *sizes])
        self._theta = aligned((int(ends[-1]),), self.dtype)
        self._grad = aligned((int(ends[-1]),), self.dtype)
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}
        self._places: dict[str, tuple[slice, Shape]] = {}
        for (node, key, param), start, stop in zip(order, ends, ends[1:], strict=False):
            self._places[f"{node.name}.{key}"] = slice(start, stop), param.shape
            self.params[f"{node.name}.{key}"] = self._theta[start:stop].reshape(param.shape)
            self.grads[f"{node.name}.{key}"] = self._grad[start:stop].reshape(param.shape)
        for node, key, param in every:
            if not param.trained:
                self.params[f"{node.name}.{key}"] = np.zeros(param.shape, self.dtype)
        moved = [(n, p, size) for (n, _, p), size in zip(order, sizes, strict=True) if n.name not in still]
        self.frozen = frozenset(still)
        self.trained = sum(size for _, _, size in moved)
        self.weights = sum(size for _, p, size in moved if p.role == "weight")
        self.theta, self.grad = self._theta[: self.trained], self._grad[: self.trained]
        self.decayed = [self.params[f"{n.name}.{k}"] for n, k, p in order if p.role == "weight" and n.name not in still]

    def all_nodes(self) -> list[Node]:
        """Every node, inner ones too, in the order in which they run."""
        return [inner for node in self.nodes for inner in node.walk()]

    def weight_nodes(self) -> list[Node]:
        """The nodes that have weights: what `frozen` counts."""
        return [n for n in self.all_nodes() if n.weights]

    def _frozen_names(self, frozen: Iterable[int]) -> set[str]:
        nodes = self.weight_nodes()
        return {nodes[index].name for index in frozen}

    @property
    def size(self) -> int:
        """How many numbers are learned, frozen ones included."""
        return len(self._theta)

    @property
    def work(self) -> float:
        """Multiplications of a training step for each row, about: forward, and twice as many backward."""
        return 3.0 * sum(node.multiply_adds for node in self.all_nodes())

    @property
    def forward_work(self) -> int:
        """Multiplications of the forward pass of one row, one for each output of a layer counted in."""
        return sum(node.multiply_adds + prod(node.out_shape) for node in self.all_nodes())

    def views(self, vector: Array) -> dict[str, Array]:
        """Views of a vector as long as theta, by the param's name; frozen params have none."""
        places = {name: place for name, place in self._places.items() if place[0].stop <= self.trained}
        return {name: vector[where].reshape(shape) for name, (where, shape) in places.items()}

    def initialize(self, model: Model, streams: Streams) -> None:
        """Draw the weights: each array from its own stream, so that a layer more leaves the others as they were."""
        inits = self._inits(model)
        for node in self.all_nodes():
            for key, param in node.params.items():
                name = f"{node.name}.{key}"
                if param.role == "weight":
                    rng = streams.named("init", name)
                    inits[node.name].fill(self.params[name], param.fan_in, param.fan_out, rng)
                else:
                    self.params[name][...] = model.bias_init if param.role == "bias" else param.fill

    def _inits(self, model: Model) -> dict[str, Init]:
        chosen: dict[str, Init] = {}
        self._choose(self.nodes, model, "xavier", chosen)
        return chosen

    def calibrate(self, model: Model, x: Array) -> dict[str, int]:
        """Let the inits that look at data scale their layers, first to last, on the training rows x (a batch, as the
        network gets it). Returns how many passes each such layer took; running statistics stay as they were.
        """
        chosen = self._inits(model)
        waiting = [n for n in self.weight_nodes() if type(chosen[n.name]).calibrates]
        if not waiting:
            return {}
        still = {f"{n.name}.{k}" for n in self.all_nodes() for k, p in n.params.items() if not p.trained}
        kept = {name: self.params[name].copy() for name in still}
        work = self.workspace(len(x), train=True)
        work.x[...] = x
        passes: dict[str, int] = {}
        for node in waiting:
            W = next(self.params[f"{node.name}.{k}"] for k, p in node.params.items() if p.role == "weight")
            done = 0
            work.forward()
            while chosen[node.name].calibrate(W, float(work.slots[node.name].y.std()), done):
                done += 1
                work.forward()
            passes[node.name] = done
        for name, a in kept.items():
            self.params[name][...] = a
        return passes

    def _choose(self, nodes: Sequence[Node], model: Model, gain: str, chosen: dict[str, Init]) -> None:
        """Pick each layer's init, last layer first: `auto` scales the weights for the activation that follows them."""
        for node in reversed(nodes):
            if isinstance(node.layer, Activation):
                gain = type(node.layer).gain
            elif any(p.role == "weight" for p in node.params.values()):
                own: Init | None = getattr(node.layer, "init", None)
                if own is None and not chosen:
                    own = model.output_init
                chosen[node.name] = own or (make(Init, gain) if model.init == "auto" else model.init)
                gain = "xavier"
            for branch in node.branches:
                self._choose(branch, model, gain, chosen)

    def load_params(self, arrays: Mapping[str, Array]) -> None:
        """Take over the parameters in `arrays`, which has one array for every name in `params`.

        Raises KeyError if one is missing.
        """
        for name, a in self.params.items():
            a[...] = arrays[name]

    def workspace(self, rows: int, *, train: bool, rng: np.random.Generator | None = None) -> Workspace:
        """Slots for batches of up to `rows` rows; rng feeds dropout and its like in training."""
        rng = rng or np.random.default_rng(0)
        return Workspace(self.nodes, self.params, self.grads, rows=rows, dtype=self.dtype, rng=rng, train=train)
