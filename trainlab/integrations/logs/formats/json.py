"""json: any JSON file or JSON lines."""

from typing import ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.flatten import flat, flatten
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source


class Json(LogFormat, name="json"):
    """JSON, JSON lines: Hugging Face's trainer_state.json, a Keras history, XGBoost's and LightGBM's evals, skorch.

    Nested objects, columns of values, pandas' orientations, lists beside settings and series with their steps are
    flattened to records.
    """

    rank: ClassVar[int] = 1

    def recognizes(self, source: Source) -> bool:
        """The text is a JSON value, or its lines are."""
        return source.json is not None or bool(source.json_lines)

    def table(self, source: Source) -> Table:
        """The flattened records."""
        table = flatten(source.json) if source.json is not None else Table([flat(r) for r in source.json_lines])
        records = [r for r in table.records if "train_runtime" not in r]  # Hugging Face's last record sums the run up
        if not any(records):
            raise UserError(f"{source.path}: no rows in it; expected records, or columns of numbers")
        if len(records) == 1 and isinstance(source.json, dict):
            raise UserError(f"{source.path}: one record only, the end of a run; give the log with a record per epoch")
        return Table(records, notes=table.notes, series=table.series)
