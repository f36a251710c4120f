"""Names of settings and components in other tools, and the right block for a misplaced key."""

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
    "beta1": ("b1",),
    "beta_1": ("b1",),
    "beta2": ("b2",),
    "beta_2": ("b2",),
    "batchnorm1d": ("batch_norm",),
    "batchnorm2d": ("batch_norm",),
    "bn": ("batch_norm",),
    "batch": ("batch_size",),
    "batchsize": ("batch_size",),
    "bs": ("batch_size",),
    "use_bias": ("bias",),
    "acc": ("accuracy",),
    "bayes": ("gp",),
    "bayesian": ("gp",),
    "hyperband": ("asha",),
    "categorical": ("choice",),
    "values": ("choice",),
    "log_uniform": ("log",),
    "loguniform": ("log",),
    "randint": ("int",),
    "auc": ("roc_auc",),
    "roc_auc_score": ("roc_auc",),
    "f1_score": ("f1",),
    "mcc": ("matthews",),
    "matthews_corrcoef": ("matthews",),
    "bce": ("binary_cross_entropy",),
    "binary_crossentropy": ("binary_cross_entropy",),
    "cancer": ("breast_cancer",),
    "clip": ("clip_norm",),
    "grad_clip": ("clip_norm",),
    "gradient_clip_val": ("clip_norm",),
    "max_grad_norm": ("clip_norm",),
    "jitter": ("color_jitter",),
    "conv2d": ("conv",),
    "convolution": ("conv",),
    "maxpool": ("max_pool",),
    "maxpool2d": ("max_pool",),
    "maxpooling2d": ("max_pool",),
    "gap": ("global_avg_pool",),
    "layernorm": ("layer_norm",),
    "groupnorm": ("group_norm",),
    "batchnorm": ("batch_norm",),
    "cosine_annealing": ("cosine",),
    "cosineannealinglr": ("cosine",),
    "warm_restarts": ("cosine_restarts",),
    "random_crop": ("crop",),
    "random_erasing": ("cutout",),
    "dataset": ("data",),
    "gpu": ("device", "cuda", "torch"),
    "cuda": ("device", "torch"),
    "pytorch": ("torch",),
    "wd": ("decay", "l2"),
    "weight_decay": ("decay", "l2"),
    "affine": ("dense",),
    "fc": ("dense",),
    "fully_connected": ("dense",),
    "linear": ("dense",),
    "p": ("drop",),
    "prob": ("drop",),
    "rate": ("drop",),
    "precision": ("dtype",),
    "early_stop": ("early_stopping",),
    "max_epochs": ("epochs",),
    "n_epochs": ("epochs",),
    "nb_epochs": ("epochs",),
    "num_epochs": ("epochs",),
    "epsilon": ("eps",),
    "gamma": ("factor",),
    "channels": ("filters",),
    "num_filters": ("filters",),
    "out_channels": ("filters",),
    "horizontal_flip": ("flip",),
    "he_normal": ("he",),
    "he_uniform": ("he",),
    "kaiming": ("he",),
    "kaiming_normal": ("he",),
    "kaiming_uniform": ("he",),
    "hidden_dims": ("hidden",),
    "hidden_layer_sizes": ("hidden",),
    "hidden_layers": ("hidden",),
    "hidden_sizes": ("hidden",),
    "svm": ("hinge",),
    "hardsigmoid": ("hard_sigmoid",),
    "exp": ("exponential",),
    "smooth_l1": ("huber",),
    "folder": ("image_folder",),
    "image_dir": ("image_folder",),
    "initializer": ("init",),
    "weight_init": ("init",),
    "lrelu": ("leaky_relu",),
    "kld": ("kl_divergence",),
    "kullback_leibler_divergence": ("kl_divergence",),
    "kl_div": ("kl_divergence",),
    "lecun_normal": ("lecun",),
    "poly": ("linear",),
    "criterion": ("loss",),
    "objective": ("loss",),
    "step_size": ("lr", "every"),
    "alpha": ("lr", "slope"),
    "eta": ("lr",),
    "learning_rate": ("lr",),
    "learning_rate_init": ("lr",),
    "l1_loss": ("mae",),
    "mean_absolute_error": ("mae",),
    "monitor": ("metric",),
    "multistep": ("milestones",),
    "multisteplr": ("milestones",),
    "min_max_scaler": ("minmax",),
    "minmaxscaler": ("minmax",),
    "net": ("model",),
    "network": ("model",),
    "mean_squared_logarithmic_error": ("msle",),
    "l2_loss": ("mse",),
    "mean_squared_error": ("mse",),
    "squared_error": ("mse",),
    "_target_": ("name",),
    "class": ("name",),
    "kind": ("name",),
    "type": ("name",),
    "nag": ("nesterov",),
    "gaussian": ("normal",),
    "onecycle": ("one_cycle",),
    "optim": ("optimizer",),
    "solver": ("optimizer",),
    "padding": ("pad",),
    "file": ("path",),
    "filename": ("path",),
    "piecewise": ("piecewise_linear",),
    "ple": ("piecewise_linear",),
    "pbld": ("periodic",),
    "plr": ("periodic",),
    "poisson_nll": ("poisson",),
    "reduce_on_plateau": ("plateau",),
    "reducelronplateau": ("plateau",),
    "preprocessing": ("preprocess",),
    "transforms": ("preprocess",),
    "reg": ("regularization",),
    "regularizer": ("regularization",),
    "robust_scaler": ("robust",),
    "lr_schedule": ("schedule",),
    "lr_scheduler": ("schedule",),
    "scheduler": ("schedule",),
    "random_seed": ("seed",),
    "random_state": ("seed",),
    "logistic": ("sigmoid",),
    "swish": ("silu",),
    "kernel": ("size",),
    "kernel_size": ("size",),
    "pool_size": ("size",),
    "negative_slope": ("slope",),
    "categorical_crossentropy": ("softmax_cross_entropy",),
    "ce": ("softmax_cross_entropy",),
    "cross_entropy": ("softmax_cross_entropy",),
    "crossentropy": ("softmax_cross_entropy",),
    "crossentropyloss": ("softmax_cross_entropy",),
    "sparse_categorical_crossentropy": ("softmax_cross_entropy",),
    "nll": ("softmax_cross_entropy",),
    "xent": ("softmax_cross_entropy",),
    "standard": ("standardize",),
    "standard_scaler": ("standardize",),
    "standardscaler": ("standardize",),
    "z_score": ("standardize",),
    "zscore": ("standardize",),
    "steplr": ("step",),
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
    "glorot": ("xavier",),
    "glorot_normal": ("xavier",),
    "glorot_uniform": ("xavier",),
    "xavier_normal": ("xavier",),
    "xavier_uniform": ("xavier",),
}
_DEEPEST = 3  # levels of nested blocks that are searched


