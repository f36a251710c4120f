"""Makes nn.json: torch's outputs and gradients for every layer, activation and loss, on small inputs, and the losses of
whole networks over 50 steps.

    python tests/golden/make_nn.py            # writes nn.json beside this file
    python tests/golden/make_nn.py --check    # makes them anew and compares to 1e-6; exit 1 where they differ

Needs torch 2.13 and NumPy; knows nothing of trainlab. Images are (batch, height, width, channels) and filters
(height, width, channels, filters) here too: each formula turns them round for torch and back, and torch's own
backward does the rest. Params of a composite layer are named branch.layer.param.
"""

import json
import sys
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its name everywhere

FILE = Path(__file__).with_name("nn.json")
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def chw(x):
    return x.permute(0, 3, 1, 2)


def hwc(x):
    return x.permute(0, 2, 3, 1)


def linear(x, p, prefix=""):
    return F.linear(x, p[f"{prefix}W"].T, p.get(f"{prefix}b"))


def ntp_linear(x, p):
    """NTPLinear of dholzmueller/realmlp-td-s_standalone@a8c73f7, mlp.py."""
    return (1.0 / np.sqrt(x.shape[1])) * (x @ p["W"]) + p["b"]


def pbld(x, p):
    """PLREmbeddingsLayerCosBias of pytabkit (dholzmueller/pytabkit), with x before the waves of its own column."""
    z = 2 * torch.pi * x.T.unsqueeze(-1).matmul(p["frequency"].unsqueeze(1)) + p["phase"].unsqueeze(1)
    z = torch.cos(z).matmul(p["W"]) + p["b"].unsqueeze(1)
    return torch.cat([x.T.unsqueeze(-1), z], dim=-1).transpose(0, 1).flatten(1)


def conv(stride=1, pad=(0, 0, 0, 0), prefix=""):
    """pad: left, right, top, bottom."""

    def f(x, p):
        y = F.conv2d(F.pad(chw(x), pad), p[f"{prefix}W"].permute(3, 2, 0, 1), p.get(f"{prefix}b"), stride=stride)
        return hwc(y)

    return f


def conv_same(x, p):
    return hwc(F.conv2d(chw(x), p["W"].permute(3, 2, 0, 1), p["b"], padding="same"))


def max_pool(size, stride, pad=0, ceil=(0, 0, 0, 0)):
    return lambda x, p: hwc(F.max_pool2d(F.pad(chw(x), ceil, value=-torch.inf), size, stride, pad))


def avg_pool(size, stride, pad=0):
    return lambda x, p: hwc(F.avg_pool2d(chw(x), size, stride, pad, count_include_pad=False))


def avg_same(size, stride, pad):
    """The mean over existing pixels: a sum with zeros around, over the same sum of ones."""

    def f(x, p):
        total = F.avg_pool2d(F.pad(chw(x), pad), size, stride) * size * size
        count = F.avg_pool2d(F.pad(torch.ones_like(chw(x)), pad), size, stride) * size * size
        return hwc(total / count)

    return f


def batch_norm(train, momentum=0.1, eps=1e-5):
    def f(x, p):
        x, back = (chw(x), hwc) if x.ndim == 4 else (x, lambda y: y)
        return back(F.batch_norm(x, p["mean"], p["var"], p["scale"], p["shift"], train, momentum, eps))

    return f


def layer_norm(x, p):
    return F.layer_norm(x, x.shape[1:], p["scale"], p["shift"])


def group_norm(groups):
    def f(x, p):
        if x.ndim == 2:
            return F.group_norm(x, groups, p["scale"], p["shift"])
        return hwc(F.group_norm(chw(x), groups, p["scale"], p["shift"]))

    return f


def instance_norm(x, p):
    return hwc(F.instance_norm(chw(x), weight=p["scale"], bias=p["shift"]))


def grouped(members, factor=1.0):
    """A convolution of places of one number, with a group for each member."""
    return lambda x, p: F.conv1d(x[..., None], factor * p["W"].T[..., None], p.get("b"), groups=members)[..., 0]


def maxout(pieces):
    return lambda x, p: linear(x, p).reshape(len(x), pieces, -1).max(dim=1).values


def prelu(x, p):
    slope = p["slope"]
    return F.prelu(x, slope) if x.ndim == 2 else hwc(F.prelu(chw(x), slope))


