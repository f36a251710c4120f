"""Makes networks.json: torch's losses of whole networks over 50 steps of its own optimizers.

    python tests/golden/make_networks.py            # writes networks.json beside this file
    python tests/golden/make_networks.py --check    # makes them anew and compares; exit 1 where they differ

Needs torch 2.13 and NumPy; knows nothing of trainlab. Rows and starting weights are those of network_data.py, in
trainlab's layout; `Image` layers and `placed` turn them round. l2 is torch's weight_decay, given to weights only:
trainlab leaves biases, scales and shifts alone, and its loss does not count the penalty.
"""

import json
import sys
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - its name everywhere
from network_data import BATCH, CLASSES, ROWS, STEPS, rows, start
from torch import nn

FILE = Path(__file__).with_name("networks.json")
TOLERANCE = {"float64": 1e-9, "float32": 2e-5}  # another machine sums in another order
torch.set_num_threads(1)


class ChannelsFirst(nn.Module):
    """Rows as network_data draws them -> as torch wants them."""

    def forward(self, x):
        """(rows, height, width, channels) -> (rows, channels, height, width)."""
        return x.permute(0, 3, 1, 2)


class Flat(nn.Module):
    """Images as rows of numbers in trainlab's order, channels last."""

    def forward(self, x):
        """(rows, channels, height, width) -> (rows, height * width * channels)."""
        return x.permute(0, 2, 3, 1).flatten(1)


class Average(nn.Module):
    """The mean over the places of an image."""

    def forward(self, x):
        """(rows, channels, height, width) -> (rows, channels)."""
        return x.mean(dim=(2, 3))


class Block(nn.Module):
    """inner(x) + shortcut(x)."""

    def __init__(self, inner, shortcut):
        super().__init__()
        self.inner, self.shortcut = inner, shortcut

    def forward(self, x):
        """The sum; both keep the shape, or change it alike."""
        return self.inner(x) + self.shortcut(x)


class Network:
    """A torch network under construction, its arrays known by trainlab's names."""

    def __init__(self, name):
        self.name, self.counts, self.named, self.within = name, {}, {}, ""

    @contextmanager
    def residual(self):
        """Layers made meanwhile are those of a residual block, counted anew: `residual1.conv1`."""
        number = self.counts["residual"] = self.counts.get("residual", 0) + 1
        outer, self.counts, self.within = self.counts, {}, f"residual{number}."
        yield
        self.counts, self.within = outer, ""

    def _known(self, kind, module, **arrays):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        for key, array in arrays.items():
            if array is not None:
                self.named[f"{self.within}{kind}{self.counts[kind]}.{key}"] = array
        return module

    def dense(self, inputs, units, bias=True):
        """(rows, inputs) -> (rows, units)."""
        m = nn.Linear(inputs, units, bias=bias)
        return self._known("dense", m, W=m.weight, b=m.bias)

    def conv(self, channels, filters, size, bias=True, **settings):
        """Filters of size by size; stride and padding are torch's."""
        m = nn.Conv2d(channels, filters, size, bias=bias, **settings)
        return self._known("conv", m, W=m.weight, b=m.bias)

    def norm(self, units, images=False):
        """Batch norm of rows, or of images by channel."""
        m = nn.BatchNorm2d(units) if images else nn.BatchNorm1d(units)
        return self._known("batch_norm", m, scale=m.weight, shift=m.bias)

    def begin(self):
        """Give every array its starting numbers."""
        with torch.no_grad():
            for name, array in self.named.items():
                array.copy_(placed(torch.from_numpy(start(self.name, name, shape_of(array)))))


def shape_of(array):
    """The shape of a torch array in trainlab's layout: the axes that `placed` turns, turned back."""
    s = tuple(array.shape)
    return {1: s, 2: s[::-1], 4: (*s[2:], *s[:2][::-1])}[len(s)]


def placed(a):
    """(inputs, units) -> (units, inputs); (height, width, channels, filters) -> (filters, channels, height, width)."""
    return {1: lambda: a, 2: lambda: a.T, 4: lambda: a.permute(3, 2, 0, 1)}[a.ndim]()


def mlp(n):
    return nn.Sequential(
        n.dense(12, 24, bias=False), n.norm(24), nn.ReLU(),
        n.dense(24, 16, bias=False), n.norm(16), nn.ReLU(),
        n.dense(16, CLASSES),
    )  # fmt: skip


