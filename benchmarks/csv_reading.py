"""Reading a CSV of 100 MB (2 million rows): the csv source, all the way to x and y, beside pandas.read_csv.

    OMP_NUM_THREADS=1 python benchmarks/csv_reading.py [--rounds 5] [--rows 2000000]

Both run in turns, each in a process of its own, after its imports, and read the file twice: `first` includes what a
process pays once (late imports, memory that a virtual machine has to ask its host for), `again` does not. Printed: the
least seconds by the clock and of the processor, and the peak memory of the first reading. `labels`: the target is a
column of four texts, not of 0 and 1.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

MEASURED = """
import json, resource, sys, time
import numpy as np
import pandas as pd
from trainlab.core.component import make
from trainlab.data.source import Source

path, target, who = sys.argv[1:]
source = make(Source, "csv", path=path, target=target)
found = []
for _ in range(2):
    clock, processor = time.perf_counter(), time.process_time()
    held = pd.read_csv(path) if who == "pandas" else source.load(np.random.default_rng(0))
    found += [time.perf_counter() - clock, time.process_time() - processor]
    found += [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024] * (len(found) == 2)
    del held
print(json.dumps(found))
"""


def write(path: Path, rows: int) -> None:
    """Five columns of numbers, one of four texts, and both kinds of target."""
    rng = np.random.default_rng(0)
    numbers = {name: rng.standard_normal(rows).round(5) for name in "abde"}
    places = rng.choice(["Oslo", "Rome", "Bern", "Seoul"], (2, rows))
    frame = pd.DataFrame({**numbers, "c": rng.integers(0, 1000, rows), "city": places[0], "bought": places[1]})
    frame.assign(y=rng.integers(0, 2, rows)).to_csv(path, index=False)


def main() -> None:
    """Measure in turns and print a line for each target."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=2_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        write(path, options.rows)
        size = path.stat().st_size / 1e6
        print(f"{size:.0f} MB, {options.rows} rows; first: clock, processor, MB; again: clock, processor")
        found = defaultdict(list)
        for _ in range(options.rounds):
            for target in ("y", "bought"):
                for who in ("pandas", "trainlab"):
                    command = [sys.executable, "-c", MEASURED, str(path), target, who]
                    done = subprocess.run(command, capture_output=True, text=True, check=True)
                    found[target, who].append(json.loads(done.stdout))
        for target, what in (("y", "numbers"), ("bought", "labels")):
            pandas, ours = (np.min(found[target, who], axis=0) for who in ("pandas", "trainlab"))
            shown = [" ".join(f"{v:7.2f}" for v in values) for values in (pandas, ours, ours / pandas)]
            print(f"{what:8} pandas {shown[0]} | trainlab {shown[1]} | ratio {shown[2]}")


if __name__ == "__main__":
    main()
