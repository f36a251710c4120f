"""Makes the pictures of docs/ anew: real runs, trained here, and pages of them in a browser. Needs Chromium and Pillow.

    python docs/pictures.py            # all; about a minute
    python docs/pictures.py --check    # are they current? needs no browser

docs/pictures.json says what they were made from: a hash of how pages draw (the chart specs of small runs without their
numbers, the script and the style), a hash of the configs and texts that each picture shows, and one of the picture.
`--check`, and a test, fail when something of this has changed since. Then run this again, and look at what comes out.
"""

import hashlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS, LIST = ROOT / "docs", ROOT / "docs" / "pictures.json"
_SICK = ("model.norm=none", "model.activation=sigmoid", "model.hidden=[64,64,64,64,64]", "optimizer=sgd")
_OF_DATA = {"data", "datasets", "values", "domain", "url"}  # keys of a spec that depend on the numbers


@dataclass(frozen=True)
class Shot:
    """A screenshot of a page, from its top or from an element on, and the files that it shows."""

    page: str
    shows: str
    height: int = 1000
    dark: bool = False
    place: str = ""


SHOTS = {
    "report-run": Shot("run", "configs/digits.yaml", 1150),
    "report-layers": Shot("run", "configs/digits.yaml", 860, place="layers"),
    "report-regions": Shot("spirals", "configs/spirals.yaml", 620, place="learning"),
    "report-runs": Shot("runs", "configs/digits.yaml", 1180),
    "report-sweep": Shot("sweep", "configs/digits-sweep.yaml", 1300, dark=True),
    "lecture-initialization": Shot("lecture", "configs/lecture/03-initialization", place="picture-03-initialization-0"),
    "lecture-update-rules": Shot("lecture", "configs/lecture/06-update-rules", place="picture-06-update-rules-0"),
    "lecture-transfer": Shot("lecture", "configs/lecture/12-transfer", place="12-transfer"),
}


def outdated(drawn: str) -> list[str]:
    """What is not current, one sentence each; empty if all pictures are. drawn: what `drawing` gives now."""
    made: dict[str, Any] = json.loads(LIST.read_text())
    pictures: dict[str, dict[str, str]] = made["pictures"]
    found = [] if made["drawing"] == drawn else ["pages draw their pictures in another way than when these were made"]
    for name in sorted({*SHOTS, *pictures}):
        path = DOCS / f"{name}.png"
        if name not in SHOTS or name not in pictures or not path.exists():
            found.append(f"docs/{name}.png, docs/pictures.json and docs/pictures.py do not agree")
        elif _hash(path.read_bytes()) != pictures[name]["png"]:
            found.append(f"docs/{name}.png is not the one that was made")
        elif shown(SHOTS[name]) != pictures[name]["shows"]:
            found.append(f"docs/{name}.png: {SHOTS[name].shows} has changed since it was made")
    return found


def shown(shot: Shot) -> str:
    """A hash of the files that a screenshot shows."""
    return _hash(b"\0".join(path.read_bytes() for path in _files(ROOT / shot.shows)))


def examples(folder: Path) -> Mapping[str, Any]:
    """Small runs in a folder, for `drawing`: two of digits, one of moons, and a sweep."""
    from trainlab.report.sweep_record import SweepRecord
    from trainlab.search.experiment import read
    from trainlab.search.sweep import start
    from trainlab.store.reading import read_run
    from trainlab.training.train import train

    digits, moons = ROOT / "configs/digits.yaml", ROOT / "configs/moons.yaml"
    few = ("train.epochs=2", "model.hidden=[16]")
    made = [train(read(digits, [*few, f"seed={seed}"]), runs=folder).folder for seed in (0, 1)]
    made.append(train(read(moons, [*few, "train.epochs=4"]), runs=folder).folder)
    start(read(ROOT / "configs/digits-sweep.yaml", ["sweep.trials=4", "train.epochs=1"]), runs=folder)
    return {"runs": [read_run(path) for path in made], "sweep": SweepRecord(folder / "digits-sweep-1")}


def drawing(made: Mapping[str, Any]) -> str:
    """A hash of how pages draw: the specs of all pictures of these runs without their numbers, script and style."""
    from trainlab.report.pictures import gallery

    digits, again, moons = made["runs"]
    pictures = [*gallery.of_run(digits), *gallery.of_run(moons), *gallery.of_runs([digits, again])]
    pictures += gallery.of_sweep(made["sweep"])
    specs = [[p.name, p.title, p.wide, p.switch, bool(p.frames), _bare(p.spec())] for p in pictures]
    html = ROOT / "trainlab/report/html"
    parts = [json.dumps(specs, sort_keys=True), *((html / name).read_text() for name in ("page.js", "page.css"))]
    return _hash("\0".join(parts).encode())