def residual_rows(x, p):
    return linear(torch.tanh(linear(x, p, "0.0.")), p, "0.2.") + x


def residual_rows_projected(x, p):
    return F.relu(linear(x, p, "0.0.")) + linear(x, p, "1.0.")


def residual_images_projected(x, p):
    inner = conv(2, (0, 1, 1, 1), "0.0.")(x, p)  # 3x3, stride 2, same: 5x4 -> 3x2
    return inner + conv(2, prefix="1.0.")(x, p)


BN = {"scale": (3,), "shift": (3,), "mean": (3,), "var": (3,)}
BN_ROWS = dict.fromkeys(BN, (4,))
# (component, its settings, shape of x with the batch, shapes of its params, the formula)
LAYERS = [
    ("dense", {"units": 3}, (4, 5), {"W": (5, 3), "b": (3,)}, linear),
    ("dense", {"units": 3, "ntk": True}, (4, 5), {"W": (5, 3), "b": (3,)}, ntp_linear),
    ("member_input", {"members": 2, "units": 3}, (4, 5), {"W": (5, 6), "b": (6,)}, linear),
    ("member_dense", {"members": 2, "units": 3}, (4, 10), {"W": (5, 6), "b": (6,)}, grouped(2)),
    ("member_dense", {"members": 3, "units": 1, "bias": False}, (3, 6), {"W": (2, 3)}, grouped(3)),
    (
        "member_dense",
        {"members": 2, "units": 2, "ntk": True},
        (5, 8),
        {"W": (4, 4), "b": (4,)},
        grouped(2, 0.5),
    ),
    (
        "periodic",
        {"outputs": 3, "frequencies": 4},
        (3, 2),
        {"frequency": (2, 4), "phase": (2, 4), "W": (2, 4, 2), "b": (2, 2)},
        pbld,
    ),
    (
        "embedding",
        {"groups": [[0, 2], [3, 1]], "units": 3},
        (4, 5),
        {"vectors": (4, 3)},
        lambda x, p: torch.cat([x[:, [0, 2]] @ p["vectors"][:2], x[:, [3, 1]] @ p["vectors"][2:], x[:, 4:]], dim=1),
    ),
    ("scale", {}, (4, 5), {"scale": (5,)}, lambda x, p: x * p["scale"][None, :]),
    ("dense", {"units": 2, "bias": False}, (3, 4), {"W": (4, 2)}, linear),
    ("conv", {"filters": 4}, (2, 5, 4, 3), {"W": (3, 3, 3, 4), "b": (4,)}, conv_same),
    ("conv", {"filters": 2, "size": 4}, (2, 5, 6, 2), {"W": (4, 4, 2, 2), "b": (2,)}, conv_same),
    ("conv", {"filters": 2, "size": [2, 5]}, (2, 4, 5, 2), {"W": (2, 5, 2, 2), "b": (2,)}, conv_same),
    (
        "conv",
        {"filters": 3, "size": 3, "stride": 2, "pad": 1},
        (2, 7, 5, 2),
        {"W": (3, 3, 2, 3), "b": (3,)},
        conv(2, (1, 1, 1, 1)),
    ),
    (
        "conv",
        {"filters": 2, "size": 3, "pad": 1},
        (1, 3, 4, 2),
        {"W": (3, 3, 2, 2), "b": (2,)},
        conv(1, (1, 1, 1, 1)),
    ),
    (
        "conv",
        {"filters": 2, "size": 3, "stride": 2, "pad": "same"},
        (2, 6, 5, 2),
        {"W": (3, 3, 2, 2), "b": (2,)},
        conv(2, (1, 1, 0, 1)),
    ),
    (
        "conv",
        {"filters": 3, "size": [2, 3], "pad": "valid", "bias": False},
        (2, 4, 5, 2),
        {"W": (2, 3, 2, 3)},
        conv(),
    ),
    ("conv", {"filters": 3, "size": 2, "stride": 3, "pad": 0}, (2, 5, 8, 2), {"W": (2, 2, 2, 3), "b": (3,)}, conv(3)),
    ("conv", {"filters": 3, "size": 1}, (2, 3, 4, 2), {"W": (1, 1, 2, 3), "b": (3,)}, conv()),
    ("max_pool", {}, (2, 4, 6, 2), {}, max_pool(2, 2)),
    ("max_pool", {"size": [2, 3]}, (2, 4, 6, 2), {}, max_pool((2, 3), (2, 3))),
    ("max_pool", {"size": 3, "stride": 2}, (2, 5, 7, 2), {}, max_pool(3, 2)),
    ("max_pool", {"size": 3, "stride": 2, "pad": 1}, (2, 5, 7, 2), {}, max_pool(3, 2, 1)),
    ("max_pool", {"size": 4, "stride": 2, "pad": 2}, (2, 4, 6, 2), {}, max_pool(4, 2, 2)),
    ("max_pool", {"size": 2, "pad": "same"}, (2, 5, 3, 2), {}, max_pool(2, 2, 0, (0, 1, 0, 1))),
    ("max_pool", {"size": 2, "stride": 3}, (2, 5, 8, 2), {}, max_pool(2, 3)),
    ("avg_pool", {}, (2, 4, 6, 2), {}, avg_pool(2, 2)),
    ("avg_pool", {"size": 3, "stride": 2}, (2, 5, 7, 2), {}, avg_pool(3, 2)),
    ("avg_pool", {"size": 3, "stride": 2, "pad": 1}, (2, 5, 7, 2), {}, avg_pool(3, 2, 1)),
    ("avg_pool", {"size": 4, "stride": 2, "pad": 2}, (2, 4, 6, 2), {}, avg_pool(4, 2, 2)),
    ("avg_pool", {"size": 2, "pad": "same"}, (2, 5, 3, 2), {}, avg_same(2, 2, (0, 1, 0, 1))),
    ("global_avg_pool", {}, (2, 3, 5, 4), {}, lambda x, p: x.mean(dim=(1, 2))),
    ("flatten", {}, (2, 3, 2, 2), {}, lambda x, p: x.flatten(1)),
    ("batch_norm", {}, (6, 4), BN_ROWS, batch_norm(True)),
    ("batch_norm", {"momentum": 0.3, "eps": 0.1}, (2, 3, 2, 3), BN, batch_norm(True, 0.3, 0.1)),
    ("layer_norm", {}, (3, 5), {"scale": (5,), "shift": (5,)}, layer_norm),
    ("layer_norm", {}, (2, 3, 2, 2), {"scale": (3, 2, 2), "shift": (3, 2, 2)}, layer_norm),
    ("group_norm", {"groups": 2}, (2, 3, 2, 4), {"scale": (4,), "shift": (4,)}, group_norm(2)),
    ("group_norm", {"groups": 3}, (3, 6), {"scale": (6,), "shift": (6,)}, group_norm(3)),
    ("instance_norm", {}, (2, 3, 2, 3), {"scale": (3,), "shift": (3,)}, instance_norm),
    ("maxout", {"units": 3}, (4, 5), {"W": (5, 6), "b": (6,)}, maxout(2)),
    ("maxout", {"units": 2, "pieces": 3, "bias": False}, (3, 4), {"W": (4, 6)}, maxout(3)),
    (
        "residual",
        {"layers": [{"dense": 5}, "tanh", {"dense": 4}]},
        (3, 4),
        {"0.0.W": (4, 5), "0.0.b": (5,), "0.2.W": (5, 4), "0.2.b": (4,)},
        residual_rows,
    ),
    (
        "residual",
        {"layers": [{"dense": 3}, "relu"]},
        (3, 5),
        {"0.0.W": (5, 3), "0.0.b": (3,), "1.0.W": (5, 3)},
        residual_rows_projected,
    ),
    (
        "residual",
        {"layers": [{"conv": {"filters": 3, "stride": 2}}]},
        (2, 5, 4, 2),
        {"0.0.W": (3, 3, 2, 3), "0.0.b": (3,), "1.0.W": (1, 1, 2, 3)},
        residual_images_projected,
    ),
    ("sigmoid", {}, (3, 4), {}, lambda x, p: torch.sigmoid(x)),
    ("tanh", {}, (3, 4), {}, lambda x, p: torch.tanh(x)),
    ("relu", {}, (3, 4), {}, lambda x, p: F.relu(x)),
    ("leaky_relu", {}, (3, 4), {}, lambda x, p: F.leaky_relu(x)),
    ("leaky_relu", {"slope": 0.3}, (3, 4), {}, lambda x, p: F.leaky_relu(x, 0.3)),
    ("prelu", {}, (3, 4), {"slope": (4,)}, prelu),
    ("prelu", {}, (2, 2, 3, 4), {"slope": (4,)}, prelu),
    ("prelu", {"shared": True}, (3, 4), {"slope": (1,)}, prelu),
    ("elu", {}, (3, 4), {}, lambda x, p: F.elu(x)),
    ("elu", {"alpha": 0.4}, (3, 4), {}, lambda x, p: F.elu(x, 0.4)),
    ("selu", {}, (3, 4), {}, lambda x, p: F.selu(x)),
    ("gelu", {}, (3, 4), {}, lambda x, p: F.gelu(x)),
    ("gelu", {"approximate": "tanh"}, (3, 4), {}, lambda x, p: F.gelu(x, approximate="tanh")),
    ("silu", {}, (3, 4), {}, lambda x, p: F.silu(x)),
    ("mish", {}, (3, 4), {}, lambda x, p: F.mish(x)),
    ("softsign", {}, (3, 4), {}, lambda x, p: F.softsign(x)),
    ("hard_sigmoid", {}, (3, 4), {}, lambda x, p: F.relu6(x + 3) / 6),
    ("softmax", {}, (3, 4), {}, lambda x, p: F.softmax(x, dim=-1)),
    ("exponential", {}, (3, 4), {}, lambda x, p: torch.exp(x)),
    ("parametric", {}, (3, 4), {"a": (4,)}, lambda x, p: (1 - p["a"]) * x + p["a"] * F.selu(x)),
    ("parametric", {"activation": "mish"}, (2, 2, 3, 4), {"a": (4,)}, lambda x, p: x + p["a"] * (F.mish(x) - x)),
    ("softplus", {}, (3, 4), {}, lambda x, p: F.softplus(x, threshold=100)),
    ("identity", {}, (3, 4), {}, lambda x, p: x),
]
# evaluation: (component, settings, shape of x, shapes of params, formula)
EVALUATED = [
    ("batch_norm", {}, (3, 4), BN_ROWS, batch_norm(False)),
    ("batch_norm", {"eps": 0.1}, (2, 3, 2, 3), BN, batch_norm(False, 0.1, 0.1)),
    ("dropout", {"drop": 0.3}, (3, 4), {}, lambda x, p: F.dropout(x, 0.3, training=False)),
    ("drop_connect", {"units": 3}, (4, 5), {"W": (5, 3), "b": (3,)}, linear),
    ("clip_output", {}, (6, 3), {"low": (3,), "high": (3,)}, lambda x, p: x.clamp(p["low"], p["high"])),
]
ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "identity"]
ACTIVATIONS += ["softsign", "hard_sigmoid"]
HARD = [0.0, 20.0, -20.0, 1e4, -1e4]  # what overflows, cancels or has a kink
WEIGHTS = [0.5, 2.0, 1.0, 3.0]


