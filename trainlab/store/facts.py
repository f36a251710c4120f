"""Small files of a run that are written once and whole: network.json, data.json, defaults.json, mistakes.json."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.store.strict_json import dumps, loads
from trainlab.store.writing import named_errors, write_atomic


def write_facts(path: Path, facts: Mapping[str, Any]) -> None:
    """Writes a table of facts as JSON, whole or not at all. Raises UserError if the disk refuses."""
    write_atomic(path, (dumps(dict(facts)) + "\n").encode())


def read_facts(path: Path) -> dict[str, Any]:
    """The facts in a file. Raises UserError if it is missing or holds no table."""
    with named_errors(path, "read"):
        text = path.read_bytes()
    try:
        value: object = loads(text)
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UserError(f"{path}: expected a table of facts, `{{...}}`")
    return cast("dict[str, Any]", value)
