"""How large pages are, how long they take to make, and how soon a browser has drawn them.

    python benchmarks/report_pages.py [--runs 50] [--steps 10000]

One run's page is to be at most 1.5 MB and ready within 2 s; that of 50 runs of 10 000 steps 3 MB, made within 6 s.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from trainlab.core.config import read_plain
from trainlab.report.html.run_page import run_page
from trainlab.report.html.runs_page import runs_page
from trainlab.store.reading import read_run
from trainlab.training.experiment import Experiment
from trainlab.training.train import train


def main() -> None:
    """Measures both pages and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--steps", type=int, default=10_000)
    given = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "report"))
    from chromium import Browser, program

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        config = {"data": "digits", "model": {"name": "mlp", "hidden": [128, 64], "norm": "batch"}}
        train(read_plain(Experiment, config, "benchmark"), into=root / "run-1")
        rows = (f"{s},{2 / s**0.5 + 0.05 * (s * 7919 % 13) / 13},0.001,0.5,0.001" for s in range(1, given.steps + 1))
        text = "\n".join(["step,loss,lr,grad_norm,update_ratio", *rows, ""])
        for i in range(2, given.runs + 2):
            shutil.copytree(root / "run-1", root / f"run-{i}")
            (root / f"run-{i}" / "steps.csv").write_text(text)
        browser = Browser(program()) if program() else None
        measure("one run", lambda: run_page(read_run(root / "run-1")), root, browser)
        many = [root / f"run-{i}" for i in range(2, given.runs + 2)]
        name = f"{given.runs} runs x {given.steps} steps"
        measure(name, lambda: runs_page([read_run(path) for path in many]), root, browser)
        if browser:
            browser.close()


def measure(name, make, root, browser) -> None:
    """Make a page and open it: seconds of work and on the clock, megabytes, seconds to the first and last picture."""
    work, clock = time.process_time(), time.perf_counter()
    text = make()
    told = f"made in {time.process_time() - work:.2f} s of work ({time.perf_counter() - clock:.2f} s), "
    told += f"{len(text.encode()) / 1e6:.2f} MB"
    path = root / "page.html"
    path.write_text(text)
    if browser:
        clock = time.perf_counter()
        tab = browser.open(path)
        tab.wait("!!document.querySelector('.chart[data-state=\"drawn\"]')")
        first = time.perf_counter() - clock
        tab.drawn()
        told += f", first picture after {first:.2f} s, all after {time.perf_counter() - clock:.2f} s"
        tab.close()
    print(f"{name}: {told}")


if __name__ == "__main__":
    main()
