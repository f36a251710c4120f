"""Records of a log of delimited lines: comma, semicolon, tab, bar or spaces, with a header; `#` starts a comment."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError


def records(path: Path, text: str) -> list[Mapping[str, Any]]:
    """The records of the text; a header that a restart repeats is left out. Raises UserError if it is not CSV."""
    lines = text.splitlines()
    head = next(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    delimiter = max(",;\t|", key=head.count)
    if not head.count(delimiter) and len(head.split()) > 1:
        lines, delimiter = [" ".join(line.split()) for line in lines], " "
    body = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    try:
        rows = list(csv.reader(io.StringIO("\n".join(body)), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise UserError(f"{path}: not CSV") from error
    header = [name.strip() for name in rows[0]]
    return [dict(zip(header, row, strict=False)) for row in rows[1:] if [c.strip() for c in row] != header]
