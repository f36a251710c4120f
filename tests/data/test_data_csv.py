"""CSV files: what is read from good ones, and the whole message for every kind of bad one."""

import gzip
from time import process_time

import numpy as np
import pytest
from making_data import PEOPLE, prepared, refusal, source

from trainlab.core.errors import DataError
from trainlab.data.encoding import encode_table
from trainlab.data.table import Table, column_of

ADD = "add some to the file, for example the target's value in the row before"
ADVICE = (
    "correct these cells, or list texts that mean a missing value under `missing`, or name the column under `drop` or "
    "`categorical`"
)
FILL = (
    "put `fill` first in data.preprocess, e.g. `preprocess: [fill, standardize]`: it gives them the training median; "
    "or name the column under `drop` or `categorical`"
)
NO_TARGET = "a row needs a target: fill these cells in, or leave the rows out with `missing_target: drop`"
BARE = {"preprocess": ["standardize"]}


def write(text, name="people.csv"):
    with open(name, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def load(**settings):
    return source("csv", **{"path": "people.csv", "target": "bought", **settings}).load(np.random.default_rng(0))


def refused(text, **settings):
    write(text)
    return refusal("csv", **{"path": "people.csv", "target": "bought", **settings})


def test_numbers_and_categories():
    """Numbers stay numbers, texts become a column of 0 and 1 each, the target's texts are the classes."""
    write(PEOPLE)
    loaded = load()
    assert loaded.rows.features == ("age", "city=Oslo", "city=Rome")
    assert loaded.rows.x[:2].tolist() == [[20, 1, 0], [21, 0, 1]]
    assert (loaded.task.kind, loaded.task.names) == ("classification", ("no", "yes"))
    assert loaded.rows.y[:4].tolist() == [0, 1, 1, 0]
    assert loaded.rows.lines[:3].tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    "stored",
    [
        b"\xef\xbb\xbf" + PEOPLE.encode(),
        PEOPLE.replace("\n", "\r\n").encode(),
        PEOPLE.replace(",", ";").encode(),
        PEOPLE.replace(",", "\t").encode(),
        PEOPLE.replace(",", "|").encode(),
        PEOPLE.replace(",", ", ").encode(),
        PEOPLE.replace("\n21", "\n\n21").encode(),
        gzip.compress(PEOPLE.encode(), mtime=0),
        PEOPLE.replace("Oslo", '"Oslo"').rstrip("\n").encode(),
    ],
    ids=["bom", "crlf", "semicolon", "tab", "bar", "spaces", "empty line", "gzip", "quotes"],
)
def test_spellings_of_the_same_table(stored):
    """Byte-order mark, line ends, delimiters, spaces, empty lines, gzip and quotes do not change what is read."""
    write(PEOPLE)
    plain = load()
    write(stored)
    assert np.array_equal(load().rows.x, plain.rows.x)
    assert load().encoding == plain.encoding


def test_a_cell_with_a_line_break_moves_the_lines():
    """Messages name the line in which a row begins, whatever its cells hold."""
    text = PEOPLE.replace("22,Oslo", '22,"Os\nlo"').replace("24,Oslo", "x,Oslo")
    assert refused(text) == f"people.csv:7: column `age`: `x` is not a number\n{ADVICE}"


