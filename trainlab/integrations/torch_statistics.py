"""Measures a PyTorch network while the user's loop trains it, through hooks on its modules and on the optimizer.

The first steps are measured each: the lengths of the gradient and of the step. Later that is done at observed steps
only, and only there the modules carry hooks. Numbers stay on their device until many are brought over together.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from math import nan
from typing import Any, cast

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose.program import Program
from trainlab.integrations.layer_graph import structure, torch_layers
from trainlab.integrations.reading import (
    LayerReading,
    LossFacts,
    ModelInfo,
    Reading,
    Stepped,
    WeightReading,
    layer_class,
)
from trainlab.integrations.torch_graph import read_graph
from trainlab.integrations.torch_names import (
    called,
    has_weights,
    is_activation,
    is_watched,
    kind_of,
    optimizer_settings,
    silent_activation,
    unit_axis,
)
from trainlab.integrations.torch_program import TorchProgram

_CLOSELY = 100  # first steps, of which each is measured; later only observed ones
_ROWS = 256  # of a batch that are measured at most; statistics take an eighth of it, at least 16


class TorchReader:
    """The reader of one module and its optimizer. layers False: no hooks on modules."""

    def __init__(self, model: Any, optimizer: Any, layers: bool = True) -> None:
        self.torch: Any = import_module("torch")
        self.model, self.optimizer = model, optimizer
        compiled = hasattr(model, "_orig_mod")  # hooks on the modules of a compiled network would compile it again
        self.layers = layers and not compiled
        self._modules = {m: called(name, m) for name, m in model.named_modules() if is_watched(m)}
        owners = {m: name for m, name in self._modules.items() if has_weights(m)}
        self.doing = TorchProgram(self.torch, model, optimizer, owners, self.layers)
        self._handles = [
            optimizer.register_step_pre_hook(self._before),
            optimizer.register_step_post_hook(self._after),
        ]
        self._hooks: list[Any] = []
        self._asked = False
        self._steps = 0
        self._stepped: Stepped | None = None
        self._measured = self._late = False  # late: gradients come during the step, from a closure
        self._grad_norm: Any = nan
        self._ratio: Any = nan
        self._symmetric: set[str] = set()
        self._copies: list[Any] = []
        self._norms: tuple[list[Any], list[Any], list[Any]] = ([], [], [])  # params, lengths, of their gradients
        self._forward: _Forward | None = None
        self._reading: Reading | None = None
        self._outputs = 0
        self._tally: dict[str, Any] = {}

    # ------------------------------------------------------------------ what the loop asks

    def known(self) -> ModelInfo:
        """Names and sizes, in our words."""
        settings, decay = optimizer_settings(self.optimizer)
        trained = sum(p.numel() for group in self.optimizer.param_groups for p in group["params"])
        notes = {"steps": f"after {_CLOSELY} steps grad_norm and update_ratio are measured at observed ones, and held"}
        if not self.layers:
            notes["layers"] = "not measured"
        text = repr(self.model)
        return ModelInfo(f"torch {self.torch.__version__}", text[:20_000], settings, trained, decay, notes=notes)

    def observe(self) -> None:
        """Hook the modules, until the optimizer has made its next step."""
        self._asked, self._reading = True, None
        self.doing.observe()
        if not self.layers or self._hooks:
            return
        self._forward = _Forward(self.torch, self._modules, self.model)
        self._hooks = self._forward.hooks()

    def reading(self) -> Reading | None:
        """What the hooks saw, once."""
        found, self._reading = self._reading, None
        return found

    def stepped(self) -> Stepped | None:
        """The optimizer's step since the last call."""
        found, self._stepped = self._stepped, None
        return found

    def measure_gradients(self) -> None:
        """In a closure of the optimizer's step: what the pre-hook saw were the gradients of the step before."""
        self._before(self.optimizer, (), {})

    def kept(self, number: Any) -> Any:
        """A float where the number lies in memory that we can read at once, else a tensor without its past."""
        if not isinstance(number, self.torch.Tensor):
            return float(number)
        return float(number.item()) if number.is_cpu else number.detach()

    def floats(self, numbers: Sequence[Any]) -> list[float]:
        """Tensors of one device come over together."""
        tensors = [n for n in numbers if isinstance(n, self.torch.Tensor)]
        if all(t.device.type == "cpu" for t in tensors):
            return [float(n) for n in numbers]
        home = tensors[0].device
        whole = self.torch.stack([t.detach().to(home, self.torch.float32).reshape(()) for t in tensors])
        values = iter(whole.tolist())
        return [next(values) if isinstance(n, self.torch.Tensor) else float(n) for n in numbers]

    def read_loss(self, loss: Any) -> LossFacts:
        """Read the graph that computed it: a network may have other outputs than its loss takes."""
        self.doing.graph = read_graph(getattr(loss, "grad_fn", None))
        return self.doing.graph

    def program(self) -> Program | None:
        """What the loop does."""
        return self.doing.program()

    def outputs(self) -> int:
        """The second axis of what the network gave."""
        return self._outputs

    def tally(self, outputs: Any, targets: Any, task: str) -> None:
        """Hits of the largest output (of the sign, where there is one only), or squares for R2."""
        with self.torch.no_grad():
            if task == "classification":
                one = outputs.ndim < 2 or outputs.shape[1] == 1
                answer = outputs.reshape(-1) > 0 if one else outputs.argmax(dim=1)
                truth = targets.reshape(-1) > 0.5 if one else targets
                if not one and targets.shape == outputs.shape:
                    truth = targets.argmax(dim=1)
                self._count(hits=(answer == truth).sum(), n=answer.numel())
            else:
                t = targets.detach().double().reshape(len(targets), -1)
                error = (outputs.detach().double().reshape(len(targets), -1) - t).square().sum()
                self._count(error=error, total=t.sum(dim=0), squares=t.square().sum(dim=0), n=len(targets))

    def tallied(self) -> tuple[float, float] | None:
        """Accuracy or R2, and the variance of the targets summed over their columns."""
        tally, self._tally = self._tally, {}
        if not tally:
            return None
        n = tally["n"]
        if "hits" in tally:
            return float(tally["hits"]) / n, nan
        variance = float((tally["squares"] / n - (tally["total"] / n).square()).sum())
        columns = tally["total"].numel()
        return (1.0 - float(tally["error"]) / n / variance if variance > 0 else nan), variance / columns

    def _count(self, **more: Any) -> None:
        for key, value in more.items():
            self._tally[key] = self._tally[key] + value if key in self._tally else value

    def detach(self) -> None:
        """Take all hooks off."""
        self.doing.detach()
        for handle in [*self._handles, *self._hooks]:
            handle.remove()
        self._handles, self._hooks = [], []

    # ------------------------------------------------------------------ around the optimizer's step

    def _before(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """Gradients as the optimizer takes them, and a copy of the weights, where this step is measured."""
        self._measured = self._asked or self._steps < _CLOSELY
        if not self._measured:
            return
        with self.torch.no_grad():
            everyone = [p for group in optimizer.param_groups for p in group["params"]]
            params = [p for p in everyone if p.grad is not None]
            grads = self._lengths([p.grad.coalesce().values() if p.grad.is_sparse else p.grad for p in params])
            if not params:  # they come during the step, from a closure
                params = [p for p in everyone if p.requires_grad]
                grads = [self.torch.full((), nan)] * len(params)
            scale = getattr(optimizer, "grad_scale", None)  # a fused optimizer under AMP unscales them itself
            if scale is not None:
                grads = [g / scale for g in grads]
            weights = [p.detach() for p in params]
            self._late = any(p.grad is None for p in params)
            self._norms = params, self._lengths(weights), grads
            self._grad_norm = self.kept(self._joined(grads))
            self._copy(weights)
            if self._asked and self._forward is not None:
                self._symmetric = self._forward.symmetric(params) if not self._steps else set[str]()

    def _after(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """What the step changed, and at observed steps the reading."""
        if self._measured:
            with self.torch.no_grad():
                params, norms, grads = self._norms
                if self._late and all(p.grad is not None and not p.grad.is_sparse for p in params):
                    grads = self._lengths([p.grad for p in params])  # of the last call of a closure
                    self._norms, self._grad_norm = (params, norms, grads), self.kept(self._joined(grads))
                if params:
                    self.torch._foreach_sub_(self._copies, [p.detach() for p in params])
                moved = self._lengths(self._copies)
                self._ratio = self.kept(self._joined(moved) / self._joined(norms).clamp_min(1e-30))
                if self._asked:
                    self._read(moved)
            self._norms = [], [], []
        self._asked = False
        self._steps += 1
        self._stepped = Stepped(float(optimizer.param_groups[0]["lr"]), self._grad_norm, self._ratio)

    def _copy(self, weights: list[Any]) -> None:
        """The weights as they are, in memory that is used again."""
        same = len(self._copies) == len(weights) and all(
            c.shape == w.shape and c.device == w.device and c.dtype == w.dtype
            for c, w in zip(self._copies, weights, strict=True)
        )
        if not same:
            self._copies = [self.torch.empty_like(w) for w in weights]
        self.torch._foreach_copy_(self._copies, weights)

    def _lengths(self, tensors: list[Any]) -> list[Any]:
        """The length of each: what torch's own clip_grad_norm_ does, half precision summed in float32."""
        if not tensors:
            return []
        if {t.dtype for t in tensors} & {self.torch.float16, self.torch.bfloat16}:
            return [self.torch.linalg.vector_norm(t, dtype=self.torch.float32) for t in tensors]
        return list(self.torch._foreach_norm(tensors))

    def _joined(self, lengths: list[Any]) -> Any:
        """The length of all of them as one vector."""
        if not lengths:
            return self.torch.zeros(())
        home = lengths[0]
        if any(n.device != home.device or n.dtype != home.dtype for n in lengths):
            lengths = [n.to(home.device, self.torch.float32) for n in lengths]
        return self.torch.linalg.vector_norm(self.torch.stack(lengths))

    # ------------------------------------------------------------------ the reading of an observed step

    def _read(self, moved: list[Any]) -> None:
        """Bring everything over, and make a reading of it."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        forward = self._forward
        if forward is None:
            return
        params, norms, grads = self._norms
        place = {id(p): i for i, p in enumerate(params)}
        owned = [(name, m.weight) for m, name in self._modules.items() if has_weights(m)]
        ours = [(name, w, place[id(w)]) for name, w in owned if id(w) in place]
        numbers = [n for _, _, i in ours for n in (norms[i], grads[i], moved[i])]
        spreads, layers = forward.read(self.floats)
        values = iter(self.floats(numbers))
        frozen = [(name, w) for name, w in owned if not w.requires_grad]
        last = ours[-1][0] if ours else ""
        weights: list[WeightReading] = []
        for name, w, _ in ours:
            norm, grad, step = next(values), next(values), next(values)
            alike = name in self._symmetric and name != last
            ratio = step / norm if norm else nan
            weights.append(WeightReading(name, w.shape[0], w.numel(), norm, grad, ratio, alike))
        weights += [WeightReading(n, w.shape[0], w.numel(), float(w.norm()), nan, 0.0, frozen=True) for n, w in frozen]
        self._outputs = forward.outputs
        plan = structure(torch_layers(self.model)) if not self._steps else None
        self._reading = Reading(forward.rows, spreads, layers, weights, plan)
        self._forward = None


class _Forward:
    """What the hooks see of one batch on its way through the network."""

    def __init__(self, torch: Any, modules: dict[Any, str], root: Any) -> None:
        self.torch, self.modules, self.root = torch, modules, root
        self.rows = self.outputs = 0
        self._input: Any = 0.0
        self._calls: dict[Any, int] = {}
        self._seen: dict[str, tuple[str, bool, bool, int, Any, Any]] = {}
        self._covered: list[Any] = []  # graph nodes of outputs that a hook has seen
        self._after_conv = False
        self._live: bool | None = None  # None: the network's own forward has not been called

    def hooks(self) -> list[Any]:
        """Hook every module, and the whole."""
        made = [m.register_forward_hook(self._layer) for m in self.modules]
        return [
            *made,
            self.root.register_forward_pre_hook(self._start, with_kwargs=True),
            self.root.register_forward_hook(self._end),
        ]

    def _start(self, root: Any, args: Any, given: Mapping[str, Any]) -> None:
        self._live = self.torch.is_grad_enabled() and root.training
        if not self._live:
            return
        self._calls, self._seen, self._covered = {}, {}, []
        tables: list[Any] = [a.values() if isinstance(a, Mapping) else (a,) for a in (*args, *given.values())]
        x: Any = next((a for table in tables for a in table if isinstance(a, self.torch.Tensor)), None)
        if x is not None and x.ndim:
            self.rows = min(len(x), _ROWS)
            self._input = self._spread(x[:_ROWS].float()) if x.is_floating_point() else 0.0

    def _end(self, root: Any, args: Any, output: Any) -> None:
        y = _tensor(self.torch, output)
        if self._live and y is not None and y.ndim > 1:
            self.outputs = int(y.shape[1])
        self._live = False

    def _layer(self, module: Any, args: Any, output: Any) -> None:
        y = _tensor(self.torch, output)
        seen = self.torch.is_grad_enabled() and module.training if self._live is None else self._live
        if not seen or y is None or not y.is_floating_point() or y.ndim < 2 or not len(y):
            return
        with self.torch.no_grad():
            name, kind = self.modules[module], kind_of(module)
            self._calls[module] = calls = self._calls.get(module, 0) + 1
            weighs = has_weights(module)
            if weighs and args and isinstance(args[0], self.torch.Tensor):
                self._before(name, args[0], conv=kind == "conv")
            if weighs:
                self._after_conv = kind == "conv"
            if y.grad_fn is not None:
                self._covered.append(y.grad_fn)
            self._keep(name if calls == 1 else f"{name}:{calls}", kind, y, is_activation(module), weighs)

    def _before(self, name: str, x: Any, conv: bool) -> None:
        """An activation that is no module, seen at the input of the next one with weights."""
        kind = silent_activation(x.grad_fn, conv, self._covered)
        if kind:
            self._keep(f"{kind} before {name}", kind, x, True, False)

    def _keep(self, name: str, kind: str, y: Any, activation: bool, weighs: bool) -> None:
        """Statistics of a layer's outputs, left where they lie."""
        rows = y.detach()[:_ROWS]
        axis = unit_axis(y.ndim, self._after_conv)
        part = rows[: max(16, len(y) // 8)].float()
        variances, means = self.torch.var_mean(part, dim=0, correction=0)
        numbers = [means.mean(), means.var(correction=0), variances.mean()]
        if ends := layer_class(kind).saturates:
            numbers.append(((part < ends[0]) | (part > ends[1])).float().mean())
        fired = None
        if layer_class(kind).fires:
            others = [d for d in range(y.ndim) if d != axis]
            fired = (rows > 0).any(dim=others[0]) if len(others) == 1 else rows.amax(dim=others) > 0
        self._seen[name] = kind, activation, weighs, int(y.shape[axis]), numbers, fired

    def _spread(self, x: Any) -> Any:
        """By how much rows differ, root mean square over what is in a row."""
        if len(x) < 2:
            return x.detach().new_zeros(())
        return x.detach().var(dim=0, correction=0).mean().sqrt()

    def symmetric(self, params: list[Any]) -> set[str]:
        """The modules whose units have the same weights and the same gradient."""
        trained = {id(p) for p in params}
        found: set[str] = set()
        for m, name in self.modules.items():
            w: Any = m.weight if has_weights(m) else None
            if w is None or id(w) not in trained or kind_of(m) not in ("dense", "conv") or len(w) < 2:
                continue
            if w.grad is not None and bool((w == w[:1]).all()) and bool((w.grad == w.grad[:1]).all()):
                found.add(name)
        return found

    def read(self, floats: Any) -> tuple[float, list[LayerReading]]:
        """The spread of the input, and the layers in the order in which they were computed."""
        numbers = [n for *_, numbers, _ in self._seen.values() for n in numbers]
        values = iter(floats([self._input, *numbers]))
        spread = next(values)
        weighed = [i for i, (_, _, weighs, *_) in enumerate(self._seen.values()) if weighs]
        last = weighed[-1] if weighed else len(self._seen)
        layers: list[LayerReading] = []
        for i, (name, (kind, activation, _, units, own, fired)) in enumerate(self._seen.items()):
            mean, between, within, *more = [next(values) for _ in own]
            flags: Array | None = None if fired is None else np.asarray(fired.cpu())
            saturated = more[0] if more else None
            std, wide = max(0.0, between + within) ** 0.5, max(0.0, within) ** 0.5
            layers.append(LayerReading(name, kind, activation, i > last, units, mean, std, wide, flags, saturated))
        return spread, layers


def _tensor(torch: Any, output: Any) -> Any:
    """The output, or the first tensor of several."""
    if isinstance(output, tuple | list):
        return next((o for o in cast("Sequence[Any]", output) if isinstance(o, torch.Tensor)), None)
    return output if isinstance(output, torch.Tensor) else None
