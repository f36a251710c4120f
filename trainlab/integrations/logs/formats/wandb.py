"""wandb: the transaction log of a Weights & Biases run."""

import json
import struct
from collections.abc import Iterator
from typing import Any, ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.flatten import flat
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.protobuf import fields
from trainlab.integrations.logs.source import Source

_MAGIC = b":W&B"
_BLOCK, _HEADER, _FRONT = 32768, 7, 7  # LevelDB's log: blocks, a header for each piece; 7 bytes in front of the first
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


class Wandb(LogFormat, name="wandb"):
    """A `run-ID.wandb` file of Weights & Biases, or the folder of one run that holds it; read without wandb.

    Source: wandb/sdk/internal/datastore.py; wandb/proto/wandb_internal.proto (Record 2 history, HistoryItem 1 key,
    2 nested_key, 16 value_json).
    """

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """The first bytes, or a folder with such a file."""
        return bool(source.files("*.wandb")) if source.is_folder else source.data.startswith(_MAGIC)

    def table(self, source: Source) -> Table:
        """The rows of the history."""
        if source.is_folder:
            files = source.files("*.wandb")
            if len(files) > 1:
                few = ", ".join(str(p.relative_to(source.path)) for p in files[:6])
                raise UserError(f"{source.path}: it holds {len(files)} runs ({few}); name one of them")
            source = Source(files[0])
        records: list[dict[str, Any]] = []
        for record in _pieces(source.data):
            try:
                records += [_row(value) for number, value in fields(record) if number == 2 and isinstance(value, bytes)]
            except ValueError:
                break
        if not records:
            raise UserError(f"{source.path}: no history in it; log metrics with `wandb.log`")
        return Table(records)


def _row(history: bytes) -> dict[str, Any]:
    """One call of `wandb.log`."""
    made: dict[str, Any] = {}
    for number, item in fields(history):
        if number != 1 or not isinstance(item, bytes):
            continue
        names, value = list[str](), b""
        for field, content in fields(item):
            if field in (1, 2) and isinstance(content, bytes) and content:
                names.append(content.decode(errors="replace"))
            elif field == 16 and isinstance(content, bytes):
                value = content
        made["/".join(names)] = json.loads(value or b"null")
    return flat(made)


def _pieces(data: bytes) -> Iterator[bytes]:
    """The records, put together from their pieces; one that is cut off ends the file."""
    at, whole = _FRONT, b""
    while at + _HEADER <= len(data):
        left = _BLOCK - at % _BLOCK
        if left < _HEADER:
            at += left
            continue
        size, kind = struct.unpack_from("<HB", data, at + 4)
        piece = data[at + _HEADER : at + _HEADER + size]
        if len(piece) < size or kind not in (_FULL, _FIRST, _MIDDLE, _LAST):
            return
        at += _HEADER + size
        whole = piece if kind in (_FULL, _FIRST) else whole + piece
        if kind in (_FULL, _LAST):
            yield whole
