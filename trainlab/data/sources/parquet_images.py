"""Pictures in Parquet files, as Hugging Face's `datasets` stores them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.home import expanded
from trainlab.core.types import Array, Count
from trainlab.data.arrow import DAMAGED, arrow_reader
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.opening import parsing
from trainlab.data.paths import did_you_mean, existing_file
from trainlab.data.source import Source
from trainlab.data.sources._arrays import encode_targets, learn_targets
from trainlab.data.sources._pictures import CACHE_HELP, PARTS, SIZE_HELP, Decoder, StoredPicture, decoded

_SHARD = re.compile(r"-(\d+)-of-(\d+)$")


class ParquetImages(Source, name="parquet_images"):
    """Parquet files with a column of pictures ({bytes, path}, or bytes) and one of labels, as Hugging Face has them.

    `path` is a folder or a list of files. The first word of a file's name, or its folder, says which part it belongs
    to: `train-00000-of-00002.parquet`, `validation-...`, `test-...`; other files are for training. The names of the
    classes come from the file. Pictures are decoded once, as `image_folder` does it. Needs pyarrow and Pillow:
    pip install "trainlab[parquet,images]".
    """

    first: ClassVar[str] = "path"

    path: str | list[str] = setting("folder of the files, one file, or a list of files", min_length=1)
    image: str | None = setting(None, "column of the pictures; null: the only one that holds bytes")
    label: str = setting("label", "column of the labels: class numbers or texts")
    size: list[Count] | None = setting(None, SIZE_HELP, min_length=1, max_length=2)
    color: Literal["rgb", "gray"] = setting("rgb", "three channels, or one")
    cache: str | None = setting(None, CACHE_HELP)

    def load(self, rng: np.random.Generator) -> Loaded:
        """Pictures as memory-mapped uint8 arrays (n, height, width, channels)."""
        parts = _parts([self.path] if isinstance(self.path, str) else self.path)
        shards = {part: [self._shard(file) for file in files] for part, files in parts.items()}
        train = shards["train"]
        x, notes = self._pictures(train)
        y, targets = learn_targets(
            f"{train[0].file}: `{self.label}`", _labels(train), x, "classification", train[0].classes
        )
        rows, others = Rows(x, y), dict[str, Rows]()
        for part in ("val", "test"):
            found = shards.get(part, [])
            labels = _labels(found) if found else np.empty(0)
            if len(labels) and labels.dtype.kind != "U" and (labels == -1).all():
                notes.append(f"{found[0].file}: every label is -1: no labels, so the {part} rows are left out")
            elif found:
                x, more = self._pictures(found, rows.shape)
                notes += [note for note in more if note not in notes]
                where = f"{found[0].file}: `{self.label}`"
                others[part] = Rows(x, encode_targets(where, labels, len(x), targets))
        return Loaded(rows, targets.task, others.get("test"), notes=tuple(notes), val=others.get("val"))

    def _shard(self, file: Path) -> "_Shard":
        """The labels of a file, and where its pictures are."""
        pa, pq = arrow_reader(file, "parquet", "Parquet", "parquet,images")
        with parsing(str(file), DAMAGED), pq.ParquetFile(file) as stored:
            schema: Any = stored.schema_arrow
            image, label = _columns(file, schema, self.image, self.label, pa.types)
            column: Any = stored.read(columns=[label]).column(label)  # `label.x` is read, too
        if column.null_count:
            row = column.to_pylist().index(None) + 1
            raise DataError(f"{file}: row {row} has no label (`{label}`)")
        labels, names = np.array(column.to_pylist()), _class_names(schema.metadata or {}, label)
        if names and labels.dtype.kind == "i" and not (labels == -1).all():
            wrong = np.flatnonzero((labels < 0) | (labels >= len(names)))
            if len(wrong):
                row, most = int(wrong[0]), len(names) - 1
                raise DataError(f"{file}: row {row + 1} has the label {labels[row]}; the file names 0 to {most}")
        return _Shard(file, image, labels, names)

    def _pictures(self, shards: "list[_Shard]", shape: tuple[int, ...] | None = None) -> tuple[Array, list[str]]:
        """The pictures of a part. Where no size is set they must have the shape of the training pictures."""
        digest = sha256(json.dumps([self.size, self.color, 2, [shard.image for shard in shards]]).encode())
        for shard in shards:
            with shard.file.open("rb") as stored:
                while block := stored.read(1 << 22):
                    digest.update(block)
        size = None if self.size is None else (self.size[0], self.size[-1])
        decoder = Decoder(str(shards[0].file.parent), self.color, size)
        pictures = (picture for shard in shards for picture in shard.pictures())
        count = sum(len(shard.labels) for shard in shards)
        x, notes = decoded(decoder, pictures, count, digest.hexdigest(), self.cache)
        if shape is not None and x.shape[1:] != shape:
            was, now = (f"{s[0]} by {s[1]}" for s in (shape, x.shape[1:]))
            raise DataError(
                f"{shards[0].file}: pictures are {now}, those for training {was}; set `size: [{shape[0]}, {shape[1]}]`"
            )
        return x, notes


@dataclass(frozen=True, slots=True)
class _Shard:
    file: Path
    image: str
    labels: Array
    classes: list[str]

    def pictures(self) -> Iterator[StoredPicture]:
        """Each picture's file, read in small batches."""
        pa: Any = import_module("pyarrow")
        pc: Any = import_module("pyarrow.compute")
        pq: Any = import_module("pyarrow.parquet")
        row = 0
        try:
            with pq.ParquetFile(self.file) as stored:
                for batch in stored.iter_batches(batch_size=64, columns=[self.image]):
                    column: Any = batch.column(0)
                    if pa.types.is_struct(column.type):
                        column = pc.struct_field(column, "bytes")
                    for content in column.to_pylist():
                        row += 1
                        yield StoredPicture(f"{self.file}: row {row}", content or b"")
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise DataError(f"{self.file}: the file is truncated or damaged") from error