def cross_entropy(smoothing=0.0, weights=None):
    def f(y, t):
        weight = None if weights is None else torch.tensor(weights)
        return F.cross_entropy(y, t, weight=weight, label_smoothing=smoothing, reduction="sum") / len(y)

    return f


def one_hot_mse(y, t):
    return F.mse_loss(y, F.one_hot(t, y.shape[1]).to(y.dtype))


def pinball(shares):
    """As torch has none: the absolute error, tilted (Koenker & Bassett 1978, equation 2.1), mean over the quantiles."""

    def f(y, t):
        error = t.repeat_interleave(len(shares), dim=1) - y
        tilt = torch.tensor(shares, dtype=y.dtype).repeat(t.shape[1])
        return (0.5 * error.abs() + (tilt - 0.5) * error).mean()

    return f


def corn(y, t):
    """The loss of Shi, Cao & Raschka 2023, a question at a time, on the rows that reach it; divided by all rows."""
    total = 0.0
    for k in range(y.shape[1]):
        reached = t >= k
        total = total + F.binary_cross_entropy_with_logits(y[reached, k], (t[reached] > k).to(y.dtype), reduction="sum")
    return total / len(y)


# (loss, its settings, task, rows, outputs, kind of targets, formula)
LOSSES = [
    ("softmax_cross_entropy", {}, 5, 4, "classes", cross_entropy()),
    ("softmax_cross_entropy", {}, 5, 4, "extreme", cross_entropy()),
    ("softmax_cross_entropy", {}, 5, 4, "soft", cross_entropy()),
    ("softmax_cross_entropy", {"label_smoothing": 0.2}, 5, 4, "classes", cross_entropy(0.2)),
    ("softmax_cross_entropy", {"label_smoothing": 0.2}, 5, 4, "soft", cross_entropy(0.2)),
    ("softmax_cross_entropy", {"class_weights": WEIGHTS}, 5, 4, "classes", cross_entropy(0.0, WEIGHTS)),
    (
        "softmax_cross_entropy",
        {"class_weights": WEIGHTS, "label_smoothing": 0.1},
        5,
        4,
        "extreme",
        cross_entropy(0.1, WEIGHTS),
    ),
    ("hinge", {}, 5, 4, "classes", lambda y, t: F.multi_margin_loss(y, t) * y.shape[1]),
    ("hinge", {"margin": 0.3}, 5, 4, "classes", lambda y, t: F.multi_margin_loss(y, t, margin=0.3) * y.shape[1]),
    ("hinge", {}, 5, 4, "extreme", lambda y, t: F.multi_margin_loss(y, t) * y.shape[1]),
    ("binary_cross_entropy", {}, 6, 1, "binary", F.binary_cross_entropy_with_logits),
    ("binary_cross_entropy", {}, 6, 1, "binary extreme", F.binary_cross_entropy_with_logits),
    ("binary_cross_entropy", {}, 6, 3, "labels", F.binary_cross_entropy_with_logits),
    (
        "binary_cross_entropy",
        {"class_weights": [0.5, 2.0, 3.0]},
        6,
        3,
        "labels",
        lambda y, t: F.binary_cross_entropy_with_logits(y, t, pos_weight=torch.tensor([0.5, 2.0, 3.0])),
    ),
    ("ordinal", {}, 7, 3, "levels", corn),
    ("ordinal", {}, 7, 3, "levels extreme", corn),
    ("pinball", {}, 5, 6, "halves", pinball([0.1, 0.5, 0.9])),
    ("pinball", {"quantiles": [0.2, 0.3]}, 5, 4, "halves", pinball([0.2, 0.3])),
    ("mse", {}, 5, 3, "numbers", F.mse_loss),
    ("poisson", {}, 5, 3, "counts", F.poisson_nll_loss),
    ("msle", {}, 5, 3, "counts", lambda y, t: F.mse_loss(torch.log1p(F.relu(y)), torch.log1p(t))),
    ("kl_divergence", {}, 5, 4, "soft", lambda y, t: F.kl_div(F.log_softmax(y, 1), t, reduction="batchmean")),
    ("binary_hinge", {}, 5, 4, "signs", lambda y, t: F.relu(1 - t * y).mean()),
    ("squared_hinge", {}, 5, 4, "signs", lambda y, t: F.relu(1 - t * y).square().mean()),
    ("mse", {}, 5, 3, "classes", one_hot_mse),
    ("mae", {}, 5, 3, "numbers", F.l1_loss),
    ("huber", {}, 5, 3, "numbers", F.huber_loss),
    ("huber", {"delta": 0.4}, 5, 3, "numbers", lambda y, t: F.huber_loss(y, t, delta=0.4)),
]


