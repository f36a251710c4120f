"""Random kills (SIGKILL of a worker that trains, of any worker, of the sweep) over one sweep.

After each death of the sweep it is resumed; in the end its trials.csv, best.yaml and every trial's metrics.csv must
equal those of the same sweep, undisturbed, but for times. `tests/search/test_sweep_kills.py` does a few kills; by hand:

    python tests/search/sweep_kills.py --kills 200
    python tests/search/sweep_kills.py --kills 100 sweep.strategy=asha
"""

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import tiny_sweep

from trainlab.store.process import runs
from trainlab.store.reading import RunRecord

CONFIG = tiny_sweep.sweep(6, optimizer_lr="{log: [1e-4, 1e-2]}", train_batch_size="{int: [8, 64]}")
LONGER = ["data.samples=300", "model.hidden=[8]", "train.epochs=600"]
PAUSES = (0.02, 0.5)  # seconds between two kills, at least and at most


class Chaos:
    """A sweep in a folder, and whoever kills it."""

    def __init__(self, folder: Path, overrides: list[str], seed: int) -> None:
        self.folder, self.overrides, self.random = folder, overrides, random.Random(seed)  # noqa: S311 - no secret
        self.sweep = folder / "runs/tiny-sweep-1"
        self.kills: Counter[str] = Counter()
        self.sessions = 0
        self.next = self._chosen()

    def run(self, kills: int, trials: int) -> int:
        """Kill so often, then let the sweep end in peace; returns how many trials it has come to."""
        (self.folder / "chaos.yaml").write_text(CONFIG)
        session = self._begin(trials)
        while sum(self.kills.values()) < kills:
            time.sleep(self.random.uniform(*PAUSES))
            if session.poll() is not None:  # it has come to its end: go on with what was killed, or with more
                trials += 0 if self._open(trials) else 6
                session = self._begin(trials)
            elif not self._kill(session):
                continue
            if session.poll() is not None:
                session = self._begin(trials)
        session.wait()
        while self._open(trials):
            self._begin(trials).wait()
        return trials

    def _begin(self, trials: int) -> "subprocess.Popen[bytes]":
        """Start the sweep, or resume it."""
        self.sessions += 1
        if (self.sweep / "sweep.yaml").exists() and (self.sweep / "trials").is_dir():
            what = ["--resume", str(self.sweep)]
        else:
            what = ["chaos.yaml", *LONGER, *self.overrides]
        command = [sys.executable, "-m", "trainlab", "sweep", *what, "--trials", str(trials), "-w", "2", "--quiet"]
        log = (self.folder / "log.txt").open("ab")
        with log:
            return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=log)

    def _open(self, trials: int) -> bool:
        """Whether a trial is left that has not ended by itself."""
        rows = table(self.sweep)
        return len(rows) < trials or any(row["status"] in ("failed", "interrupted") for row in rows)

    def _kill(self, session: "subprocess.Popen[bytes]") -> bool:
        """Kill something that runs; false if nothing of the kind does."""
        what = self.next
        if what == "sweep":
            victim: int | None = session.pid if self.sweep.exists() else None
        elif what == "worker":
            workers = list(children_of(session.pid, "search.executors.worker"))
            victim = self.random.choice(workers) if workers else None
        else:
            pids = [pid for pid in running(self.sweep) if runs(pid, "")]
            victim = self.random.choice(pids) if pids else None
        if victim is None:
            return False
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            return False
        if what == "sweep":
            session.wait()
        self.kills[what] += 1
        self.next = self._chosen()
        return True

    def _chosen(self) -> str:
        """What is killed next; it is waited for."""
        return self.random.choice(("trial", "worker", "sweep"))


def folders(sweep: Path) -> list[Path]:
    """The run folders of all trials: one each, or one for each repeat and fold."""
    trials = sweep / "trials"
    return sorted({path.parent for path in [*trials.glob("*/status.json"), *trials.glob("*/*/status.json")]})


def running(sweep: Path) -> list[int]:
    """The processes of the trials that run now."""
    records = [RunRecord(path, path.name) for path in folders(sweep)]
    return [record.status.pid for record in records if record.state == "running" and record.status]


def children_of(pid: int, word: str) -> Iterator[int]:
    """The children of a process with this word in their command line."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and word in (path / "cmdline").read_text():
                yield int(path.name)
        except (OSError, IndexError):
            continue


def table(sweep: Path) -> list[dict[str, str]]:
    """trials.csv without times; it must be readable at any instant."""
    if not (sweep / "trials.csv").exists():
        return []
    with (sweep / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert all(None not in row and None not in row.values() for row in rows), "trials.csv is torn"
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def metrics(sweep: Path) -> dict[str, list[dict[str, str]]]:
    """Every run's metrics.csv without times, up to the epoch that its trial's row tells of.

    A trial of asha may have been trained further: where another one was killed, it was promoted in its place, and when
    the sweep was resumed that decision was taken again, and otherwise.
    """
    rows = {f"{int(row['trial']):04}": row for row in table(sweep)}
    found: dict[str, list[dict[str, str]]] = {}
    for run in folders(sweep):
        with (run / "metrics.csv").open(newline="") as file:
            lines = [{k: v for k, v in line.items() if k != "seconds"} for line in csv.DictReader(file)]
        known = rows[run.name]["epochs"] if run.parent.name == "trials" else len(lines)
        found[str(run.relative_to(sweep))] = lines[: int(known) + 1]
    return found


def differences(got: Path, want: Path) -> list[str]:
    """What differs between two sweeps, one line each."""
    found = [f"trials.csv: {a} != {b}" for a, b in zip(table(got), table(want), strict=False) if a != b]
    if len(table(got)) != len(table(want)):
        found.append(f"trials.csv: {len(table(got))} rows != {len(table(want))}")
    one, other = metrics(got), metrics(want)
    found += [f"metrics.csv of trial {name}" for name in one | other if one.get(name) != other.get(name)]
    best = [(sweep / "best.yaml").read_text().splitlines() for sweep in (got, want)]
    return found if best[0] == best[1] else [*found, f"best.yaml: {best[0][0]} != {best[1][0]}"]


def disturbed(folder: Path, *, kills: int, trials: int, overrides: list[str], seed: int) -> tuple[Chaos, list[str]]:
    """A sweep with so many kills, and in what it differs from the undisturbed one."""
    (folder / "wild").mkdir()
    (folder / "calm").mkdir()
    chaos = Chaos(folder / "wild", overrides, seed)
    trials = chaos.run(kills, trials)
    calm = Chaos(folder / "calm", overrides, seed)
    calm.run(0, trials)
    return chaos, differences(chaos.sweep, calm.sweep)


def main() -> None:
    """Kill as often as the command line says, and tell what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--trials", type=int, default=0, help="by default one for every four kills, and 6")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        trials = given.trials or given.kills // 4 + 6
        chaos, wrong = disturbed(
            Path(folder), kills=given.kills, trials=trials, overrides=given.overrides, seed=given.seed
        )
        rows = len(table(chaos.sweep))
        print((chaos.folder / "log.txt").read_text(), file=sys.stderr)
    told = ", ".join(f"{number} of a {what}" for what, number in sorted(chaos.kills.items()))
    print(f"{sum(chaos.kills.values())} kills ({told}) in {chaos.sessions} sessions over a sweep of {rows} trials")
    print("\n".join(wrong) or f"equal to the undisturbed sweep, row for row ({time.monotonic() - began:.0f} s)")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
