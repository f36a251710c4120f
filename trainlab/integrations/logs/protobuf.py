"""Reads protocol buffers without their schema: enough for TensorBoard's events and the records of `.wandb` files."""

import struct
from collections.abc import Iterator

Field = tuple[int, int | float | bytes]


def fields(data: bytes) -> Iterator[Field]:
    """(number, value) of each field: an int of a varint, a float of 4 or 8 bytes, or the bytes of anything longer.

    Raises ValueError if the bytes are no message.

    >>> list(fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])))
    [(1, 150), (2, b'hi')]
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
        elif kind == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("a field is cut off")
            yield number, data[at : at + size]
            at += size
        elif kind in (1, 5):
            size, code = (8, "<d") if kind == 1 else (4, "<f")
            if at + size > len(data):
                raise ValueError("a field is cut off")
            yield number, float(struct.unpack_from(code, data, at)[0])
            at += size
        else:
            raise ValueError("not a message")


def first(data: bytes, number: int) -> int | float | bytes | None:
    """The first field of this number; None if there is none."""
    return next((value for n, value in fields(data) if n == number), None)


def signed(value: int) -> int:
    """A varint as the 64-bit integer that it stands for."""
    return value - (1 << 64) if value >> 63 else value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            break
    raise ValueError("a number is cut off")
