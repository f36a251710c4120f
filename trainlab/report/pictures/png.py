"""PNG files from arrays of bytes, without an imaging library, and sheets of many little images."""

import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence

import numpy as np

from trainlab.core.types import Array


def png(image: Array) -> bytes:
    """The file of an image: bytes (height, width), or (height, width, 3), with opacity (height, width, 4).

    Source: PNG specification, W3C 2003: signature, then the chunks IHDR, IDAT and IEND, each row after filter type 0.
    """
    height, width = image.shape[:2]
    color = {3: 2, 4: 6}[image.shape[2]] if image.ndim == 3 else 0
    rows = np.ascontiguousarray(image, np.uint8).reshape(height, -1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(data, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def address(image: Array) -> str:
    """The image as a `data:` address, for a page."""
    return "data:image/png;base64," + b64encode(png(image)).decode()


def larger(image: Array, factor: int) -> Array:
    """The image with each pixel as a square of this side, so that no viewer smooths it."""
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def sheet(images: Sequence[Array], across: int, gap: int = 1, ground: int = 128) -> Array:
    """Images of one size side by side, so many in a row, on a ground of this grey."""
    height, width = images[0].shape[:2]
    down = -(-len(images) // across)
    shape = (down * (height + gap) + gap, across * (width + gap) + gap, *images[0].shape[2:])
    made = np.full(shape, ground, np.uint8)
    for i, image in enumerate(images):
        top, left = gap + (i // across) * (height + gap), gap + (i % across) * (width + gap)
        made[top : top + height, left : left + width] = image
    return made


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