def cnn(n):
    return nn.Sequential(
        ChannelsFirst(),
        n.conv(2, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        n.conv(6, 8, 3), nn.Tanh(), nn.AvgPool2d(2, stride=1),
        Flat(), n.dense(16, 16), nn.ReLU(), n.dense(16, CLASSES),
    )  # fmt: skip


def resnet(n):
    def block(channels, filters, stride):
        with n.residual():
            inner = nn.Sequential(
                n.conv(channels, filters, 3, bias=False, stride=stride, padding=1), n.norm(filters, images=True),
                nn.ReLU(),
                n.conv(filters, filters, 3, bias=False, padding=1), n.norm(filters, images=True),
            )  # fmt: skip
            same = channels == filters and stride == 1
            return Block(inner, nn.Identity() if same else n.conv(channels, filters, 1, bias=False, stride=stride))

    return nn.Sequential(
        ChannelsFirst(),
        n.conv(3, 6, 3, bias=False, padding=1), n.norm(6, images=True), nn.ReLU(),
        block(6, 6, 1), nn.ReLU(),
        block(6, 8, 2), nn.ReLU(),
        Average(), n.dense(8, CLASSES),
    )  # fmt: skip


# name, shape of a row, builder, torch's optimizer and its settings, l2, and the same network in trainlab's words
NETWORKS = [
    (
        "mlp", (12,), mlp, torch.optim.Adam, {"lr": 3e-3}, 1e-2,
        {
            "model": [
                {"dense": {"units": 24, "bias": False}}, "batch_norm", "relu",
                {"dense": {"units": 16, "bias": False}}, "batch_norm", "relu",
                {"dense": "output"},
            ],
            "optimizer": {"name": "adam", "lr": 3e-3},
        },
    ),
    (
        "cnn", (10, 8, 2), cnn, torch.optim.SGD, {"lr": 0.03, "momentum": 0.9}, 1e-3,
        {
            "model": [
                {"conv": {"filters": 6, "size": 3, "pad": "same"}}, "relu", {"max_pool": 2},
                {"conv": {"filters": 8, "size": 3, "pad": "valid"}}, "tanh", {"avg_pool": {"size": 2, "stride": 1}},
                "flatten", {"dense": 16}, "relu", {"dense": "output"},
            ],
            "optimizer": {"name": "momentum", "lr": 0.03, "momentum": 0.9},
        },
    ),
    (
        "resnet", (9, 7, 3), resnet, torch.optim.SGD, {"lr": 0.02, "momentum": 0.9, "nesterov": True}, 1e-3,
        {
            "model": [
                {"conv": {"filters": 6, "size": 3, "pad": 1, "bias": False}}, "batch_norm", "relu",
                {"residual": [
                    {"conv": {"filters": 6, "size": 3, "pad": 1, "bias": False}}, "batch_norm", "relu",
                    {"conv": {"filters": 6, "size": 3, "pad": 1, "bias": False}}, "batch_norm",
                ]},
                "relu",
                {"residual": [
                    {"conv": {"filters": 8, "size": 3, "stride": 2, "pad": 1, "bias": False}}, "batch_norm", "relu",
                    {"conv": {"filters": 8, "size": 3, "pad": 1, "bias": False}}, "batch_norm",
                ]},
                "relu", "global_avg_pool", {"dense": "output"},
            ],
            "optimizer": {"name": "nesterov", "lr": 0.02, "momentum": 0.9},
        },
    ),
]  # fmt: skip


def followed(name, shape, build, optimizer, settings, l2, dtype):
    """Loss of each of the steps, then the loss in evaluation mode on all rows; the params' shapes by name."""
    torch.set_default_dtype(dtype)
    network = Network(name)
    model = build(network)
    network.begin()
    decayed = [a for key, a in network.named.items() if key.endswith(".W")]
    others = [a for key, a in network.named.items() if not key.endswith(".W")]
    rule = optimizer([{"params": decayed, "weight_decay": l2}, {"params": others}], **settings)
    x, t = rows(name, shape)
    x, t = torch.from_numpy(x).to(dtype), torch.from_numpy(t)
    losses = []
    starts = [begin for _ in range(STEPS) for begin in range(0, ROWS, BATCH)][:STEPS]
    for begin in starts:
        rule.zero_grad()
        loss = F.cross_entropy(model(x[begin : begin + BATCH]), t[begin : begin + BATCH])
        loss.backward()
        rule.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        evaluated = F.cross_entropy(model(x), t).item()
    return losses, evaluated, {key: list(shape_of(a)) for key, a in network.named.items()}


def made():
    """Everything that networks.json holds."""
    cases = []
    for name, shape, build, optimizer, settings, l2, words in NETWORKS:
        case = {"name": name, "shape": list(shape), "l2": l2, **words}
        for dtype in ("float64", "float32"):
            losses, evaluated, params = followed(name, shape, build, optimizer, settings, l2, getattr(torch, dtype))
            case["params"] = params
            case[dtype] = {"losses": losses, "evaluated": evaluated}
        cases.append(case)
    return cases


def differences(got, want):
    """Where the losses of two lists of cases differ by more than another machine explains."""
    if [c["params"] for c in got] != [c["params"] for c in want]:
        return ["other networks"]
    found = []
    for one, two in zip(got, want, strict=True):
        for dtype, tolerance in TOLERANCE.items():
            pairs = [
                *zip(one[dtype]["losses"], two[dtype]["losses"], strict=True),
                (one[dtype]["evaluated"], two[dtype]["evaluated"]),
            ]
            found += [
                f"{one['name']} {dtype}, step {i + 1}: {a} is not {b}"
                for i, (a, b) in enumerate(pairs)
                if abs(a - b) > tolerance * abs(b)
            ]
    return found


def main():
    if sys.argv[1:] == ["--check"]:
        found = differences(made(), json.loads(FILE.read_text()))
        print("\n".join(found) or f"{FILE.name}: torch {torch.__version__} agrees")
        sys.exit(1 if found else 0)
    FILE.write_text("[\n" + ",\n".join(json.dumps(case) for case in made()) + "\n]\n")


if __name__ == "__main__":
    main()
