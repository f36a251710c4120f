"""New rows for a trained network: read as the training file was, whatever format they come in."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trainlab.core.component import registered
from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.encoding import encode_table
from trainlab.data.learned_numbers import signed_columns
from trainlab.data.paths import existing_file
from trainlab.data.source import Source
from trainlab.data.sources._tabular import Tabular
from trainlab.data.sources.csv import Csv
from trainlab.data.table import AllColumns, Table


def encode_new(encoding: dict[str, Any], path: str, *, with_target: bool = True) -> tuple[Array, Array | None, Array]:
    """x, y and lines of a new file, whose ending determines its format.

    y is None where the target is absent, has missing cells, or is to be left unread.
    Raises DataError naming columns that are missing or unknown, and cells that are no numbers or no known category.
    """
    table = read_new(encoding, path, with_target=with_target)
    x, y = encode_table(table, encoding, with_target=with_target)
    return x, y, table.lines


def read_new(encoding: dict[str, Any], path: str, *, with_target: bool) -> Table:
    """The table in a new file, read with the settings that the training file was read with. Raises DataError."""
    text = [c["name"] for c in encoding["columns"] if "categories" in c]
    settings: dict[str, Any] = {"path": path, "target": encoding["target"], "missing": encoding.get("missing", [])}
    settings["drop"] = [n for n in encoding["ignored"] if n not in encoding["target"]]
    if not with_target:
        settings["drop"] += encoding["target"]
    stored: dict[str, Any] = encoding.get("reader") or _older(encoding)
    cls = reader_of(existing_file(path), str(stored.get("name")))
    settings |= {name: stored[name] for name in cls.remembers if name in stored}
    try:
        source = cls.model_validate(settings)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise DataError(f"the checkpoint's settings for reading tables are damaged, at `{where}`") from None
    if cls is Csv and signed_columns(encoding):
        return source.read_table(path, AllColumns())
    return source.read_table(path, {*text, *(encoding["target"] if with_target else ())})


def _older(encoding: dict[str, Any]) -> dict[str, Any]:
    """The reader's settings in the format of earlier runs."""
    kept = {"delimiter": encoding.get("delimiter"), "encoding": encoding.get("text_encoding", "utf-8")}
    return {"name": Csv.name, **kept}


def reader_of(file: Path, own: str = Csv.name) -> type[Tabular]:
    """The source that reads this file: by its ending, else the one of the name `own`.

    Raises DataError if there is none of this name.
    """
    readers = {cls.name: cls for cls in registered(Source) if issubclass(cls, Tabular)}
    ending = file.suffix.lower()
    if own not in readers:
        raise DataError(f"the checkpoint's settings for reading tables are damaged: no reader is called `{own}`")
    if ending in readers[own].endings:
        return readers[own]
    return next((cls for cls in readers.values() if ending in cls.endings), readers[own])
