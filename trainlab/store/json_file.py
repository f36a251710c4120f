"""Files of a run that hold one JSON table and are written whole: status.json, environment.json, network.json, ..."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.store.forms import require
from trainlab.store.opening import LARGEST_TABLE, read_own
from trainlab.store.strict_json import dumps, plain, spelled_out
from trainlab.store.writing import named_errors, write_atomic


def write_json(path: Path, table: Mapping[str, Any], *, indent: int | None = None, durable: bool = False) -> None:
    """Writes a table, whole or not at all. `durable` waits for the disk. Raises UserError if the disk refuses."""
    write_atomic(path, (dumps(dict(table), indent=indent) + "\n").encode(), durable=durable)


def read_json(path: Path, form: Any = dict[str, Any]) -> dict[str, Any]:
    """The table in a file. Raises UserError if the file is missing or holds no table of this form (`store.forms`)."""
    with named_errors(path, "read"):
        text = read_own(path, LARGEST_TABLE)
    try:
        value: object = plain(text)
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UserError(f"{path}: expected a table, `{{...}}`")
    table = cast("dict[str, Any]", value)
    require(path, table, form)
    return spelled_out(table)
