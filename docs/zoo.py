"""Writes zoo.md: how well the monitors and `fix` do on the zoo. `python docs/zoo.py` measures it (half an hour).

    python docs/zoo.py TUNED.json FRESH.json     writes the page from what `trainlab zoo --json` printed for both

Thresholds were tuned on the first seeds. The seeds and the random configs of the second measurement were new.
"""
# ruff: noqa: E501 - rows of Markdown tables cannot be folded

import json
import os
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

TUNED = "zoo --seeds 0-1 --json"
FRESH = "zoo --seeds 50-52 --random 200 --draw 2027 --leave-one-data-set-out --json"
BARS = (
    ("faults detected (a warning or an error)", "caught", "faults", "at least 97 %"),
    ("named: an expected code among the first two", "named", "faults", "at least 90 %"),
    ("detected before the first step", "before_first_step", "faults", "at least 55 %"),
    ("false positives among healthy runs", "bothered", "healthy", "none"),
    ("fixed by `fix`, of those that a config can fix", "cured", "curable", "at least 85 %"),
    ("random configs: bad runs detected", "bad_caught", "bad", "at least 95 %"),
    ("random configs: false positives among good runs", "good_bothered", "good", "at most 5 %"),
    ("advice and rarer codes that were reported", "shown", "shows", "at least 90 %"),
)
COLUMNS = ("caught", "first", "before", "while", "after", "named", "cured", "bothered")
TITLES = ("detected", "first", "before", "while", "after", "named", "fixed", "false positives")
INTRO = """# The zoo

The zoo is a benchmark of the monitors. They are measured like a medical test: true positives (faults that they detect)
and false positives (healthy runs with a warning). [`zoo/zoo.yaml`](../zoo/zoo.yaml) holds healthy experiments and
experiments with a known fault. In addition, configs are drawn at random and labelled by their score alone: good is a
validation score within 0.03 of the 90th percentile of its data set, bad is more than 0.15 below it, or an R2 of at most 0; the
rest is not counted. So no rule can be tuned to them. `random.top` of the file holds these percentiles, of 1400 configs. Of
the 3 to 9 configs that 40 draws give to a data set, all may be poor, and their own percentile would call the best of them
good: that was so for each of the 9 false positives that five such draws seemed to have.

- **detected** (`caught` in the JSON output): a warning or an error, at any time.
- **named**: one of the right codes for this fault is among the first two warnings and errors.
- **fixed** (`cured`): `trainlab fix`, which knows only the run folder, found a patch with which the run ends within
  0.03 of its healthy twin. Runs that are as near without a patch are not counted, nor are faults of the data that no
  config can fix (wrong labels, too few rows). Patches never remove a deliberate fault; they may scale, fill in, or
  split differently.
- **false positive** (`bothered`): a warning or an error for a healthy run.

Everything is measured over several seeds. The seeds of the first column were used to tune thresholds, those of the
second were not. Bugs found on the held-out seeds are fixed later; the published numbers are not updated, and the next
measurement uses new seeds.
"""
# What is judged beside the zoo, by hand: the data of these programs are not in the repository.
BEYOND = """## Beyond the zoo

A zoo that its authors made flatters its authors. So the same build is judged on what they did not make, too:

| judged on | detected | named | false positives | fixed |
|---|---|---|---|---|
| the zoo, seeds that were not used | {zoo} |
| 14 programs of other people (dl-fl-repair, DeepFD), 3 seeds | 42 of 42 | 39 of 42 | 1 of 42 fixed versions | 41 of 42 regain 90 % of the gap, 2.4 runs each |
| the same with random search in as many runs | | | | 20 of 42 |
| the same before these rules | 28 of 42 | 12 of 42 | 3 of 42 | 15 of 39, 3.1 runs each; random search 19 of 39 |
| 28 faults of the same kinds on other data, written as a guard against fitting the 14, 2 seeds | 52 of 56 | 47 of 56 | 1 of 56 | 53 of 54, 2.0 runs each; random search 25 of 54 |
| 240 random configs on four data sets that the zoo does not draw from | 154 of 156 bad ones | | 4 of 45 good ones | |
| 560 random configs of the zoo's data sets, six draws that were not used (88301, 40417, 59023, 13339, 515253, 90909) | 284 of 284 bad ones | | 0 of 195 good ones | |
| 33 PyTorch programs with a fault of the loop, the loss or the data, and 20 sound ones; then 13 and 8 more, written after the rules | 46 of 46 (before: 19 of the 33) | 33 of 33 (before: 13), then 12 of 13 | 0 of 20, then 1 of 8; both then mended | |
| 199 training logs of some 50 other tools ([logs.md](logs.md)) | right on 194, wrong on none, refused 5 (before: 60, 16, 123) | | none | |

The programs are scored by `python benchmarks/faults.py DIR`, the logs by `python
benchmarks/logs.py DIR`; the row of random configs is `trainlab zoo benchmarks/outside.yaml
--random 240 --draw 31 --no-cure` (before these rules: 152 of 156 bad ones detected, 3 of 45 good ones with a warning). Where the
authors' version is at most 0.02 better there is no gap to regain.

**A data set left out.** `--leave-one-data-set-out` chooses the confidence of each finding, and the least one that is an
alarm, on all data sets of the zoo but one, and judges that one. The mean of the shares of faulty runs detected and of healthy
ones left in peace is {gap:.3f} lower than with everything chosen on all (wanted: at most 0.02), the share that is named {named:.3f}.

**Two thresholds that were set with one draw in sight.** `lr-too-high` reports a run that has learned something after a first
step over half of the weights, if its progress is below `good` (0.8) and its training loss ends `rebound` (0.03 of chance)
above its best, or above chance. Of 1600 fresh random configs 180 classifiers were such runs. It tells of 26 of them: 25 end
more than 0.15 below the best tenth of their data set, one 0.03 to 0.15 below. With `good` from 0.6 to 0.9 and `rebound` from
0.01 to 0.2 it tells of 15 to 33, never of a good one; with 0.95 of up to three good ones. In PyTorch, 102 trainings of LSTM,
GRU, transformer, MLP and CNN with three optimizers at rates over two and a half decades: named in 21, all of them at an
accuracy below 0.77; of 65 at 0.9 or more none. Both stay as they are.

What is still wrong:

- Three of those 102 trainings end at 0.51 to 0.72 without a warning: Adam and RMSprop at ten times a good rate.
- Good random configs outside the zoo get a warning in 4 of 45 cases, wanted are 5 %. All four are on diabetes, where the best
  tenth of the draws begins at an R2 of 0.26: three are behind a linear model by more than 0.1, one was still rising.
- A rate that is far too high for Adam but still learns gets no warning (a small network on images of clothes, Adam at 0.1:
  0.70 instead of 0.82), because every sign of it fades before the end.
- With 90 % dropout, and with a single unit between two layers, `loss-not-decreasing` or `dead-relu` is told before the cause.
- One gradient step an epoch (a batch as large as the data) is often called `underfitting`.
- `wrong-optimizer` is right for AdaDelta in the programs above, but their list of right codes has none, so three runs count as
  not named. Slow optimizers that only a comparison shows (plain descent where Adam runs) have no code; `fix` tries Adam.
- The rate that a short range test suggests is not counted as a run of `fix`.
- Findings that a run disproves are withdrawn. Three of the zoo's faulty runs above did no harm with these seeds (0.97 to
  0.99), so they count as not detected."""


