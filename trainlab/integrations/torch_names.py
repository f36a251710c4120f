"""What PyTorch's modules and optimizers are called here."""

from collections.abc import Sequence
from typing import Any

from trainlab.integrations.torch_graph import kind

_KINDS = {
    **dict.fromkeys(("Linear", "LazyLinear", "NonDynamicallyQuantizableLinear"), "dense"),
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d", "LazyConv1d", "LazyConv2d", "LazyConv3d"), "conv"),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"), "batch_norm"),
    **dict.fromkeys(("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"), "instance_norm"),
    **dict.fromkeys(("MaxPool1d", "MaxPool2d", "MaxPool3d"), "max_pool"),
    **dict.fromkeys(("AvgPool1d", "AvgPool2d", "AvgPool3d"), "avg_pool"),
    **{n: n.lower() for n in ("PReLU", "ReLU", "ELU", "SELU", "GELU", "SiLU", "Sigmoid", "Tanh", "Softplus")},
    **{n: n.lower() for n in ("Flatten", "Dropout", "Identity")},
    "LayerNorm": "layer_norm",
    "GroupNorm": "group_norm",
    "LeakyReLU": "leaky_relu",
}
_NO_ACTIVATION = {"Softmax", "Softmax2d", "LogSoftmax", "Softmin", "MultiheadAttention"}
_UNSEEN = {"Identity", "Flatten", "Unflatten", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"}
_ACTIVATIONS = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Gelu": "gelu", "Silu": "silu", "Elu": "elu"}
_POOLS = ("MaxPool", "AvgPool", "AdaptiveAvgPool")


def kind_of(module: Any) -> str:
    """Our name of a module's kind, else its class's in lower case."""
    name = type(module).__name__
    return _KINDS.get(name, name.lower())


def called(path: str, module: Any) -> str:
    """What a module is called: its path, with its class where that is a mere number."""
    kind = type(module).__name__
    return f"{path} ({kind})" if path.rpartition(".")[2].isdigit() else path or kind


def is_activation(module: Any) -> bool:
    """Whether a module is one of torch's activations."""
    kind = _class_of(module)
    return kind.__module__ == "torch.nn.modules.activation" and kind.__name__ not in _NO_ACTIVATION


def is_silent(module: Any) -> bool:
    """Whether a module only passes on what others computed, or is a loss."""
    kind = _class_of(module)
    return kind.__name__ in _UNSEEN or kind.__module__ == "torch.nn.modules.loss"


def has_weights(module: Any) -> bool:
    """Whether it owns a weight that is no scale: a matrix, or filters."""
    w = getattr(module, "weight", None)
    return (
        w is not None and getattr(w, "ndim", 0) >= 2 and hasattr(w, "requires_grad") and "weight" in module._parameters
    )


def is_watched(module: Any) -> bool:
    """Modules that compute something of their own: leaves that are more than a view, and owners of weights."""
    leaf = next(module.children(), None) is None
    return (leaf or has_weights(module)) and not is_silent(module)


def unit_axis(ndim: int, after_conv: bool) -> int:
    """Which axis of an output counts units: channels of an image or of a convolved row, else the last."""
    return 1 if ndim >= 4 or (ndim == 3 and after_conv) or ndim == 2 else ndim - 1


def silent_activation(node: Any, conv: bool, covered: Sequence[Any]) -> str:
    """The activation that made this tensor, if it was a plain function: no module's output lies between.

    conv: the tensor goes into a convolution, where pooling keeps the units apart.
    """
    while node is not None and not any(node is seen for seen in covered):
        name = kind(node)
        if name in _ACTIVATIONS:
            return _ACTIVATIONS[name]
        if not (conv and name.startswith(_POOLS)):
            return ""
        node = next((after for after, _ in node.next_functions if after is not None), None)
    return ""


def optimizer_settings(optimizer: Any) -> tuple[dict[str, float | str], float]:
    """An optimizer in our words, and the strength of its l2 penalty."""
    group = optimizer.param_groups[0]
    name = type(optimizer).__name__.lower()  # torch and we call them alike
    settings: dict[str, float | str] = {"name": name, "lr": float(group["lr"])}
    if group.get("momentum"):
        settings |= {"momentum": float(group["momentum"])}
        if name == "sgd":
            settings["name"] = "nesterov" if group.get("nesterov") else "momentum"
    if "betas" in group:
        settings |= {"b1": float(group["betas"][0]), "b2": float(group["betas"][1])}
    decay = float(group.get("weight_decay") or 0.0)
    if decay and (name == "adamw" or group.get("decoupled_weight_decay")):
        return settings | {"weight_decay": decay}, 0.0
    return settings, decay


def _class_of(module: object) -> type[object]:
    return type(module)
