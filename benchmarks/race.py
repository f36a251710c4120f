"""Races trainlab against PyTorch, JAX and scikit-learn on five workloads: same rows, weights and order of batches.

    python benchmarks/race.py                      # all of it, some 30 minutes on a quiet machine
    python benchmarks/race.py --brief              # the contenders that can win, about 12 minutes
    python benchmarks/race.py W4 W5 --rounds 5     # some workloads, fewer turns
    python benchmarks/race.py --peers torch --no-extras

Every contender is a live process. They take turns, A B C A B C ..., a second each (as long as it takes until the next
checkpoint is due, so that each turn of `train` has one), so that a drift of the machine's clock meets all. Told are
medians over the turns, and ratios to `trainlab:train` of the same round.
`trainlab:train` is the whole run as `trainlab train` makes it: monitors, rows of CSV, validation, checkpoints.
Peers live in an environment of their own, which this makes (`--environment`, default .race/environment; of several, a
peer runs in the first that has it).
Written: benchmarks/results/race.md and race.csv. A peer that does not install is reported and left out.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from racing import environment, machine  # noqa: E402 - the folder of this file comes first on the path
from racing.contender import Contender, Turn  # noqa: E402
from racing.tables import quoted, summary, table  # noqa: E402
from racing.workloads import WORKLOADS, make  # noqa: E402

from trainlab.engine.compiled.library import load, why_not  # noqa: E402

TRAINLAB = [
    "trainlab:train@1",
    "trainlab:train@2",
    "trainlab:bare@1",
    "trainlab:bare@2",
    "trainlab:numpy@1",
    "trainlab:numpy@2",
]
IMAGES = ("W4", "W5")
PEERS = {
    "torch": ["torch:eager@1", "torch:eager@2", "torch:compile@2"],
    "jax": ["jax:step@1", "jax:step@2"],
    "sklearn": ["sklearn:fit@2"],
}
FLOORS = ["floor:numpy@1", "floor:numpy@2", "floor:torch@1", "floor:torch@2"]
LEFT_OUT = {  # by --brief: they are never the fastest
    *("trainlab:bare@1", "trainlab:bare@2", "trainlab:numpy@1", "trainlab:numpy@2", "torch:eager@1"),
    *("torch:channels_last@1", "jax:step@1", "sklearn:fit@2", "floor:numpy@1", "floor:numpy@2", "floor:torch@1"),
}
COMPARED_STEPS = 40
QUIET = 0.1  # a turn is quiet when others took no more of the machine


def contenders(name: str, peers: list[str], brief: bool) -> list[str]:
    """Who runs on a workload."""
    chosen = [*TRAINLAB, *(spec for peer in peers for spec in PEERS[peer])]
    if name in IMAGES and "torch" in peers:
        chosen += ["torch:channels_last@1", "torch:channels_last@2"]
    if name not in IMAGES and "jax" in peers:
        chosen += ["jax:scan@1", "jax:scan@2"]  # on images it takes minutes to compile
    if name not in ("W1", "W2"):
        chosen = [spec for spec in chosen if not spec.startswith("sklearn")]
    chosen += [spec for spec in FLOORS if "torch" in peers or "torch" not in spec]
    return [spec for spec in chosen if not (brief and spec in LEFT_OUT)]


Pythons = dict[str, Path]  # of each peer


class Race:
    """One workload."""

    def __init__(self, name: str, specs: list[str], arguments: argparse.Namespace, pythons: Pythons, log: Path) -> None:
        self.name, self.arguments = name, arguments
        self.folder = arguments.work / name
        make(self.folder, name)
        with log.open("a") as errors:
            self.runners = [Contender(spec, _python(spec, pythons), self.folder, name) for spec in specs]
            for runner in self.runners:
                runner.start(errors) and self._warm(runner)
            self.same = self._same(errors)
        self.runners = [r for r in self.runners if self._alive(r)]

    def _alive(self, runner: Contender) -> bool:
        if runner.failed:
            print(f"{self.name} {runner.spec}: left out: {runner.failed}", flush=True)
        return not runner.failed

    def _warm(self, runner: Contender) -> None:
        """First steps, whose losses are compared; then how many steps make a turn."""
        first = runner.run(COMPARED_STEPS, patience=400.0)
        runner.losses = first.get("losses", [])
        steps = 4
        for _ in range(6):
            said = runner.run(steps)
            if runner.failed:
                return
            took = max(said["seconds"], 1e-7)
            if "scan" in runner.spec:  # each number of steps is compiled anew
                steps = 400 if self.name == "W1" else 16
            else:
                steps = max(1, round(self.arguments.turn / took))
        runner.steps = steps
        runner.run(steps)

    def _same(self, errors: object) -> dict[str, float]:
        """The largest relative difference of each contender's first losses to those of trainlab on NumPy."""
        runners = self.runners
        if any("dropout" in layer for layer in WORKLOADS[self.name].layers):  # each draws its own: compared without
            runners = [Contender(r.spec, r.python, self.folder, self.name, dropout=False) for r in self.runners]
            for runner in runners:
                if runner.start(errors):
                    runner.losses = runner.run(COMPARED_STEPS, patience=400.0).get("losses", [])
                    runner.end()
        true = next((r.losses for r in runners if r.spec.startswith("trainlab:numpy")), [])
        found = {}
        for r in runners:
            pairs = [(a, b) for a, b in zip(r.losses, true, strict=False) if a == a][:COMPARED_STEPS]
            if r.compared and pairs:
                found[r.spec] = max(abs(a - b) / max(abs(b), 0.05) for a, b in pairs)
        return found

    def run(self, neighbour: bool = False) -> None:
        """All rounds; with a busy neighbour, a process that never rests on the first core."""
        other = _spinner() if neighbour else None
        try:
            for _ in range(self.arguments.rounds):
                for runner in self.runners:
                    time.sleep(0.03)
                    before, began = machine.busy(), time.monotonic()
                    said = runner.run(runner.steps)
                    if runner.failed:
                        continue
                    foreign = machine.busy() - before - said["cpu"]
                    share = max(0.0, foreign / (time.monotonic() - began) / (os.cpu_count() or 1))
                    runner.turns.append(Turn(said["seconds"] * 1e6, share))
        finally:
            if other is not None:
                other.kill()
        for runner in self.runners:
            runner.end()
        self.runners = [r for r in self.runners if self._alive(r) and r.turns]

    def rows(self) -> list[dict[str, object]]:
        """A row for each contender, the fastest peer marked."""
        ours = [r for r in self.runners if r.spec.startswith("trainlab:train")]
        best = min(ours, key=_median, default=None)
        rivals = [r for r in self.runners if not r.ours and not r.spec.startswith("floor")]
        fastest = min(rivals, key=_median, default=None)
        made = []
        for r in self.runners:
            ratios = (
                [a.microseconds / b.microseconds for a, b in zip(r.turns, best.turns, strict=False)] if best else []
            )
            made.append(
                {
                    "workload": self.name,
                    "contender": r.spec,
                    "us_per_step": round(_median(r), 1),
                    "best_us": round(min(t.microseconds for t in r.turns), 1),
                    "ratio_to_trainlab": round(statistics.median(ratios), 3) if ratios else "",
                    "best_peer": "yes" if r is fastest else "",
                    "loss_difference": f"{self.same[r.spec]:.1e}" if r.spec in self.same else "",
                    "peak_mb": round(r.memory),
                    "turns": len(r.turns),
                    "quiet_turns": sum(t.others <= QUIET for t in r.turns),
                }
            )
        return made


