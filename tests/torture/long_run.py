"""A million steps in flat memory: the peak of the process, and the size of the folder, at each tenth of the run.

    python tests/torture/long_run.py [STEPS]     # 1 000 000 by default

Exits with 1 if the second half of the run takes more than 30 MB.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from trainlab.training import train
from trainlab.training.callbacks import Callback
from trainlab.training.experiment import read_plain

_ROWS, _BATCH = 3200, 4


class _Watching(Callback):
    """Prints the memory of the process at each tenth of a run."""

    def __init__(self, epochs: int) -> None:
        self.every, self.peaks, self.began = max(1, epochs // 10), list[float](), time.process_time()

    def on_epoch_end(self, row: dict[str, object]) -> None:
        """A tenth of the run is over."""
        epoch = int(str(row["epoch"]))
        if epoch and epoch % self.every == 0:
            self.peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
            size = sum(p.stat().st_size for p in Path("runs").rglob("*") if p.is_file()) / 1e6
            cpu = time.process_time() - self.began
            print(
                f"{row['step']:>9} steps  {self.peaks[-1]:7.1f} MB  folder {size:6.1f} MB  {cpu:6.0f} s of CPU",
                flush=True,
            )


def torture(steps: int) -> list[float]:
    """The peaks of memory in MB at each tenth of a run of so many steps."""
    train_rows = round(_ROWS * 0.75)
    epochs = max(10, steps * _BATCH // train_rows)
    settings = {
        "data": {"name": "moons", "samples": _ROWS, "split": {"val": 0.25, "test": 0.0}},
        "model": {"name": "mlp", "hidden": [4]},
        "train": {"epochs": epochs, "batch_size": _BATCH, "threads": 1},
    }
    watching, here = _Watching(epochs), Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        try:
            train.train(read_plain(settings), callbacks=[watching])
        finally:
            os.chdir(here)
    return watching.peaks


if __name__ == "__main__":
    found = torture(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    print(f"the second half took {found[-1] - found[4]:.1f} MB")
    sys.exit(found[-1] - found[4] > 30)
