"""The first line of a CSV: names or a row, found out, told, and refused where both are possible."""

import numpy as np
import pytest
from making_data import refusal, source

from trainlab.data.header import judge
from trainlab.data.new_files import encode_new


def write(lines, name="t.csv"):
    with open(name, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def load(**settings):
    return source("csv", **{"path": "t.csv", **settings}).load(np.random.default_rng(0))


IRIS = [f"{4 + i % 7 / 10},{i % 5},{('setosa', 'virginica')[i % 2]}" for i in range(40)]


@pytest.mark.parametrize(
    ("line", "rows", "want"),
    [
        ("a,b", ["1.5,2", "1.7,3"], "names"),
        ("5.1,3.5", ["1.5,2", "1.7,3"], "data"),
        ("5.1,", ["1.5,2", "1.7,3"], "data"),  # a missing cell is a cell of a row, too
        ("5.1,red", ["1.5,blue", "1.7,red"], "data"),
        ("5.1,red", ["1.5,blue", "1.7,green"], "unclear"),
        ("age,red", ["1.5,blue", "1.7,red"], "names"),
        ("2020-01-01,5.3", ["2020-01-02,5.1", "2020-01-03,5.2"], "data"),
        ("0,1,2", ["1.5,2,3", "1.7,3,2"], "counted"),  # pandas: DataFrame(array).to_csv(index=False)
        (",0,1", ["0,1.5,2", "1,1.7,3"], "counted"),  # pandas: DataFrame(array).to_csv()
        ("0,1", ["1,0", "1,1"], "unclear"),
        ("2001,2002,2003,2004,2005", ["1.5,2,3,4,5"], "counted"),
        ("400.5,410,420,430.5,440", ["1.5,2,3,4,5"], "unclear"),  # wavelengths
        ("400.5,410,420,430.5,440,kind", ["1.5,2,3,4,5,corn"], "names"),
        ("1,3,7", ["1,2,3"], "data"),
        ("p,x,s", ["p,y,t", "e,x,s"], "data"),  # mushrooms: only letters, all of them again below
        ("a", ["a", "b"], "names"),
        ("city,2020", ["Rome,5"], "names"),
    ],
)
def test_verdicts(line, rows, want):
    """Texts over numbers are names; numbers and texts that stand again below are a row; both are possible: unclear."""
    assert judge(line.split(","), [row.split(",") for row in rows]) == want


def test_the_target_is_a_cell_of_the_first_row():
    """Where line 1 is a row, a target that is one of its cells means the column of that cell; it is told, and no row
    is lost.
    """
    write(IRIS)
    loaded = load(target="setosa")
    assert len(loaded.rows) == 40
    assert loaded.rows.features == ("column_1", "column_2")
    assert loaded.task.names == ("setosa", "virginica")
    assert loaded.notes[0] == (
        "the first line holds data, not names: the columns are `column_1` to `column_3`, the target is `column_3` (the "
        "last); set `header: true` if that is wrong"
    )
    assert load(target="column_3").notes == loaded.notes


def test_new_files_are_read_as_the_training_file():
    """A file for predictions has no header where the training file has none, and one where it has one."""
    write(IRIS)
    encoding = load(target="setosa").encoding
    write(["5.5,1,setosa"], "new.csv")
    assert encode_new(encoding, "new.csv")[0].tolist() == [[5.5, 1]]
    write(["a,y", *(f"{'ab'[i % 2]},{i}.5" for i in range(30))])
    write(["a", "a", "b"], "new.csv")  # a name that is a value, too
    assert encode_new(load(target="y").encoding, "new.csv")[0].tolist() == [[1, 0], [0, 1]]


def test_an_ambiguous_cell_is_refused():
    """A target that stands in two cells of the first row could mean either column."""
    write([f"{1 + i % 3},{i}.5,{i % 2 + 1}" for i in range(30)])
    assert refusal("csv", path="t.csv", target="1") == (
        "t.csv:1: the first line must hold the column names, but looks like data (`1`), and `1` (data.target) is its "
        "cell in 2 columns; set `header: false`; the columns are then `column_1` to `column_3`, so the last is "
        "`target: column_3`; if it does hold the names, set `header: true`"
    )
    assert len(load(target="column_3", header=False).rows) == 30


def test_the_user_has_the_last_word():
    """`header: true` takes any line as names, `header: false` as a row."""
    write(["400.5,410,420,430.5,440", *(f"{i},1,{i % 4},2.5,{i % 2}" for i in range(30))])
    assert "if it does hold the names, set `header: true`" in refusal("csv", path="t.csv", target="440")
    assert load(target="440", header=True).rows.features == ("400.5", "410", "420", "430.5")
    assert len(load(target="column_1", header=False).rows) == 31


def test_counted_names_are_told():
    """The header that pandas writes for an array is no row."""
    write(["0,1,2", *(f"{i}.5,{i % 4},{i % 2}" for i in range(30))])
    loaded = load(target="2")
    assert len(loaded.rows) == 30
    assert "line 1 counts the columns: taken for their names; if not, set `header: false`" in loaded.notes
    write([",0,1", *(f"{i},{i % 4}.5,{i % 2}" for i in range(30))])
    assert load(target="1").rows.features == ("0",)


def test_all_that_stands_in_the_way_of_a_lone_target():
    """A file with nothing but its classes also says which of them could not be learned."""
    write(["label", *["a"] * 20, "b"])
    assert refusal("csv", path="t.csv", target="label") == (
        "t.csv: no columns are left to learn from besides the target; add some to the file, for example the target's "
        "value in the row before\n"
        "and then: t.csv:22: column `label`: the only row of class `b`\n"
        "a class needs at least two rows, one to train on and one to test on; add some or remove these "
        "(`min_class_rows: 2` leaves them out)"
    )