def _python(spec: str, pythons: Pythons) -> Path:
    """trainlab runs where this does, the others in the peers' environments."""
    kind, _, variant = spec.partition("@")[0].partition(":")
    if kind == environment.BASE and variant in pythons:
        kind = variant
    return Path(sys.executable) if kind == "trainlab" else pythons[kind]


def _median(runner: Contender) -> float:
    return statistics.median(t.microseconds for t in runner.turns)


def _spinner() -> "subprocess.Popen[bytes]":
    pinned = "hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    code = f"import os\n{pinned}\nwhile True: pass"
    return subprocess.Popen([sys.executable, "-c", code])


def first_steps(names: list[str], arguments: argparse.Namespace, pythons: Pythons) -> list[dict[str, object]]:
    """Process start to first step, and memory, of fresh processes in turn."""
    specs = ["trainlab:train@1", *(["torch:eager@1"] if "torch" in pythons else [])]
    specs += ["jax:step@1"] if "jax" in pythons else []
    made = []
    for name in names:
        found: dict[str, list[tuple[float, float]]] = {spec: [] for spec in specs}
        for _ in range(5):
            for spec in specs:
                kind, _, threads = spec.partition("@")
                command = [
                    _python(spec, pythons),
                    HERE / "racing" / "first_step.py",
                    repr(time.monotonic()),
                    kind,
                    threads,
                    name,
                ]
                environ = os.environ | {"OMP_NUM_THREADS": threads}
                done = subprocess.run(
                    [str(part) for part in [*command, arguments.work / name]],
                    capture_output=True,
                    text=True,
                    env=environ,
                    check=False,
                )
                if done.stdout:
                    said = json.loads(done.stdout)
                    found[spec].append((said["seconds"], said["memory"]))
        for spec, measured in found.items():
            if measured:
                seconds, memory = (statistics.median(column) for column in zip(*measured, strict=True))
                data = (arguments.work / name / "x.npy").stat().st_size / 2**20
                made.append(
                    {
                        "workload": name,
                        "contender": spec,
                        "first_step_s": round(seconds, 3),
                        "peak_mb": round(memory),
                        "data_mb": round(data),
                    }
                )
                print(made[-1], flush=True)
    return made


