"""What differs between the configs of runs."""

from collections.abc import Mapping, Sequence
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
    """Each dotted key shortened to the last parts that distinguish it from the others, but not to `name`.

    >>> short_names(["optimizer.lr", "model.layers.0.units", "model.layers.2.units"])
    ['lr', '0.units', '2.units']
    >>> short_names(["optimizer.name", "seed"])
    ['optimizer.name', 'seed']
    """
    tails = {key: [key.split(".", i)[i] for i in range(key.count("."), -1, -1)] for key in keys}
    once = {key: [t for t in tails[key] if sum(t in other for other in tails.values()) == 1] for key in keys}
    return [next((t for t in once[key] if t != "name"), key) for key in keys]


def labels(columns: Mapping[str, Sequence[Any]], count: int, most: int = 3) -> list[str]:
    """A label for each of so many runs or groups, made of up to `most` settings that differ, by their dotted keys.

    Those with the most values come first, the seed last, and settings that some runs do not have before it: they follow
    from others. A label is empty where nothing differs.

    >>> labels({"seed": [0, 1], "optimizer.name": ["sgd", "adam"], "optimizer.b1": [None, 0.9]}, 2)
    ['optimizer sgd, b1 -, seed 0', 'optimizer adam, b1 0.9, seed 1']
    """
    different = {key: len({str(value) for value in values}) for key, values in columns.items()}
    order = sorted(columns, key=lambda key: (key == "seed", None in columns[key], -different[key]))
    kept = [key for key in order if different[key] > 1][:most]
    spelled = list(zip(short_names([key.removesuffix(".name") for key in kept]), kept, strict=True))
    return [", ".join(f"{name} {shown(columns[key][i])}" for name, key in spelled) for i in range(count)]


def _same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)
