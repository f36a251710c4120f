"""How `trainlab diagnose` does on training logs of other tools.

    python benchmarks/logs.py FOLDER [--all]

FOLDER holds logs, at any depth, whose names end in what the run was: `keras_csv_overfit.csv`. A log is

- right: a healthy one without a warning or an error; a sick one with a finding that names its fault, or where the
  answer says which column is missing to see it;
- wrong: a sick one that got neither;
- a false alarm: a healthy one with a warning or an error;
- refused: it was not read, and the answer says why.

Printed is a Markdown table, then each log that is not right (with --all each one) and what was said of it.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.integrations.logs.diagnosis import Judged, judge

UNSTABLE = {
    "diverged",
    "exploding-loss",
    "lr-too-high",
    "oscillating-loss",
    "loss-not-decreasing",
    "exploding-gradient",
}
FAULTS = {
    "lrlow": {"lr-too-low", "loss-not-decreasing", "unchanging-weights"},
    "lrhigh": UNSTABLE | {"initial-loss"},
    "overfit": {"overfitting", "corrupt-labels"},
    "diverged": UNSTABLE | {"initial-loss"},
}
VERDICTS = ("right", "wrong", "false alarm", "refused")


def kind_of(path: Path) -> str:
    """What the run was: the last word of the file's name; empty if it is none of the kinds."""
    known = ("healthy", *FAULTS)
    name = path.name if path.is_dir() else path.name.split(".")[0]
    words = name.replace("-", "_").split("_")
    return next((word for word in reversed(words) if word in known), "")


def logs(folder: Path) -> Iterator[Path]:
    """The logs in a folder: files, and folders, whose names say what the run was."""
    for path in sorted(folder.iterdir()):
        if kind_of(path):
            yield path
        elif path.is_dir():
            yield from logs(path)


def verdict(kind: str, found: Judged) -> str:
    """What an answer is worth for a run of this kind."""
    told = {d.code for d in found.diagnoses if d.severity != "info"}
    if kind == "healthy":
        return "false alarm" if told else "right"
    unseen = kind == "overfit" and "val_loss" not in found.log.columns and "overfitting" in found.blind
    return "right" if FAULTS[kind] & told or unseen else "wrong"


def main() -> None:
    """Judge every log, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="list the right ones, too")
    given = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    lines: list[str] = []
    for path in logs(given.folder):
        kind = kind_of(path)
        try:
            found = judge(path)
            worth = verdict(kind, found)
            codes = ", ".join(f"{d.code} ({d.severity})" for d in found.diagnoses if d.severity != "info") or "silent"
            said = f"{codes}; columns {dict(found.log.columns)}"
        except UserError as error:
            worth, said = "refused", str(error)
        counts[kind, worth] += 1
        if given.all or worth != "right":
            lines.append(f"{worth}: {path.relative_to(given.folder)}: {said}")
    kinds = [kind for kind in ("healthy", *FAULTS) if any(k == kind for k, _ in counts)]
    if not kinds:
        sys.exit(f"{given.folder}: no file in it has a name that ends in healthy, {', '.join(FAULTS)}")
    print(f"| log | {' | '.join(VERDICTS)} |\n|---|{'---|' * len(VERDICTS)}")
    for kind in kinds:
        print(f"| {kind} | {' | '.join(str(counts[kind, v]) for v in VERDICTS)} |")
    print(f"| all | {' | '.join(str(sum(counts[k, v] for k in kinds)) for v in VERDICTS)} |")
    print("\n".join(["", *lines]) if lines else "")


if __name__ == "__main__":
    main()
