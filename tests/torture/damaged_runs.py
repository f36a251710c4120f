"""Damaged run and sweep folders: every command reads what can be read, or refuses by name; nothing else is touched.

    python tests/torture/damaged_runs.py [COUNT] [--seed N] [--first N]     # 5 000 files by default

Each case damages one file of a run, or of a sweep (bytes; values of wrong types, letters in numbers, missing arrays; a
link, a FIFO, a folder, a huge file in its place), and calls `report`, the pages of serve, and five drawn commands of
its page, resume, evaluate, predict, export, diff, fix, calibrate, ensemble, --verify and others. Wrong are: exit code
1, over 2 s of CPU, over 1 GB, a whole run beside it that is not reported, a folder that a reader or a refusal has
changed, a file outside that was read or changed, and a damaged checkpoint that is used as if nothing were.
"""

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from damaged_data import mutant
from harness import CODES, Outcome, call, main, outcomes, tried
from hostile_values import CELLS, changed, text_of

from trainlab.core.errors import UserError
from trainlab.integrations.run import load
from trainlab.report.serve.site import Site
from trainlab.store import checkpoint

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
    Path("outside").mkdir()
    Path("outside/victim").write_text(VICTIM)
    child = os.fork()  # training starts threads, which a forked process would miss
    if not child:
        ended = [call("train", "c.yaml", "--quiet"), call("sweep", "s.yaml", "--workers", "1")]
        print(*(e.text for e in ended if e.code), file=sys.stderr)
        os._exit(sum(e.code for e in ended))
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the run and the sweep could not be made")
    shutil.move("runs/base-1", "good")
    shutil.move("runs/base-sweep-1", "good-sweep")


def damage(path: Path, rng: np.random.Generator) -> str:
    """Damages one file, and says how."""
    good = path.read_bytes()
    kind = int(rng.integers(10))
    if kind == 0:
        return _replaced(path, rng)
    if kind <= 2:
        path.write_bytes(mutant(good, rng))
        return "bytes"
    how = {".json": _json, ".jsonl": _jsonl, ".yaml": _yaml, ".csv": _csv, ".safetensors": _checkpoint}[path.suffix]
    how(path, rng)
    return "values"


def _replaced(path: Path, rng: np.random.Generator) -> str:
    path.unlink()
    match int(rng.integers(8)):
        case 0:
            return "missing"
        case 1:
            path.mkdir()
            return "folder"
        case 2:
            path.symlink_to(Path("outside/victim").resolve())
            return "link"
        case 3:
            path.symlink_to(Path("/dev/zero"))
            return "link"
        case 4:
            os.mkfifo(path)
            return "fifo"
        case 5:
            path.touch()
            return "empty"
        case 6:
            with path.open("wb") as file:
                file.truncate(3 << 30)
            return "3 GB of zeros"
        case _:
            path.symlink_to(path)
            return "link to itself"


def _json(path: Path, rng: np.random.Generator) -> None:
    path.write_text(text_of(*changed(json.loads(path.read_text()), rng), indent=2))


def _jsonl(path: Path, rng: np.random.Generator) -> None:
    lines = path.read_text().splitlines() or ["{}"]
    at = int(rng.integers(len(lines)))
    lines[at] = text_of(*changed(json.loads(lines[at]), rng))
    path.write_text("\n".join(lines) + "\n")


def _yaml(path: Path, rng: np.random.Generator) -> None:
    path.write_text(text_of(*changed(yaml.safe_load(path.read_text()), rng), indent=1))


def _csv(path: Path, rng: np.random.Generator) -> None:
    rows = [line.split(",") for line in path.read_text().splitlines()]
    row, column = int(rng.integers(len(rows))), int(rng.integers(len(rows[0])))
    match int(rng.integers(8)):
        case 0:
            rows = [[*r[:column], *r[column + 1 :]] for r in rows]
        case 1:
            rows[0][column] = rows[0][int(rng.integers(len(rows[0])))]
        case 2:
            rows = [rows[0], *(rows[1:][i] for i in rng.permutation(len(rows) - 1))]
        case 3:
            rows[1:] = rows[1:] * 2
        case 4:
            rows = rows[:1]
        case 5:
            cell = CELLS[int(rng.integers(len(CELLS)))]
            rows[1:] = [[*r[:column], cell, *r[column + 1 :]] for r in rows[1:]]
        case _:
            rows[row][min(column, len(rows[row]) - 1)] = CELLS[int(rng.integers(len(CELLS)))]
    path.write_bytes("\n".join([*map(",".join, rows), ""]).encode(errors="surrogatepass"))


