"""Watches what a PyTorch loop does around its network: whether gradients are reset, in which mode steps and validation
are made, and which weights nothing trains.
"""

from collections.abc import Mapping
from math import exp, nan
from typing import Any

from trainlab.diagnose.program import Program
from trainlab.integrations.reading import LossFacts

_LOOKED = 20  # first steps of which it is seen whether the gradient was reset
_STALE = 3  # of them that add to an old gradient: one may be an accumulation that the end of an epoch cut off
_OTHERS = 5  # steps in the other mode that are no accident of one batch
_ROWS = 16  # of a batch, below which its own statistics say little


class TorchProgram:
    """Hooks on a module and its optimizer that note what is done. owners: the modules with weights, and their names."""

    def __init__(self, torch: Any, model: Any, optimizer: Any, owners: Mapping[Any, str], hooks: bool) -> None:
        self.torch, self.model, self.graph = torch, model, LossFacts()
        self._groups, self._decoupled = optimizer.param_groups, type(optimizer).__name__ == "AdamW"
        trained = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        known = {id(p) for p in trained}
        weights = [(name, m.weight) for m, name in owners.items() if m.weight.requires_grad]
        self._outside = {name: (w, self._length(w)) for name, w in weights if id(w) not in known}
        self._cut = {name: w for name, w in weights if id(w) in known}
        named = {m: name for name, m in model.named_modules()} if hooks else {}
        self._norms = {m: name for m, name in named.items() if getattr(m, "running_mean", None) is not None}
        random = {m: name for m, name in named.items() if _drops(m)}
        self._moody = {**self._norms, **random}  # modules that the mode changes
        self._steps = self._in_training = self._since = self._stale = 0
        self._mode = True  # of the last pass with a graph
        self._passes: set[tuple[bool, bool]] = set()  # since the last step: with a graph, in training mode
        self._lags: list[tuple[Any, Any]] = []
        self._norm_hooks: list[Any] = []
        self._handles = [
            optimizer.register_step_pre_hook(self._before),
            optimizer.register_step_post_hook(self._after),
        ]
        if self._moody:
            self._handles.append(model.register_forward_pre_hook(self._pass))
        self._small = min(trained, key=lambda p: p.numel()) if trained else None
        self._old: Any = None  # the gradient of the last step
        self._sum: Any = None  # of what backward passes have added since
        self._there: Any = None  # what the last of them has left
        self._reset_hooks = self._watch_resets()

    def program(self) -> Program:
        """What was seen so far."""
        g, passes = self.graph, self._passes
        outside = [name for name, (w, length) in self._outside.items() if self._steps and self._length(w) == length]
        return Program(
            squashed=g.squashed,
            unlogged=g.unlogged,
            over_rows=g.over_rows,
            spread=g.spread,
            linear=g.linear,
            stale=self._stale >= _STALE,
            outside=outside,
            cut=tuple(self._cut) if self._steps else (),
            evaluating="" if self._since < _OTHERS or self._since < self._in_training
            else "since" if self._in_training else "always",
            validates_in_training=(False, True) in passes and not any(not training for _, training in passes),
            random=tuple(self._moody.values()),
            lagging=self._lag(),
            penalty=self._penalty(),
        )  # fmt: skip

    def _penalty(self) -> float:
        """The l2 of optimizers that add it to the gradient; a decay beside the gradient is none."""
        strengths = [
            (0.5 * float(group.get("weight_decay") or 0.0), group["params"])
            for group in self._groups
            if not self._decoupled and not group.get("decoupled_weight_decay")
        ]
        return sum(strength * sum(self._length(p) ** 2 for p in params) for strength, params in strengths if strength)

    def observe(self) -> None:
        """Compare the running statistics of each batch norm with those of the next batch."""
        self._lags = []
        if not self._norm_hooks:
            self._norm_hooks = [m.register_forward_pre_hook(self._compare) for m in self._norms]

    def detach(self) -> None:
        """Take all hooks off."""
        for handle in (*self._handles, *self._reset_hooks, *self._norm_hooks):
            handle.remove()
        self._handles, self._reset_hooks, self._norm_hooks = [], [], []

    # ------------------------------------------------------------------ gradients that are not reset

    def _watch_resets(self) -> list[Any]:
        """Hook the smallest parameter: what the backward pass adds to its gradient, and what is there then."""
        p = self._small
        if p is None or not hasattr(p, "register_post_accumulate_grad_hook") or not p.is_leaf:
            return []
        return [p.register_hook(self._arrives), p.register_post_accumulate_grad_hook(self._arrived)]

    def _arrives(self, gradient: Any) -> None:
        if self._old is not None and not gradient.is_sparse:
            self._sum = gradient.detach().clone() if self._sum is None else self._sum + gradient.detach()

    def _arrived(self, p: Any) -> None:
        self._there = p.grad.detach().clone() if self._old is not None and not p.grad.is_sparse else None

    def _stepped(self) -> None:
        """At the end of a step: whether it took the gradient of the last one beside all that has come since.

        Others may have added to it in between, as the generator of a GAN does, if it was reset before the step.
        """
        old, new, there, p = self._old, self._sum, self._there, self._small
        self._old = self._sum = self._there = None
        if old is not None and new is not None and there is not None and there.shape == old.shape:
            allclose = self.torch.allclose
            self._stale += bool(old.any()) and allclose(there, old + new) and not allclose(there, new)
        if p is not None and p.grad is not None and not p.grad.is_sparse:
            self._old = p.grad.detach().clone()  # not before the step: a closure computes the gradient during it

    # ------------------------------------------------------------------ steps and modes

    def _pass(self, module: Any, args: Any) -> None:
        graph = self.torch.is_grad_enabled()
        self._passes.add((graph, module.training))
        if graph:
            self._mode = module.training

    def _before(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._cut:
            self._cut = {name: w for name, w in self._cut.items() if w.grad is None}

    def _after(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self._steps += 1
        self._passes = set()
        if self._reset_hooks:
            self._stepped()
        if self._mode:
            self._in_training, self._since = self._in_training + 1, 0
        elif all(not m.training for m in self._moody):
            self._since += 1
        for handle in self._norm_hooks:
            handle.remove()
        self._norm_hooks = []
        if self._steps == _LOOKED:
            for handle in self._reset_hooks:
                handle.remove()
            self._reset_hooks, self._old = [], None

    # ------------------------------------------------------------------ batch norm

    def _compare(self, norm: Any, args: Any) -> None:
        x = args[0]
        if not norm.training or not self.torch.is_grad_enabled() or len(x) < _ROWS or norm.running_var is None:
            return
        with self.torch.no_grad():
            axes = [axis for axis in range(x.ndim) if axis != 1]
            variance, mean = self.torch.var_mean(x.float(), dim=axes, correction=0)
            variance = variance.clamp_min(1e-12)
            off = (mean - norm.running_mean).abs() / variance.sqrt()
            self._lags.append((off.median(), (norm.running_var.clamp_min(1e-12) / variance).log().abs().median()))

    def _lag(self) -> tuple[float, float]:
        """The worst layer's, at the last observed step."""
        lags = [(float(off), float(factor)) for off, factor in self._lags]
        return (max(o for o, _ in lags), exp(max(f for _, f in lags))) if lags else (nan, nan)

    def _length(self, w: Any) -> float:
        return float(w.detach().norm())


def _drops(module: Any) -> bool:
    """Whether it is a dropout that drops something."""
    return type(module).__name__.endswith("Dropout") and 0 < float(getattr(module, "p", 0.0)) < 1
