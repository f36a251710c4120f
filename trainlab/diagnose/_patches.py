"""Suggested patches that several monitors share: dotted overrides that fit the config of the inspected run.

A model that is a list of layers is patched layer by layer, `mlp` and `cnn` by their own settings. A setting that the
config lacks (a foreign log has no config), or that has the suggested value already, gives no patch.
"""

from collections.abc import Mapping
from typing import Any, cast

from trainlab.core.component import find
from trainlab.diagnose.view import View
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Layer

Patch = dict[str, Any]

_STEPS = 600  # fewer are rarely enough, even for small data


def block(view: View, *keys: str) -> dict[str, Any]:
    """The block of the config under these keys, empty if there is none."""
    here: Any = view.settings
    for key in keys:
        here = cast("Mapping[str, Any]", here).get(key) if isinstance(here, Mapping) else None
    return dict(cast("Mapping[str, Any]", here)) if isinstance(here, Mapping) else {}


def drop_columns(view: View, names: list[str]) -> list[Patch]:
    """These columns of a table left out, where the source can leave columns out."""
    dropped: Any = block(view, "data").get("drop")
    return [{"data.drop": [*dropped, *names]}] if isinstance(dropped, list) else []


def balanced_classes(view: View) -> list[Patch]:
    """Weights that make all classes count equally, where the loss takes weights and has none."""
    loss = view.settings.get("loss")
    if loss == "auto":
        name = "ordinal" if view.task.ordered else "softmax_cross_entropy"
        return [{"loss": {"name": name, "class_weights": "balanced"}}]
    chosen = block(view, "loss")
    return [{"loss.class_weights": "balanced"}] if chosen.get("class_weights", "") is None else []


def model(view: View) -> dict[str, Any]:
    """The block `model`."""
    return block(view, "model")


def layers(view: View) -> list[dict[str, Any]]:
    """The layers of a model that is a list of layers, else none."""
    return cast("list[dict[str, Any]]", model(view).get("layers") or [])


def activation(view: View, name: str) -> list[Patch]:
    """This activation in every hidden layer that has another one, with a suitable init."""
    if "activation" in model(view):
        now = name_of(model(view)["activation"])
        changed: Patch = {"model.activation": name} if now != name else {}
    else:
        changed = {f"model.layers.{i}.name": name for i in _hidden(view) if layers(view)[i]["name"] != name}
    if changed and not _suits(view, name):
        changed["model.init"] = "auto"
    return [changed] if changed else []


def init(view: View, *, output: bool = False) -> list[Patch]:
    """The init that suits the activations, wherever another one is set; output: in the last layer, too."""
    if "init" not in model(view):
        return []
    changed: Patch = {} if _suits(view, name_of(model(view).get("activation"))) else {"model.init": "auto"}
    changed |= {f"model.layers.{i}.init": None for i, layer in enumerate(layers(view)) if layer.get("init") is not None}
    if output and model(view).get("output_init") is not None:
        changed["model.output_init"] = None
    return [changed] if changed else []


def norm(view: View) -> list[Patch]:
    """A batch norm before every hidden activation, where there is no norm yet."""
    if model(view).get("norm") == "none":
        return [{"model.norm": "batch"}]
    here = layers(view)
    if not here or any(_normalizes(layer) for layer in here):
        return []
    hidden = set(_hidden(view))
    made: list[dict[str, Any]] = []
    for i, layer in enumerate(here):
        made += [{"name": "batch_norm"}, layer] if i in hidden else [layer]
    return [{"model.layers": made}] if hidden else []


def bare_output(view: View) -> list[Patch]:
    """No activation after the last layer with weights."""
    if model(view).get("output_activation") is not None:
        return [{"model.output_activation": None}]
    here = layers(view)
    if len(here) > 1 and _is_activation(here[-1]):
        return [{"model.layers": here[:-1]}]
    return []


def dropout(view: View, drop: float) -> list[Patch]:
    """This share of dropout, if the model has the setting with another share."""
    if "dropout" in model(view) and model(view)["dropout"] != drop:
        return [{"model.dropout": drop}]
    return []


def largest_dropout(view: View) -> float:
    """The largest share of units that some layer drops."""
    chosen = model(view).get("dropout")
    shares = [layer.get("drop") for layer in layers(view)]
    shares.append(cast("dict[str, Any]", chosen).get("drop") if isinstance(chosen, dict) else chosen)
    return max((float(share) for share in shares if isinstance(share, float | int)), default=0.0)


