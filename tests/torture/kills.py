"""SIGKILL in training: a run that was killed at any instants and resumed ends as one that was not.

    python tests/torture/kills.py [COUNT] [--seed N]     # 300 kills by default

Each case trains a small network in a process, kills it at a random instant, and resumes it until it ends; about three
kills a run. Networks, optimizers, schedules, losses and data are drawn. Weights, rows and findings must be those of
the run without a kill, byte for byte. `tests/search/sweep_kills.py` does the same for sweeps.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from harness import Outcome, call, counted

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from moons_run import assert_same_run

from trainlab.store.status import read_status

PARTS = {
    "data": [
        "{name: moons, samples: 120}",
        "{name: friedman1, samples: 100, preprocess: [standardize]}",
        "{name: iris, augment: [{noise: 0.1}]}",
        "{name: blobs, samples: 120, augment: [mixup]}",
    ],
    "model": [
        "{name: mlp, hidden: [8], norm: batch, dropout: 0.2}",
        "{name: mlp, hidden: [6, 6], activation: tanh}",
        "{name: mlp, hidden: []}",
    ],
    "optimizer": ["{name: adam, lr: 0.01}", "{name: sgd, lr: 0.1}", "{name: nadam, lr: 0.01}", "{name: adadelta}"],
    "schedule": ["{name: cosine, warmup: 1}", "constant", "{name: plateau, patience: 2}", "{name: cosine_restarts}"],
    "train": [
        "{epochs: 300, batch_size: 16, threads: 1, average: 0.9}",
        "{epochs: 200, batch_size: 8, threads: 1, checkpoint: {every: 3, keep: 2}}",
        "{epochs: 400, batch_size: 32, threads: 1, early_stopping: {metric: val_loss, patience: 300}}",
    ],
}


def _config(rng: np.random.Generator) -> str:
    return "".join(f"{name}: {options[int(rng.integers(len(options)))]}\n" for name, options in PARTS.items())


def _trained(args: Sequence[str], seconds: float | None) -> int | None:
    """The exit code of a training in a process of its own; None if it was killed after so many seconds."""
    child = os.fork()
    if not child:
        try:
            os.setsid()
            ended = call(*args)
            if ended.code not in (0, 2, 3):
                print(ended, file=sys.stderr, flush=True)
            os._exit(ended.code)
        finally:
            os._exit(1)
    if seconds is None:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (done := os.waitpid(child, os.WNOHANG))[0]:
            return os.waitstatus_to_exitcode(done[1])
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _chain(rng: np.random.Generator) -> tuple[int, str]:
    """Kills of one run, and what is wrong with its end; empty if it is that of a run without a kill."""
    for folder in ("runs", "whole"):
        shutil.rmtree(folder, ignore_errors=True)
    Path("k.yaml").write_text(_config(rng))
    began = time.monotonic()
    code = _trained(["train", "k.yaml", "--quiet", "--runs", "whole"], None)
    took = time.monotonic() - began
    if code not in (0, 3):
        return 0, f"the run without a kill ended with {code}"
    kills, args = 0, ["train", "k.yaml", "--quiet"]
    while (ended := _trained(args, float(rng.uniform(0, took)) if kills < 6 else None)) is None:
        kills += 1
        if Path("runs/k-1/config.yaml").exists():
            args = ["train", "--resume", "k-1", "--quiet"]
        else:  # killed before there was a run
            shutil.rmtree("runs", ignore_errors=True)
    if ended == 2 and read_status(Path("runs/k-1/status.json")).state == "finished":
        ended = code  # the kill came after the last write: there was nothing to resume
    if ended != code:
        return kills, f"ended with {ended}, not {code}"
    try:
        assert_same_run(Path("whole/k-1"), Path("runs/k-1"))
    except AssertionError as error:
        return kills, f"another end: {str(error)[:300]}"
    return kills, ""


def torture(count: int, seed: int) -> Outcome:
    """At least so many kills in runs, one after the other."""
    here, total, number = Path.cwd(), Outcome(), 0
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        try:
            while total.counts["kills"] < count:
                kills, wrong = _chain(np.random.default_rng([seed, number]))
                total.counts.update({"kills": kills, "runs": 1})
                if wrong:
                    total.wrong.append(f"{number}: {wrong}\n{Path('k.yaml').read_text()}")
                    print(total.wrong[-1], flush=True)
                number += 1
                if not number % 10:
                    print(f"{number} runs, {total.counts['kills']} kills, {len(total.wrong)} wrong", flush=True)
        finally:
            os.chdir(here)
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", nargs="?", type=int, default=300, help="number of kills [300]")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = torture(asked.count, asked.seed)
    print(counted(found))
    sys.exit(bool(found.wrong))
