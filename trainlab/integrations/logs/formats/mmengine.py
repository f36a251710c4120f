"""mmengine: the JSON lines of OpenMMLab."""

from typing import Any, ClassVar

from trainlab.integrations.logs.flatten import flat
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source


class Mmengine(LogFormat, name="mmengine"):
    """MMEngine's `vis_data/scalars.json`, of MMPretrain, MMDetection, MMSegmentation and others.

    In rows of the validation `step` is the number of the epoch, in those of the training that of the iteration. The
    validation belongs to the training rows before it.
    """

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """JSON lines with both `iter` and `step`, and the time that loading took."""
        return source.json is None and {"iter", "step", "data_time"} <= source.keys

    def table(self, source: Source) -> Table:
        """The rows without `step`."""
        records: list[dict[str, Any]] = []
        for record in source.json_lines:
            row = flat(record)
            row.pop("step", None)
            if "loss" not in row:
                row = {f"val/{k}": v for k, v in row.items() if k not in ("iter", "epoch")}
            records.append(row)
        return Table(records, unit="step")
