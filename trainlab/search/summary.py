"""The summary of a sweep: how its trials ended, the best of them, and which ranges to try next."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.diagnose.finding import Finding
from trainlab.search.cv_checks import searched_too_short
from trainlab.search.space import SearchSpace, summed
from trainlab.search.table import Row, ranked
from trainlab.search.uncertainty import Comparison, paired
from trainlab.store.strict_json import dumps
from trainlab.store.writing import write_atomic

_TOP = 5


@dataclass(frozen=True, slots=True)
class Edge:
    """An end of a range near which the best trials lie, and the range to try next."""

    path: str
    value: Any
    end: str
    wider: str

    def __str__(self) -> str:
        return f"the best {self.path}, {self.value}, lies at the {self.end} end of its range; try {self.wider}"


@dataclass(frozen=True, slots=True)
class Summary:
    """The results of a sweep so far. `best`: ranked · `refused`: why draws made no valid config, with counts · `alike`:
    trials that do not differ significantly from the best one over the same seeds and folds, the nearest first ·
    most_failed: `sweep.max_failed`.
    """

    folder: Path
    metric: str
    trials: int
    counts: Mapping[str, int]
    best: Sequence[Row]
    failed: Sequence[Row]
    edges: Sequence[Edge]
    refused: Mapping[str, int]
    alike: Sequence[tuple[int, Comparison]] = ()
    most_failed: int | None = None

    @property
    def complete(self) -> bool:
        """Whether every trial has ended by itself."""
        return sum(self.counts.values()) - self.counts.get("interrupted", 0) == self.trials

    @property
    def exit_code(self) -> int:
        """0, 130 if it was interrupted, 3 if not one trial finished, or more than `max_failed` have failed."""
        if self.most_failed is not None and self.counts.get("failed", 0) > self.most_failed:
            return 3
        return 130 if not self.complete else 0 if self.counts.get("finished") else 3


def summarize(folder: Path, space: SearchSpace, rows: Sequence[Row], refused: Mapping[int, Sequence[str]]) -> Summary:
    """The summary of a sweep's rows. refused: why draws made no valid config, by trial."""
    best = ranked(rows, space.sweep.metric)
    counts = Counter(str(row.status) for row in rows)
    found = searched_too_short(space, best)
    edges = [Edge(e["path"], e["value"], e["end"], e["try"]) for e in (d.evidence for d in found)]
    failed = sorted((row for row in rows if row.status == "failed"), key=lambda row: row.trial)
    reasons, alike = summed(refused.values()), not_told_apart(best, space.sweep.folds)
    _keep(folder, found)
    asked, most = space.sweep.trials, space.sweep.max_failed
    return Summary(folder, space.sweep.metric, asked, counts, best[:_TOP], failed, edges, reasons, alike, most)


def not_told_apart(best: Sequence[Row], folds: int | None = None) -> list[tuple[int, Comparison]]:
    """The trials whose scores do not differ significantly from the first one's; empty for trials of one run."""
    found: list[tuple[int, Comparison]] = []
    for row in best[1:]:
        one, two = ([s for s in r.scores if s is not None] for r in (row, best[0]))
        comparison = paired(one, two, folds)
        if comparison is not None and not comparison.clear:
            found.append((row.trial, comparison))
    return found


def _keep(folder: Path, found: Sequence[Finding]) -> None:
    """Write the findings about the whole sweep into its folder, as findings.jsonl."""
    path = folder / "findings.jsonl"
    if found:
        write_atomic(path, "".join(f"{dumps(one.as_dict())}\n" for one in found).encode())
    else:
        path.unlink(missing_ok=True)
