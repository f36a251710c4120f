"""The entries of the zoo that show a diagnosis: the config that a page of `trainlab explain` points to."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from trainlab.core import config
from trainlab.store.plain_yaml import read_config
from trainlab.tools.zoo.zoo import SHIPPED


@dataclass(frozen=True, slots=True)
class Exhibit:
    """An entry that shows a code. command: `train`, or `check` where it is shown without training."""

    name: str
    code: str
    command: str


def exhibits(code: str) -> list[Exhibit]:
    """The entries that are made to show this code, the clearest first: where it comes first, and alone."""
    zoo = _zoo()
    found: list[tuple[tuple[int, int], Exhibit]] = []
    for section in ("faults", "shows"):
        entries: dict[str, dict[str, Any]] = zoo.get(section) or {}
        for name, entry in entries.items():
            codes: list[str] = entry["expect"]
            if code in codes:
                made = Exhibit(name, code, "check" if entry.get("check") else "train")
                found.append(((codes.index(code), len(codes)), made))
    return [exhibit for _, exhibit in sorted(found, key=lambda pair: pair[0])]


def exhibited(exhibit: Exhibit) -> dict[str, Any]:
    """The config of an entry, as plain data."""
    from trainlab.training.experiment import Experiment

    zoo = _zoo()
    entry: dict[str, Any] = next(zoo[s][exhibit.name] for s in ("faults", "shows") if exhibit.name in zoo[s])
    changes: dict[str, Any] = {"name": exhibit.name, **entry["set"]}
    return config.override(zoo["bases"][entry["base"]], changes, Experiment)


@cache
def _zoo() -> dict[str, Any]:
    return read_config(SHIPPED)
