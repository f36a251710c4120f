"""Small data sets on disk and in memory for the tests of `trainlab/data`."""

import os

import numpy as np
import pytest

from trainlab.core.component import find
from trainlab.core.errors import DataError
from trainlab.core.streams import Streams
from trainlab.core.types import Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.fault import Split
from trainlab.data.prepare import prepare
from trainlab.data.source import Source


def source(name, **settings):
    """The source of this name, its settings as in a config."""
    return find(Source, name).model_validate(settings)


def prepared(name, seed=0, **settings):
    """The parts of this source."""
    return prepare(source(name, **settings), streams=Streams(seed))


def refusal(name, **settings):
    """The whole message with which preparing this source fails."""
    with pytest.raises(DataError) as caught:
        prepared(name, **settings)
    return str(caught.value)


def classes(n=60, features=3, kinds=3, seed=0):
    """Rows of `kinds` classes of equal size, far from standardized."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, features)) * [1, 10, 0.1][:features] + 5
    task = Task("classification", kinds, tuple("abcdefgh"[:kinds]))
    return Loaded(Rows(x, np.arange(n) % kinds, lines=np.arange(1, n + 1)), task)


def parts(n_train=40, n_val=20, kind="classification", seed=0):
    """A split into training and validation rows, as a fault gets it."""
    loaded = classes(n_train + n_val, seed=seed)
    train, val = loaded.rows.take(np.arange(n_train)), loaded.rows.take(np.arange(n_train, n_train + n_val))
    if kind == "regression":
        train, val = (Rows(r.x, r.x[:, :1] * 2.0, lines=r.lines) for r in (train, val))
        return Split(train, val, None, Task("regression", 1, ("y",)))
    return Split(train, val, val.take(np.arange(5)), loaded.task)


PEOPLE = "age,city,bought\n" + "".join(
    f"{20 + i},{'Rome' if i % 2 else 'Oslo'},{'yes' if i % 3 else 'no'}\n" for i in range(30)
)


def write_images(folder, classes=("cat", "dog"), count=3, size=(4, 5)):
    """A folder of small pictures, each class a colour; the settings that read it."""
    from PIL import Image

    for c, name in enumerate(classes):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        for i in range(count):
            pixels = np.full((*size, 3), [100 * c, 10 * i, 7], np.uint8)
            Image.fromarray(pixels).save(f"{folder}/{name}/{i}.png")
    return {"path": folder, "cache": "cache"}