def pages(folder: Path) -> dict[str, str]:
    """The pages by name, of runs that are trained in this folder."""
    from trainlab.lecture.book import book, verdicts
    from trainlab.lecture.chapter import read_chapters
    from trainlab.lecture.running import run_chapter
    from trainlab.report.html.run_page import run_page
    from trainlab.report.html.runs_page import runs_page
    from trainlab.report.html.sweep_page import sweep_page
    from trainlab.report.sweep_record import SweepRecord
    from trainlab.search.experiment import read
    from trainlab.search.sweep import start
    from trainlab.store.reading import read_run
    from trainlab.training.train import train

    digits = ROOT / "configs/digits.yaml"
    sick = train(read(digits, [*_SICK, "optimizer.lr=0.01"]), runs=folder, name="sigmoids").folder
    spirals = train(read(ROOT / "configs/spirals.yaml", []), runs=folder).folder
    twelve = [
        train(read(digits, [f"optimizer.lr={lr}", f"seed={seed}", "train.epochs=12"]), runs=folder).folder
        for lr in (0.0003, 0.003, 0.03, 0.3)
        for seed in (0, 1, 2)
    ]
    start(read(ROOT / "configs/digits-sweep.yaml", ["sweep.trials=60"]), runs=folder)
    wanted = [Path(shot.shows).name for shot in SHOTS.values() if shot.page == "lecture"]
    found = read_chapters(ROOT / "configs/lecture", sorted(wanted))
    results = [run_chapter(chapter, folder / "lecture", short=False, tell=print) for chapter in found]
    return {
        "run": run_page(read_run(sick)),
        "spirals": run_page(read_run(spirals)),
        "runs": runs_page([read_run(path) for path in twelve]),
        "sweep": sweep_page(SweepRecord(folder / "digits-sweep-1")),
        "lecture": book([(result, verdicts(result)) for result in results]),
    }


def make() -> None:
    """All screenshots, and the list of what they were made from."""
    sys.path.insert(0, str(ROOT / "tests" / "report"))
    from chromium import Browser, program

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that no page shows where it was made
        drawn, made = drawing(examples(Path("examples"))), pages(Path("runs"))
        browser = Browser(program())
        for name, shot in SHOTS.items():
            path = Path("runs") / f"{shot.page}.html"
            path.write_text(made[shot.page])
            tab = browser.open(path, width=1280, height=shot.height, dark=shot.dark)
            tab.drawn()
            if shot.place:
                tab.ask(f"document.getElementById('{shot.place}').scrollIntoView()")
            tab.picture(Path("shot.png"), whole=False)
            tab.close()
            _save(Path("shot.png"), DOCS / f"{name}.png")
        browser.close()
    of = {n: {"png": _hash((DOCS / f"{n}.png").read_bytes()), "shows": shown(shot)} for n, shot in SHOTS.items()}
    LIST.write_text(json.dumps({"drawing": drawn, "pictures": of}, indent=1) + "\n")


def _save(shot: Path, to: Path) -> None:
    """The picture with few colors, which is a third as long."""
    from PIL import Image

    small = Image.open(io.BytesIO(shot.read_bytes())).convert("RGB").quantize(200, method=Image.Quantize.MAXCOVERAGE)
    small.save(to, optimize=True)
    print(f"docs/{to.name}: {to.stat().st_size // 1000} kB")


def _bare(value: Any) -> Any:
    """A spec without what depends on the numbers of a run: other processors train to other last digits."""
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if k not in _OF_DATA}
    if isinstance(value, list):
        return [_bare(v) for v in value]
    return re.sub(r"\d+", "#", value) if isinstance(value, str) else value


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    yield from (p for p in sorted(path.rglob("*")) if p.suffix in (".yaml", ".md"))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> None:
    """Make the pictures, or with `--check` say which are not current."""
    if "--check" not in sys.argv:
        make()
        return
    with tempfile.TemporaryDirectory() as folder:
        if found := outdated(drawing(examples(Path(folder)))):
            sys.exit("\n".join([*found, "run: python docs/pictures.py"]))


if __name__ == "__main__":
    main()
