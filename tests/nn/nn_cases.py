"""How each layer is set up for its contract tests, and on which shapes: odd sizes, in != out, strides, borders."""

from dataclasses import dataclass

import numpy as np
from layer_slots import slot_for

from trainlab.core.component import find, names
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Layer
from trainlab.tools.contract.layers import params

ROW, IMAGE = (5,), (3, 2, 4)
BOTH = [({}, ROW), ({}, IMAGE)]
CASES = {
    "dense": [({"units": 3}, ROW), ({"units": 7, "bias": False}, (4,)), ({"units": 3, "ntk": True}, ROW)],
    "member_input": [({"members": 2, "units": 3}, ROW), ({"members": 3, "units": 2, "bias": False, "ntk": True}, (4,))],
    "member_dense": [
        ({"members": 3, "units": 4}, (6,)),
        ({"members": 5, "units": 2, "bias": False}, ROW),
        ({"members": 2, "units": 3, "ntk": True}, (4,)),
    ],
    "conv": [
        ({"filters": 4}, (5, 7, 3)),
        ({"filters": 4, "size": 3, "stride": 2, "pad": 1}, (7, 5, 2)),
        ({"filters": 3, "size": 3, "stride": 2}, (6, 5, 2)),
        ({"filters": 3, "size": [2, 3], "pad": "valid"}, (4, 5, 2)),
        ({"filters": 3, "size": 4, "bias": False}, (5, 6, 2)),
        ({"filters": 2, "size": 2, "stride": 3, "pad": 0}, (5, 8, 1)),
        ({"filters": 3, "size": 1}, (3, 4, 2)),
        ({"filters": 3, "size": 1, "stride": 2}, (4, 5, 2)),
        ({"filters": 2, "size": 5, "pad": 4}, (3, 2, 2)),
    ],
    "max_pool": [
        ({}, (4, 6, 3)),
        ({"size": 3, "stride": 2}, (7, 5, 2)),
        ({"size": 3, "stride": 2, "pad": 1}, (5, 7, 2)),
        ({"pad": "same"}, (5, 3, 2)),
        ({"size": 2, "stride": 3}, (5, 8, 2)),
        ({"size": [3, 1]}, (3, 4, 2)),
    ],
    "avg_pool": [
        ({}, (4, 6, 3)),
        ({"size": 3, "stride": 2}, (7, 5, 2)),
        ({"size": 3, "stride": 2, "pad": 1}, (5, 7, 2)),
        ({"pad": "same"}, (5, 3, 2)),
        ({"size": 2, "stride": 3}, (5, 8, 2)),
    ],
    "global_avg_pool": [({}, IMAGE)],
    "flatten": [({}, IMAGE), ({}, ROW)],
    "batch_norm": [({}, ROW), ({"momentum": 0.3, "eps": 0.1}, IMAGE)],
    "layer_norm": BOTH,
    "group_norm": [({"groups": 2}, IMAGE), ({"groups": 3}, (6,)), ({"groups": 1}, IMAGE)],
    "instance_norm": [({}, IMAGE)],
    "dropout": [({"drop": 0.4}, ROW), ({"mode": "vanilla"}, IMAGE), ({"mode": "unscaled"}, ROW)],
    "drop_connect": [
        ({"units": 3, "drop": 0.4}, ROW),
        ({"units": 6, "bias": False}, (4,)),
        ({"units": 3, "ntk": True}, ROW),
    ],
    "scale": BOTH,
    "embedding": [
        ({"groups": [[0, 2], [4]], "units": 3}, ROW),
        ({"groups": [[3, 1, 2, 0]], "units": 2}, (4,)),
    ],
    "clip_output": [({}, ROW)],
    "periodic": [({"frequencies": 3}, ROW), ({"outputs": 2, "columns": [3, 0], "sigma": 1.0}, ROW)],
    "maxout": [({"units": 3}, ROW), ({"units": 4, "pieces": 3, "bias": False}, (3,))],
    "residual": [
        ({"layers": [{"dense": 6}, "tanh", {"dense": 5}]}, ROW),
        ({"layers": [{"dense": 3}, "batch_norm"]}, ROW),
        ({"layers": [{"conv": {"filters": 4, "bias": False}}, "batch_norm", "silu"]}, IMAGE),
        ({"layers": [{"conv": {"filters": 3, "stride": 2}}]}, (5, 4, 2)),
        ({"layers": [{"conv": {"filters": 3}}], "shortcut": [{"conv": {"filters": 3, "size": 1}}, "tanh"]}, IMAGE),
        ({"layers": [{"residual": {"layers": [{"dense": 5}]}}, "tanh"]}, ROW),
    ],
    "leaky_relu": [({}, ROW), ({"slope": 0.3}, IMAGE)],
    "prelu": [({}, ROW), ({}, IMAGE), ({"shared": True}, IMAGE)],
    "elu": [({}, ROW), ({"alpha": 0.5}, IMAGE)],
    "parametric": [({}, ROW), ({"activation": "mish"}, IMAGE), ({"activation": {"leaky_relu": 0.3}}, ROW)],
    "gelu": [({}, ROW), ({"approximate": "tanh"}, IMAGE)],
}
CASES |= {name: BOTH for name in names(Activation) if name not in CASES}


@dataclass
class Case:
    """One layer on one shape."""

    name: str
    settings: dict
    shape: tuple

    def __str__(self):
        return f"{self.name}-{self.settings or ''}-{'x'.join(map(str, self.shape))}"

    @property
    def layer(self):
        """The layer itself."""
        return Layer.read({"name": self.name, **self.settings})

    def slot(self, rows, *, seed=0, train=True, dtype=np.float64, need_dx=True):
        """Its memory: x and dy drawn, every param moved off its start, so that none is a neutral 0 or 1."""
        rng = np.random.default_rng(seed)
        s = slot_for(self.layer, self.shape, rows, dtype=dtype, train=train, need_dx=need_dx)
        for key, p in params(s).items():
            p += 0.3 * rng.normal(size=p.shape)
            if key.endswith("var"):
                np.abs(p, out=p)
            if key.endswith("edges"):
                p.sort()
        s.x[...] = rng.normal(size=s.x.shape)
        if train:
            s.dy[...] = rng.normal(size=s.dy.shape)
        return s


ALL = [Case(name, settings, shape) for name, cases in CASES.items() for settings, shape in cases]


def is_view(case):
    """Whether the layer only renames the axes."""
    return find(Layer, case.name).view