def write(
    arguments: argparse.Namespace, rows: list[dict[str, object]], firsts: list[dict[str, object]], told: str
) -> None:
    """race.md and race.csv."""
    arguments.results.mkdir(parents=True, exist_ok=True)
    parts = ["# A race of training steps", told, quoted(rows), summary(rows), "## Every contender", table(rows)]
    if firsts:
        parts += ["## Process start to first step, and memory", table(firsts)]
    (arguments.results / "race.md").write_text("\n\n".join(parts) + "\n")
    with (arguments.results / "race.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    print(f"\n{told}\n\n{quoted(rows)}\n\n{summary(rows)}\n\nwritten: {arguments.results / 'race.md'}")


def describe(pythons: Pythons) -> str:
    """The machine, the versions and the day."""
    found = machine.versions(Path(sys.executable), ["trainlab", "numpy"])
    for peer, python in pythons.items():
        found |= machine.versions(python, [environment.PEERS.get(peer, "").partition("=")[0]])
    known = ", ".join(f"{name} {number}" for name, number in found.items())
    library = load()
    kernels = f"kernels {library.level}" if library else f"no kernels ({why_not()})"
    day = datetime.now(UTC).date().isoformat()
    return (
        f"{day} · {machine.processor()} · Python {sys.version.split()[0]}, {known}, {kernels}. `@2`: two threads. "
        "Times are medians over turns; ratios are medians over rounds, to the fastest `trainlab:train`. `quiet_turns`: "
        f"turns in which other processes took at most {QUIET:.0%} of the machine."
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("workloads", nargs="*", choices=[[], *WORKLOADS], help="W1 ... W5; all without it")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--brief", action="store_true", help="only the contenders that can be the fastest")
    parser.add_argument("--turn", type=float, default=1.0, help="seconds of a turn")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--only", nargs="*", help="contenders, such as torch:eager@2")
    parser.add_argument("--no-extras", action="store_true", help="no busy neighbour, no time to the first step")
    parser.add_argument("--environment", type=Path, nargs="+", default=[HERE.parent / ".race" / "environment"])
    parser.add_argument("--work", type=Path, default=HERE.parent / ".race" / "data", help="for rows and weights")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    return parser.parse_args()


def main() -> None:
    """Race."""
    a = arguments()
    names = a.workloads or list(WORKLOADS)
    pythons = environment.prepared(a.environment, a.peers)
    peers = [peer for peer in a.peers if peer in pythons]
    a.work.mkdir(parents=True, exist_ok=True)
    log, told = a.work / "errors.log", describe(pythons)
    log.write_text("")
    print(told, flush=True)
    rows: list[dict[str, object]] = []
    for name in names:
        race = Race(name, a.only or contenders(name, peers, a.brief), a, pythons, log)
        race.run()
        rows += race.rows()
        print(table(race.rows()), flush=True)
        write(a, rows, [], told)  # what is known so far, should the race be stopped
    firsts: list[dict[str, object]] = []
    if not a.no_extras:
        if "W3" in names:
            beside = [s for s in ("trainlab:train@2", "torch:eager@2") if not s.startswith("torch") or "torch" in peers]
            race = Race("W3", beside, a, pythons, log)
            race.run(neighbour=True)
            found = race.rows()
            for row in found:
                row["workload"] = "W3 beside a busy process"
            rows += found
            print(table(found), flush=True)
        firsts = first_steps([n for n in names if n in ("W1", "W4")], a, pythons)
    write(a, rows, firsts, told)


if __name__ == "__main__":
    main()