def heavy_dropout(view: View) -> bool:
    """Whether more than half of the units are dropped somewhere."""
    return largest_dropout(view) > 0.5


def lighter_penalty(view: View) -> list[Patch]:
    """No penalty on the weights, if it is a good part of what is minimized."""
    penalty, loss = view.curves["reg_loss"], view.curves["train_loss"]
    if not len(penalty) or not float(penalty[-1]) > 0.1 * float(loss[-1]):
        return []
    lower = {f"regularization.{k}": 0.0 for k in ("l2", "l1") if block(view, "regularization").get(k)}
    return [lower] if lower else []


def less_dropout(view: View) -> list[Patch]:
    """No dropout, if there is some."""
    if model(view).get("dropout"):
        return [{"model.dropout": 0.0}]
    changed = {f"model.layers.{i}.drop": 0.0 for i, layer in enumerate(layers(view)) if layer.get("drop")}
    return [changed] if changed else []


def wider(view: View) -> list[Patch]:
    """Four times the units in every hidden layer, and at least 64."""
    if "hidden" in model(view):
        hidden = cast("list[int]", model(view)["hidden"] or [])
        return [{"model.hidden": [_wider(units) for units in hidden] or [64]}]
    here = layers(view)
    dense = [i for i, layer in enumerate(here) if layer["name"] == "dense" and isinstance(layer.get("units"), int)]
    return [{f"model.layers.{i}.units": _wider(here[i]["units"]) for i in dense}] if dense else []


def shallower(view: View) -> list[Patch]:
    """At most two hidden layers, wide enough to replace the others, if there are many."""
    hidden = cast("list[int]", model(view).get("hidden") or [])
    return [{"model.hidden": [max(32, units) for units in hidden[:2]]}] if len(hidden) > 4 else []


def shorter_memory(view: View) -> list[Patch]:
    """Momentum 0.9, if it is higher."""
    optimizer = block(view, "optimizer")
    return [{f"optimizer.{key}": 0.9} for key in ("momentum", "b1") if float(optimizer.get(key) or 0.0) > 0.9]


def preprocess(view: View, name: str, *, first: bool = False, instead: str = "") -> list[Patch]:
    """Adds a preprocessor after or before the others or instead of one; no patch if the config has it already."""
    data = block(view, "data")
    if "preprocess" not in data:
        return []
    now = cast("list[dict[str, Any]]", data["preprocess"] or [])
    if any(step["name"] == name for step in now):
        return []
    step = {"name": name}
    now = [other for other in now if other["name"] != instead]
    return [{"data.preprocess": [step, *now] if first else [*now, step]}]


def more_validation(view: View) -> list[Patch]:
    """30 % of the rows for validation, if it has fewer and enough are left to train on."""
    split = block(view, "data", "split")
    room = float(split.get("val") or 0.0) < 0.3 and float(split.get("test") or 0.0) < 0.4
    return [{"data.split.val": 0.3}] if split and room else []


def epochs(view: View, times: int) -> list[Patch]:
    """This many times the epochs; more if that is only a few hundred steps. If patience ended the run, the patience."""
    if view.out_of_patience:
        return [{"train.early_stopping.patience": times * int(block(view, "train", "early_stopping")["patience"])}]
    few = min(20 * view.epochs, -(-_STEPS // max(1, view.steps_per_epoch)))
    return [{"train.epochs": max(times * view.epochs, few)}] if block(view, "train") else []


def name_of(component: Any) -> str:
    """The name of a component in the resolved config, or the word itself."""
    return str(cast("dict[str, Any]", component).get("name")) if isinstance(component, dict) else str(component)


def _hidden(view: View) -> list[int]:
    """Indices of the activations of a list of layers that have weights after them."""
    here = layers(view)
    weighted = [i for i, layer in enumerate(here) if layer["name"] in ("dense", "conv", "maxout", "residual")]
    return [i for i, layer in enumerate(here) if _is_activation(layer) and weighted and i < weighted[-1]]


def _suits(view: View, name: str) -> bool:
    """Whether the chosen init suits this activation."""
    now = name_of(model(view).get("init"))
    found = find(Activation, name)
    return (found is not None and now == found.gain) or now in ("auto", "orthogonal", "lsuv")


def _is_activation(layer: Mapping[str, Any]) -> bool:
    return find(Activation, layer["name"]) is not None


def _normalizes(layer: Mapping[str, Any]) -> bool:
    found = find(Layer, layer["name"])
    return found is not None and found.normalizes


def _wider(units: int) -> int:
    return max(64, 4 * units)
