"""What differs between the configs of runs."""

from collections.abc import Sequence
from typing import Any

from trainlab.core.dotted import flat
from trainlab.core.dump import dump
from trainlab.report.text import number
from trainlab.store.reading import RunRecord

ABSENT = "-"  # how a table shows a key that a run does not have


def differing(records: Sequence[RunRecord]) -> dict[str, list[Any]]:
    """The dotted config keys whose values are not the same in all runs, each with its value in every run.

    A run whose config could not be read differs in nothing; a key that a run lacks is None there.
    """
    first: dict[str, Any] | None = None
    seen: dict[str, int] = {}  # in how many configs a key is
    different: set[str] = set()
    readable = 0
    for record in records:  # one config at a time: there may be many
        config = flat(record.config)
        record.forget()
        if not config:
            continue
        first = config if first is None else first
        readable += 1
        for key, value in config.items():
            seen[key] = seen.get(key, 0) + 1
            if key not in first or not _same(value, first[key]):
                different.add(key)
    keys = [key for key, count in seen.items() if key in different or count < readable]
    return _columns(records, keys) if keys else {}


def _columns(records: Sequence[RunRecord], keys: Sequence[str]) -> dict[str, list[Any]]:
    """The values of the keys in every run."""
    made: dict[str, list[Any]] = {key: [] for key in keys}
    for record in records:
        config = flat(record.config)
        record.forget()
        for key, values in made.items():
            values.append(config.get(key))
    return made


def shown(value: Any) -> str:
    """A config value on one line, as a config has it."""
    if value is None:
        return ABSENT
    if isinstance(value, float):
        return number(value)
    return " ".join(dump(value).removesuffix("\n...\n").split())


def short_names(keys: Sequence[str]) -> list[str]:
    """Each dotted key shortened to the last parts that distinguish it from the others.

    >>> short_names(["optimizer.lr", "model.layers.0.units", "model.layers.2.units"])
    ['lr', '0.units', '2.units']
    """
    tails = {key: [key.split(".", i)[i] for i in range(key.count("."), -1, -1)] for key in keys}
    return [next((t for t in tails[key] if sum(t in other for other in tails.values()) == 1), key) for key in keys]


def _same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)