def test_other_text_encodings():
    """A Latin-1 file is read where `encoding` says so."""
    write(PEOPLE.replace("Rome", "Zürich").encode("latin-1"))
    assert load(encoding="latin-1").rows.features == ("age", "city=Oslo", "city=Zürich")


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (PEOPLE.replace("\n25,", "\n,"), BARE, f"people.csv:7: column `age`: missing value\n{FILL}"),
        (PEOPLE.replace("\n25,", "\nNA,"), BARE, f"people.csv:7: column `age`: missing value\n{FILL}"),
        (PEOPLE.replace("\n25,", "\nabc,"), {}, f"people.csv:7: column `age`: `abc` is not a number\n{ADVICE}"),
        (PEOPLE.replace("\n25,", "\n1e999,"), {}, f"people.csv:7: column `age`: `1e999` is not a number\n{ADVICE}"),
        (PEOPLE.replace("\n25,", "\n2_5,"), {}, f"people.csv:7: column `age`: `2_5` is not a number\n{ADVICE}"),
        (
            PEOPLE.replace(",no", ",").replace("24,Oslo", "24,"),
            {},
            "people.csv:2: column `bought`: missing value\n"
            "people.csv:5: column `bought`: missing value\n"
            "people.csv:8: column `bought`: missing value\n"
            "people.csv:11: column `bought`: missing value\n"
            "people.csv:14: column `bought`: missing value\n"
            f"... and 5 more\n{NO_TARGET}\n"
            "without these rows: people.csv: column `bought` holds one class only, `yes`; "
            "there is nothing to learn; name another `target`, such as `age`, `city`",
        ),
        (PEOPLE, {"target": "bougt"}, "people.csv:1: has no column `bougt` (data.target); did you mean `bought`?"),
        (
            PEOPLE,
            {"target": "price"},
            "people.csv:1: has no column `price` (data.target); it has `age`, `city`, `bought`",
        ),
        (
            PEOPLE,
            {"categorical": ["citty"]},
            "people.csv:1: has no column `citty` (data.categorical); did you mean `city`?",
        ),
        (PEOPLE, {"drop": ["bought"]}, "data.target: column `bought` is also named under `drop`"),
        (
            PEOPLE.replace("29,Rome,no", "29,Rome,maybe"),
            {},
            "people.csv:11: column `bought`: the only row of class `maybe`\n"
            "a class needs at least two rows, one to train on and one to test on; add some or remove these "
            "(`min_class_rows: 2` leaves them out)",
        ),
        (
            PEOPLE.replace(",yes", ",no"),
            {},
            "people.csv: column `bought` holds one class only, `no`; there is nothing to learn; "
            "name another `target`, such as `age`, `city`",
        ),
        (PEOPLE.replace("age", "city", 1), {}, "people.csv:1: columns 1 and 2 are both named `city`; rename one"),
        (
            PEOPLE.replace("city", "", 1),
            {},
            "people.csv:1: column 2 has no name; name it, or name all of them under `columns`",
        ),
        (
            "1,2\n3,4\n",
            {},
            "people.csv:1: the first line must hold the column names, but looks like data (`1`); set `header: false`; "
            "the columns are then `column_1` to `column_2`, so the last is `target: column_2`; "
            "if it does hold the names, set `header: true`",
        ),
        ("", {}, "people.csv: the file is empty"),
        ("\n\n", {}, "people.csv: the file is empty"),
        ("age,bought\n", {}, "people.csv: holds column names but no rows"),
        (
            PEOPLE.replace("\n25,", "\n25,4,"),
            {},
            'people.csv:7: 4 cells, but there are 3 columns; a cell that holds `,` needs quotes: "a, b"',
        ),
        (
            PEOPLE.replace("\n25,", "\n"),
            {},
            "people.csv:7: 2 cells, but there are 3 columns; give every row 3 cells (an empty cell is a missing value)",
        ),
        (
            PEOPLE.replace("21,Rome", '21,"Ro"me'),
            {},
            "people.csv:3: not CSV: a quote that is never closed, or text behind a closing quote",
        ),
        (
            PEOPLE.replace("Rome", "Zürich").encode("latin-1"),
            {},
            "people.csv:3: byte 0xfc is not utf-8; save the file as UTF-8, or set `encoding: latin-1` (Western Europe) "
            "or the encoding that it has",
        ),
        (
            PEOPLE.encode("utf-16"),
            {},
            "people.csv: is UTF-16, not UTF-8; set `encoding: utf-16`, or save it as UTF-8",
        ),
        (PEOPLE, {"encoding": "utf-9"}, "data.encoding: there is no text encoding `utf-9`; most files are utf-8"),
        (
            gzip.compress(PEOPLE.encode(), mtime=0)[:-20],
            {},
            "people.csv: the file is truncated or damaged: it cannot be unpacked",
        ),
        (PEOPLE, {"path": "."}, ".: is a folder, not a file"),
        (PEOPLE, {"path": "data/people.csv"}, "data/people.csv: there is no folder `data`"),
        (
            PEOPLE,
            {"task": "regression"},
            "people.csv:2: column `bought`: `no` is not a number\n"
            "people.csv:3: column `bought`: `yes` is not a number\n"
            "people.csv:4: column `bought`: `yes` is not a number\n"
            "people.csv:5: column `bought`: `no` is not a number\n"
            "people.csv:6: column `bought`: `yes` is not a number\n"
            "... and 25 more\na regression needs a number in every row",
        ),
        (
            PEOPLE,
            {"target": ["age", "bought"], "task": "classification"},
            "data.target: a classification has one target column, or a column for each class with a single 1 in each "
            "row; found 2 other columns",
        ),
        (PEOPLE, {"drop": ["age", "city"]}, f"people.csv: no columns are left to learn from besides the target; {ADD}"),
        (
            PEOPLE,
            {"time": "city"},
            "people.csv:2: column `city`: `Oslo` is no time\npeople.csv:3: column `city`: `Rome` is no time\n"
            "people.csv:4: column `city`: `Oslo` is no time\npeople.csv:5: column `city`: `Rome` is no time\n"
            "people.csv:6: column `city`: `Oslo` is no time\n... and 25 more\n"
            "write all times as numbers, or all as ISO dates: 2024-01-31 or 2024-01-31T09:30:00",
        ),
        (
            "id,bought\n" + "".join(f"p{i:03},{'yes' if i % 2 else 'no'}\n" for i in range(80)),
            {},
            "people.csv: no columns are left to learn from besides the target; "
            f"left out are `id` (dates, ids or empty); {ADD}",
        ),
    ],
)
def test_bad_files(text, settings, message):
    """Every bad file gets a message with its line, its column, and what to do."""
    assert refused(text, **settings) == message


