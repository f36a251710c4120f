"""What a sweep has learnt: how its trials ended, the best of them, and where to look next."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.core.component import plain
from trainlab.lab.sweep.distribution import Distribution
from trainlab.lab.sweep.space import Space, summed
from trainlab.lab.sweep.table import Row, ranked
from trainlab.store.strict_json import dumps

_FEWEST = 8  # finished trials, before the place of the best one means something
_TOP = 5


@dataclass(frozen=True, slots=True)
class Edge:
    """The best trials lie at an end of a range: which one, and what to try next."""

    path: str
    value: Any
    end: str
    wider: str

    def __str__(self) -> str:
        return f"the best {self.path}, {self.value}, lies at the {self.end} end of its range; try {self.wider}"


@dataclass(frozen=True, slots=True)
class Summary:
    """A sweep as far as it came. `best` is ranked; `refused` counts why draws made no valid config."""

    folder: Path
    metric: str
    trials: int
    counts: Mapping[str, int]
    best: Sequence[Row]
    failed: Sequence[Row]
    edges: Sequence[Edge]
    refused: Mapping[str, int]

    @property
    def complete(self) -> bool:
        """Whether every trial has ended by itself."""
        return sum(self.counts.values()) - self.counts.get("interrupted", 0) == self.trials

    @property
    def exit_code(self) -> int:
        """0, 130 if it was interrupted, 3 if not one trial finished."""
        return 130 if not self.complete else 0 if self.counts.get("finished") else 3


def summarize(folder: Path, space: Space, rows: Sequence[Row], refused: Mapping[int, Sequence[str]]) -> Summary:
    """What the rows tell. refused: why draws made no valid config, by trial."""
    best = ranked(rows, space.sweep.metric)
    counts = Counter(str(row.status) for row in rows)
    edges = [edge for path, d in space.distributions.items() if (edge := _edge(path, d, best, space))]
    failed = sorted((row for row in rows if row.status == "failed"), key=lambda row: row.trial)
    return Summary(
        folder, space.sweep.metric, space.sweep.trials, counts, best[:_TOP], failed, edges, summed(refused.values())
    )


def _edge(path: str, distribution: Distribution, best: list[Row], space: Space) -> Edge | None:
    """Whether the best trial is in the last twentieth of a range, and most of the best in that quarter of it."""
    if len(best) < _FEWEST:
        return None
    places = [distribution.position(row.values[path]) for row in best[:_TOP]]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        return None
    for high in (True, False):
        towards = [place if high else 1 - place for place in known]
        if towards[0] > 0.95 and sum(place > 0.75 for place in towards) > len(towards) / 2:
            wider = distribution.beyond(high=high)
            end = 1 if high else 0
            if wider is None or not space.allows(path, wider.ends()[end], best[0].values):
                return None  # the setting itself ends here
            return Edge(path, best[0].values[path], "upper" if high else "lower", _spelled(wider))
    return None


def _spelled(distribution: Distribution) -> str:
    """A distribution as one would type it."""
    settings = plain(distribution)
    name, first = settings.pop("name"), settings.pop(distribution.first)
    fields = type(distribution).model_fields
    default = {k: v for k, v in settings.items() if v != fields[k].get_default(call_default_factory=True)}
    return "{" + ", ".join(f"{k}: {dumps(v)}" for k, v in {name: first, **default}.items()) + "}"