def _checkpoint(path: Path, rng: np.random.Generator) -> None:
    """Other arrays, or other metadata, with checksums that fit: a file that somebody made."""
    arrays, meta = checkpoint.load(path)
    if rng.random() < 0.5:
        made, raw = changed(meta, rng)
        text = text_of(made, raw)
        try:
            meta = json.loads(text)
        except (ValueError, RecursionError):
            meta = {}
        checkpoint.save(path, arrays, meta if isinstance(meta, dict) else {"meta": meta})
        return
    name = sorted(arrays)[int(rng.integers(len(arrays)))]
    array = arrays.pop(name)
    made_of: list[Callable[[], Any]] = [
        lambda: None,
        lambda: np.zeros((0,), array.dtype),
        lambda: array.reshape(-1)[:-1],
        lambda: np.concatenate([array.reshape(-1)] * 2),
        lambda: array.reshape(-1)[:1].reshape(()),
        lambda: array[None],
        lambda: array.astype(np.float64 if array.dtype.kind != "f" else np.int64),
        lambda: np.full_like(array, np.nan if array.dtype.kind == "f" else -1),
        lambda: np.full_like(array, 3e38 if array.dtype.kind == "f" else np.iinfo(np.int32).max % 120),
    ]
    with np.errstate(all="ignore"):
        other = made_of[int(rng.integers(len(made_of)))]()
    checkpoint.save(path, arrays if other is None else arrays | {name: np.ascontiguousarray(other)}, meta)


def _seen(root: Path) -> str:
    """Names, sizes and times of all files in a folder."""
    found = [(str(p), s.st_size, s.st_mtime_ns) for p in sorted(root.rglob("*")) for s in [p.lstat()]]
    return repr([one for one in found if not one[0].endswith((".lock", ".index.sqlite")) and Path(one[0]).is_file()])


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
]
SWEEPS = [
    ("report", ["report"]),
    ("report SWEEP", ["report", "bad-1"]),
    ("report SWEEP --json", ["report", "bad-1", "--json"]),
    ("report SWEEP --html", ["report", "bad-1", "--html", "out.html"]),
    ("sweep --resume", ["sweep", "--resume", "bad-1", "--workers", "1"]),
    ("ensemble --sweep", ["ensemble", "--sweep", "bad-1", "--top", "2"]),
]
_DRAWN = 5  # commands for each damaged file, beside `report` and the pages of `serve`
_WRITE = ("resume", "calibrate", "fix", "sweep --resume", "ensemble", "ensemble --sweep")


def _case(number: int, seed: int) -> Outcome:
    """Damages a file, and calls everything on the folder."""
    rng = np.random.default_rng([seed, number])
    sweep = rng.random() < 0.25
    good = Path("good-sweep" if sweep else "good")
    files = sorted(p.relative_to(good) for p in good.rglob("*") if p.is_file() and p.name != ".lock")
    if sweep:  # those of the sweep itself in half of the cases
        own = [f for f in files if len(f.parts) == 1]
        files = own if rng.random() < 0.5 else files
    file = files[int(rng.integers(len(files)))]
    shutil.rmtree("damaged", ignore_errors=True)
    shutil.copytree(good, "damaged")
    how = damage(Path("damaged") / file, rng)
    total = Outcome(Counter({f"damage: {how}": 1}))
    stale, before = True, ""
    every = SWEEPS if sweep else COMMANDS
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
        if how == "bytes" and file.suffix == ".safetensors" and file.stem == "best" and name == "evaluate":
            changed_ = (Path("damaged") / file).read_bytes() != (good / file).read_bytes()
            if changed_ and ended.code == 0:
                total.wrong.append("evaluate: uses a damaged checkpoint")
        for path in Path().glob("out.*"):
            path.unlink()
    if stale:
        _fresh()
    total.add(tried("serve", _pages(Path("runs"), "bad-1", full=rng.random() < 0.3), allowed=()))
    if not sweep and rng.random() < 0.3:
        total.add(tried("Python", _python(Path("runs/bad-1")), allowed=(UserError,)))
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
    shutil.copytree("good", "runs/whole-1")
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
    shutil.copytree("good", "damaged")
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
