"""Networks a second: K small networks of W1's shape one after the other, and a thread for each core.

    OMP_NUM_THREADS=1 python benchmarks/networks_at_once.py

Kernels run without Python's lock, so runs in threads of one process use all cores, and the data are in memory once.
Each network has the bits that it has alone. Told is the least of all turns.
"""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import numpy as np
from racing.workloads import WORKLOADS, make

from trainlab.engine.blas import pinned
from trainlab.engine.trainer import Trainer
from trainlab.training.experiment import read_plain
from trainlab.training.setup import build

HERE = Path(__file__).resolve().parent


def trainers(folder: Path, k: int) -> list[Trainer]:
    """K networks with seeds of their own."""
    made = []
    for seed in range(k):
        document = WORKLOADS["W1"].document(folder, threads=1) | {"seed": seed}
        setup = build(read_plain(document, source="W1"))
        made.append(Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams))
    return made


def advance(t: Trainer, steps: int) -> None:
    """Run some steps."""
    done = 0
    while done < steps:
        done += t.advance(min(steps - done, t.steps_left))


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--networks", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--work", type=Path, default=HERE.parent / ".race" / "data" / "W1", help="for the rows")
    a = parser.parse_args()
    make(a.work, "W1")
    cores = len(os.sched_getaffinity(0))
    one, other = trainers(a.work, a.networks), trainers(a.work, a.networks)
    after, beside = float("inf"), float("inf")
    with pinned(1), ThreadPoolExecutor(cores) as pool:
        for _ in range(a.turns):
            began = perf_counter()
            for t in one:
                advance(t, a.steps)
            after = min(after, perf_counter() - began)
            began = perf_counter()
            list(pool.map(advance, other, [a.steps] * len(other)))
            beside = min(beside, perf_counter() - began)
    same = all(np.array_equal(x.net.theta, y.net.theta) for x, y in zip(one, other, strict=True))
    steps = a.networks * a.steps
    print(f"{a.networks} networks, us a step and network: {after / steps * 1e6:.2f} one after the other,")
    print(f"{beside / steps * 1e6:.2f} on {cores} threads: {after / beside:.2f} times as many; the same bits: {same}")


if __name__ == "__main__":
    main()
