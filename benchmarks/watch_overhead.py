"""What `trainlab.watch` costs: the same PyTorch training with and without it, in turn, in one process.

    OMP_NUM_THREADS=1 python benchmarks/watch_overhead.py            # needs PyTorch

Two trainings take turns, one of them watched. Told is the median, over pairs of turns, of the watched turn's processor
time over that of its plain neighbour: what else the machine does meets both of them.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import torch
from torch import nn

import trainlab

_CLOSELY = 100  # the first steps, which are measured more closely


def mlp() -> nn.Module:
    """64-128-64-10, for rows: the smallest that somebody would watch, so the dearest to watch."""
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))


def wide() -> nn.Module:
    """192-384-192-10: a step of about a millisecond."""
    return nn.Sequential(nn.Linear(192, 384), nn.ReLU(), nn.Linear(384, 192), nn.ReLU(), nn.Linear(192, 10))


def cnn() -> nn.Module:
    """Two convolutions and two dense layers, for 28 x 28 images."""
    head = (nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU())
    return nn.Sequential(*head, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1568, 64), nn.ReLU(), nn.Linear(64, 10))


class Training:
    """One training, plain or watched, that goes on for as many steps as it is told."""

    def __init__(self, make: Callable[[], nn.Module], shape: tuple[int, ...], runs: Path | None) -> None:
        torch.manual_seed(0)
        self.model = make()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.x, self.y = torch.randn(64, *shape), torch.randint(0, 10, (64,))
        self.loss_of = nn.CrossEntropyLoss()
        self.watch = None
        if runs is not None:
            self.watch = trainlab.watch(self.model, self.optimizer, name="bench", runs=runs, say=lambda _: None)

    def go(self, steps: int) -> float:
        """Seconds of processor time a step."""
        began = process_time()
        for _ in range(steps):
            self.optimizer.zero_grad()
            loss = self.loss_of(self.model(self.x), self.y)
            loss.backward()
            self.optimizer.step()
            if self.watch is not None:
                self.watch.step(loss)
        return (process_time() - began) / steps


def main() -> None:
    """Measure both networks and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40)
    pairs = parser.parse_args().pairs
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, 1 thread, batches of 64, adam")
    for name, make, shape, steps in (("mlp", mlp, (64,), 200), ("wide", wide, (192,), 100)):
        with tempfile.TemporaryDirectory() as folder:
            plain, watched = Training(make, shape, None), Training(make, shape, Path(folder))
            first = watched.go(_CLOSELY) / plain.go(_CLOSELY)
            seconds = [(plain.go(steps), watched.go(steps)) for _ in range(pairs)]
            watched.watch.close()
        ratios = sorted(w / p for p, w in seconds)
        print(
            f"{name}: {1e6 * median(p for p, _ in seconds):.0f} us a step, watched {100 * (median(ratios) - 1):+.1f} % "
            f"(half of {pairs} pairs between {100 * (ratios[pairs // 4] - 1):+.1f} and "
            f"{100 * (ratios[-1 - pairs // 4] - 1):+.1f} %; the first {_CLOSELY} steps {100 * (first - 1):+.1f} %)"
        )


if __name__ == "__main__":
    main()
