"""What PyTorch's modules, losses and optimizers are called here."""

from collections import deque
from collections.abc import Sequence
from typing import Any

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
_LOSSES = {
    "NllLoss": "softmax_cross_entropy",
    "NllLoss2D": "softmax_cross_entropy",
    "CrossEntropyLoss": "softmax_cross_entropy",
    "BinaryCrossEntropyWithLogits": "binary_cross_entropy",
    "MseLoss": "mse",
    "L1Loss": "mae",
    "SmoothL1Loss": "huber",
    "HuberLoss": "huber",
}
_ACTIVATIONS = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Gelu": "gelu", "Silu": "silu", "Elu": "elu"}
_POOLS = ("MaxPool", "AvgPool", "AdaptiveAvgPool")
_DEEP = 24  # nodes of a loss's graph that are inspected: its own sum and scale, not the network


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


def unit_axis(ndim: int, after_conv: bool) -> int:
    """Which axis of an output counts units: channels of an image or of a convolved row, else the last."""
    return 1 if ndim >= 4 or (ndim == 3 and after_conv) or ndim == 2 else ndim - 1


def loss_name(node: Any) -> str:
    """Our name of the loss at the head of a graph; empty for none that is known, and for a sum of two.

    What is added to it (a penalty, label smoothing) and what it is divided by do not matter.
    """
    found = {_LOSSES[_plain(loss)] for loss in _losses(node)}
    return found.pop() if len(found) == 1 else ""


def loss_classes(node: Any) -> int:
    """How many classes a cross-entropy at the head of a graph chooses among; 0 for other losses."""
    found: set[int] = set()
    for loss in _losses(node):
        before = loss.next_functions[0][0] if loss.next_functions else None
        shapes = [m.shape for m in getattr(before, "_input_metadata", ())]  # of what the node computed
        if _LOSSES[_plain(loss)] == "softmax_cross_entropy" and shapes and len(shapes[0]) > 1:
            found.add(int(shapes[0][1]))
    return found.pop() if len(found) == 1 else 0


def _losses(node: Any) -> list[Any]:
    """The nodes of the losses at the head of a graph."""
    found: list[Any] = []
    queue, looked = deque([node] if node is not None else []), 0
    while queue and looked < _DEEP:
        node = queue.popleft()
        looked += 1
        if _plain(node) in _LOSSES:
            found.append(node)
        else:
            queue.extend(after for after, _ in node.next_functions if after is not None)
    return found


def silent_activation(node: Any, conv: bool, covered: Sequence[Any]) -> str:
    """The activation that made this tensor, if it was a plain function: no module's output lies between.

    conv: the tensor goes into a convolution, where pooling keeps the units apart.
    """
    while node is not None and not any(node is seen for seen in covered):
        name = _plain(node)
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


def _plain(node: Any) -> str:
    """`ReluBackward0` as `Relu`."""
    return str(node.name()).split("::")[-1].partition("Backward")[0]
