"""Damaged folders of runs, sweeps and tunes: each command reads what it can, or refuses; nothing else is touched.

    python tests/torture/damaged_runs.py [COUNT] [--seed N] [--first N]     # 5 000 files by default

Each case damages one file of a run (one of them with members), a sweep or a tune (bytes; values of wrong types, letters
in numbers, missing arrays; a link, a FIFO, a folder, a huge file in its place), and calls `report`, the pages of serve,
the tools of `mcp`, and five drawn commands of its page, resume, evaluate, predict, export, diff, fix, calibrate,
ensemble, --verify and others. Wrong are: exit code 1, over 2 s of CPU, over 1 GB, a whole run beside it that is not
reported, a folder that a reader or a refusal has changed, a file outside that was read or changed, and a damaged
checkpoint, or a text file with other bytes, that is used as if nothing were.
"""

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest.mock import patch
from zlib import crc32

import numpy as np
from damaging import damage
from harness import CODES, Outcome, call, main, outcomes, tried

from trainlab.cli._mcp_tools import tools
from trainlab.core.errors import UserError
from trainlab.integrations.run import load
from trainlab.report.replay import replay
from trainlab.report.serve.site import Site
from trainlab.store.reading import read_run
from trainlab.store.strict_json import dumps
from trainlab.training.tracker import TrackerRun
from trainlab.training.trackers.tensorboard import TensorBoard

VICTIM = "a sentence that is only written outside of the runs"
CONFIG = """\
name: base
data: {name: csv, path: %s, target: y, preprocess: [fill, standardize]}
model: {name: mlp, hidden: [3], norm: batch}
optimizer: {name: adam, lr: 0.01}
train: {epochs: 2, batch_size: 16, threads: 1}
calibrate: temperature
metrics: [f1, roc_auc]
monitors: {every: 2}
"""
MEMBERS = """\
name: base
data: {name: iris}
model: {name: mlp, hidden: [4]}
train: {epochs: 2, batch_size: 32, threads: 1, members: 2}
"""
SWEEP = """\
name: base
data: {name: moons, samples: 60}
model: {name: mlp, hidden: [2]}
train: {epochs: 1, batch_size: 16, threads: 1}
sweep: {strategy: random, trials: 2, space: {optimizer.lr: {log: [1.0e-3, 1.0]}}}
"""


def table() -> str:
    """60 rows of numbers, words and days, with two classes."""
    rng = np.random.default_rng(1)
    rows = [
        f"{rng.normal(i % 2):.3f},{rng.normal():.3f},{rng.choice(['red', 'blue'])},{('no', 'yes')[i % 2]}"
        for i in range(60)
    ]
    return "\n".join(["a,b,c,y", *rows, ""])


def prepare(place: Path) -> None:
    """A folder with data, configs, one run and one sweep, and a file that is nobody's business."""
    os.chdir(place)
    Path("rows.csv").write_text(table())
    Path("c.yaml").write_text(CONFIG % (place / "rows.csv"))
    Path("s.yaml").write_text(SWEEP)
    Path("m.yaml").write_text(MEMBERS)
    Path("outside").mkdir()
    Path("outside/victim").write_text(VICTIM)
    child = os.fork()  # training starts threads, which a forked process would miss
    if not child:
        sweep = call("sweep", "s.yaml", "--workers", "1")
        tune = call("tune", "s.yaml", "--workers", "1", "--budget", "16-trials", "--quiet")
        ended = [call("train", "c.yaml", "--quiet"), call("train", "m.yaml", "--quiet"), sweep, tune]
        print(*(e.text for e in ended if e.code), file=sys.stderr)
        os._exit(sum(e.code for e in ended))
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the runs, the sweep and the tune could not be made")
    for name, kind in (("base-1", "run"), ("base-2", "members"), ("base-sweep-1", "sweep"), ("base-tune-1", "tune")):
        shutil.move(f"runs/{name}", f"good-{kind}")


def _seen(root: Path) -> str:
    """Names, sizes and checksums of all files in a folder; of large ones, which are holes, the time."""
    found: list[tuple[str, int, int]] = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.name.endswith((".lock", ".index.sqlite")):
            about = path.stat()
            small = about.st_size < _LARGE
            found.append((str(path), about.st_size, crc32(path.read_bytes()) if small else about.st_mtime_ns))
    return repr(found)


def _pages(root: Path, name: str, *, full: bool = True) -> Callable[[], object]:
    """What `trainlab serve` sends for a folder of runs: every page, and whether the whole run is on the front page."""

    def made() -> None:
        site = Site(root)
        front = site.page("/")
        if front is None or "/run/whole-1" not in front.html:
            raise AssertionError("the whole run is not on the front page")
        if not full:
            return
        for address in (f"/run/{name}", f"/sweep/{name}", f"/run/{name}/trials/0001", "/compare"):
            page = site.page(address)
            if page is not None and VICTIM in page.html:
                raise AssertionError(f"{address} shows a file outside")

    return made