def measured(command: str) -> dict[str, Any]:
    """The JSON output of a command."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "trainlab", *shlex.split(command)]
    return json.loads(subprocess.run(line, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def calibration(tuned: dict[str, Any]) -> str:
    """The text of `diagnose/calibration.py`: how often each code was right when it was reported."""
    counts: dict[bool, dict[str, list[int]]] = {False: defaultdict(lambda: [0, 0]), True: defaultdict(lambda: [0, 0])}
    for run in tuned["runs"]:
        if run["kind"] in ("fault", "healthy"):
            said = {(found["code"], found["led"]) for found in run["found"] if found["severity"] != "info"}
            for code, led in said:
                counts[led][code][0] += code in run["expect"]
                counts[led][code][1] += 1
    lines = [
        '"""Counts for `diagnose/confidence.py`, written by `docs/zoo.py`: right and reported, code by code.',
        "",
        "ROOT: reported without an earlier cause. LED: another finding led to it.",
        '"""',
        "",
    ]
    for name, led in (("ROOT", False), ("LED", True)):
        rows = [f'    "{code}": ({right}, {said}),' for code, (right, said) in sorted(counts[led].items())]
        lines += [f"{name} = {{", *rows, "}"]
    return "\n".join(lines) + "\n"


def page(tuned: dict[str, Any], fresh: dict[str, Any]) -> str:
    """The text of the page."""
    lines = [INTRO, "| | expected | seeds used for tuning | seeds not used |", "|---|---|---|---|"]
    for what, part, whole, expected in BARS:
        cells = [_share(r["summary"][part], r["summary"][whole]) for r in (tuned, fresh)]
        lines.append(f"| {what} | {expected} | {' | '.join(cells)} |")
    runs = " | ".join(str(r["summary"]["reruns"]) for r in (tuned, fresh))
    lines.append(f"| runs of `fix` per fault, on average | at most 3 | {runs} |")
    lines += ["", "Made by `python docs/zoo.py`, which runs", ""]
    lines += ["```text", f"trainlab {TUNED}", f"trainlab {FRESH}", "```", ""]
    lines += [_beyond(fresh), "", "## Code by code", ""]
    lines += [
        "True positives (among faults and bad random runs) of each code; how often it came first, and when: before the",
        "first step, while training, or after the last step; how often it was right for the fault and its patch fixed",
        "it; and false positives (among healthy and good random runs). Seeds that were not used for tuning.",
        "",
        f"| code | {' | '.join(TITLES)} |",
        f"|---|{'---|' * len(COLUMNS)}",
    ]
    for code, row in fresh["summary"]["codes"].items():
        lines.append(f"| [`{code}`](diagnoses.md#{code}) | {' | '.join(str(row[c]) for c in COLUMNS)} |")
    lines += ["", "## Fixes", ""]
    lines += [
        "Mean validation scores (accuracy; R2 for friedman1 and diabetes) over the seeds that were not used for",
        "tuning, and the patch for the first seed. The score of a run that diverged counts as 0.",
        "",
        "| fault | faulty | fixed | healthy twin | within 0.03 | runs | patch |",
        "|---|---|---|---|---|---|---|",
        *_cures(fresh["runs"]),
    ]
    return "\n".join(lines) + "\n"


def _beyond(fresh: dict[str, Any]) -> str:
    """The section on what is not in the zoo."""
    s, left = fresh["summary"], fresh["left_out"]
    cells = [_share(s[part], s[whole]) for part, whole in (("caught", "faults"), ("named", "faults"))]
    cells += [_share(s["bothered"], s["healthy"]), f"{_share(s['cured'], s['curable'])}, {s['reruns']} runs each"]
    return BEYOND.format(zoo=" | ".join(cells), gap=left["gap"], named=left["named_gap"])


def _cures(runs: list[dict[str, Any]]) -> list[str]:
    """A row per fault that can be fixed."""
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
    counts = Path(__file__).parents[1] / "trainlab" / "diagnose" / "calibration.py"
    counts.write_text(calibration(results[0]), encoding="utf-8")
    Path(__file__).with_name("zoo.md").write_text(page(*results), encoding="utf-8")