def same_meaning(key: str, allowed: Sequence[str]) -> str | None:
    """The allowed name for `key`, another tool's name; None if there is none.

    >>> same_meaning("learning_rate", ["lr", "eps"])
    'lr'
    """
    return next((ours for ours in _OURS.get(key.lower(), ()) if ours in allowed), None)


def homes(key: str, root: Node, model: Place) -> str:
    """The right place of a key that is not allowed here, in words; empty if there is none."""
    for name in (key, *_OURS.get(key.lower(), ())):
        for path in sorted(_homes(name, root, model, ()), key=len):
            where = ".".join(path)
            if not where:
                return f"`{name}` belongs at the top of the file"
            return f"`{name}` belongs under `{where}`" if name == key else f"did you mean `{where}.{name}`?"
    return ""


def path_of(key: str, root: Node, model: Place) -> str:
    """The dotted path of the setting that is called `key`, here or in another tool; empty if there is none."""
    for name in (key, *_OURS.get(key.lower(), ())):
        for path in sorted(_homes(name, root, model, ()), key=len):
            return ".".join((*path, name))
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
    """The class of settings at a place: of its value, otherwise of its default, otherwise of its kind."""
    if node is not None and (found := place.settings(node)):
        return found
    default = place.default()
    if node is None and isinstance(default, Settings):
        return type(default)
    choices = place.choices()
    kinds: list[type[Component]] = [choice.kind for choice in choices if choice.kind]
    return next((choice.settings for choice in choices if choice.settings), None) or (kinds[0] if kinds else None)
