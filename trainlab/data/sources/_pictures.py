"""Decodes picture files to bytes of one size, the way a viewer shows them."""

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.home import cache_folder, expanded
from trainlab.core.types import Array

ENDINGS = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".avif", ".tif", ".tiff", ".ppm", ".pgm"}
)
PARTS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
}
CACHE_HELP = "folder for decoded pictures; null: `trainlab` in the user's cache folder"
SIZE_HELP = "height and width that every picture is scaled to; null: all have one size already"
_SHOWN = 5  # errors that are listed before the others are only counted
_BACKGROUND = 255  # what a transparent pixel shows: white


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture's file as it lies inside another file; `where` names it in messages."""

    where: str
    content: bytes

    def __str__(self) -> str:
        return self.where


Picture = Path | StoredPicture


@dataclass(slots=True)
class Decoder:
    """Decodes pictures: turned by their EXIF orientation, transparent ones on white, 16-bit gray divided by 257.

    `size`: (height, width) that pictures are scaled to, None for the size of the first. `animated` counts the files of
    which only the first frame was taken.
    """

    path: str
    color: str
    size: tuple[int, int] | None
    animated: int = 0
    _problems: list[str] = field(default_factory=list[str])

    def decode(self, files: Iterable[Picture], count: int, into: str) -> None:
        """Write `count` pictures as one .npy file (n, height, width, channels). Raises DataError for bad ones."""
        try:
            image: Any = import_module("PIL.Image")
            ops: Any = import_module("PIL.ImageOps")
        except ImportError:
            raise DataError(f'{self.path}: pictures need Pillow: pip install "trainlab[images]"') from None
        channels, size = 3 if self.color == "rgb" else 1, self.size
        with Path(into).open("wb") as npy:  # a write into a mapped file would end the process where the disk is full
            for file in files:
                pixels = self._one(image, ops, file, size)
                if pixels is None:
                    continue
                if not npy.tell():
                    size = size or (pixels.shape[0], pixels.shape[1])
                    about = {"descr": "|u1", "fortran_order": False, "shape": (count, *size, channels)}
                    np.lib.format.write_array_header_1_0(npy, about)
                npy.write(pixels.tobytes())
        if self._problems:
            more = len(self._problems) - _SHOWN
            shown = self._problems[:_SHOWN] + ([f"... and {more} more"] if more > 0 else [])
            raise DataError("\n".join(shown))

    def _one(self, image: Any, ops: Any, file: Picture, size: tuple[int, int] | None) -> Array | None:
        """The picture's bytes, or None and a problem more."""
        try:
            with image.open(file if isinstance(file, Path) else BytesIO(file.content)) as opened:
                self.animated += getattr(opened, "n_frames", 1) > 1
                picture = self._flat(image, file, ops.exif_transpose(opened))
        except image.DecompressionBombError:
            self._problems.append(f"{file}: cannot be decoded: it has more pixels than Pillow opens")
            return None
        except Exception:  # Pillow's plugins raise errors of many classes on damaged pictures
            self._problems.append(f"{file}: cannot be decoded: it is damaged, or no picture that Pillow knows")
            return None
        if picture is None:
            return None
        if size is not None and (picture.height, picture.width) != size:
            if self.size is None:
                self._problems.append(
                    f"{file}: is {picture.height} by {picture.width}, the first picture {size[0]} by {size[1]}; "
                    f"set `size: [{size[0]}, {size[1]}]` to scale all to one size"
                )
                return None
            picture = picture.resize((size[1], size[0]), image.Resampling.BILINEAR)
        return np.asarray(picture, np.uint8)

    def _flat(self, image: Any, file: Picture, picture: Any) -> Any:
        """The picture with 8 bits a channel and without transparency; None and a problem more if that cannot be."""
        mode = "RGB" if self.color == "rgb" else "L"
        if picture.mode.startswith("I"):
            values = np.asarray(picture).astype(np.int64)
            if values.min() < 0 or values.max() > 0xFFFF:
                self._problems.append(f"{file}: holds 32-bit numbers; save it with 8 or 16 bits a pixel")
                return None
            return image.fromarray(((values + 128) // 257).astype(np.uint8)).convert(mode)
        if picture.mode == "F":
            self._problems.append(f"{file}: holds decimal numbers; save it with 8 or 16 bits a pixel")
            return None
        if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            under = image.new("RGBA", picture.size, (_BACKGROUND,) * 4)
            picture = image.alpha_composite(under, picture)
        return picture.convert(mode)


def decoded(
    decoder: Decoder, files: Iterable[Picture], count: int, key: str, cache: str | None
) -> tuple[Array, list[str]]:
    """The pictures from the cache, memory-mapped, decoded into it first where they are not there yet; and notes.

    `key`: hex digits of their content and of all that changes how they are decoded. Raises DataError.
    """
    cached = (cache_folder() if cache is None else expanded(cache)) / f"{key[:32]}.npy"
    told = cached.with_suffix(".json")
    if not cached.exists():
        try:
            _decode_into(cached, told, decoder, files, count)
        except OSError as error:
            raise DataError(
                f"{decoder.path}: its decoded pictures do not fit into {cached.parent} ({error.strerror}); "
                "name another folder in data.cache"
            ) from error
    notes: list[str] = json.loads(told.read_text(encoding="utf-8")) if told.exists() else []
    return np.load(cached, mmap_mode="r", allow_pickle=False), notes


def _decode_into(cached: Path, told: Path, decoder: Decoder, files: Iterable[Picture], count: int) -> None:
    """The cached pictures, and the file of their notes."""
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cached.parent, suffix=".part", delete=False) as part:
        pass
    try:
        decoder.decode(files, count, part.name)
        if decoder.animated:
            note = f"{decoder.path}: {decoder.animated} pictures are animated; the first frame is taken"
            told.write_text(json.dumps([note]), encoding="utf-8")
        os.replace(part.name, cached)  # atomic: another process may decode the same pictures
    finally:
        Path(part.name).unlink(missing_ok=True)