def unit(x, p, name, stride=1, pad=(1, 1, 1, 1), activation=F.relu):
    """conv, batch norm, activation."""
    number = name[-1]
    y = conv(stride, pad, f"{name[:-1]}conv{number}.")(x, p)
    norm = f"{name[:-1]}batch_norm{number}."
    return activation(batch_norm(True)(y, {key: p[norm + key] for key in BN}))


def plain(x):
    return x


def mlp(x, p):
    hidden = linear(x, p, "dense1.")
    hidden = F.relu(batch_norm(True)(hidden, {key: p[f"batch_norm1.{key}"] for key in BN}))
    return linear(hidden, p, "dense2.")


def cnn(x, p):
    x = F.relu(conv(1, (1, 1, 1, 1), "conv1.")(x, p))
    x = torch.tanh(conv(1, (1, 1, 1, 1), "conv2.")(max_pool(2, 2)(x, p), p))
    return linear(avg_pool(3, 3)(x, p).flatten(1), p, "dense1.")


def resnet(x, p):
    x = unit(x, p, "1")
    x = F.relu(unit(unit(x, p, "residual1.1"), p, "residual1.2", activation=plain) + x)
    inner = unit(x, p, "residual2.1", 2, (0, 1, 0, 1), plain)
    x = F.relu(inner + conv(2, prefix="residual2.conv2.")(x, p))
    return linear(x.mean(dim=(1, 2)), p, "dense1.")