def _columns(file: Path, schema: Any, image: str | None, label: str, types: Any) -> tuple[str, str]:
    """The names of the columns of pictures and of labels. Raises DataError naming the setting that is wrong."""
    names: list[str] = schema.names
    if label not in names:
        near = did_you_mean(label, names) or "; it has " + ", ".join(f"`{name}`" for name in names)
        raise DataError(f"{file}: has no column `{label}` (data.label){near}")
    kind = schema.field(label).type
    if not (types.is_integer(kind) or types.is_string(kind) or types.is_large_string(kind) or types.is_boolean(kind)):
        raise DataError(f"{file}: column `{label}` holds {kind}; labels are whole numbers or texts (data.label)")

    def holds_bytes(kind: Any) -> bool:
        if types.is_struct(kind):
            return any(field.name == "bytes" and holds_bytes(field.type) for field in kind)
        return types.is_binary(kind) or types.is_large_binary(kind)

    pictures = [name for name in names if holds_bytes(schema.field(name).type)]
    if image is None and len(pictures) == 1:
        return pictures[0], label
    if image not in pictures:
        listed = ", ".join(f"`{name}`" for name in pictures) or "none"
        raise DataError(f"{file}: which column holds the pictures? Set data.image; those with bytes: {listed}")
    return image, label


def _class_names(metadata: dict[bytes, bytes], label: str) -> list[str]:
    """The names that `datasets` keeps of the classes; none where another program wrote the file."""
    try:
        found: Any = json.loads(metadata.get(b"huggingface", b"{}"))
        names: Any = found["info"]["features"][label]["names"]
    except (ValueError, KeyError, TypeError):
        return []
    return [str(name) for name in cast("list[object]", names)] if isinstance(names, list) else []


def _labels(shards: list[_Shard]) -> Array:
    return np.concatenate([shard.labels for shard in shards])


def _parts(paths: list[str]) -> dict[str, list[Path]]:
    """The files of each part. Raises DataError where there is none for training, and where a shard is missing."""
    files = list[Path]()
    for path in paths:
        folder = expanded(path)
        files += sorted(folder.rglob("*.parquet")) if folder.is_dir() else [existing_file(path)]
    if not files:
        raise DataError(f"{paths[0]}: holds no file that ends in .parquet")
    parts = dict[str, list[Path]]()
    for file in files:
        words = (file.name, file.parent.name)
        found = [PARTS.get(re.split(r"[^a-z]", word.lower())[0]) for word in words]
        parts.setdefault(next((part for part in found if part), "train"), []).append(file)
    for part_files in parts.values():
        _all_there(part_files)
    if "train" not in parts:
        raise DataError(f"{paths[0]}: holds no file for training, such as train-00000-of-00001.parquet")
    return parts


def _all_there(files: list[Path]) -> None:
    """Raises DataError where names such as train-00001-of-00003 show that a file is missing."""
    for file in files:
        numbered = _SHARD.search(file.stem)
        if numbered is None:
            continue
        digits, count = len(numbered[1]), int(numbered[2])
        there = {f.name for f in files}
        names = (f"{file.stem[: numbered.start()]}-{i:0{digits}d}-of-{numbered[2]}.parquet" for i in range(count))
        missing = next((name for name in names if name not in there), None)
        if missing is not None:
            raise DataError(f"{file.parent / missing}: there is no such file, though {file.name} belongs to it")
