"""The list of layers of a chain of PyTorch modules, for monitors that read a network's plan."""

from collections.abc import Callable, Mapping
from typing import Any

from trainlab.core.component import find
from trainlab.diagnose.structure import Part, Structure
from trainlab.lab.watched.torch_names import called, kind_of
from trainlab.nn.layer import Layer

_MADE: dict[str, Callable[[Any], dict[str, Any]]] = {
    "dense": lambda m: {"units": m.out_features},
    "conv": lambda m: {"filters": m.out_channels, "size": list(m.kernel_size)},
    "dropout": lambda m: {"drop": min(m.p, 0.99)},
    **dict.fromkeys(("batch_norm", "layer_norm", "flatten", "max_pool", "avg_pool"), lambda m: {}),
    **dict.fromkeys(("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "sigmoid", "tanh"), lambda m: {}),
    **dict.fromkeys(("softplus", "prelu", "identity"), lambda m: {}),
}


def structure_of(model: Any, weights: Mapping[str, int]) -> Structure | None:
    """The layers, if the network is a chain (`Sequential` in `Sequential`) of modules that we have, too.

    Any other network may compute in between what no module tells of, and is not judged by its plan.
    """
    chain: list[tuple[str, Any]] | None = _chain(model, "")
    if chain is None:
        return None
    parts: list[Part] = []
    shape = (1,)
    for name, module in chain:
        made = _MADE.get(kind_of(module))
        cls = find(Layer, kind_of(module))
        if made is None or cls is None or (kind_of(module) == "conv" and len(module.kernel_size) != 2):
            return None
        settings = made(module)
        out = (int(settings.get("units") or settings.get("filters") or shape[-1]),)
        own = [p for p in module.parameters() if p.ndim > 1]
        frozen = bool(own) and not any(p.requires_grad for p in own)
        layer = cls.model_validate(settings)
        parts.append(Part(name, layer, shape, out, weights.get(name, 0), frozen))
        shape = out
    return Structure(parts)


def _chain(module: Any, name: str) -> list[tuple[str, Any]] | None:
    """The leaves of nested Sequentials in their order; None if there is anything else."""
    if type(module).__name__ == "Sequential" and type(module).__module__ == "torch.nn.modules.container":
        found: list[tuple[str, Any]] = []
        for inner, child in module.named_children():
            below = _chain(child, f"{name}.{inner}" if name else inner)
            if below is None:
                return None
            found += below
        return found
    leaf = type(module).__module__.startswith("torch.nn.modules.") and next(module.children(), None) is None
    return [(called(name, module), module)] if leaf else None
