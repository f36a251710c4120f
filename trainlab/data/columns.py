"""The columns of a table, and on which of them a preprocessor acts.

A column holds numbers, or only 0 and 1 (binary), or the 0 and 1 of one category. Scaling a category's column makes rare
categories large, so preprocessors leave it alone unless they are told otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows, chunks
from trainlab.data.paths import did_you_mean

Kind = Literal["number", "binary", "category"]
Choice = Literal["numbers", "binaries", "all"] | list[str]


@dataclass(frozen=True, slots=True)
class Columns:
    """The name and the kind of each column of x (n, d)."""

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]

    def chosen(self, choice: Choice, where: str) -> Array:
        """Whether each column is one of these, (d,). A name of a categorical column stands for all of its categories.

        Raises DataError, beginning with `where`, for a name that no column has.
        """
        if choice == "all":
            return np.ones(len(self.kinds), bool)
        if isinstance(choice, str):
            wanted = {"numbers": "number", "binaries": "binary"}[choice]
            return np.array([kind == wanted for kind in self.kinds])
        mask = np.zeros(len(self.names), bool)
        for name in choice:
            found = np.array([have == name or have.startswith(f"{name}=") for have in self.names])
            if not found.any():
                raise DataError(f"{where} has no column `{name}`{did_you_mean(name, list(self.names))}")
            mask |= found
        return mask

    def pick(self, mask: Array) -> "Columns":
        """These of the columns."""
        index = np.flatnonzero(mask)
        return Columns(tuple(self.names[i] for i in index), tuple(self.kinds[i] for i in index))

    def joined(self, other: "Columns") -> "Columns":
        """These columns, then the others."""
        return Columns(self.names + other.names, self.kinds + other.kinds)


def columns_of(encoding: Mapping[str, Any], names: Sequence[str], x: Array | LazyRows) -> Columns | None:
    """The columns of the training rows x of a table; None where x is no table (arrays, images, built-in sets).

    names: of the columns of x, categories as `city=Rome`.
    """
    if "shape" in encoding or not encoding.get("columns") or x.ndim != 2 or len(names) != x.shape[1]:
        return None
    kinds: list[Kind] = []
    for column in encoding["columns"]:
        count = len(column.get("categories") or ())
        kind: Kind = "binary" if count == 2 else "category" if count else "number"
        kinds.extend(kind for _ in range(max(1, count)))
    binary = _only_0_and_1(x)
    return Columns(
        tuple(names),
        tuple("binary" if kind == "number" and only else kind for kind, only in zip(kinds, binary, strict=True)),
    )


def _only_0_and_1(x: Array | LazyRows) -> Array:
    """Whether a column holds nothing but 0, 1 and missing values."""
    only = np.ones(x.shape[1], bool)
    for part in chunks(x):
        only &= ((part == 0) | (part == 1) | np.isnan(part)).all(axis=0)
    return only
