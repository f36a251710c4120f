"""The entries of the zoo that show a diagnosis: the config that a page of `trainlab explain` points to."""

from typing import Any

from trainlab.core import config
from trainlab.lab.experiment import Experiment
from trainlab.lab.zoo import SHIPPED
from trainlab.store.plain_yaml import read_config


def exhibits(code: str) -> list[str]:
    """Names of entries that are made to show this code, the clearest first: faults, then what no fault shows."""
    zoo = read_config(SHIPPED)
    found: list[tuple[tuple[int, int], str]] = []
    for section in ("faults", "shows"):
        entries: dict[str, dict[str, Any]] = zoo.get(section) or {}
        for name, entry in entries.items():
            codes: list[str] = entry["expect"]
            if code in codes:
                found.append(((codes.index(code), len(codes)), name))
    return [name for _, name in sorted(found, key=lambda pair: pair[0])]  # the first named, and named alone, before


def exhibited(name: str) -> dict[str, Any]:
    """The config of an entry of the zoo, as plain data. Raises LookupError for an unknown name."""
    zoo = read_config(SHIPPED)
    entry = next((zoo[section][name] for section in ("faults", "shows", "healthy") if name in zoo[section]), None)
    if entry is None:
        raise LookupError(f"no entry of the zoo is called {name}")
    return config.override(zoo["bases"][entry["base"]], {"name": name, **entry.get("set", {})}, Experiment)