def test_a_missing_file_names_its_neighbour(own_folder):
    """A path that does not exist is answered with the nearest name beside it."""
    write(PEOPLE)
    said = refusal("csv", path="poeple.csv", target="bought")
    assert said == f"poeple.csv: no such file or folder in {own_folder}; did you mean `people.csv`?"


def test_the_home_folder_of_nobody():
    """`~name` is the name of a file where no such user is known."""
    assert refusal("csv", path="~nobody-here/people.csv", target="bought").startswith(
        "~nobody-here/people.csv: there is no folder `~nobody-here`"
    )


def test_an_error_far_down_names_its_line():
    """A stray text in the last block of a long file is found, and its line is right."""
    rows = [f"{i},{i % 2}" for i in range(7000)]
    rows[6543] = "oops,1"
    assert refused("a,bought\n" + "\n".join(rows)) == (f"people.csv:6545: column `a`: `oops` is not a number\n{ADVICE}")


def test_a_column_that_turns_into_text_far_down():
    """A column is text also where its first thousands of cells look like numbers."""
    cells = [str(i % 5) for i in range(3000)] + ["A", "B"] * 500
    write("grade,bought\n" + "\n".join(f"{c},{i % 2}" for i, c in enumerate(cells)))
    assert load().rows.features == tuple(f"grade={g}" for g in ("0", "1", "2", "3", "4", "A", "B"))


@pytest.mark.parametrize(
    ("cells", "settings", "kind", "names"),
    [
        (["0", "1"], {}, "classification", ("0", "1")),
        (["10", "9"], {}, "classification", ("9", "10")),
        (["0", "1"], {"task": "regression"}, "regression", ("bought",)),
        (["0.5", "1.5"], {}, "regression", ("bought",)),
        (["0.5", "1.5"], {"task": "classification"}, "classification", ("0.5", "1.5")),
        ([str(i) for i in range(21)], {}, "regression", ("bought",)),
    ],
)
def test_what_the_target_is(cells, settings, kind, names):
    """Text and whole numbers of up to 20 values are classes, others a regression, unless `task` says so."""
    write("a,bought\n" + "\n".join(f"{i},{cells[i % len(cells)]}" for i in range(60)))
    task = load(**settings).task
    assert (task.kind, task.names) == (kind, names)


def test_several_targets():
    """A list of targets is a regression with a column each, and none of them is an input."""
    write("a,b,c\n1,2,3\n4,5,6\n7,8,10\n")
    loaded = load(target=["c", "a"])
    assert (loaded.rows.y.tolist(), loaded.rows.x.tolist()) == ([[3, 1], [6, 4], [10, 7]], [[2], [5], [8]])
    assert loaded.task.names == ("c", "a")


def test_drop_categorical_group_and_time():
    """Dropped columns may hold anything, numbers can be categories, group and time are no inputs."""
    text = "junk,size,who,day,bought\n" + "".join(
        f"?,{i % 3},p{i // 4},2024-01-{30 - i:02},{i % 2}\n" for i in range(28)
    )
    write(text)
    loaded = load(drop=["junk"], categorical=["size"], group="who")
    assert loaded.rows.features[:3] == ("size=0", "size=1", "size=2")
    assert loaded.rows.groups.tolist() == [sorted({f"p{j}" for j in range(7)}).index(f"p{i // 4}") for i in range(28)]
    parts = prepared("csv", path="people.csv", target="bought", drop=["junk", "who"], time="day")
    assert parts.train.time.max() <= parts.val.time.min() <= parts.val.time.max() <= parts.test.time.min()


