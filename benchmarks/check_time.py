"""How long `trainlab check` takes: on digits, and on images of 32 x 32 x 3 with convolutional networks.

    OMP_NUM_THREADS=1 python benchmarks/check_time.py

Told are seconds on the clock and of processor time: on a busy machine only the latter means something.
"""

import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from trainlab.tools.check import check
from trainlab.training.experiment import read

DIGITS = Path(__file__).parents[1] / "configs" / "digits.yaml"
CONV = "    - {{name: conv, filters: {0}, size: 3, pad: same}}\n    - batch_norm\n    - relu\n"
HEAD = "data: {name: npz, path: images.npz, preprocess: [standardize]}\nmodel:\n  name: sequential\n  layers:\n"
TAIL = "    - flatten\n    - dense: 512\n    - relu\n    - dropout: 0.5\n    - dense: output\n"


def images(rows: int, file: Path) -> None:
    """Ten kinds of noisy pictures."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, rows)
    kinds = rng.standard_normal((10, 32, 32, 3), dtype=np.float32)
    x = 128 + 25 * kinds[y] + 40 * rng.standard_normal((rows, 32, 32, 3), dtype=np.float32)
    np.savez(file, x=x.clip(0, 255).astype(np.uint8), y=y)


def vgg(*filters: int) -> str:
    """Two convolutions of each size, then a pool, as in VGG."""
    return HEAD + "".join(2 * CONV.format(f) + "    - max_pool: 2\n" for f in filters) + TAIL


def main() -> None:
    """Check each config, twice, and print the second time."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        images(5000, Path("images.npz"))
        configs = {"digits": DIGITS, "vgg-32-64": Path("small.yaml"), "vgg-64-128-256": Path("large.yaml")}
        configs["vgg-32-64"].write_text(vgg(32, 64))
        configs["vgg-64-128-256"].write_text(vgg(64, 128, 256))
        for name, file in configs.items():
            document = read(file)
            for _ in range(2):
                clock, processor = perf_counter(), process_time()
                found = check(document)
                clock, processor = perf_counter() - clock, process_time() - processor
            text = f"{name}: {clock:.2f} s, {processor:.2f} s of processor time, {found.parameters} parameters"
            sys.stdout.write(f"{text}, {found.worst()}\n")


if __name__ == "__main__":
    main()
