"""CIFAR-10: sixty thousand tiny colour photographs of ten kinds of things."""

from pathlib import Path

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import existing_folder
from trainlab.data.source import Source
from trainlab.data.sources._cifar import read_images

_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class Cifar10(Source, name="cifar10"):
    """CIFAR-10's folder, in its binary version (`data_batch_1.bin`) or its Python version (`data_batch_1`).

    Images are (32, 32, 3), uint8; `test_batch` gives the test rows. Python batches are pickles, and pickles are
    programs: they are read by an unpickler that refuses everything but NumPy arrays and plain values.

    Source: A. Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
    """

    path: str = setting("folder with the batches (`cifar-10-batches-bin` or `cifar-10-batches-py`)")

    def load(self, rng: np.random.Generator) -> Loaded:
        """All training batches that are there, and the test batch."""
        folder = existing_folder(self.path)
        files = sorted(f for f in folder.glob("data_batch_*") if f.suffix in ("", ".bin"))
        if not files:
            raise DataError(f"{self.path}: holds no `data_batch_1.bin` and no `data_batch_1`")
        binary = [f for f in files if f.suffix == ".bin"]
        suffix = ".bin" if binary else ""
        test = folder / f"test_batch{suffix}"
        rows = _joined([self._batch(f) for f in binary or files])
        return Loaded(rows, self.known()[1], self._batch(test) if test.is_file() else None)

    def known(self) -> tuple[Shape, Task]:
        """Images (32, 32, 3) of ten classes."""
        return (32, 32, 3), Task("classification", len(_CLASSES), _CLASSES)

    def _batch(self, file: Path) -> Rows:
        images, labels = read_images(file, "labels")
        wrong = np.flatnonzero((labels < 0) | (labels >= len(_CLASSES)))
        if len(wrong):
            raise DataError(f"{file}: row {int(wrong[0]) + 1} has the label {labels[wrong[0]]}; allowed are 0 to 9")
        return Rows(images, labels)


def _joined(batches: list[Rows]) -> Rows:
    images = np.concatenate([np.asarray(b.x) for b in batches])
    return Rows(images, np.concatenate([b.y for b in batches]))
