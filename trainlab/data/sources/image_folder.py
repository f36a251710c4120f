"""Image folder: one folder of pictures per class."""

import json
import os
import sys
import tempfile
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array, Count, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import existing_folder
from trainlab.data.source import Source

_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


class ImageFolder(Source, name="image_folder"):
    """`path/cat/1.png`, `path/dog/2.jpg`: the name of a folder is the class of the pictures in it.

    All pictures are scaled to the same size and decoded once, into a .npy file from which batches are read; that
    file lies in the cache folder under a name made of the pictures' content and these settings, so that a changed
    picture is decoded anew. With sub-folders `train` and `test`, the latter gives the test rows.
    Needs Pillow: pip install "trainlab[images]".
    """

    path: str = setting("folder that holds a folder per class")
    size: list[Count] | None = setting(
        None, "height and width that every picture is scaled to; null: all have one size already", max_length=2
    )
    color: Literal["rgb", "gray"] = setting("rgb", "three channels, or one")
    test_path: str | None = setting(None, "folder of the test pictures, a folder per class")
    cache: str | None = setting(None, "folder for decoded pictures; null: `trainlab` in the user's cache folder")

    def load(self, rng: np.random.Generator) -> Loaded:
        """Pictures as a memory-mapped uint8 array (n, height, width, channels)."""
        folder = existing_folder(self.path)
        train, test = folder, None if self.test_path is None else existing_folder(self.test_path)
        if test is None and {f.name for f in _folders(folder)} == {"train", "test"}:
            train, test = folder / "train", folder / "test"
        names = [f.name for f in _folders(train)]
        if len(names) < 2:
            raise DataError(f"{train}: holds {len(names)} folders; a folder per class is needed, so at least two")
        rows = self._rows(train, names)
        task = Task("classification", len(names), tuple(names))
        return Loaded(rows, task, None if test is None else self._rows(test, names))

    def _rows(self, folder: Path, names: list[str]) -> Rows:
        for found in _folders(folder):
            if found.name not in names:
                raise DataError(f"{found}: the training pictures have no class `{found.name}`")
        files = [(f, c) for c, name in enumerate(names) for f in _pictures(folder / name)]
        empty = [name for name in names if not any(names[c] == name for _, c in files)]
        if empty:
            raise DataError(f"{folder / empty[0]}: holds no pictures; known endings are {', '.join(sorted(_ENDINGS))}")
        x = self._decoded([f for f, _ in files])
        return Rows(x, np.array([c for _, c in files], np.int64))

    def _decoded(self, files: list[Path]) -> Array:
        """The pictures from the cache, decoded into it first where they are not there yet."""
        digest = sha256(json.dumps([self.size, self.color, 1]).encode())
        for file in files:
            digest.update(sha256(file.read_bytes()).digest())
        cached = self._cache_folder() / f"{digest.hexdigest()[:32]}.npy"
        if not cached.exists():
            cached.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=cached.parent, suffix=".part", delete=False) as part:
                pass
            try:
                self._decode(files, part.name)
                os.replace(part.name, cached)  # whole or not at all, whoever else decodes the same
            finally:
                Path(part.name).unlink(missing_ok=True)
        return np.load(cached, mmap_mode="r", allow_pickle=False)

    def _cache_folder(self) -> Path:
        if self.cache is not None:
            return Path(self.cache).expanduser()
        home = Path.home()
        places = {"darwin": home / "Library" / "Caches", "win32": home / "AppData" / "Local"}
        return Path(os.environ.get("XDG_CACHE_HOME") or places.get(sys.platform, home / ".cache")) / "trainlab"

    def _decode(self, files: list[Path], into: str) -> None:
        try:
            image: Any = import_module("PIL.Image")
        except ImportError:
            raise DataError(f'{self.path}: pictures need Pillow: pip install "trainlab[images]"') from None
        channels = 3 if self.color == "rgb" else 1
        height, width = self._size(image, files[0])
        shape = (len(files), height, width, channels)
        x = np.lib.format.open_memmap(into, mode="w+", dtype=np.uint8, shape=shape)
        for i, file in enumerate(files):
            x[i] = self._one(image, file, (height, width)).reshape(shape[1:])
        x.flush()

    def _size(self, image: Any, first: Path) -> tuple[int, int]:
        if self.size is not None:
            return self.size[0], self.size[-1]
        height, width = self._one(image, first, None).shape[:2]
        return height, width

    def _one(self, image: Any, file: Path, size: tuple[int, int] | None) -> Array:
        try:
            with image.open(file) as opened:
                picture = opened.convert("RGB" if self.color == "rgb" else "L")
        except image.DecompressionBombError as error:
            raise DataError(f"{file}: cannot be decoded: it has more pixels than Pillow opens") from error
        except (OSError, SyntaxError, ValueError) as error:
            raise DataError(f"{file}: cannot be decoded: it is damaged, or no picture that Pillow knows") from error
        if size is not None and (picture.height, picture.width) != size:
            if self.size is None:
                raise DataError(
                    f"{file}: is {picture.height} by {picture.width}, the first picture {size[0]} by {size[1]}; "
                    f"set `size: [{size[0]}, {size[1]}]` to scale all to one size"
                )
            picture = picture.resize((size[1], size[0]), image.Resampling.BILINEAR)
        return np.asarray(picture, np.uint8)


def _folders(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(f for f in folder.rglob("*") if f.suffix.lower() in _ENDINGS and not f.name.startswith("."))
