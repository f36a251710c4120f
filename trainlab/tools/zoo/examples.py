"""Examples of a finding: the zoo entries that `trainlab explain` offers as configs."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from trainlab.core import config
from trainlab.store.plain_yaml import read_config
from trainlab.tools.zoo.zoo import SHIPPED


@dataclass(frozen=True, slots=True)
class Example:
    """A zoo entry that shows a code. command: `train`, or `check` if that shows it without training."""

    name: str
    code: str
    command: str


def examples(code: str) -> list[Example]:
    """The entries made to show this code, the clearest first: those that list it first and alone."""
    zoo = _zoo()
    found: list[tuple[tuple[int, int], Example]] = []
    for section in ("faults", "shows"):
        entries: dict[str, dict[str, Any]] = zoo.get(section) or {}
        for name, entry in entries.items():
            codes: list[str] = entry["expect"]
            if code in codes:
                made = Example(name, code, "check" if entry.get("check") else "train")
                found.append(((codes.index(code), len(codes)), made))
    return [example for _, example in sorted(found, key=lambda pair: pair[0])]


def example_config(example: Example) -> dict[str, Any]:
    """The config of an entry, as plain data."""
    from trainlab.training.experiment import Experiment

    zoo = _zoo()
    entry: dict[str, Any] = next(zoo[s][example.name] for s in ("faults", "shows") if example.name in zoo[s])
    changes: dict[str, Any] = {"name": example.name, **entry["set"]}
    return config.override(zoo["bases"][entry["base"]], changes, Experiment)


@cache
def _zoo() -> dict[str, Any]:
    return read_config(SHIPPED)
