"""What making the next batch in a thread gains `train.engine: torch`: the same training with and without it, in turns.

    OMP_NUM_THREADS=2 python benchmarks/torch_batches.py       # needs PyTorch, and a second core

Rows are read from a .npy file and augmented; PyTorch computes on one thread. Told are medians over turns of the time of
the thread that takes the steps, of the whole process, and by the clock. Both trainings end with the same bits.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from trainlab.engine.torch import batches
from trainlab.engine.trainer import Trainer
from trainlab.training.experiment import read_plain
from trainlab.training.setup import build

LAYERS = [{"conv": 8}, "relu", "max_pool", {"dropout": 0.3}, "flatten", {"dense": "output"}]


def trainer(folder: Path, *, ahead: bool) -> Trainer:
    """A training on the rows in a folder."""
    data = {"name": "npy", "x": str(folder / "x.npy"), "y": str(folder / "y.npy"), "split": {"val": 0, "test": 0}}
    document: dict[str, Any] = {
        "data": data | {"augment": ["flip", {"shift": 3}]},
        "model": {"name": "sequential", "layers": LAYERS},
        "train": {"engine": "torch", "device": "cpu", "batch_size": 128},
    }
    setup = build(read_plain(document, source="benchmark"))
    cores = patch.object(batches, "cores", lambda: 2 if ahead else 1)
    with cores, patch.object(batches, "LazyRows", batches.LazyRows if ahead else ()):
        return Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams)


def timed(trainer: Trainer, steps: int) -> list[float]:
    """Milliseconds a step: this thread, the process, the clock."""
    clocks = (thread_time, process_time, perf_counter)
    began, done = [clock() for clock in clocks], 0
    while done < steps:
        done += trainer.advance(min(20, steps - done, trainer.steps_left))
    return [(clock() - at) / steps * 1e3 for clock, at in zip(clocks, began, strict=True)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=20)
    a = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "x.npy", np.random.default_rng(0).integers(0, 255, (20_000, 32, 32, 3), dtype=np.uint8))
        np.save(folder / "y.npy", np.arange(20_000) % 10)
        one, other = (trainer(folder, ahead=ahead) for ahead in (True, False))
        pairs = [(timed(one, a.steps), timed(other, a.steps)) for _ in range(a.rounds + 1)][1:]
    for at, what in enumerate(("the thread of the steps", "the process", "by the clock")):
        ours, theirs = (median(pair[side][at] for pair in pairs) for side in (0, 1))
        ratio = median(pair[0][at] / pair[1][at] for pair in pairs)
        print(f"{what}: {ours:.2f} ms a step with batches ahead, {theirs:.2f} ms without: {ratio:.2f}")
    print("the same bits" if one.net.theta.tobytes() == other.net.theta.tobytes() else "OTHER BITS")


if __name__ == "__main__":
    main()
