"""Makes the screenshots of pages in docs/: real runs, trained here, opened in a browser. Needs Chromium and Pillow.

python docs/pages.py
"""

import io
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image

from trainlab.report.html.run_page import run_page
from trainlab.report.html.runs_page import runs_page
from trainlab.report.html.sweep_page import sweep_page
from trainlab.report.sweep_record import SweepRecord
from trainlab.search.experiment import read
from trainlab.search.sweep import start
from trainlab.store.reading import read_run
from trainlab.training.train import train

ROOT = Path(__file__).resolve().parents[1]
_SICK = ("model.norm=none", "model.activation=sigmoid", "model.hidden=[64,64,64,64,64]", "optimizer=sgd")


def main() -> None:
    """A sick run, twelve runs compared, and a sweep."""
    sys.path.insert(0, str(ROOT / "tests" / "report"))
    from chromium import Browser, program

    digits = ROOT / "configs" / "digits.yaml"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that no page shows where it was made
        runs = Path("runs")
        sick = train(read(digits, [*_SICK, "optimizer.lr=0.01"]), runs=runs, name="sigmoids").folder
        twelve = [
            train(read(digits, [f"optimizer.lr={lr}", f"seed={seed}", "train.epochs=12"]), runs=runs).folder
            for lr in (0.0003, 0.003, 0.03, 0.3)
            for seed in (0, 1, 2)
        ]
        start(read(ROOT / "configs" / "digits-sweep.yaml", ["sweep.trials=60"]), runs=runs)
        pages = {
            "report-run": (run_page(read_run(sick)), 1150, False),
            "report-runs": (runs_page([read_run(path) for path in twelve]), 1180, False),
            "report-sweep": (sweep_page(SweepRecord(runs / "digits-sweep-1")), 1300, True),
        }
        browser = Browser(program())
        for name, (text, height, dark) in pages.items():
            (runs / f"{name}.html").write_text(text)
            tab = browser.open(runs / f"{name}.html", width=1280, height=height, dark=dark)
            tab.drawn()
            tab.picture(runs / f"{name}.png", whole=False)
            small = Image.open(io.BytesIO((runs / f"{name}.png").read_bytes())).convert("RGB").quantize(96)
            small.save(ROOT / "docs" / f"{name}.png", optimize=True)
            print(f"docs/{name}.png: {(ROOT / 'docs' / f'{name}.png').stat().st_size // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main()
