"""Memory and time of a run on a Parquet table whose inputs stay on disk, and of one that reads them into memory.

    python benchmarks/larger_than_memory.py             # 2 million rows of 41 columns: 0.5 GB, in memory 0.7
    python benchmarks/larger_than_memory.py --rows 6000000 --only stored

Told are the peak of the run's own memory (Linux' RssAnon: what is no page of a file, which the system can take back)
and seconds. For a machine with less memory than the table start it in a container: `docker run --memory 900m ...`.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

CONFIG = """
name: large
seed: 1
data: {name: parquet, path: table.parquet, target: label, preprocess: [fill, standardize], split: {val: 0.1, test: 0.1}}
model: {name: mlp, hidden: [32]}
train: {epochs: 1, batch_size: 256}
"""
PIECE = 100_000


def make_table(path: Path, rows: int) -> None:
    """40 numbers (one in a hundred is missing), a category, and two classes."""
    pa: Any = import_module("pyarrow")
    rng = np.random.default_rng(0)
    weights = rng.normal(size=40)
    names = [*(f"f{i}" for i in range(40)), "kind", "label"]
    schema = pa.schema([*((name, pa.float32()) for name in names[:40]), ("kind", pa.string()), ("label", pa.string())])
    with import_module("pyarrow.parquet").ParquetWriter(path, schema) as writer:
        for start in range(0, rows, PIECE):
            count = min(PIECE, rows - start)
            x = rng.normal(size=(count, 40)).astype(np.float32)
            label = np.where(x @ weights + rng.normal(size=count) > 0, "yes", "no")
            x[rng.random(x.shape) < 0.01] = np.nan
            kinds = np.array(["red", "green", "blue"])[rng.integers(0, 3, count)]
            writer.write_table(pa.table([*x.T, kinds, label], schema=schema))


def measured(folder: Path, *, stream: bool) -> tuple[float, float, str]:
    """Megabytes at the peak, seconds of the whole command, and the last row of its metrics."""
    name = "stored" if stream else "there"
    command = [sys.executable, "-m", "trainlab", "train", "large.yaml", f"data.stream={str(stream).lower()}"]
    began, peak = time.perf_counter(), 0
    with (folder / f"{name}.txt").open("w", encoding="utf-8") as log:
        run = subprocess.Popen([*command, "--name", name], cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        while run.poll() is None:
            status = Path(f"/proc/{run.pid}/status").read_text(encoding="ascii")
            peak = max(peak, *(int(kb) for kb in re.findall(r"RssAnon:\s+(\d+)", status)), 0)
            time.sleep(0.02)
    if run.returncode:
        raise SystemExit((folder / f"{name}.txt").read_text(encoding="utf-8"))
    last = (folder / "runs" / f"{name}-1" / "metrics.csv").read_text(encoding="utf-8").splitlines()[-1]
    return peak / 1024, time.perf_counter() - began, last


def main() -> None:
    """Both runs, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--only", choices=["stored", "there"])
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_table(folder / "table.parquet", a.rows)
        (folder / "large.yaml").write_text(CONFIG, encoding="utf-8")
        print(f"{a.rows} rows, {(folder / 'table.parquet').stat().st_size / 1e9:.2f} GB")
        for stream in (True, False):
            if a.only in (None, "stored" if stream else "there"):
                peak, seconds, last = measured(folder, stream=stream)
                print(f"stream: {str(stream).lower()}: {peak:.0f} MB, {seconds:.1f} s; {last}")


if __name__ == "__main__":
    main()
