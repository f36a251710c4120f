"""Fuzz of the kernels: layers of any shape, run on both backends and compared.

    python tests/engine/kernel_fuzz.py [cases] [first seed]

A failing case prints the seed that draws it again. Sizes run from 1 to 300 in every dimension.
"""

import sys
from math import prod
from time import monotonic

import numpy as np
from kernel_pairs import errors

from trainlab.core.component import find
from trainlab.core.errors import ShapeError
from trainlab.engine.graph import build_graph
from trainlab.nn.layer import Layer

NAMES = ["conv"] * 5 + ["max_pool"] * 2 + ["avg_pool"] * 2
NAMES += ["global_avg_pool", "batch_norm", "batch_norm", "layer_norm", "group_norm", "instance_norm"]
NAMES += ["dense"] * 3
ROWS = ["scale", "parametric", "periodic", "embedding"]  # of numbers
NAMES += ROWS


def draw(rng: np.random.Generator, most: int) -> tuple[list[Layer], tuple[int, ...], int, int, float]:
    """Layers, the shape of a row, the rows that there is memory for, those of the batch, the share of x that is 0.

    `most`: numbers of the inputs, at most; of the multiplications of a convolution 200 times as many.
    """
    while True:
        name = NAMES[rng.integers(len(NAMES))]
        sizes = [_size(rng, 300) for _ in range(4)]
        while prod(sizes) > most:
            sizes[int(np.argmax(sizes))] //= 2
        rows, *shape = (sizes[i] for i in rng.permutation(4))
        if name.endswith("norm") and name != "instance_norm" and rng.integers(2):
            shape = [prod(shape)] if prod(shape) <= 300 else [shape[0]]
        if name == "dense":
            shape = [shape[0] * shape[1]]  # sums of up to 90 000 numbers
        if name in ROWS:
            shape = [shape[0]]
        settings = _settings(name, rng, shape)
        try:
            layers = [find(Layer, name).model_validate(settings)]
            if rng.integers(2) and name != "global_avg_pool":
                layers += [find(Layer, "relu")()]
            if name == "dense" and rng.integers(2):
                layers = [find(Layer, "relu")(), *layers]
            if len(shape) == 3 and name in ("conv", "batch_norm") and rng.integers(2):
                layers += [find(Layer, "max_pool")(size=int(rng.integers(1, 4)))]
            nodes = build_graph(layers, tuple(shape))
        except (ShapeError, ValueError):
            continue
        if (name.endswith("norm") and prod(shape) == 1) or (name == "instance_norm" and shape[:2] == [1, 1]):
            continue
        work = rows * sum(prod(n.out_shape) for n in nodes)
        if name == "conv":
            work += rows * prod(nodes[0].out_shape) * prod(settings["size"]) * shape[-1] / 200
        if name == "dense":
            work += rows * settings["units"] * shape[0] / 200
        if work < 2 * most:
            zeros = float(rng.choice([0, 0.7, 0.97, 1])) if name == "dense" else 0.0
            return layers, tuple(shape), rows, int(rng.integers(1, rows + 1)), zeros


def _size(rng: np.random.Generator, most: int) -> int:
    """1 to most, small ones as often as large ones."""
    return round(float(np.exp(rng.uniform(0, np.log(most)))))


def _settings(name: str, rng: np.random.Generator, shape: list[int]) -> dict[str, object]:
    if name == "conv":
        usual = rng.integers(3) == 0
        size = [3, 3] if usual else [_size(rng, 9), _size(rng, 9)]
        return {
            "filters": _size(rng, 300),
            "size": size,
            "stride": 1 if usual else _size(rng, 5),
            "pad": _pad(rng, size),
        } | ({"bias": False} if rng.integers(2) else {})
    if name == "dense":
        return {"units": _size(rng, 300), "ntk": bool(rng.integers(2))}
    if name == "parametric":
        return {"activation": str(rng.choice(["selu", "mish", "relu", "softsign", "exponential", "hard_sigmoid"]))}
    if name in ("periodic", "embedding"):
        some = rng.permutation(shape[0])[: rng.integers(1, shape[0] + 1)].tolist()
        own = {"outputs": 1 + _size(rng, 6)}
        groups = [some[: len(some) // 2], some[len(some) // 2 :]]
        return {"groups": [g for g in groups if g]} if name == "embedding" else {"columns": some, **own}
    if name in ("max_pool", "avg_pool"):
        size = [_size(rng, 6), _size(rng, 6)]
        return {"size": size, "stride": _size(rng, 5), "pad": _pad(rng, size)}
    if name == "group_norm":
        numbers = prod(shape)  # a group of one number is all rounding
        groups = [g for g in range(1, shape[-1] + 1) if shape[-1] % g == 0 and numbers > g]
        return {"groups": int(rng.choice(groups or [1]))}
    return {}


def _pad(rng: np.random.Generator, size: list[int]) -> object:
    return ["same", "valid", int(rng.integers(0, min(size)))][rng.integers(3)]


def wrong(seed: int, most: int) -> str:
    """What is wrong in a case, or nothing."""
    layers, shape, rows, used, zeros = draw(np.random.default_rng(seed), most)
    bad = errors(layers, shape, rows, used=used, seed=seed, zeros=zeros, most=3e-5)  # sums of up to 90 000 numbers
    case = f"{[repr(x) for x in layers]} on {shape}, {used} of {rows} rows, {zeros:.0%} zeros"
    return f"seed {seed}: {case}: {bad}" if bad else ""


def main(cases: int, first: int = 0, most: int = 200_000) -> int:
    """Run the cases; how many were wrong."""
    began, bad = monotonic(), 0
    for seed in range(first, first + cases):
        wrong_case = wrong(seed, most)
        if wrong_case:
            bad += 1
            print(wrong_case, flush=True)
    print(f"{cases} cases, {bad} wrong, {monotonic() - began:.0f} s")
    return bad


if __name__ == "__main__":
    sys.exit(main(*[int(a) for a in sys.argv[1:]] or [300]) > 0)
