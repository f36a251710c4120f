"""CIFAR-100: sixty thousand tiny colour photographs of a hundred kinds of things, in twenty groups."""

from pathlib import Path
from typing import Literal, cast

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import existing_folder
from trainlab.data.source import Source
from trainlab.data.sources._arrays import encode_targets, learn_targets
from trainlab.data.sources._cifar import read_images, read_pickle


class Cifar100(Source, name="cifar100"):
    """CIFAR-100's folder, in its binary version (`train.bin`) or its Python version (`train`).

    Images are (32, 32, 3), uint8; `test` gives the test rows. The names of the classes come from
    `fine_label_names.txt` or `meta` beside them. Pickles run no code.

    Source: A. Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
    """

    path: str = setting("folder with the files (`cifar-100-binary` or `cifar-100-python`)")
    labels: Literal["fine", "coarse"] = setting("fine", "fine: the 100 classes; coarse: their 20 groups")

    def load(self, rng: np.random.Generator) -> Loaded:
        """The training images, and the test images if they are there."""
        folder = existing_folder(self.path)
        suffix = next((end for end in (".bin", "") if (folder / f"train{end}").is_file()), None)
        if suffix is None:
            raise DataError(f"{self.path}: holds no `train.bin` and no `train`")
        train, test = folder / f"train{suffix}", folder / f"test{suffix}"
        x, labels = self._images(train)
        y, targets = learn_targets(f"{train}: labels", labels, x, "classification", self._class_names(folder))
        rows = Rows(x, y)
        if not test.is_file():
            return Loaded(rows, targets.task)
        x, labels = self._images(test)
        return Loaded(rows, targets.task, Rows(x, encode_targets(f"{test}: labels", labels, len(x), targets)))

    def _images(self, file: Path) -> tuple[np.ndarray, np.ndarray]:
        return read_images(file, f"{self.labels}_labels", labels=2, which=int(self.labels == "fine"))

    def _class_names(self, folder: Path) -> list[str]:
        """The names of the classes in their order; none where no file tells them."""
        key = f"{self.labels}_label_names"
        if (folder / f"{key}.txt").is_file():
            return (folder / f"{key}.txt").read_text(encoding="utf-8").split()
        if not (folder / "meta").is_file():
            return []
        meta = read_pickle(folder / "meta")
        names = cast("list[bytes | str]", meta.get(key.encode(), meta.get(key, [])))
        return [name.decode() if isinstance(name, bytes) else str(name) for name in names]