def norm_shapes(name, units):
    return {f"{name}.{key}": (units,) for key in BN}


# (name, layers as in a config, shape of a row, shapes of all params, formula)
NETWORKS = [
    (
        "mlp",
        [{"dense": {"units": 8, "bias": False}}, "batch_norm", "relu", {"dense": "output"}],
        (6,),
        {"dense1.W": (6, 8), **norm_shapes("batch_norm1", 8), "dense2.W": (8, 3), "dense2.b": (3,)},
        mlp,
    ),
    (
        "cnn",
        [{"conv": 4}, "relu", "max_pool", {"conv": 5}, "tanh", {"avg_pool": 3}, "flatten", {"dense": "output"}],
        (6, 6, 2),
        {
            "conv1.W": (3, 3, 2, 4),
            "conv1.b": (4,),
            "conv2.W": (3, 3, 4, 5),
            "conv2.b": (5,),
            "dense1.W": (5, 3),
            "dense1.b": (3,),
        },
        cnn,
    ),
    (
        "resnet",
        [
            {"conv": {"filters": 4, "bias": False}},
            "batch_norm",
            "relu",
            {
                "residual": [
                    {"conv": {"filters": 4, "bias": False}},
                    "batch_norm",
                    "relu",
                    {"conv": {"filters": 4, "bias": False}},
                    "batch_norm",
                ]
            },
            "relu",
            {"residual": [{"conv": {"filters": 6, "stride": 2, "bias": False}}, "batch_norm"]},
            "relu",
            "global_avg_pool",
            {"dense": "output"},
        ],
        (6, 6, 2),
        {
            "conv1.W": (3, 3, 2, 4),
            **norm_shapes("batch_norm1", 4),
            "residual1.conv1.W": (3, 3, 4, 4),
            **norm_shapes("residual1.batch_norm1", 4),
            "residual1.conv2.W": (3, 3, 4, 4),
            **norm_shapes("residual1.batch_norm2", 4),
            "residual2.conv1.W": (3, 3, 4, 6),
            **norm_shapes("residual2.batch_norm1", 6),
            "residual2.conv2.W": (1, 1, 4, 6),
            "dense1.W": (6, 3),
            "dense1.b": (3,),
        },
        resnet,
    ),
]
STEPS, BATCHES, ROWS, LR = 50, 5, 8, 0.3


