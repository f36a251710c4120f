"""allennlp: the folder that AllenNLP serializes to."""

import json
import re
from typing import Any, ClassVar, cast

from trainlab.core.errors import UserError
from trainlab.integrations.logs.flatten import flat
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source


class Allennlp(LogFormat, name="allennlp"):
    """The serialization folder of AllenNLP: `metrics_epoch_0.json`, `metrics_epoch_1.json`, ... ."""

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """A folder with such files."""
        return source.is_folder and bool(_files(source))

    def table(self, source: Source) -> Table:
        """A record for each file."""
        records: list[dict[str, Any]] = []
        for epoch, path in _files(source):
            try:
                record: Any = json.loads(Source(path).text)
            except ValueError:
                raise UserError(f"{path}: not JSON; remove it, or give the file of one run") from None
            if isinstance(record, dict):
                records.append(
                    {k: v for k, v in flat(cast("dict[str, Any]", record)).items() if k != "epoch"} | {"epoch": epoch}
                )
        return Table(records)


def _files(source: Source) -> list[tuple[int, Any]]:
    """The files by their number."""
    names = ((re.fullmatch(r"metrics_epoch_(\d+)\.json", p.name), p) for p in source.files("metrics_epoch_*.json", 1))
    return sorted((int(m[1]), p) for m, p in names if m)