_TOOLS = {"runs": (), "report": ("bad-1",), "findings": ("bad-1",), "curves": ("bad-1",), "diagnose": ("runs/bad-1",)}


def _asked(name: str) -> Callable[[], object]:
    """What a tool of `trainlab mcp` answers, as JSON."""
    tool = next(made for made in tools(Path("runs")) if made.__name__ == name)
    return lambda: json.dumps(json.loads(dumps(tool(*_TOOLS[name]))))


class _Silent(TrackerRun):
    """A tracker that keeps nothing."""

    where = "nowhere"

    def scalars(self, *args: object) -> None: ...
    def histogram(self, *args: object) -> None: ...
    def finding(self, *args: object) -> None: ...
    def finish(self, *args: object) -> None: ...
    def flush(self) -> None: ...


def _replayed(path: Path) -> Callable[[], object]:
    """`trainlab export RUN --to TRACKER`, without the package of one."""

    def told() -> None:
        with patch.object(TensorBoard, "package", "json"), patch.object(TensorBoard, "open", lambda *_: _Silent()):
            replay(read_run(path), TensorBoard())

    return told


def _python(path: Path) -> Callable[[], object]:
    def used() -> None:
        run = load(path)
        _ = run.metrics, run.diagnoses, run.config, run.status
        run.predict("rows.csv")

    return used


COMMANDS = [
    ("report", ["report"]),
    ("report", ["report", "bad-1"]),
    ("report --json", ["report", "bad-1", "whole-1", "--json"]),
    ("report --sort --where --csv", ["report", "--sort", "val_loss", "--where", "optimizer.lr<1", "--csv", "out.csv"]),
    ("report --html", ["report", "bad-1", "--html", "out.html"]),
    ("report --compare --html", ["report", "--compare", "--html", "out.html"]),
    ("report --verify", ["report", "--verify", "bad-1"]),
    ("evaluate", ["evaluate", "bad-1"]),
    ("predict", ["predict", "bad-1", "--input", "rows.csv", "--output", "out.csv"]),
    ("export", ["export", "bad-1", "--onnx", "out.onnx"]),
    ("diff", ["diff", "bad-1", "whole-1"]),
    ("diff", ["diff", "whole-1", "bad-1"]),
    ("resume", ["train", "--resume", "bad-1", "--quiet", "train.epochs=3"]),
    ("fix", ["fix", "bad-1"]),
    ("calibrate", ["calibrate", "bad-1"]),
    ("ensemble", ["ensemble", "bad-1", "whole-1"]),
    ("diagnose", ["diagnose", "runs/bad-1"]),
    ("export --torch", ["export", "bad-1", "--torch", "out.py"]),
]
SWEEPS = [
    ("report", ["report"]),
    ("report SWEEP", ["report", "bad-1"]),
    ("report SWEEP --json", ["report", "bad-1", "--json"]),
    ("report SWEEP --html", ["report", "bad-1", "--html", "out.html"]),
    ("sweep --resume", ["sweep", "--resume", "bad-1", "--workers", "1"]),
    ("ensemble --sweep", ["ensemble", "--sweep", "bad-1", "--top", "2"]),
]
TUNES = [
    ("report", ["report"]),
    ("report TUNE", ["report", "bad-1"]),
    ("report TUNE --json", ["report", "bad-1", "--json"]),
    ("report TUNE --html", ["report", "bad-1", "--html", "out.html"]),
    ("tune --resume", ["tune", "--resume", "bad-1", "--workers", "1", "--quiet"]),
    ("tune --from", ["tune", "s.yaml", "--from", "bad-1/search-1", "--dry-run"]),
    ("report --runs", ["report", "--runs", "runs/bad-1/search-1"]),
    ("check", ["check", "runs/bad-1/best.yaml"]),
]
KINDS = {"run": COMMANDS, "members": COMMANDS, "sweep": SWEEPS, "tune": TUNES}
_LARGE = 1 << 26  # bytes
_SHARES = (0.5, 0.15, 0.2, 0.15)  # of the cases
_TEXTS = (".csv", ".json", ".jsonl", ".yaml", ".safetensors")
_DRAWN = 5  # commands for each damaged file, beside `report` and the pages of `serve`
_WRITE = ("resume", "calibrate", "fix", "sweep --resume", "ensemble", "ensemble --sweep", "tune --resume")


