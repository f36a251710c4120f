"""The rows of a split that all members of an ensemble share."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.data.dataset import Rows
from trainlab.data.lazy import LazyRows
from trainlab.inference.model import Split, own_rows
from trainlab.store.folder import RunFolder


class OtherRowsError(UserError):
    """The members have different rows in a split."""


def shared_rows(folders: Sequence[RunFolder], split: Split) -> tuple[list[Array | LazyRows], Array]:
    """Prepared x of a split for each member, and the targets as the first member scales them.

    Raises OtherRowsError if the split holds other rows for some member, NoRowsError if one has no such split.
    """
    read: dict[Path, Rows] = {}
    for folder in folders:
        if folder.path not in read:
            read[folder.path] = own_rows(folder, split)
    each = [read[folder.path] for folder in folders]
    for folder, rows in zip(folders, each, strict=True):
        if not _same(each[0], rows):
            raise OtherRowsError(
                f"{folder.path}: its {split} rows are not those of {folders[0].path}, so one may have been trained on "
                "what the other is scored on; train all members with the same data.seed and data.split, or score them "
                "on a file of new rows with --data"
            )
    return [rows.x for rows in each], each[0].y


def _same(one: Rows, two: Rows) -> bool:
    if len(one) != len(two):
        return False
    return one.lines is None or two.lines is None or bool(np.array_equal(one.lines, two.lines))
