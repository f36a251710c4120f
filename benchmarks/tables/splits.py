"""The sets of a folder, and their random splits: the same rows for every method."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TEST = 0.2  # share of the rows


@dataclass(frozen=True)
class Part:
    """One random split of one set: its tables with the target, and how the columns are to be read."""

    name: str
    split: int
    target: str
    task: str
    categorical: list[str]
    train: Any
    test: Any


def sets(folder: Path, chosen: list[str]) -> list[Path]:
    """The descriptions (NAME.json beside NAME.csv) of all sets, or of those that are chosen."""
    found = sorted(folder.glob("*.json"))
    return [path for path in found if not chosen or path.stem in chosen]


def parts(path: Path, splits: int) -> Iterator[Part]:
    """The first splits of a set."""
    return (one_part(path, split) for split in range(splits))


def one_part(path: Path, split: int) -> Part:
    """A split of a set: a share of `TEST` of the rows, drawn at random by the split's number, is for the test."""
    meta = json.loads(path.read_text())
    text = dict.fromkeys([*meta["categorical"], *([meta["target"]] * (meta["task"] == "classification"))], str)
    frame = pd.read_csv(path.with_suffix(".csv"), dtype=text, keep_default_na=False, na_values=[""])
    order = np.random.default_rng(split).permutation(len(frame))
    test, train = np.split(order, [round(TEST * len(frame))])
    return Part(
        meta["name"],
        split,
        meta["target"],
        meta["task"],
        meta["categorical"],
        frame.iloc[train].reset_index(drop=True),
        frame.iloc[test].reset_index(drop=True),
    )
