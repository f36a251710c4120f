"""New files for `predict`: read as the training file was, or refused."""

import json

import numpy as np
import pytest
from making_data import PEOPLE, prepared

from trainlab.core.errors import DataError
from trainlab.data.new_files import encode_new


def encoding(**settings):
    with open("people.csv", "w") as file:
        file.write(PEOPLE)
    return prepared("csv", path="people.csv", target="bought", **settings).encoding


def new(text, code):
    with open("new.csv", "w") as file:
        file.write(text)
    return encode_new(json.loads(json.dumps(code)), "new.csv")


def test_the_target_may_be_missing_and_columns_come_in_any_order():
    """x has the training file's columns in its order; y is None without a target column."""
    x, y, lines = new("city,age\nRome,3\nOslo,5\n", encoding())
    assert (x.tolist(), y, lines.tolist()) == ([[3, 0, 1], [5, 1, 0]], None, [2, 3])


def test_targets_are_read_where_they_are():
    """Classes are numbered as in training, also where only one of them occurs."""
    x, y, _ = new("age,city,bought\n3,Rome,yes\n", encoding())
    assert (x.tolist(), y.tolist()) == ([[3, 0, 1]], [1])


def test_empty_targets_are_no_targets():
    """A target column with empty cells counts as none: that is what is to be predicted."""
    assert new("age,city,bought\n3,Rome,\n4,Rome,no\n", encoding())[1] is None


@pytest.mark.parametrize(
    ("reader", "where"), [({"name": "csv", "delimiter": True}, "at `delimiter`"), ({"name": "cvs"}, "called `cvs`")]
)
def test_a_made_checkpoint_is_refused(reader, where):
    """A checkpoint that somebody made by hand may say anything of how its training file was read."""
    text = "age,city\n3,Rome\n"
    with pytest.raises(DataError, match=f"settings for reading tables are damaged.*{where}"):
        new(text, encoding() | {"reader": reader})


def test_dropped_columns_may_come_or_not():
    """Columns that training dropped are ignored in a new file, whatever they hold."""
    code = encoding(drop=["city"])
    assert new("age,city\n3,?\n", code)[0].tolist() == new("age\n3\n", code)[0].tolist() == [[3]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("city,agee\nRome,3\n", "new.csv:1: column `age` is missing; did you mean `agee`?"),
        (
            "cty,pet\nRome,3\n",
            "new.csv:1: column `city` is missing; did you mean `cty`?\nnew.csv:1: column `age` is missing\n"
            "new.csv:1: column `pet` is unknown",
        ),
        ("age,city,income\n3,Rome,1\n", "new.csv:1: column `income` is unknown"),
        (
            "age,city\n3,Rme\n4,X\n",
            "new.csv:2: column `city`: unknown category `Rme`; did you mean `Rome`?\n"
            "new.csv:3: column `city`: unknown category `X`; known are `Oslo`, `Rome`\n"
            "the training file holds no such category; with `unknown: ignore` in `data:` all of its columns are 0",
        ),
        (
            "age,city\nold,Rome\n",
            "new.csv:2: column `age`: `old` is not a number\n"
            "these columns held numbers in the training file: correct the cells or remove their rows",
        ),
        (
            "age,city,bought\n3,Rome,maybe\n",
            "new.csv:2: column `bought`: unknown class `maybe`; known are `no`, `yes`\n"
            "only classes of the training file are allowed",
        ),
    ],
)
def test_files_that_do_not_fit(text, message):
    """Missing and unknown columns, categories and classes are named, with the nearest known name."""
    code = encoding()
    with pytest.raises(DataError) as caught:
        new(text, code)
    assert str(caught.value) == message


def test_built_in_sets_take_csv_files_too():
    """A run on digits predicts from a CSV of 64 columns x1 to x64, in the images' shape."""
    code = prepared("digits").encoding
    cells = np.arange(64)
    text = ",".join(f"x{i + 1}" for i in range(64)) + "\n" + ",".join(map(str, cells)) + "\n"
    x, y, _ = new(text, code)
    assert (x.shape, y) == ((1, 8, 8, 1), None)
    assert x.ravel().tolist() == cells.tolist()


def test_regression_targets():
    """A regression's targets are read as numbers, a column each."""
    with open("n.csv", "w") as file:
        file.write("a,b\n" + "".join(f"{i},{i / 7}\n" for i in range(40)))
    code = prepared("csv", path="n.csv", target="b").encoding
    x, y, _ = new("b,a\n0.5,1\n", code)
    assert (x.tolist(), y.tolist()) == ([[1]], [[0.5]])


def test_targets_can_be_left_unread():
    """With `with_target=False` a target column is ignored, also where it holds classes that training never saw."""
    code = encoding()
    with open("new.csv", "w") as file:
        file.write("age,city,bought\n3,Rome,maybe\n")
    x, y, _ = encode_new(code, "new.csv", with_target=False)
    assert (x.tolist(), y) == ([[3, 0, 1]], None)


def test_the_delimiter_is_kept():
    """A delimiter that cannot be found out is kept for new files."""
    with open("odd.csv", "w") as file:
        file.write(PEOPLE.replace(",", ":"))
    code = prepared("csv", path="odd.csv", target="bought", delimiter=":").encoding
    assert new("city:age\nRome:3\n", code)[0].tolist() == [[3, 0, 1]]


def test_a_parquet_file_to_predict():
    """A new file may be Parquet, whose missing targets are what is to be predicted."""
    import pandas as pd

    pd.DataFrame({"city": ["Rome", "Oslo"], "age": [3, 5], "bought": [None, "yes"]}).to_parquet("new.parquet")
    x, y, lines = encode_new(encoding(), "new.parquet")
    assert (x.tolist(), y, lines.tolist()) == ([[3, 0, 1], [5, 1, 0]], None, [1, 2])
