"""The log in a folder: which of its files it is, where no format takes the folder as a whole."""

import re
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.integrations.logs.source import Source

_USUAL = (  # names that tools give their logs, the most telling first
    *("trainer_state.json", "metrics.csv", "results.csv", "summary.csv", "metrics.json", "history.json", "history.csv"),
    *("training_statistics.json", "catboost_training.json", "evals_result.json", "training.csv", "training_log.csv"),
    *("trainer_log.jsonl", "log_history.json", "lcurve.out", "loss.tsv", "log.csv", "progress.csv", "metrics.jsonl"),
    *("log.jsonl", "train_log.csv", "scalars.json", "*.log.json", "*.csv", "*.tsv", "*.jsonl", "train*.log", "*.log"),
    *("log.txt", "train*.txt", "nohup.out", "stdout.txt", "*.out"),
)


def log_in(folder: Source) -> Source:
    """The log in a folder: the newest of a run's, never one of several runs.

    Raises UserError that names what is there.
    """
    for pattern in _USUAL:
        files = [p for p in folder.files(pattern) if p.stat().st_size]
        if len(files) > 1:
            files = _newest_state(files)
        if len(files) == 1:
            return Source(files[0])
        if files:
            few = ", ".join(str(p.relative_to(folder.path)) for p in files[:6]) + (", ..." if len(files) > 6 else "")
            unseen = f"; {folder.unseen}" if folder.unseen else ""
            raise UserError(f"{folder.path}: {len(files)} logs are in it ({few}{unseen}); name one of them")
    unseen = f" ({folder.unseen})" if folder.unseen else ""
    raise UserError(f"{folder.path}: no log is in this folder{unseen}; name the file, or a folder that has one")


def _newest_state(files: list[Path]) -> list[Path]:
    """Of checkpoint-10, checkpoint-20 ... of one training the last; of version_0, version_1 the files themselves."""
    numbers = [re.fullmatch(r"checkpoint-(\d+)", p.parent.name) for p in files]
    inside = [(int(m[1]), p) for m, p in zip(numbers, files, strict=True) if m]
    above = [p for m, p in zip(numbers, files, strict=True) if not m]
    if len(above) == 1 and inside and all(p.parent.parent == above[0].parent for _, p in inside):
        return above
    if not above and len({p.parent.parent for _, p in inside}) == 1:
        return [max(inside)[1]]
    return files
