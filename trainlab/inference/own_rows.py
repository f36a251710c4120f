"""The rows that a run was trained with, split and preprocessed as for training."""

from typing import Literal

from trainlab.core.errors import UserError
from trainlab.data.dataset import Rows
from trainlab.store.folder import RunFolder
from trainlab.store.strict_json import loads
from trainlab.training.experiment import read
from trainlab.training.setup import build

Part = Literal["test", "val", "train"]


class NoRowsError(UserError):
    """The data have no such part."""


def own_rows(folder: RunFolder, part: Part) -> Rows:
    """A part of the run's own data. Raises NoRowsError if it has none, UserError if the data changed since."""
    parts = build(read(folder.config)).parts
    _same_data(folder, parts.fingerprint)
    rows = {"test": parts.test, "val": parts.val, "train": parts.train}[part]
    if rows is None:
        have = [name for name, r in (("val", parts.val), ("train", parts.train)) if r is not None]
        raise NoRowsError(
            f"{folder.path}: this run has no {part} rows (data.split.{part}: 0); score it on a file with "
            f"--data, or with --part {have[0]}"
        )
    return rows


def _same_data(folder: RunFolder, fingerprint: str) -> None:
    """Raises UserError where the data changed since: other rows would be in the test part, some of them trained on."""
    try:
        known = loads(folder.environment.read_bytes())["data"]["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # nothing to compare with
    if known and known != fingerprint:
        raise UserError(
            f"{folder.path}: the data are no longer those that this run was trained with, so that its test "
            "rows cannot be told from its training rows; name a file of new rows with --data"
        )