def network_case(name, layers, shape, shapes, formula):
    """Losses of plain gradient descent over batches that take turns, and what the params have become."""
    rng = seeded(name)
    x, t = drawn(rng, (BATCHES, ROWS, *shape)), rng.integers(3, size=(BATCHES, ROWS))
    start = {}
    for key, s in shapes.items():
        fan = np.prod(s[:-1]) if len(s) > 1 else 0
        start[key] = np.round(rng.normal(size=s) * np.sqrt(2 / fan), 3) if fan else np.zeros(s)
        if key.endswith(("scale", "var")):
            start[key] += 1
    p = {key: torch.tensor(v, requires_grad=not key.endswith(("mean", "var"))) for key, v in start.items()}
    learned = [v for v in p.values() if v.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=LR)
    losses = []
    for step in range(STEPS):
        loss = F.cross_entropy(formula(torch.tensor(x[step % BATCHES]), p), torch.tensor(t[step % BATCHES]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {
        "name": name,
        "layers": layers,
        "lr": LR,
        "x": x.tolist(),
        "t": t.tolist(),
        "start": {key: v.tolist() for key, v in start.items()},
        "losses": losses,
        "end": {key: v.tolist() for key, v in p.items() if len(v.shape) == 1},
    }


def seeded(*what):
    return np.random.default_rng(crc32(json.dumps(what).encode()))


def drawn(rng, shape):
    return np.round(rng.normal(size=shape), 3)


def layer_case(name, settings, shape, shapes, formula, train=True):
    rng = seeded(name, settings, shape)
    x = drawn(rng, shape)
    if name in ACTIVATIONS:
        x.flat[: len(HARD)] = HARD
    if name == "max_pool":
        x = np.round(x)  # ties
    values = {key: drawn(rng, s) for key, s in shapes.items()}
    if "var" in values:
        values["var"] = np.abs(values["var"]) + 0.1
    if "edges" in values:
        values["edges"].sort()
    if "low" in values:
        values["high"] = values["low"] + np.abs(values["high"])
    leaf = torch.tensor(x, requires_grad=True)
    p = {key: torch.tensor(v, requires_grad=key not in ("mean", "var", "edges")) for key, v in values.items()}
    y = formula(leaf, p)
    dy = drawn(rng, tuple(y.shape))
    case = {"name": name, "settings": settings, "x": x.tolist(), "y": y.tolist(), "dy": dy.tolist()}
    case["params"] = {key: v.tolist() for key, v in values.items()}
    if train:
        (y * torch.tensor(dy)).sum().backward()
        case["dx"] = leaf.grad.tolist()
        case["grads"] = {key: v.grad.tolist() for key, v in p.items() if v.requires_grad}
        case["after"] = {key: v.tolist() for key, v in p.items() if not v.requires_grad}
    return case


def loss_case(name, settings, rows, outputs, kind, formula):
    rng = seeded(name, settings, kind)
    y = drawn(rng, (rows, outputs))
    if "extreme" in kind:
        y.flat[: 2 * outputs : 2] = 1e4
        y.flat[1 : 2 * outputs : 3] = -1e4
    if kind in ("numbers", "halves"):  # halves: two numbers a row, each with several outputs
        t = drawn(rng, (rows, outputs if kind == "numbers" else 2))
    elif kind == "labels":
        t = rng.integers(2, size=(rows, outputs)).astype(float)
    elif "levels" in kind:
        t = rng.integers(outputs + 1, size=rows)
    elif "binary" in kind:
        t = rng.integers(2, size=(rows, 1)).astype(float)
    elif kind == "counts":
        t = rng.poisson(2.0, size=(rows, outputs)).astype(float)
    elif kind == "signs":
        t = np.where(rng.integers(outputs, size=rows)[:, None] == np.arange(outputs), 1.0, -1.0)
    elif kind == "soft":
        t = rng.dirichlet(np.ones(outputs), size=rows).round(3)
        t[:, 0] += 1 - t.sum(axis=1)
    else:
        t = rng.integers(outputs, size=rows)
    leaf = torch.tensor(y, requires_grad=True)
    value = formula(leaf, torch.tensor(t))
    value.backward()
    hits = None
    if kind not in ("numbers", "halves", "labels", "counts") and "levels" not in kind:
        best = (y[:, 0] > 0) if "binary" in kind else y.argmax(axis=1)
        right = t[:, 0] if "binary" in kind else t.argmax(axis=1) if t.ndim == 2 else t
        hits = int((best == right).sum())
    return {
        "name": name,
        "settings": settings,
        "kind": kind,
        "y": y.tolist(),
        "t": t.tolist(),
        "value": value.item(),
        "dy": leaf.grad.tolist(),
        "hits": hits,
    }


def made():
    """Everything that nn.json holds."""
    return {
        "layers": [layer_case(*case) for case in LAYERS],
        "evaluated": [layer_case(*case, train=False) for case in EVALUATED],
        "losses": [loss_case(*case) for case in LOSSES],
        "networks": [network_case(*case) for case in NETWORKS],
    }


def differences(got, want, where=""):
    """Where two trees of plain values differ by more than 1e-6."""
    if isinstance(want, dict) and isinstance(got, dict) and got.keys() == want.keys():
        return [d for key in want for d in differences(got[key], want[key], f"{where}/{key}")]
    if isinstance(want, list) and isinstance(got, list) and len(got) == len(want):
        return [d for i, pair in enumerate(zip(got, want, strict=True)) for d in differences(*pair, f"{where}/{i}")]
    if isinstance(want, float) and isinstance(got, (int, float)):
        return [] if abs(got - want) <= 1e-6 * max(1.0, abs(want)) else [f"{where}: {got} is not {want}"]
    return [] if got == want else [f"{where}: {got!r} is not {want!r}"]


def main():
    if sys.argv[1:] == ["--check"]:
        found = differences(made(), json.loads(FILE.read_text()))
        print("\n".join(found) or f"{FILE.name}: torch {torch.__version__} agrees")
        sys.exit(1 if found else 0)
    cases = made()
    lines = [f'"{key}": [\n' + ",\n".join(json.dumps(c) for c in value) + "\n]" for key, value in cases.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