def test_a_separate_test_file():
    """`test_path` gives the test rows, read as the training file was, and no row of the file is held out for them."""
    write(PEOPLE)
    write("bought,city,age\nyes,Rome,1\nno,Rome,2\n", "test.csv")
    parts = prepared("csv", path="people.csv", target="bought", test_path="test.csv", split={"val": 0.2, "test": 0.3})
    assert (len(parts.train), len(parts.val), len(parts.test)) == (24, 6, 2)
    assert (parts.test.x.tolist(), parts.test.y.tolist()) == ([[1, 0, 1], [2, 0, 1]], [1, 0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "age,town,bought\n1,Rome,yes\n",
            "test.csv:1: has no column `city`, which people.csv has",
        ),
        (
            "age,city,bought\n1,Bergen,yes\n",
            "test.csv:2: column `city`: unknown category `Bergen`; known are `Oslo`, `Rome`\n"
            "the training file holds no such category; with `unknown: ignore` in `data:` all of its columns are 0",
        ),
        (
            "age,city,bought\n1,Rome,Yes\n",
            "test.csv:2: column `bought`: unknown class `Yes`; did you mean `yes`?\n"
            "only classes of the training file are allowed",
        ),
        (
            "age,city,bought\nx,Rome,yes\n",
            "test.csv:2: column `age`: `x` is not a number\n"
            "these columns held numbers in the training file: correct the cells or remove their rows",
        ),
    ],
)
def test_a_bad_test_file(text, message):
    """A test file that does not fit the training file is refused with line and column."""
    write(PEOPLE)
    write(text, "test.csv")
    assert refusal("csv", path="people.csv", target="bought", test_path="test.csv") == message


def test_dates_are_inputs_where_nothing_else_is_left():
    """A table of dates and a target learns from the time, and a new file is read in the same format of dates."""
    write("day,bought\n" + "".join(f"{i:02}/01/1970,{i * 0.5}\n" for i in range(1, 31)))
    loaded = load()
    assert loaded.rows.features == ("day",)
    assert loaded.rows.x[:, 0] * 365.2425 == pytest.approx(np.arange(30))
    assert "no other inputs than dates (`day`): taken as numbers, in years since 1970" in loaded.notes
    new = column_of(["02/01/1970", "1970-01-03"])
    x, _ = encode_table(Table("new.csv", {"day": new}, np.arange(2), "new.csv:1"), loaded.encoding)
    assert x[:, 0] * 365.2425 == pytest.approx([1, 2])  # not the first of February
    with pytest.raises(DataError, match="`soon` is not a date"):
        encode_table(Table("new.csv", {"day": column_of(["soon"])}, np.arange(1), "new.csv:1"), loaded.encoding)


def test_advice_about_a_missing_target_says_what_comes_next():
    """The error also names what would stop a user who leaves these rows out."""
    rows = [*(f"{i},{'ab'[i % 2]}" for i in range(20)), "20,", "21,c"]
    said = refused("x,bought\n" + "\n".join(rows))
    assert "people.csv:22: column `bought`: missing value" in said
    assert "without these rows: people.csv:23: column `bought`: the only row of class `c`" in said


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([""] * 30, "column `bought` (data.target) has no values at all; name another `target`, such as `b`, `a`"),
        ([f"n{i}" for i in range(30)], "holds nearly as many different texts as rows: no classes to learn"),
        ([f"2024-01-{i + 1:02}" for i in range(30)], "holds dates: no classes to learn; name another `target`"),
    ],
)
def test_targets_without_anything_to_learn(cells, message):
    """An empty column, names and dates are no targets; others are offered, those of numbers first."""
    text = "a,b,bought\n" + "".join(f"{'xy'[i % 2]},{i},{cell}\n" for i, cell in enumerate(cells))
    assert message in refused(text)


def test_a_file_without_a_header_offers_a_target_that_varies():
    """The last column of numbers without names may be constant; the advice names one that can be learned."""
    assert "`target: column_2`" in refused("".join(f"{i}.5,{i % 3},0\n" for i in range(30)))
    assert "holds one column of numbers without a name" in refused("".join(f"{i}.5\n" for i in range(30)))


def test_a_wide_file_is_read_in_seconds():
    """The time for 2000 columns grows with their number, not with its square."""
    write(",".join(f"c{i}" for i in range(2000)) + ",bought\n" + (",".join(["1.5"] * 2000) + ",0.5\n") * 300)
    pytest.importorskip("pandas")
    began = process_time()
    assert load().rows.x.shape == (300, 2000)
    assert process_time() - began < 20  # 90 s before


def test_columns_do_not_swallow_a_row():
    """`columns` replace the names in the file; a first line that is a row is not lost without a word."""
    rows = "".join(f"{i}.5,{i % 3}\n" for i in range(30))
    assert "set `header: false` beside `columns`" in refused(rows, columns=["a", "bought"])
    assert len(load(columns=["a", "bought"], header=False).rows) == 30
    write("x,y\n" + rows)
    assert len(load(columns=["a", "bought"]).rows) == 30
    write("2019,2020\n" + rows)
    assert len(load(columns=["a", "bought"], header=False, skip=1).rows) == 30
