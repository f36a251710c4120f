"""The network: one flat vector of parameters, one of their gradients, and named views into both.

The order in the vectors is: trained weights, other trained params (biases, scales), frozen params. So the part that an
optimizer updates, and the part that is regularized, are one slice each.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import prod

import numpy as np

from trainlab.core.component import make
from trainlab.core.streams import Streams
from trainlab.core.types import Array, Shape
from trainlab.engine.buffers import Workspace, aligned
from trainlab.engine.graph import Node, build_graph
from trainlab.engine.members import members_of
from trainlab.engine.selection import DEFAULT, Engine, TorchOptions, select
from trainlab.nn.activation import Activation
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer, Role
from trainlab.nn.model import Model


class Net:
    """Layers with their parameters.

    nodes: the top layers of the graph · theta, grad: flat vectors of all trained parameters and their gradients ·
    params: a view for each name (`dense1.W`), frozen params and running statistics included · grads: likewise, without
    running statistics · weights: how many numbers at the start of theta are weights · trained: how many numbers theta
    has · decayed: the weight arrays inside theta · frozen: names of the frozen layers · backend: runs the arithmetic ·
    members: how many networks of an ensemble it holds; 1 for a plain network.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        shape: Shape,
        *,
        frozen: Iterable[int | str] = (),
        dtype: str = "float32",
        engine: Engine = "auto",
        options: TorchOptions = DEFAULT,
    ) -> None:
        """shape: of one row of x · frozen: names of layers, or indices into `weight_nodes()` · options: of the engine
        `torch`.

        Raises LayerError if a layer cannot take its input, UserError if there is no such backend for this dtype.
        """
        self.nodes = build_graph(layers, shape)
        self.shape, self.out_shape = shape, self.nodes[-1].out_shape
        self.members = members_of(self.nodes)
        self.dtype = np.dtype(dtype)
        self.backend = select(engine, self.dtype, options)
        weighted = self.weight_nodes()
        self.frozen = frozenset(place if isinstance(place, str) else weighted[place].name for place in frozen)
        self._lay_out()

    def _lay_out(self) -> None:
        """Make the vectors and the views into them."""
        every = [(node, key, param) for node in self.all_nodes() for key, param in node.params.items()]
        learned = [(n, f"{n.name}.{k}", p) for n, k, p in every if p.trained]
        order = sorted(learned, key=lambda e: (e[0].name in self.frozen, e[2].role != "weight"))
        self._roles: dict[str, Role] = {name: param.role for _, name, param in order}
        self._places: dict[str, tuple[slice, Shape]] = {}
        self.size = self.trained = self.weights = 0
        for node, name, param in order:
            start = self.size
            self.size += prod(param.shape)
            self._places[name] = slice(start, self.size), param.shape
            if node.name not in self.frozen:
                self.trained = self.size
                self.weights = self.size if param.role == "weight" else self.weights
        self._theta, self._grad = (aligned((self.size,), self.dtype) for _ in range(2))
        self.params = {name: self._theta[where].reshape(shape) for name, (where, shape) in self._places.items()}
        self.grads = {name: self._grad[where].reshape(shape) for name, (where, shape) in self._places.items()}
        self.params |= {f"{n.name}.{k}": np.zeros(p.shape, self.dtype) for n, k, p in every if not p.trained}
        self.theta, self.grad = self._theta[: self.trained], self._grad[: self.trained]
        self.decayed = [self.params[name] for n, name, p in order if p.role == "weight" and n.name not in self.frozen]

    def all_nodes(self) -> list[Node]:
        """Every node, inner ones too, in the order in which they run."""
        return [inner for node in self.nodes for inner in node.walk()]

    def weight_nodes(self) -> list[Node]:
        """The nodes that have weights: what `frozen` counts."""
        return [n for n in self.all_nodes() if n.weights]

    @property
    def work(self) -> float:
        """Multiplications of a training step for each row, about: forward, and twice as many backward."""
        return 3.0 * sum(node.multiply_adds for node in self.all_nodes())

    @property
    def forward_work(self) -> int:
        """Multiplications of the forward pass of one row, counting one for each output of a layer."""
        return sum(node.multiply_adds + prod(node.out_shape) for node in self.all_nodes())

    def weights_of(self) -> dict[str, list[slice]]:
        """Where the weights of each layer that is trained lie in theta, by the layer's name."""
        found: dict[str, list[slice]] = {}
        for name, (place, _) in self._places.items():
            if self._roles[name] == "weight" and place.stop <= self.trained:
                found.setdefault(name.rpartition(".")[0], []).append(place)
        return found

    def parts(self, factor_of: Callable[[Role, str], float]) -> list[tuple[slice, float]]:
        """The parts of theta that have another factor than 1 by role and layer, with their factors; in order."""
        found: list[tuple[slice, float]] = []
        for name, (place, _) in self._places.items():
            factor = factor_of(self._roles[name], name.rpartition(".")[0])
            if factor == 1 or place.stop > self.trained:
                continue
            if found and found[-1][1] == factor and found[-1][0].stop == place.start:
                place = slice(found.pop()[0].start, place.stop)
            found.append((place, factor))
        return found

    def hidden_matrices(self) -> list[tuple[slice, tuple[int, int], int]]:
        """Where the trained weights of all layers but the last one lie in theta, as matrices (inputs, units), and how
        many networks have their units side by side in it.
        """
        found: list[tuple[slice, tuple[int, int], int]] = []
        for node in self.weight_nodes()[:-1]:
            for key in node.weight_keys:
                place, shape = self._places[f"{node.name}.{key}"]
                if place.stop <= self.trained and len(shape) > 1:
                    found.append((place, (prod(shape[:-1]), shape[-1]), node.params[key].networks))
        return found

    def views(self, vector: Array) -> dict[str, Array]:
        """Views of a vector as long as theta, by the param's name; frozen params have none."""
        places = {name: place for name, place in self._places.items() if place[0].stop <= self.trained}
        return {name: vector[where].reshape(shape) for name, (where, shape) in places.items()}

    def initialize(self, model: Model, streams: Streams) -> None:
        """Draw the weights. Each array has its own random stream, so adding a layer does not change the others."""
        inits = self._inits(model)
        for node in self.all_nodes():
            for key, param in node.params.items():
                name = f"{node.name}.{key}"
                rng, a = streams.named("init", name), self.params[name]
                if param.role == "weight":
                    for own in np.split(a, param.networks, axis=-1):
                        inits[node.name].fill(own, param.fan_in, param.fan_out, rng)
                elif param.role == "bias" and isinstance(model.bias_init, Init):
                    W = node.params[node.weight_keys[0]]
                    for own in np.split(a, param.networks, axis=-1):
                        model.bias_init.fill(own, W.fan_in, W.fan_out, rng)
                elif param.role == "bias":
                    a[...] = model.bias_init
                else:
                    drawn = rng.uniform(-1, 1, a.shape) if param.uniform else rng.normal(size=a.shape)
                    a[...] = param.fill + param.spread * drawn

    def _inits(self, model: Model) -> dict[str, Init]:
        chosen: dict[str, Init] = {}
        self._choose(self.nodes, model, "xavier", chosen)
        return chosen

    def calibrate(self, model: Model, x: Array, keep: Collection[str] = ()) -> dict[str, int]:
        """Run the data-dependent inits (LSUV), first layer to last, on training rows x (rows, *shape).

        keep: names of layers that stay as they are.
        Returns the number of corrections of each layer that has such an init. Running statistics do not change.
        """
        chosen = self._inits(model)
        waiting = [n for n in self.weight_nodes() if type(chosen[n.name]).calibrates and n.name not in keep]
        if not waiting:
            return {}
        statistics = {name: a.copy() for name, a in self.params.items() if name not in self.grads}
        work = self.workspace(len(x), train=True)
        work.x[...] = x
        corrections: dict[str, int] = {}
        for node in waiting:
            W = self.params[f"{node.name}.{node.weight_keys[0]}"]
            done = 0
            work.forward()
            while chosen[node.name].calibrate(W, float(work.slots[node.name].y.std()), done):
                done += 1
                work.forward()
            corrections[node.name] = done
        for name, a in statistics.items():
            self.params[name][...] = a
        return corrections

    def _choose(self, nodes: Sequence[Node], model: Model, gain: str, chosen: dict[str, Init]) -> None:
        """Pick each layer's init, last layer first: `auto` scales the weights for the activation that follows them."""
        for node in reversed(nodes):
            if isinstance(node.layer, Activation):
                gain = type(node.layer).gain
            elif node.weights:
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
        """Memory for batches of up to `rows` rows. rng: for dropout and other random layers, in training."""
        rng = rng or np.random.default_rng(0)
        return Workspace(
            self.nodes,
            self.params,
            self.grads,
            rows=rows,
            dtype=self.dtype,
            rng=rng,
            train=train,
            frozen=self.frozen,
        )
