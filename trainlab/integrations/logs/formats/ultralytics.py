"""ultralytics: results.csv of YOLO."""

from collections.abc import Mapping
from typing import Any, ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.cells import number_of
from trainlab.integrations.logs.delimited import grid_of
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source


class Ultralytics(LogFormat, name="ultralytics"):
    """`results.csv` of Ultralytics YOLO (v5 to v11): the loss is the sum of the parts that the file has of it.

    `train/box_loss`, `train/cls_loss` and others are parts of one loss, `val/...` of its validation. Precision, recall
    and mAP are not accuracies and are left out.
    """

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """A header with the parts of the loss."""
        return "train/box_loss" in source.header and "," in source.header

    def table(self, source: Source) -> Table:
        """The rows, with the sums as `train_loss` and `val_loss`."""
        grid = grid_of(source.text)
        if grid is None or not grid.records:
            raise UserError(f"{source.path}: a header of Ultralytics without rows")
        records = [{**row, **_sums(row)} for row in grid.records]
        columns = {"train_loss": "sum of train/*_loss", "val_loss": "sum of val/*_loss", "lr": "lr/pg0"}
        return Table(records, columns=columns, notes=[*grid.notes, "the loss is the sum of its parts"])


def _sums(row: Mapping[str, Any]) -> dict[str, float]:
    """The sums of the parts; a validation that did not happen is written as zeros."""
    made: dict[str, float] = {}
    for split in ("train", "val"):
        parts = [number_of(v) for k, v in row.items() if k.startswith(f"{split}/") and k.endswith("_loss")]
        known = [p for p in parts if p is not None]
        if known and any(known):
            made[f"sum of {split}/*_loss"] = sum(known)
    return made
