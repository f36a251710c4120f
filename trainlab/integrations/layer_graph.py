"""The list of layers of a network that is a plain chain, for monitors that read a network's plan.

Other networks may compute more between their modules, so they have no such list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.core.component import find
from trainlab.diagnose.structure import Part, Structure
from trainlab.integrations.torch_names import called, kind_of
from trainlab.nn.layer import Layer

_KNOWN = (
    *("dense", "conv", "dropout", "batch_norm", "layer_norm", "flatten", "max_pool", "avg_pool", "global_avg_pool"),
    *("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "sigmoid", "tanh", "softplus", "prelu", "identity"),
)
_KERAS = {
    "Dense": "dense",
    "Conv2D": "conv",
    "Dropout": "dropout",
    "BatchNormalization": "batch_norm",
    "LayerNormalization": "layer_norm",
    "Flatten": "flatten",
    "MaxPooling2D": "max_pool",
    "AveragePooling2D": "avg_pool",
    "GlobalAveragePooling2D": "global_avg_pool",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "PReLU": "prelu",
    "Activation": "identity",
}
_AS = {"softmax": "sigmoid", "logsoftmax": "identity"}  # what they do to scores, in our words: squash them; nothing
_PART_OF_LOSS = {"softmax": "softmax_cross_entropy", "sigmoid": "binary_cross_entropy"}


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """One layer: our name of its kind, its settings, how many weights it owns, and whether none of them is trained."""

    name: str
    kind: str
    settings: dict[str, Any]
    weights: int = 0
    frozen: bool = False


def structure(layers_info: Sequence[LayerInfo] | None) -> Structure | None:
    """The layers as monitors read them; None if there is one that we do not have."""
    parts: list[Part] = []
    shape = (1,)
    for link in layers_info or ():
        kind = _AS.get(link.kind, link.kind)
        cls = find(Layer, kind) if kind in _KNOWN else None
        if cls is None:
            return None
        if link.weights and (units := link.settings.get("units")):
            shape = (link.weights // int(units),)  # what goes into the first layer is known from its weights only
        out = (int(link.settings.get("units") or link.settings.get("filters") or shape[-1]),)
        layer = cls.model_validate(link.settings)
        parts.append(Part(link.name, layer, shape, out, link.weights, link.frozen))
        shape = out
    return Structure(parts) if parts else None


def torch_layers(module: Any, name: str = "") -> list[LayerInfo] | None:
    """The leaves of nested `Sequential`s in their order; None if there is anything else."""
    kind = type(module).__name__
    if kind == "Sequential" and type(module).__module__ == "torch.nn.modules.container":
        found: list[LayerInfo] = []
        for inner, child in module.named_children():
            below = torch_layers(child, f"{name}.{inner}" if name else inner)
            if below is None:
                return None
            found += below
        return found
    if not type(module).__module__.startswith("torch.nn.modules.") or next(module.children(), None) is not None:
        return None
    if hasattr(module, "kernel_size") and hasattr(module, "out_channels") and len(module.kernel_size) != 2:
        return None
    settings: dict[str, Any] = {}
    if hasattr(module, "out_features"):
        settings = {"units": module.out_features}
    elif hasattr(module, "out_channels"):
        settings = {"filters": module.out_channels, "size": list(module.kernel_size)}
    elif kind == "Dropout":
        settings = {"drop": min(module.p, 0.99)}
    own = [p for p in module.parameters() if p.ndim > 1]
    frozen = bool(own) and not any(p.requires_grad for p in own)
    weighs = sum(p.numel() for p in own)
    return [LayerInfo(called(name, module), kind_of(module), settings, weighs, frozen)]


def keras_layers(model: Any, loss: str) -> list[LayerInfo] | None:
    """The layers of a `Sequential`, each followed by its own activation; None for other models.

    loss: its last softmax or sigmoid is part of the loss.
    """
    if type(model).__name__ != "Sequential":
        return None
    found: list[LayerInfo] = []
    for layer in model.layers:
        kind = _KERAS.get(type(layer).__name__)
        if kind is None:
            return None
        kernel = getattr(layer, "kernel", None)
        settings: dict[str, Any] = {}
        if kind == "dense":
            settings = {"units": layer.units}
        elif kind == "conv":
            settings = {"filters": layer.filters, "size": list(layer.kernel_size)}
        elif kind == "dropout":
            settings = {"drop": min(layer.rate, 0.99)}
        size = 1
        for n in kernel.shape if kernel is not None else ():
            size *= int(n)
        frozen = kernel is not None and not kernel.trainable
        found.append(LayerInfo(layer.name, kind, settings, size if kernel is not None else 0, frozen))
        bend = getattr(getattr(layer, "activation", None), "__name__", "linear")
        own = _PART_OF_LOSS.get(bend) == loss and not getattr(model.loss, "from_logits", False)
        if layer is model.layers[-1] and own:
            continue
        if bend != "linear" and kind in ("dense", "conv", "identity"):
            found.append(LayerInfo(f"{layer.name} {bend}", bend, {}))
    return found
