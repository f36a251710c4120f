"""STL-10: thirteen thousand colour photographs of ten kinds of things, 96 pixels wide and high."""

from pathlib import Path

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import existing_file, existing_folder
from trainlab.data.source import Source
from trainlab.data.sources._arrays import encode_targets, learn_targets

_CLASSES = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]
_IMAGE = 3 * 96 * 96  # bytes: the red, the green and the blue plane, each column by column


class Stl10(Source, name="stl10"):
    """STL-10's folder in its binary version: `train_X.bin` and `train_y.bin`, `test_X.bin` and `test_y.bin`.

    Images are (96, 96, 3), uint8. `unlabeled_X.bin`, which has no labels, is not read.

    Source: A. Coates, H. Lee and A. Ng 2011, "An Analysis of Single-Layer Networks in Unsupervised Feature Learning".
    """

    path: str = setting("folder with the files (`stl10_binary`)")

    def load(self, rng: np.random.Generator) -> Loaded:
        """The training images, and the test images if they are there."""
        folder = existing_folder(self.path)
        x, labels = _part(folder, "train")
        where = f"{folder / 'train_y.bin'}: labels"
        if len(labels) and not 1 <= labels.min() <= labels.max() <= len(_CLASSES):
            raise DataError(f"{where}: are {labels.min()} to {labels.max()}; STL-10's are 1 to {len(_CLASSES)}")
        y, targets = learn_targets(where, labels - 1, x, "classification", _CLASSES)
        rows = Rows(x, y)
        if not (folder / "test_X.bin").is_file():
            return Loaded(rows, targets.task)
        x, labels = _part(folder, "test")
        y = encode_targets(f"{folder / 'test_y.bin'}: labels", labels - 1, len(x), targets)
        return Loaded(rows, targets.task, Rows(x, y))


def _part(folder: Path, part: str) -> tuple[Array, Array]:
    """Images (n, 96, 96, 3) and labels from 1."""
    file = existing_file(str(folder / f"{part}_X.bin"))
    size = file.stat().st_size
    if not size or size % _IMAGE:
        raise DataError(
            f"{file}: the file is truncated, or not STL-10: {size} bytes are no multiple of {_IMAGE}, one image"
        )
    planes = np.fromfile(file, np.uint8).reshape(-1, 3, 96, 96)
    labels = np.fromfile(existing_file(str(folder / f"{part}_y.bin")), np.uint8).astype(np.int64)
    return np.ascontiguousarray(planes.transpose(0, 3, 2, 1)), labels
