"""Writes zoo.md: how good the monitors are, and `fix`, on the zoo. `python docs/zoo.py` measures (half an hour).

    python docs/zoo.py TUNED.json FRESH.json     writes the page from what `trainlab zoo --json` printed for both

Thresholds were chosen while looking at seeds 0 to 4; the seeds and the blind draw of the second measurement had been
looked at by nobody before it was made.
"""

import json
import os
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

TUNED = "zoo --seeds 0-4 --json"
FRESH = "zoo --seeds 30-34 --random 300 --draw 2026 --json"
BARS = (
    ("sick runs with a warning or an error", "caught", "faults", "at least 97 %"),
    ("named: an expected code among the first two", "named", "faults", "at least 90 %"),
    ("caught before the first step", "before_first_step", "faults", "at least 55 %"),
    ("healthy runs with a warning or an error", "bothered", "healthy", "none"),
    ("cured by `fix`, of those that a config can cure", "cured", "curable", "at least 85 %"),
    ("blind draw: bad runs with a warning or an error", "bad_caught", "bad", "at least 95 %"),
    ("blind draw: good runs with a warning or an error", "good_bothered", "good", "at most 5 %"),
    ("advice and rarer codes that were shown", "shown", "shows", "at least 90 %"),
)
COLUMNS = ("caught", "first", "before", "while", "after", "named", "cured", "bothered")
INTRO = """# The zoo

A monitor is judged like a medical test: of the sick, how many are caught, and of the healthy, how many are bothered.
[`zoo/zoo.yaml`](../zoo/zoo.yaml) holds experiments that must stay silent, and sabotaged ones of which it is known what
is wrong. Beside them stand configs that are drawn blindly and judged by their outcome alone: good is a validation score
within 0.03 of the 90th percentile of its data set, bad is more than 0.15 below it; the rest is not counted. So no rule
can be made for them.

- **caught**: a warning or an error, at any time.
- **named**: one of the codes that are right for this fault is among the first two warnings and errors.
- **cured**: `trainlab fix`, which knows the run folder and nothing else, found a patch with which the run ends within
  0.03 of its healthy twin. Runs that are as near without a patch are not counted, nor are faults of the data that no
  config can mend (wrong labels, too few rows). Patches never take a deliberate fault out; they may scale, fill in or
  split otherwise.
- **bothered**: a warning or an error for a run that is well.

Everything is measured over several seeds; those of the first column were looked at while thresholds were chosen, those
of the second were not before they were measured. What is found out there may be mended afterwards: the figures stay
those of the day, and the next measurement takes new seeds.
"""


def measured(command: str) -> dict[str, Any]:
    """What a command prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "trainlab", *shlex.split(command)]
    return json.loads(subprocess.run(line, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def page(tuned: dict[str, Any], fresh: dict[str, Any]) -> str:
    """The text of the page."""
    lines = [INTRO, "| | expected | seeds used for tuning | seeds not used |", "|---|---|---|---|"]
    for what, part, whole, expected in BARS:
        cells = [_share(r["summary"][part], r["summary"][whole]) for r in (tuned, fresh)]
        lines.append(f"| {what} | {expected} | {' | '.join(cells)} |")
    runs = " | ".join(str(r["summary"]["reruns"]) for r in (tuned, fresh))
    lines.append(f"| runs that `fix` took for each, on average | at most 3 | {runs} |")
    lines += ["", "Made by `python docs/zoo.py`, which runs", ""]
    lines += ["```text", f"trainlab {TUNED}", f"trainlab {FRESH}", "```", ""]
    lines += ["## Code by code", ""]
    lines += [
        "Sick runs (faults and bad blind ones) that a code was said for; how often it came first, and when that was:",
        "before the first step, while training, after the last one. Healthy and good runs that it bothered. Seeds that",
        "were not used for tuning.",
        "",
        f"| code | {' | '.join(COLUMNS)} |",
        f"|---|{'---|' * len(COLUMNS)}",
    ]
    for code, row in fresh["summary"]["codes"].items():
        lines.append(f"| [`{code}`](diagnoses.md#{code}) | {' | '.join(str(row[c]) for c in COLUMNS)} |")
    lines += ["", "## Cures", ""]
    lines += [
        "Mean validation scores (accuracy; R2 for friedman1 and diabetes) over the seeds that were not used for",
        "tuning, and the patch of the first of them. A score of a run that diverged counts as 0.",
        "",
        "| fault | sick | cured | healthy twin | cured within 0.03 | runs | patch |",
        "|---|---|---|---|---|---|---|",
        *_cures(fresh["runs"]),
    ]
    return "\n".join(lines) + "\n"


def _cures(runs: list[dict[str, Any]]) -> list[str]:
    """A row per fault that was to be cured."""
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for run in runs:
        if (run.get("fix") or {}).get("twin") is not None:
            by_name[run["name"]].append(run)
    rows: list[str] = []
    for name, same in sorted(by_name.items()):
        sick, cured, twin = (mean(_score(v) for v in values) for values in _scores(same))
        done = sum(run["fix"]["cured"] for run in same)
        taken = mean(run["fix"]["reruns"] for run in same)
        patch = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in same[0]["fix"]["patch"].items()) or "none"
        rows.append(
            f"| {name} | {sick:.2f} | {cured:.2f} | {twin:.2f} | {done} of {len(same)} | {taken:.1f} | {patch} |"
        )
    return rows


def _scores(same: list[dict[str, Any]]) -> list[list[Any]]:
    return [[r["score"] for r in same], [r["fix"]["score"] for r in same], [r["fix"]["twin"] for r in same]]


def _score(value: Any) -> float:
    return max(-1.0, value) if isinstance(value, float) else 0.0


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "-"


if __name__ == "__main__":
    results = [json.loads(Path(name).read_text()) for name in sys.argv[1:]] or [measured(TUNED), measured(FRESH)]
    Path(__file__).with_name("zoo.md").write_text(page(*results), encoding="utf-8")
