"""What other tools call our settings, and where a key that stands in the wrong block belongs."""

from collections.abc import Iterator, Sequence
from typing import Final

from trainlab.core.component import Component, Settings
from trainlab.core.node import Node
from trainlab.core.place import Place, fields

_OURS: Final[dict[str, tuple[str, ...]]] = {
    "act": ("activation",),
    "nonlinearity": ("activation",),
    "augmentation": ("augment",),
    "augmentations": ("augment",),
    "ema": ("average",),
    "beta_1": ("b1",),
    "beta1": ("b1",),
    "beta_2": ("b2",),
    "beta2": ("b2",),
    "bs": ("batch_size",),
    "batch": ("batch_size",),
    "batchsize": ("batch_size",),
    "use_bias": ("bias",),
    "clip": ("clip_norm",),
    "grad_clip": ("clip_norm",),
    "gradient_clip_val": ("clip_norm",),
    "max_grad_norm": ("clip_norm",),
    "dataset": ("data",),
    "weight_decay": ("decay", "l2"),
    "wd": ("decay", "l2"),
    "p": ("drop",),
    "rate": ("drop",),
    "prob": ("drop",),
    "precision": ("dtype",),
    "early_stop": ("early_stopping",),
    "epsilon": ("eps",),
    "max_epochs": ("epochs",),
    "n_epochs": ("epochs",),
    "nb_epochs": ("epochs",),
    "num_epochs": ("epochs",),
    "gamma": ("factor",),
    "channels": ("filters",),
    "num_filters": ("filters",),
    "out_channels": ("filters",),
    "hidden_dims": ("hidden",),
    "hidden_layer_sizes": ("hidden",),
    "hidden_layers": ("hidden",),
    "hidden_sizes": ("hidden",),
    "initializer": ("init",),
    "weight_init": ("init",),
    "criterion": ("loss",),
    "objective": ("loss",),
    "alpha": ("lr", "slope"),
    "eta": ("lr",),
    "learning_rate": ("lr",),
    "learning_rate_init": ("lr",),
    "step_size": ("lr", "every"),
    "monitor": ("metric",),
    "net": ("model",),
    "network": ("model",),
    "class": ("name",),
    "type": ("name",),
    "optim": ("optimizer",),
    "solver": ("optimizer",),
    "padding": ("pad",),
    "file": ("path",),
    "filename": ("path",),
    "preprocessing": ("preprocess",),
    "transforms": ("preprocess",),
    "reg": ("regularization",),
    "regularizer": ("regularization",),
    "lr_schedule": ("schedule",),
    "lr_scheduler": ("schedule",),
    "scheduler": ("schedule",),
    "random_seed": ("seed",),
    "random_state": ("seed",),
    "kernel": ("size",),
    "kernel_size": ("size",),
    "pool_size": ("size",),
    "negative_slope": ("slope",),
    "strides": ("stride",),
    "label": ("target",),
    "labels": ("target",),
    "test_size": ("test",),
    "trainer": ("train",),
    "training": ("train",),
    "hidden_size": ("units",),
    "neurons": ("units",),
    "out_features": ("units",),
    "validation_split": ("val",),
    "warmup_epochs": ("warmup",),
}
_DEEPEST = 3  # blocks inside blocks that are searched


def same_meaning(key: str, allowed: Sequence[str]) -> str | None:
    """The allowed name that another tool would have called `key`, or None.

    >>> same_meaning("learning_rate", ["lr", "eps"])
    'lr'
    """
    return next((ours for ours in _OURS.get(key.lower(), ()) if ours in allowed), None)


def homes(key: str, root: Node, model: Place) -> str:
    """Where a key that is not allowed here belongs, in words; nothing if nowhere."""
    for name in (key, *_OURS.get(key.lower(), ())):
        for path in sorted(_homes(name, root, model, ()), key=len):
            where = ".".join(path)
            if not where:
                return f"`{name}` belongs at the top of the file"
            return f"`{name}` belongs under `{where}`" if name == key else f"did you mean `{where}.{name}`?"
    return ""


def _homes(key: str, node: Node | None, place: Place, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    settings = _class(node, place)
    if settings is None or len(path) > _DEEPEST:
        return
    if key in fields(settings):
        yield path
    for name, inner in fields(settings).items():
        yield from _homes(key, node.child(name) if node else None, inner, (*path, name))


def _class(node: Node | None, place: Place) -> type[Settings] | None:
    """The class of settings at a place: of what is there, else of its default, else of its kind."""
    if node is not None and (found := place.settings(node)):
        return found
    default = place.default()
    if node is None and isinstance(default, Settings):
        return type(default)
    choices = place.choices()
    kinds: list[type[Component]] = [choice.kind for choice in choices if choice.kind]
    return next((choice.settings for choice in choices if choice.settings), None) or (kinds[0] if kinds else None)
