"""Microseconds a step over the width of a network: no width may be slower than its arithmetic, on one thread or all.

    python benchmarks/widths.py                 # the table, and widths.svg beside this file

The program of https://github.com/pytorch/pytorch/issues/144633 (an MLP 10-w-w-10, batch 128, Adam), where PyTorch's
step gets several times slower between two widths. Each width trains on one thread and on every core, in short turns one
after the other, because a shared machine changes from minute to minute. Told is the least of all turns; `--turns` sets
how many.
"""

import argparse
import os
from pathlib import Path
from time import perf_counter

import altair as alt
import numpy as np

from trainlab.engine.compiled.library import load
from trainlab.engine.trainer import Trainer
from trainlab.training.experiment import read_plain
from trainlab.training.setup import build

HERE = Path(__file__).resolve().parent
WIDTHS = [16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512]
BATCH, ROWS, TURN = 128, 12_800, 0.01


def flops(width: int) -> float:
    """Multiplications and additions of a step's products: forward, and the gradients of weights and inputs."""
    return 2.0 * BATCH * (3 * width * width + 50 * width)


def trainer(width: int, data: Path) -> Trainer:
    """The network, ready to step."""
    document = {
        "data": {"name": "npz", "path": str(data), "split": {"val": 0.01, "test": 0}},
        "model": {"name": "mlp", "hidden": [width, width]},
        "optimizer": {"name": "adam", "lr": 1e-3},
        "train": {"epochs": 1, "batch_size": BATCH},
    }
    setup = build(read_plain(document, source="widths"))
    return Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams)


def advance(t: Trainer, steps: int) -> float:
    """Microseconds a step."""
    began, done = perf_counter(), 0
    while done < steps:
        done += t.advance(min(steps - done, t.steps_left))
    return (perf_counter() - began) / steps * 1e6


def measure(width: int, data: Path, counts: list[int], turns: int) -> dict[int, float]:
    """The least microseconds a step on each number of threads."""
    t, library = trainer(width, data), load()
    if library is None:
        raise SystemExit("no kernels are installed here, so there is one thread alone")
    steps = max(8, round(TURN * 1e6 / advance(t, 50)))
    least = dict.fromkeys(counts, float("inf"))
    for _ in range(turns):
        for count in counts:
            library.threads(count)
            advance(t, 3)  # wakes the others
            least[count] = min(least[count], advance(t, steps))
    library.threads(1)
    return least


def picture(rows: list[dict[str, float]]) -> alt.LayerChart:
    """Step time over the width, and the line of a constant speed through the widest network's on one thread."""
    widest = rows[-1]
    speed = flops(int(widest["width"])) / widest["one thread"]
    names = [name for name in rows[0] if name != "width"]
    lines = [{"width": r["width"], "us": r[name], "what": name} for r in rows for name in names]
    floor = [{"width": r["width"], "us": flops(int(r["width"])) / speed, "what": "arithmetic alone"} for r in rows]
    y = alt.Y("us:Q", title="µs a step", scale=alt.Scale(type="log"))
    x = alt.X("width:Q", title="width w of 10-w-w-10", scale=alt.Scale(type="log", base=2))
    base = alt.Chart(alt.Data(values=[*lines, *floor])).encode(x, y, alt.Color("what:N", title=None))
    measured = base.transform_filter("datum.what != 'arithmetic alone'").mark_line(point=True)
    return (
        measured + base.transform_filter("datum.what == 'arithmetic alone'").mark_line(strokeDash=[4, 4])
    ).properties(width=520, height=320)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--work", type=Path, default=HERE.parent / ".race" / "widths.npz", help="for the rows")
    parser.add_argument("--picture", type=Path, default=HERE / "widths.svg")
    a = parser.parse_args()
    rng, cores = np.random.default_rng(0), len(os.sched_getaffinity(0))
    a.work.parent.mkdir(parents=True, exist_ok=True)
    x = rng.standard_normal((ROWS, 10), dtype=np.float32)
    np.savez(a.work, x=x, y=(x @ rng.standard_normal((10, 10))).argmax(1))
    print("| width | one thread, us | every core, us | ratio | GFLOP/s, one thread |\n|---|---|---|---|---|")
    rows = []
    for width in WIDTHS:
        least = measure(width, a.work, [1, cores], a.turns)
        one, every = least[1], least[cores]
        speed = flops(width) / one / 1e3
        print(f"| {width} | {one:.1f} | {every:.1f} | {every / one:.2f} | {speed:.0f} |", flush=True)
        rows.append({"width": float(width), "one thread": one, "every core": every})
    picture(rows).save(a.picture)
    print(f"written: {a.picture}")


if __name__ == "__main__":
    main()
