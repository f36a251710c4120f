"""spacy: the table that `spacy train` prints."""

import re
from typing import ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.cells import number_of
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source

_HEAD = re.compile(r"\s*E\s+#\s+LOSS ")


class Spacy(LogFormat, name="spacy"):
    """The table of `spacy train`: the sum of its LOSS columns is the training loss; the scores are left out.

    A loss is the sum over the steps since the row before. The first row, after one step, is left out.
    """

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """A line with the head of the table."""
        return any(_HEAD.match(line) for line in source.lines[:500])

    def table(self, source: Source) -> Table:
        """A record for each row below the head."""
        at = next((i for i, line in enumerate(source.lines) if _HEAD.match(line)), 0)
        spans = [m.span() for m in re.finditer(r"-+", source.lines[at + 1])] if at + 1 < len(source.lines) else []
        names = [source.lines[at][a:b].strip() for a, b in spans]
        records: list[dict[str, float]] = []
        for line in source.lines[at + 2 :]:
            cells = [number_of(cell) for cell in line.split()]
            if len(cells) != len(names) or None in cells:
                continue
            row = {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}
            losses = [value for name, value in row.items() if name.startswith("LOSS")]
            records.append({"step": row.get("#", 0.0), "sum of LOSS": sum(losses)})
        if len(records) < 3:
            raise UserError(f"{source.path}: the table of spaCy has no rows yet")
        return Table(records[1:], columns={"train_loss": "sum of LOSS"}, unit="step")
