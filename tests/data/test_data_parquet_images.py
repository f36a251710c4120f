"""Pictures in Parquet files: parts, class names and labels as `datasets` writes them, and what is refused."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making_data import prepared, refusal, source, write_images
from PIL import Image

NAMES = ["cat", "dog"]


def png(value, size=(4, 5)):
    out = io.BytesIO()
    Image.fromarray(np.full((*size, 3), [value, 7, 9], np.uint8)).save(out, "PNG")
    return out.getvalue()


def write(path, values, labels, names=NAMES, **replaced):
    """A file as `datasets` writes it: a struct of bytes and path, ClassLabel names beside the schema."""
    cells = [{"bytes": png(v), "path": f"{v}.png"} for v in values]
    table = pa.table({"image": cells, "label": pa.array(labels)} | replaced)
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
    if names:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def load(**settings):
    return source("parquet_images", cache="cache", **settings).load(np.random.default_rng(0))


def refused(**settings):
    return refusal("parquet_images", cache="cache", **settings)


def test_parts_and_shards():
    """Files of a part are joined in their order; validation and test rows are kept apart; classes have names."""
    write("d/data/train-00000-of-00002.parquet", [10, 20], [0, 1])
    write("d/data/train-00001-of-00002.parquet", [30, 40], [1, 0])
    write("d/data/validation-00000-of-00001.parquet", [50], [1])
    write("d/test/0000.parquet", [60, 61, 62], [0, 0, 1])

    got = load(path="d")

    assert np.asarray(got.rows.x)[:, 2, 3].tolist() == [[v, 7, 9] for v in (10, 20, 30, 40)]
    assert (got.rows.y.tolist(), got.task.names) == ([0, 1, 1, 0], ("cat", "dog"))
    assert (got.val.y.tolist(), got.test.y.tolist()) == ([1], [0, 0, 1])
    assert got.test.x[:, 0, 0, 0].tolist() == [60, 61, 62]
    listed = load(path=[f"d/data/train-0000{i}-of-00002.parquet" for i in (0, 1)])
    assert (len(listed.rows), listed.test) == (4, None)


def test_as_a_folder_of_pictures():
    """The same picture files give the same pixels from a folder and from Parquet, scaled and gray, too."""
    folder = write_images("pets")
    files = sorted(Path("pets").rglob("*.png"))
    cells = [{"bytes": f.read_bytes(), "path": f.name} for f in files]
    write("d/a.parquet", [1] * 6, [0, 0, 0, 1, 1, 1], image=cells)

    for settings in ({}, {"size": [8, 6]}, {"color": "gray"}):
        one = prepared("image_folder", **folder, **settings)
        other = prepared("parquet_images", path="d", cache="cache", **settings)
        np.testing.assert_array_equal(np.asarray(one.train.x), np.asarray(other.train.x))
        assert one.train.y.tolist() == other.train.y.tolist()


def test_other_columns_and_no_names():
    """Pictures may be plain bytes, labels texts, columns of other names; hidden labels (-1) are no test rows."""
    table = pa.table({"img": [png(1), png(2)], "thumb": [png(1), png(2)], "kind": ["b", "a"]})
    Path("d").mkdir()
    pq.write_table(table, "d/train.parquet")
    write("e/train.parquet", [1, 2], [0, 1], names=[])
    write("e/test.parquet", [3, 4], [-1, -1], names=[])

    assert load(path="d", image="img", label="kind").rows.y.tolist() == [1, 0]
    got = load(path="e")
    assert (got.task.names, got.test) == (("0", "1"), None)
    assert got.notes == ("e/test.parquet: every label is -1: no labels, so the test rows are left out",)
    columns = "which column holds the pictures? Set data.image; those with bytes: `img`, `thumb`"
    assert refused(path="d", label="kind") == f"d/train.parquet: {columns}"
    assert (
        refused(path="d", image="img")
        == "d/train.parquet: has no column `label` (data.label); it has `img`, `thumb`, `kind`"
    )


def test_all_damaged_pictures_at_once():
    """Every picture that cannot be decoded is named by its row; no bytes of a file stand in a message."""
    cells = [{"bytes": c, "path": None} for c in (png(1), b"no picture", None, png(2, (6, 6)), png(3)[:40])]
    write("d/train.parquet", [1] * 5, [0, 1, 0, 1, 0], image=cells)

    said = refused(path="d").splitlines()

    unknown = "cannot be decoded: it is damaged, or no picture that Pillow knows"
    assert said == [
        f"d/train.parquet: row 2: {unknown}",
        f"d/train.parquet: row 3: {unknown}",
        "d/train.parquet: row 4: is 6 by 6, the first picture 4 by 5; set `size: [4, 5]` to scale all to one size",
        f"d/train.parquet: row 5: {unknown}",
    ]
    assert not list(Path("cache").glob("*"))


def test_files_that_cannot_be_used(monkeypatch):
    """Missing shards and labels, foreign and cut files, parts of another size, and missing libraries."""
    write("d/train-00000-of-00002.parquet", [1, 2], [0, 1])
    said = [refused(path="d")]
    write("e/train.parquet", [1, 2], [0, None])
    said.append(refused(path="e"))
    write("f/train.parquet", [1, 2], [0, 1])
    write("f/test.parquet", [1, 2], [0, 1], image=[{"bytes": png(1, (6, 6)), "path": ""}] * 2)
    said.append(refused(path="f"))
    write("g/train.parquet", [1, 2], [0, 1])
    Path("g/train.parquet").write_bytes(Path("g/train.parquet").read_bytes()[:-50])
    said.append(refused(path="g"))
    write("h/test.parquet", [1, 2], [0, 1])
    said.append(refused(path="h"))
    Path("i").mkdir()
    said.append(refused(path="i"))
    write("j/train.parquet", [1, 2], [0.5, 1.5])
    said.append(refused(path="j"))
    said.append(refusal("parquet", path="f/train.parquet", target="label").split(";")[1].strip())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said.append(refused(path="f/train.parquet"))
    assert said == [
        "d/train-00001-of-00002.parquet: there is no such file, though train-00000-of-00002.parquet belongs to it",
        "e/train.parquet: row 2 has no label (`label`)",
        "f/test.parquet: pictures are 6 by 6, those for training 4 by 5; set `size: [4, 5]`",
        "g/train.parquet: not a Parquet file, or a damaged one",
        "h: holds no file for training, such as train-00000-of-00001.parquet",
        "i: holds no file that ends in .parquet",
        "j/train.parquet: column `label` holds double; labels are whole numbers or texts (data.label)",
        "use `name: parquet_images` for pictures, or name it under `drop`",
        'f/train.parquet: Parquet files need pyarrow: pip install "trainlab[parquet,images]"',
    ]


@pytest.mark.parametrize("labels", [[0, 2], [-1, 1]])
def test_labels_without_a_name(labels):
    """A label that the file's class names do not cover is an error that names its row."""
    write("d/train.parquet", [1, 2, 3], [*labels, 1])

    row = 1 + (labels[0] == 0)
    said = f"d/train.parquet: row {row} has the label {labels[row - 1]}; the file names 0 to 1"
    assert refused(path="d") == said
