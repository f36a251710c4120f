"""Damaged files of weights: `model.from` takes what fits, or refuses the file by name.

    python tests/torture/damaged_weights.py [COUNT] [--seed N] [--first N]     # 2 000 by default

Each case changes a few bytes of a checkpoint of ours, of a safetensors file with names of PyTorch, or of an ONNX file
(flipped bits, cut ends, repeated, zeroed and swapped pieces, lying numbers), and calls `check` and `train` with it.
Wrong are exit code 1, over 2 s of CPU, over 1 GB of memory, and a checkpoint of ours with other bytes that is used.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from damaged_data import mutant
from harness import Outcome, call, main, outcomes

CONFIG = """\
data: {name: iris}
model: {name: mlp, hidden: [4], from: %s}
train: {epochs: 1, batch_size: 32, threads: 1}
"""
FILES = ("own.safetensors", "other.safetensors", "net.onnx")


def _prepare() -> None:
    from safetensors.numpy import save_file

    Path("c.yaml").write_text(CONFIG.replace(", from: %s", ""))
    child = os.fork()  # training starts threads, which a forked process would miss
    if not child:
        ended = [call("train", "c.yaml", "--quiet"), call("export", "c-1", "--onnx", "net.onnx")]
        os._exit(sum(e.code for e in ended))
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the files of weights could not be made")
    shutil.copyfile("runs/c-1/checkpoints/best.safetensors", "own.safetensors")
    rng = np.random.default_rng(0)
    sizes = {"dense1.weight": (4, 4), "dense1.bias": (4,), "dense2.weight": (3, 4), "dense2.bias": (3,)}
    save_file({name: rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}, "other.safetensors")
    shutil.rmtree("runs")


def _case(number: int, seed: int) -> Outcome:
    rng = np.random.default_rng([seed, number])
    name = FILES[number % len(FILES)]
    good = Path(name).read_bytes()
    data = mutant(good, rng)
    file = Path(f"damaged{Path(name).suffix}")
    file.write_bytes(data)
    Path("d.yaml").write_text(CONFIG % file)
    total = Outcome()
    for args in (("check", "d.yaml"), ("train", "d.yaml", "--quiet")):
        ended = call(*args)
        total.add(ended.outcome(f"{args[0]} {name}"))
        if name == FILES[0] and data != good and ended.code != 2:
            total.wrong.append(f"{args[0]}: takes weights from a damaged checkpoint")
        if ended.code == 2 and file.name not in ended.text:
            total.wrong.append(f"{args[0]} {name}: the file is not named: {ended.text[-200:]!r}")
    shutil.rmtree("runs", ignore_errors=True)
    return total


def _warm() -> None:
    Path("d.yaml").write_text(CONFIG % FILES[2])
    for args in (("check", "d.yaml"), ("train", "d.yaml", "--quiet")):
        if (ended := call(*args)).code not in (0, 4):
            raise SystemExit(f"{args}: {ended}")
    shutil.rmtree("runs", ignore_errors=True)


def torture(numbers: Sequence[int], seed: int) -> Outcome:
    """The outcomes of these cases."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as place:  # noqa: S108
        try:
            os.chdir(place)
            _prepare()
            return outcomes(numbers, lambda number: _case(number, seed), _warm)
        finally:
            os.chdir(here)


if __name__ == "__main__":
    main(torture, 2000, __doc__ or "")
