"""Twenty networks as people build them, as arguments of `trained` in test_torch_agreement.py."""

from trainlab.core.component import make
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.regularizer import Regularization

OUT = {"dense": "output"}


def _block(filters, stride=1):
    inner = [
        {"conv": {"filters": filters, "stride": stride, "bias": False}},
        "batch_norm",
        "relu",
        {"conv": {"filters": filters, "bias": False}},
        "batch_norm",
    ]
    return ({"residual": {"layers": inner}}, "relu")


def _hidden(units, *after):
    return ({"dense": {"units": units, "bias": False}}, "batch_norm", *after, {"dropout": 0.4})


def _of(name, **settings):
    return make(Optimizer, name, **settings)


IMAGE = {"shape": (8, 8, 3)}
NETWORKS = {
    "softmax regression": {"layers": (OUT,)},
    "small mlp": {"layers": ({"dense": 16}, "relu", OUT), "optimizer": _of("adam", lr=0.005)},
    "deep tanh": {"layers": (*({"dense": 12}, "tanh") * 5, OUT)},
    "batch norm and dropout": {"layers": (*_hidden(20, "relu"), *_hidden(20, "relu"), OUT)},
    "self-normalizing": {"layers": (*({"dense": 16}, "selu") * 3, OUT), "optimizer": _of("sgd", lr=0.02)},
    "maxout": {"layers": ({"maxout": {"units": 8, "pieces": 3}}, {"dropout": 0.2}, {"maxout": 8}, OUT)},
    "drop connect": {"layers": ({"drop_connect": {"units": 16, "drop": 0.3}}, "relu", OUT), "average": 0.95},
    "residual mlp": {
        "layers": ({"dense": 12}, *({"residual": {"layers": [{"dense": 12}, "gelu", {"dropout": 0.2}]}},) * 3, OUT)
    },
    "layer norm": {"layers": ({"dense": 16}, "layer_norm", "silu", {"dense": 16}, "layer_norm", "silu", OUT)},
    "regression": {
        "layers": ({"dense": 16}, "mish", {"dense": 8}, "softplus", OUT),
        "loss": "mse",
        "numbers": True,
        "regularizers": Regularization(l2=0.01).parts(),
    },
    "quantiles": {"layers": ({"dense": 16}, "elu", OUT), "loss": "pinball", "optimizer": _of("nadam", lr=0.005)},
    "counts": {"layers": ({"dense": 16}, "leaky_relu", OUT), "loss": "poisson", "clip_norm": 1.0},
    "table": {
        "layers": (
            *({"embedding": {"groups": [[0, 1, 2]], "units": 3}}, "scale", {"dense": {"units": 16, "ntk": True}}),
            *({"parametric": {"activation": "selu"}}, {"dropout": 0.15}, {"dense": {"units": "output", "ntk": True}}),
        ),
        "optimizer": _of("adam", lr=0.02, lr_factors={"slope": 0.1, "bias": 0.1}),
    },
    "periodic table": {"layers": ({"periodic": {"frequencies": 4}}, "scale", {"dense": 16}, "mish", OUT)},
    "lenet": {
        "shape": (12, 12, 1),
        "layers": (
            *({"conv": {"filters": 4, "size": 5, "pad": "valid"}}, "relu", "max_pool"),
            *({"conv": {"filters": 6, "size": 3, "pad": "valid"}}, "relu", "max_pool"),
            *("flatten", {"dense": 16}, "relu", OUT),
        ),
    },
    "cnn with batch norm": {
        **IMAGE,
        "layers": (
            *({"conv": {"filters": 6, "bias": False}}, "batch_norm", "relu", "max_pool"),
            *({"conv": {"filters": 8, "bias": False}}, "batch_norm", "relu", "max_pool"),
            *("flatten", {"dropout": 0.3}, OUT),
        ),
        "optimizer": _of("adamw", lr=0.003),
    },
    "resnet": {
        **IMAGE,
        "layers": (
            *({"conv": {"filters": 4, "bias": False}}, "batch_norm", "relu", *_block(4), *_block(8, 2)),
            *("global_avg_pool", OUT),
        ),
        "optimizer": _of("nesterov", lr=0.01),
    },
    "group norm": {
        **IMAGE,
        "layers": (
            *({"conv": 8}, {"group_norm": 4}, "silu", "avg_pool", {"conv": 8}, "instance_norm", "tanh"),
            *("global_avg_pool", OUT),
        ),
    },
    "strided cnn": {
        **IMAGE,
        "layers": (*({"conv": {"filters": 6, "stride": 2}}, "prelu") * 2, "flatten", OUT),
        "loss": {"name": "softmax_cross_entropy", "label_smoothing": 0.1},
    },
    "labels": {
        "layers": ({"dense": 16}, "hard_sigmoid", {"dense": 16}, "softsign", OUT),
        "loss": "binary_cross_entropy",
        "labels": True,
    },
}
