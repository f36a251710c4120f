"""Random kills (SIGKILL) of a tune, which is then resumed; every tune must come to the numbers of an undisturbed one.

`tests/tuning/test_tune.py` stops a tune twice; by hand, with as many kills as one likes:

    python tests/tuning/tune_kills.py --kills 30
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import tiny_sweep

from trainlab.store.steps import CLOCK, read_steps

TIMES = ("seconds", "took", "pace")


def timeless(value: Any) -> Any:
    """The value without times."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in TIMES}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def steps(folder: Path) -> list[Any]:
    """What the steps of a tune have found, and the bytes of best.yaml."""
    found = [timeless(line) for line in read_steps(folder / "tune.jsonl") if line["step"] != CLOCK]
    return [*found, (folder / "best.yaml").read_text().partition("\n")[2] if (folder / "best.yaml").exists() else ""]


def begin(home: Path, runs: str, budget: str) -> "subprocess.Popen[bytes]":
    """Start the tune of this folder of runs, or resume it."""
    folder = home / runs / "tiny-tune-1"
    begun = (folder / "tune.jsonl").exists() and b'"plan"' in (folder / "tune.jsonl").read_bytes()
    if not begun and folder.exists():
        return begin_anew(home, runs, budget)
    what = ["--resume", str(folder)] if begun else ["tiny.yaml", "--budget", budget, "--runs", runs]
    command = [sys.executable, "-m", "trainlab", "tune", *what, "-w", "2", "--quiet"]
    return subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL)


def begin_anew(home: Path, runs: str, budget: str) -> "subprocess.Popen[bytes]":
    """Start again what was killed before its first line: that left nothing to resume."""
    for path in sorted((home / runs / "tiny-tune-1").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (home / runs / "tiny-tune-1").rmdir()
    return begin(home, runs, budget)


def main() -> None:
    """Kill so often; exit code 1 if a tune has come to other numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--budget", default="15-trials")
    parser.add_argument("--longest", type=float, default=6.0, help="seconds until a kill, at most")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng, kills, tunes = random.Random(asked.seed), 0, 0  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        (home / "tiny.yaml").write_text(tiny_sweep.TRIAL.replace("epochs: 2", "epochs: 4"))
        begin(home, "calm", asked.budget).wait()
        want = steps(home / "calm" / "tiny-tune-1")
        while kills < asked.kills:
            tunes += 1
            runs = f"runs{tunes}"
            while (session := begin(home, runs, asked.budget)).poll() is None:
                if kills < asked.kills:
                    time.sleep(rng.uniform(0.2, asked.longest))
                if session.poll() is None and kills < asked.kills:
                    session.kill()
                    session.wait()
                    kills += 1
                    continue
                session.wait()
                break
            same = steps(home / runs / "tiny-tune-1") == want
            print(f"tune {tunes}: {kills} kills so far, {'the same' if same else 'OTHER'} numbers", flush=True)
            if not same:
                sys.exit(1)


if __name__ == "__main__":
    main()
