"""Image folder: one folder of pictures per class."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array, Count, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import existing_folder
from trainlab.data.source import Source
from trainlab.data.sources._pictures import CACHE_HELP, ENDINGS, PARTS, SIZE_HELP, Decoder, decoded


class ImageFolder(Source, name="image_folder"):
    """`path/cat/1.png`, `path/dog/2.jpg`: the name of a folder is the class of the pictures in it.

    All pictures are scaled to the same size and decoded once, into a .npy file from which batches are read; that
    file lies in the cache folder under a name made of the pictures' content and these settings, so that a changed
    picture is decoded again. Pictures are turned by their EXIF orientation, transparent ones get a white background,
    and 16-bit gray is scaled to 8 bits. Of animated files the first frame is used.
    Sub-folders `train`, `val` and `test` (or `training`, `valid`, `validation`, in any case) are the splits.
    Needs Pillow: pip install "trainlab[images]".
    """

    path: str = setting("folder that holds a folder per class")
    size: list[Count] | None = setting(None, SIZE_HELP, min_length=1, max_length=2)
    color: Literal["rgb", "gray"] = setting("rgb", "three channels, or one")
    val_path: str | None = setting(None, "folder of the validation pictures, a folder per class")
    test_path: str | None = setting(None, "folder of the test pictures, a folder per class")
    cache: str | None = setting(None, CACHE_HELP)

    def load(self, rng: np.random.Generator) -> Loaded:
        """Pictures as a memory-mapped uint8 array (n, height, width, channels)."""
        parts = _parts(existing_folder(self.path))
        for part, path in (("val", self.val_path), ("test", self.test_path)):
            if path is not None:
                parts[part] = existing_folder(path)
        train = parts["train"]
        names = [f.name for f in _folders(train)]
        if len(names) < 2:
            raise DataError(f"{train}: holds {len(names)} folders; a folder per class is needed, so at least two")
        _refuse_nested(train)
        rows, notes = self._rows(train, names, whole=True)
        task = Task("classification", len(names), tuple(names))
        others = {part: self._rows(folder, names) for part, folder in parts.items() if part != "train"}
        said = dict.fromkeys([*notes, *(note for _, more in others.values() for note in more)])
        val, test = (others[part][0] if part in others else None for part in ("val", "test"))
        return Loaded(rows, task, test, notes=tuple(said), val=val)

    def _rows(self, folder: Path, names: list[str], *, whole: bool = False) -> tuple[Rows, list[str]]:
        """The pictures of a part, and notes. `whole`: every class must have some."""
        for found in _folders(folder):
            if found.name not in names:
                raise DataError(f"{found}: the training pictures have no class `{found.name}`")
        files = [(f, c) for c, name in enumerate(names) for f in _pictures(folder / name)]
        empty = [name for c, name in enumerate(names) if not any(c == k for _, k in files)]
        if empty and (whole or not files):
            raise DataError(f"{folder / empty[0]}: holds no pictures; known endings are {', '.join(sorted(ENDINGS))}")
        x, notes = self._decoded([f for f, _ in files])
        return Rows(x, np.array([c for _, c in files], np.int64)), notes

    def _decoded(self, files: list[Path]) -> tuple[Array, list[str]]:
        digest = sha256(json.dumps([self.size, self.color, 2]).encode())
        for file in files:
            digest.update(sha256(file.read_bytes()).digest())
        size = None if self.size is None else (self.size[0], self.size[-1])
        return decoded(Decoder(self.path, self.color, size), files, len(files), digest.hexdigest(), self.cache)


def _parts(folder: Path) -> dict[str, Path]:
    """The folder of each part, where all of its folders are named like parts; else the folder itself for training."""
    found = _folders(folder)
    parts = {PARTS.get(f.name.lower(), ""): f for f in found}
    if "train" not in parts or "" in parts or len(parts) == 1:
        return {"train": folder}
    if len(parts) < len(found):
        raise DataError(f"{folder}: several of its folders are named like the same part: train, val or test")
    return parts


def _refuse_nested(folder: Path) -> None:
    """Raises DataError where the folders look like parts rather than classes: all hold the same folders."""
    inside = [[f.name for f in _folders(found)] for found in _folders(folder)]
    direct = any(f.suffix.lower() in ENDINGS for found in _folders(folder) for f in found.iterdir())
    if len(inside[0]) > 1 and all(names == inside[0] for names in inside) and not direct:
        first, other = _folders(folder)[:2]
        raise DataError(
            f"{folder}: its folders all hold the same folders ({', '.join(inside[0][:5])}) and no pictures, so they "
            f"are no classes; name one part, e.g. `path: {first}` and `test_path: {other}`"
        )


def _folders(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(f for f in folder.rglob("*") if f.suffix.lower() in ENDINGS and not f.name.startswith("."))