def _case(number: int, seed: int) -> Outcome:
    """Damages a file, and calls everything on the folder."""
    rng = np.random.default_rng([seed, number])
    kind = str(rng.choice(list(KINDS), p=_SHARES))
    good, one = Path(f"good-{kind}"), kind in ("run", "members")
    files = sorted(p.relative_to(good) for p in good.rglob("*") if p.is_file() and p.suffix in _TEXTS)
    if not one:  # those of the sweep or tune itself in half of the cases
        own = [f for f in files if "trials" not in f.parts and "confirm" not in f.parts]
        files = own if rng.random() < 0.5 else files
    file = files[int(rng.integers(len(files)))]
    shutil.rmtree("damaged", ignore_errors=True)
    shutil.copytree(good, "damaged")
    how = damage(Path("damaged") / file, rng)
    total = Outcome(Counter({f"damage: {how}": 1}))
    stale, before = True, ""
    every = KINDS[kind]
    other = (Path("damaged") / file).is_file() and how == "bytes" and one
    other = other and (Path("damaged") / file).read_bytes() != (good / file).read_bytes()
    drawn = sorted(rng.choice(np.arange(1, len(every)), min(_DRAWN, len(every) - 1), replace=False).tolist())
    for name, args in [every[0], *(every[i] for i in drawn)]:
        if stale:
            _fresh()
            before = _seen(Path("runs"))
        ended = call(*args)
        total.add(ended.outcome(name))
        stale = _seen(Path("runs")) != before
        if stale and not (name in _WRITE and ended.code != 2):
            total.wrong.append(f"{name}: exit {ended.code}, and the folder has changed: {ended.text[-200:]!r}")
        if VICTIM in ended.text or any(VICTIM in p.read_text(errors="replace") for p in Path().glob("out.*")):
            total.wrong.append(f"{name}: shows a file outside")
        if args == ["report"] and (ended.code or "whole-1" not in ended.text):
            total.wrong.append(f"report: the whole run is not reported: {ended.text[-200:]!r}")
        if other and file.stem == "best" and name == "evaluate" and ended.code == 0:
            total.wrong.append("evaluate: uses a damaged checkpoint")
        if other and name == "report --verify" and ended.code != 4:
            total.wrong.append(f"report --verify: exit {ended.code}, and the file has other bytes")
        for path in Path().glob("out.*"):
            path.unlink()
    if stale:
        _fresh()
    total.add(tried("serve", _pages(Path("runs"), "bad-1", full=rng.random() < 0.3), allowed=()))
    if one and rng.random() < 0.3:
        total.add(tried("Python", _python(Path("runs/bad-1")), allowed=(UserError,)))
    if one and rng.random() < 0.3:
        total.add(tried("export --to", _replayed(Path("runs/bad-1")), allowed=(UserError,)))
    for tool in rng.choice(list(_TOOLS), 2, replace=False):
        total.add(tried(f"mcp {tool}", _asked(tool), allowed=(UserError,)))
    if Path("outside/victim").read_text() != VICTIM or [p.name for p in Path("outside").iterdir()] != ["victim"]:
        total.wrong.append("a file outside was changed")
        shutil.rmtree("outside")
        Path("outside").mkdir()
        Path("outside/victim").write_text(VICTIM)
    total.wrong = [f"{file} ({how}): {text}" for text in total.wrong]
    return total


def _fresh() -> None:
    """A folder of runs with a whole one and a copy of the damaged one."""
    shutil.rmtree("runs", ignore_errors=True)
    Path("runs").mkdir()
    shutil.copytree("good-run", "runs/whole-1")
    _copy(Path("damaged"), Path("runs/bad-1"))


def _copy(here: Path, there: Path) -> None:
    """A copy with FIFOs, links and holes in files as they are."""
    there.mkdir()
    for path in here.iterdir():
        to = there / path.name
        if path.is_symlink():
            to.symlink_to(to if path.readlink().name == path.name else path.readlink())
        elif path.is_dir():
            _copy(path, to)
        elif path.is_fifo():
            os.mkfifo(to)
        elif path.stat().st_size > 1 << 28:
            with to.open("wb") as file:
                file.truncate(path.stat().st_size)
        else:
            shutil.copyfile(path, to)


def _warm() -> None:
    shutil.rmtree("damaged", ignore_errors=True)
    shutil.copytree("good-run", "damaged")
    for name, args in COMMANDS:
        _fresh()
        if (ended := call(*args)).code not in CODES:
            raise SystemExit(f"{name}: {ended}")
    _pages(Path("runs"), "bad-1")()
    _python(Path("runs/bad-1"))()


def torture(numbers: Sequence[int], seed: int) -> Outcome:
    """The outcomes of these cases."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as place:  # noqa: S108
        try:
            prepare(Path(place))
            return outcomes(numbers, lambda number: _case(number, seed), _warm)
        finally:
            os.chdir(here)


if __name__ == "__main__":
    main(torture, 5000, __doc__ or "")
