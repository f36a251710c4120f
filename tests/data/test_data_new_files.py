"""New files for a trained network: read as the training file was, or refused."""

import numpy as np
import pytest
from making_data import source

from trainlab.core.errors import DataError
from trainlab.data.new_files import encode_new

ROWS = "".join(
    f"{i},{'Oslo' if i % 3 else 'Bern'},{i % 28 + 1:02}.01.2020,{'no' if i % 2 else 'yes'}\n" for i in range(40)
)


def trained(text: str = "age,city,day,y\n" + ROWS, **settings):
    with open("t.csv", "w", encoding="utf-8") as file:
        file.write(text)
    return source("csv", path="t.csv", target="y", **settings).load(np.random.default_rng(0)).encoding


def new(encoding, text: str, *, with_target: bool = False):
    with open("new.csv", "w", encoding="utf-8") as file:
        file.write(text)
    return encode_new(encoding, "new.csv", with_target=with_target)


@pytest.mark.parametrize(
    "text",
    [
        "age,city,day,y\n31,Oslo,01.02.2021,yes\n",
        "age,city\n31,Oslo\n",
        "city,age\nOslo,31\n",
        "\ufeffcity;day;age\nOslo;;31\n",
        "age\tcity\n31.0\tOslo\n",
        "age;city\n31,0;Oslo\n",
        'age,city,day\n"31","Oslo",2021-02-01\n',
    ],
    ids=["same", "no target", "order", "mark", "tabs", "commas", "quotes"],
)
def test_the_same_row_in_another_file(text):
    """Another order, a mark at the start, other delimiters and signs, without columns that are no inputs."""
    assert new(trained(), text)[0].tolist() == [[31, 0, 1]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("age,city,size\n31,Oslo,5\n", "column `size` is unknown"),
        ("age\n31\n", "column `city` is missing"),
        ("Age,city\n31,Oslo\n", "column `age` is missing; did you mean `Age`?"),
        ("age,city\nold,Oslo\n", "column `age`: `old` is not a number"),
        ("age,city\n31,Rome\n", "unknown category `Rome`"),
    ],
)
def test_what_is_not_in_the_training_file(text, said):
    """Columns more or less, names in other letters, texts for numbers and unknown categories are errors that say so."""
    with pytest.raises(DataError, match=said.replace("?", "[?]")):
        new(trained(), text)


def test_ignored_categories_are_those_that_are_new():
    """With `unknown: ignore` a new city is 0 in all inputs. But `oslo` is a spelling of Oslo, and an error; so is a
    column in which no cell of many is known.
    """
    encoding = trained(unknown="ignore")
    assert new(encoding, "age,city\n31,Rome\n32,Bern\n")[0].tolist() == [[31, 0, 0], [32, 1, 0]]
    with pytest.raises(DataError, match="unknown category `oslo`; did you mean `Oslo`"):
        new(encoding, "age,city\n31,oslo\n")
    with pytest.raises(DataError, match="none of its cells holds a category of the training file, such as `Bern`"):
        new(encoding, "age,city\n" + "31,4711\n" * 10)


def test_columns_that_are_named_by_their_place_stay_there():
    """Names under `columns` belong to places: a new file whose own names are in another order is an error."""
    text = "a,b,a,y\n" + "".join(f"{i},{i % 7},{i * 3},{'no' if i % 2 else 'yes'}\n" for i in range(40))
    encoding = trained(text, columns=["first", "b", "second", "y"])
    assert new(encoding, "a,b,a,y\n1,2,3,yes\n")[0].tolist() == [[1, 2, 3]]
    with pytest.raises(DataError, match="names them by their place"):
        new(encoding, "b,a,a,y\n1,2,3,yes\n")


def test_lines_below_a_new_file_are_not_cut_off():
    """`footer` belongs to the training file: the last row of a new file is a row."""
    encoding = trained("age,city,day,y\n" + ROWS + "Source: us\n", footer=1)
    assert len(new(encoding, "age,city\n31,Oslo\n32,Bern\n")[0]) == 2


def test_the_target_of_a_new_file():
    """y is there if the file has it, and None if not; a class that the training file does not have is an error."""
    assert new(trained(), "age,city\n31,Oslo\n", with_target=True)[1] is None
    y = new(trained(), "y,age,city\nyes,31,Oslo\n", with_target=True)[1]
    assert y is not None
    assert y.tolist() == [1]
    with pytest.raises(DataError, match="unknown class `maybe`"):
        new(trained(), "y,age,city\nmaybe,31,Oslo\n", with_target=True)


def test_dates_in_another_form():
    """Where dates are inputs, ISO dates are the same days, and days in a third form are an error."""
    encoding = trained("day,y\n" + "".join(f"{i % 28 + 1:02}.01.2020,{i % 5}.5\n" for i in range(40)))
    january = new(encoding, "day\n15.01.2020\n")[0]
    assert new(encoding, "day\n2020-01-15\n")[0].tolist() == january.tolist()
    with pytest.raises(DataError, match="is not a date as in training"):
        new(encoding, "day\n01/15/2020\n")
