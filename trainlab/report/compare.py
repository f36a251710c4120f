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
    configs = [flat(record.config) for record in records]
    readable = [config for config in configs if config]
    keys = dict.fromkeys(key for config in readable for key in config)
    different = [key for key in keys if any(key not in c or not _same(c[key], readable[0].get(key)) for c in readable)]
    return {key: [config.get(key) for config in configs] for key in different}


def shown(value: Any) -> str:
    """A config value on one line, as a config has it."""
    if value is None:
        return ABSENT
    if isinstance(value, float):
        return number(value)
    return " ".join(dump(value).removesuffix("\n...\n").split())


def short_names(keys: Sequence[str]) -> list[str]:
    """Each dotted key by as few of its last parts as tell it from the others.

    >>> short_names(["optimizer.lr", "model.layers.0.units", "model.layers.2.units"])
    ['lr', '0.units', '2.units']
    """
    tails = {key: [key.split(".", i)[i] for i in range(key.count("."), -1, -1)] for key in keys}
    return [next((t for t in tails[key] if sum(t in other for other in tails.values()) == 1), key) for key in keys]


def _same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)
