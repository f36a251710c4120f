"""tensorboard: event files, and the folder of a run."""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.names import explain, split_of
from trainlab.integrations.logs.protobuf import fields, signed
from trainlab.integrations.logs.source import Source

_EVENT = b"brain.Event"  # in the first record of every event file
_FLOAT, _DOUBLE, _HALF = 1, 2, 19  # types of a tensor that scalars have
Scalar = tuple[int, str, float]


class Tensorboard(LogFormat, name="tensorboard"):
    """TensorBoard's event files, of PyTorch, Keras, tensorboardX, Lightning and others, and folders that hold them.

    The scalars of a run's folder are read, those of `train` and `validation` below it together. Several runs in one
    folder are refused by name. The framing (TFRecord) and the messages are read without TensorFlow.

    Source: tensorflow/core/lib/io/record_writer.h; tensorflow/core/util/event.proto and framework/summary.proto.
    """

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """An event file, or a folder with some."""
        if source.is_folder:
            return bool(source.files("*tfevents*"))
        return _EVENT in source.data[:64]

    def table(self, source: Source) -> Table:
        """A record for each step of each file."""
        files = source.files("*tfevents*") if source.is_folder else [source.path]
        by_run: dict[tuple[str, str], list[Path]] = {}
        for path in files:
            folder = path.parent.relative_to(source.path).as_posix() if source.is_folder else "."
            run, _, last = folder.rpartition("/")
            tag = re.fullmatch(r"(.*?)_?(loss|acc|accuracy|epoch_loss)_(train|val|valid|validation|test)", last, re.I)
            split = split_of(last)
            if split is not None:  # Keras: one folder for each split
                by_run.setdefault((run or ".", last), []).append(path)
            elif tag:  # add_scalars of PyTorch: one folder for each curve
                by_run.setdefault((run or ".", tag[3]), []).append(path)
            else:
                by_run.setdefault((folder, ""), []).append(path)
        runs = sorted({run for run, _ in by_run})
        if len(runs) > 1 and "." in runs and not any(split for run, split in by_run if run == "."):
            runs = [run for run in runs if run != "."] if not _scalars_in(by_run[".", ""]) else runs
        if len(runs) > 1:
            few = ", ".join(runs[:6]) + (", ..." if len(runs) > 6 else "")
            raise UserError(f"{source.path}: it holds {len(runs)} runs ({few}); name one of their folders")
        records: list[dict[str, Any]] = []
        for (run, split), paths in sorted(by_run.items()):
            if run == runs[0]:
                for path in paths:
                    data = source.data if path == source.path else path.read_bytes()
                    records += _records(data, split)
        if not records:
            raise UserError(f"{source.path}: no scalars in it; write some with `SummaryWriter.add_scalar`")
        return Table(records)


def _records(data: bytes, split: str) -> list[dict[str, Any]]:
    """A record for each step; a tag that comes back at the same step begins a new one."""
    made: list[dict[str, Any]] = []
    for step, tag, value in _scalars(data):
        found = explain(tag)
        name = f"{split}/{tag}" if split and (found is None or not found.split) else tag
        if not made or made[-1]["step"] != step or name in made[-1]:
            made.append({"step": step})
        made[-1][name] = value
    return made


def _scalars_in(paths: list[Path]) -> bool:
    return any(next(_scalars(path.read_bytes()), None) is not None for path in paths)


def _scalars(data: bytes) -> Iterator[Scalar]:
    """(step, tag, value) of all scalars. A record that is cut off, as while it is written, ends the file."""
    at = 0
    while at + 12 <= len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        event = data[at + 12 : at + 12 + size]
        if len(event) < size:
            return
        try:
            yield from _of_event(event)
        except ValueError:
            return
        at += size + 16


def _of_event(event: bytes) -> Iterator[Scalar]:
    """Event: 2 step, 5 summary. Summary: 1 value. Value: 1 tag, 2 simple_value, 8 tensor."""
    step, summaries = 0, list[bytes]()
    for number, value in fields(event):
        if number == 2 and isinstance(value, int):
            step = signed(value)
        elif number == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, value in fields(summary):
            if number == 1 and isinstance(value, bytes):
                held = dict(fields(value))
                tag, simple, tensor = held.get(1), held.get(2), held.get(8)
                scalar = simple if isinstance(simple, float) else _of_tensor(tensor)
                if isinstance(tag, bytes) and scalar is not None:
                    yield step, tag.decode(errors="replace"), scalar


def _of_tensor(tensor: object) -> float | None:
    """The number in a tensor without dimensions: 1 dtype, 2 shape, 4 tensor_content, 5 float_val, 6 double_val."""
    if not isinstance(tensor, bytes):
        return None
    held = dict(fields(tensor))
    kind, shape, content = held.get(1), held.get(2, b""), held.get(4)
    if shape != b"" or kind not in (_FLOAT, _DOUBLE, _HALF):
        return None
    code = {_FLOAT: "<f", _DOUBLE: "<d", _HALF: "<e"}[kind]
    if isinstance(content, bytes) and len(content) == struct.calcsize(code):
        return float(struct.unpack(code, content)[0])
    value = held.get(5 if kind == _FLOAT else 6)
    if isinstance(value, bytes) and len(value) == struct.calcsize(code):
        return float(struct.unpack(code, value)[0])
    return value if isinstance(value, float) else None
