"""The rows that all members of an ensemble share: what none of them was trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.data.dataset import Rows
from trainlab.data.lazy import LazyRows
from trainlab.inference.own_rows import Part, own_rows
from trainlab.store.folder import RunFolder


class OtherRowsError(UserError):
    """Members that are to be scored together were split differently."""


def shared_rows(folders: Sequence[RunFolder], part: Part) -> tuple[list[Array | LazyRows], Array]:
    """x of a part of the data as each member takes it, and its targets as the first member scales them.

    Raises OtherRowsError if the part does not hold the same rows for all, NoRowsError if one has no such part.
    """
    read: dict[Path, Rows] = {}
    for folder in folders:
        if folder.path not in read:
            read[folder.path] = own_rows(folder, part)
    each = [read[folder.path] for folder in folders]
    for folder, rows in zip(folders, each, strict=True):
        if not _same(each[0], rows):
            raise OtherRowsError(
                f"{folder.path}: its {part} rows are not those of {folders[0].path}, so one may have been trained on "
                "what the other is scored on; train all members with the same data.seed and data.split, or score them "
                "on a file of new rows with --data"
            )
    return [rows.x for rows in each], each[0].y


def _same(one: Rows, two: Rows) -> bool:
    if len(one) != len(two):
        return False
    return one.lines is None or two.lines is None or bool(np.array_equal(one.lines, two.lines))
