"""What a column is: decided over all of its cells, told, and the same for every row order, type and file."""

import numpy as np
import pytest
from making_data import PEOPLE, prepared, refusal, source


def write(text, name="people.csv"):
    with open(name, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def load(**settings):
    return source("csv", **{"path": "people.csv", "target": "y", **settings}).load(np.random.default_rng(0))


def table(header, rows):
    write(header + "\n" + "\n".join(rows) + "\n")


def one_column(cells, delimiter=","):
    """A file whose column `a` holds these cells, beside a target of two classes."""
    table(f"a{delimiter}y", [f"{cell}{delimiter}{'no' if i % 2 else 'yes'}" for i, cell in enumerate(cells)])


@pytest.mark.parametrize("marker", ["", "NA", "N/A", "nan", "NaN", "null", "None", "?", "-", ".", "#N/A", "none"])
class TestMissing:
    """One list of missing markers, everywhere."""

    def test_in_a_target(self, marker):
        """A missing class is an error that names its line, not a class."""
        table("a,y", [f"{i},{marker if i == 7 else 'no' if i % 2 else 'yes'}" for i in range(30)])
        assert (
            refusal("csv", path="people.csv", target="y").splitlines()[0] == "people.csv:9: column `y`: missing value"
        )

    def test_in_a_target_of_numbers(self, marker):
        """A missing number is an error that names its line, and does not make the other numbers classes."""
        table("a,y", [f"{i},{marker if i == 7 else i + 0.22}" for i in range(112)])
        assert (
            refusal("csv", path="people.csv", target="y").splitlines()[0] == "people.csv:9: column `y`: missing value"
        )

    def test_in_a_category(self, marker):
        """A missing category is a category of its own, which is told."""
        table("city,y", [f"{('Rome', marker or ' ', 'Oslo')[i % 3]},{'no' if i % 2 else 'yes'}" for i in range(30)])
        loaded = load()
        assert loaded.rows.features == ("city=Oslo", "city=Rome", "city=(missing)")
        assert loaded.rows.x[:3].tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
        assert "column `city`: 10 missing cells are a category of their own" in loaded.notes

    def test_in_a_number(self, marker):
        """A missing number is filled with the median by default, which is told."""
        one_column([marker if i == 3 else i for i in range(30)])
        parts = prepared("csv", path="people.csv", target="y", split={"val": 0, "test": 0})
        assert parts.train.x[3, 0] == 15
        assert "missing numbers are filled in by preprocess.fill (cells): `a` (1)" in parts.notes


def test_further_markers():
    """`missing` names what else means a missing cell, text or number."""
    one_column(["unknown" if i % 5 == 0 else "-999" if i % 5 == 1 else i for i in range(40)])
    x = load(missing=["unknown", -999]).rows.x[:, 0]
    assert np.isnan(x).tolist() == [i % 5 < 2 for i in range(40)]


def test_rows_without_a_target_are_left_out_on_request():
    """`missing_target: drop` leaves out the rows that have none, and tells how many."""
    table("a,y", [f"{i},{'' if i == 7 else 'no' if i % 2 else 'yes'}" for i in range(30)])
    loaded = load(missing_target="drop")
    assert (len(loaded.rows), loaded.rows.lines[6:9].tolist()) == (29, [8, 10, 11])
    assert loaded.notes[0] == "1 rows without a target are left out"


@pytest.mark.parametrize(
    ("cells", "delimiter", "settings", "first"),
    [
        (["1,5", "-0,3"], ";", {}, [1.5, -0.3]),
        (["1,5", "-0,3"], "\t", {}, [1.5, -0.3]),
        (['"1,5"', '"-0,3"'], ",", {"decimal": ","}, [1.5, -0.3]),
        (['"1,234"', '"12"'], ",", {"thousands": ","}, [1234, 12]),
        (["1.234,5", "-2.000"], ";", {"thousands": ".", "decimal": ","}, [1234.5, -2000]),
        (['"1,23,456"', '"-1,234,567.5"'], ",", {"thousands": ","}, [123456, -1234567.5]),
        (["45%", "3 %"], ",", {}, [45, 3]),
        (["$12", "$ 3.5"], ",", {}, [12, 3.5]),
        (["12 €", "3.5 €"], ",", {}, [12, 3.5]),
        (["3.1 kg", "4 kg"], ",", {}, [3.1, 4]),
        (["\u22123.5", "2"], ",", {}, [-3.5, 2]),
        (["1e3", "+2"], ",", {}, [1000, 2]),
        (["(12)", "3.5"], ",", {"accounting": True}, [-12, 3.5]),
        (["($12)", "$3"], ",", {"accounting": True}, [-12, 3]),
        (["$(12)", "$3"], ",", {"accounting": True}, [-12, 3]),
        (['"(1,234)"', "5"], ",", {"accounting": True, "thousands": ","}, [-1234, 5]),
        (["True", "false"], ",", {}, [1, 0]),
    ],
)
def test_numbers_in_other_notations(cells, delimiter, settings, first):
    """A column whose cells are all numbers in one notation is one input."""
    one_column(cells * 15, delimiter)
    loaded = load(**settings)
    assert loaded.rows.features == ("a",)
    assert loaded.rows.x[:2, 0].tolist() == first


@pytest.mark.parametrize(
    ("cells", "cure"),
    [
        (['"1,234"', "12"], 'looks like numbers written with `,` as thousands sign: set data.thousands: ","'),
        (['"1,5"', '"0,25"'], 'looks like numbers written with a decimal comma: set data.decimal: ","'),
        (
            ['"1.234,5"', '"1.000,25"'],
            'looks like numbers written with `.` as thousands and `,` as decimal sign: set data.thousands: "." and '
            'data.decimal: ","',
        ),
        (["1 234", "12"], 'looks like numbers written with blanks or `\'` as thousands sign: set data.thousands: " "'),
    ],
)
def test_a_notation_that_must_be_named(cells, cure):
    """Where a sign could mean two things, the error names the setting, also for a target."""
    one_column(cells * 30)
    assert refusal("csv", path="people.csv", target="y") == f"people.csv:2: column `a`: {cure}"
    assert refusal("csv", path="people.csv", target="a") == (
        f"people.csv:2: column `a`: {cure}\na regression needs a number in every row"
    )


@pytest.mark.parametrize("cells", [['"1,5"', '"0,25"'], ['"1.234,5"', '"1.000,25"'], ['"1,2345"', '"7,1234"']])
def test_a_thousands_sign_must_stand_before_three_digits(cells):
    """With `thousands: ","`, 1,5 is not 15."""
    one_column(cells * 30)
    assert "people.csv:2: column `a`" in refusal("csv", path="people.csv", target="y", thousands=",")


def test_the_order_of_the_rows_does_not_matter():
    """Numbers with 6 % of texts are an error that names the texts, wherever they stand."""
    for cells in ([*range(94), *["unknown"] * 6], [*["unknown"] * 6, *range(94)]):
        one_column(cells)
        said = refusal("csv", path="people.csv", target="y")
        assert "column `a`: `unknown` is not a number" in said
        assert said.endswith("under `missing`, or name the column under `drop` or `categorical`")


def test_codes_are_categories():
    """Few different numbers among texts are codes."""
    one_column(["1", "2", "A"] * 20)
    assert load().rows.features == ("a=1", "a=2", "a=A")


def test_infinities_do_not_make_categories():
    """However many cells are infinite, the column is one of numbers, and they are the cells that are wrong."""
    one_column(["Inf" if i % 3 else i for i in range(60)])
    said = refusal("csv", path="people.csv", target="y")
    assert said.startswith("people.csv:3: column `a`: `Inf` is not a number\n")
    assert np.isnan(load(missing=["Inf"]).rows.x[1, 0])


def test_few_numbers_with_a_stray_text():
    """A column whose cells are 95 % numbers is numeric, however few they are: the other cells are errors."""
    one_column([1, 2, 3, 4] * 24 + ["x"] * 4)
    assert refusal("csv", path="people.csv", target="y").splitlines()[0].startswith("people.csv:98: column `a`: ")
    one_column([1, 2, 3, 4] * 24 + ["x"] * 6)
    assert load().rows.features == ("a=1", "a=2", "a=3", "a=4", "a=x")


def test_parentheses_are_not_guessed():
    """`(12)` may be minus 12 or a note: it is an error that names the cell and the setting, also for a target and
    however few different numbers there are.
    """
    one_column([f"({i})" if i == 50 else i for i in range(100)])
    said = refusal("csv", path="people.csv", target="y")
    assert "people.csv:52: column `a`: `(50)` is not a number" in said
    assert "set `accounting: true` if a number in parentheses is negative" in said
    one_column(["(1)", "2", "3"] * 20)
    for target in ("y", "a"):
        assert "set `accounting: true`" in refusal("csv", path="people.csv", target=target)
    loaded = load(target="a", accounting=True, task="regression")
    assert loaded.rows.y[:3, 0].tolist() == [-1, 2, 3]
    assert "target `a`: numbers in parentheses such as `(1)` are read as negative" in loaded.notes
    one_column(['"(1,234)"', "5"] * 20)
    said = refusal("csv", path="people.csv", target="y")
    assert 'set data.thousands: "," and data.accounting: true' in said


@pytest.mark.parametrize(
    "days",
    [
        [f"2024-01-{1 + i:02}" for i in range(30)],
        [f"{1949 + i // 12}-{1 + i % 12:02}" for i in range(30)],
        [f"{1974 + i // 4}Q{1 + i % 4}" for i in range(30)],
        [f"{1 + i:02}.01.2024" for i in range(30)],
        [f"01/{1 + i:02}/2024" for i in range(30)],
        [f"{1 + i:02}/01/2024 10:30" for i in range(30)],
        [f"Jan {1 + i} 2024" for i in range(30)],
    ],
)
def test_dates(days):
    """A column of dates is left out, with the setting that uses it, and `time` reads it."""
    table("day,a,y", [f"{day},{i},{i % 2}" for i, day in enumerate(days)])
    loaded = load()
    assert loaded.rows.features == ("a",)
    told = f"column `day`: dates, such as `{days[0]}`: left out; split by one with `time: day`, or drop it"
    assert told in loaded.notes
    assert (np.diff(load(time="day").rows.time) > 0).all()


def test_ids_and_empty_columns():
    """A text that differs in every row and a column without values are left out, and that is told."""
    table("name,empty,a,y", [f"p{i:02},,{i},{i % 2}" for i in range(30)])
    loaded = load()
    assert loaded.rows.features == ("a",)
    assert [note.split(":")[0] for note in loaded.notes[1:]] == ["column `name`", "column `empty`"]
    assert load(categorical=["name"]).rows.features[0] == "name=p00"


def test_one_and_one_point_zero():
    """`1` and `1.0` are one label and one category, in training and in new rows."""
    table("zip,y", [f"{('10001', '10001.0', '20002')[i % 3]},{('1', '1.0', '2')[i % 3]}" for i in range(30)])
    loaded = load(categorical=["zip"], task="classification")
    assert (loaded.rows.features, loaded.task.names) == (("zip=10001", "zip=20002"), ("1", "2"))


def test_texts_that_differ_by_case():
    """They stay different, and that is told."""
    table("a,y", [f"{i},{('Yes', 'yes', 'no')[i % 3]}" for i in range(30)])
    assert "target `y`: `Yes` and `yes` differ by case only and are two different values" in load().notes


def test_rare_categories_are_pooled():
    """With `max_categories: 3` the two most frequent stay, and all others share one input."""
    cells = ["a"] * 10 + ["b"] * 8 + ["c"] * 3 + ["d"] * 2
    one_column(cells)
    loaded = load(max_categories=3)
    assert loaded.rows.features == ("a=a", "a=b", "a=(rare)")
    assert loaded.rows.x.sum(axis=0).tolist() == [10, 8, 5]
    write("a\nc\nd\n", "new.csv")
    from trainlab.data.new_files import encode_new

    assert encode_new(loaded.encoding, "new.csv")[0].tolist() == [[0, 0, 1]] * 2


def test_unknown_categories_are_ignored_on_request():
    """`unknown: ignore` gives zeros, or the place of the rare ones."""
    from trainlab.data.new_files import encode_new

    one_column(["a"] * 10 + ["b"] * 8 + ["c"] * 3 + ["d"] * 2)
    write("a\nnew\na\n", "new.csv")
    assert encode_new(load(unknown="ignore").encoding, "new.csv")[0].tolist() == [[0, 0, 0, 0], [1, 0, 0, 0]]
    pooled = load(unknown="ignore", max_categories=3).encoding
    assert encode_new(pooled, "new.csv")[0].tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("values", "kind", "because"),
    [
        ([0, 1], "classification", "it holds 2 different whole numbers, up to 20 are classes"),
        ([0.0, 1.0], "classification", "it holds 2 different whole numbers, up to 20 are classes"),
        (np.arange(24.0), "classification", "its 24 different whole numbers are about equally frequent"),
        ([0.5, 1.5], "regression", "it holds numbers with decimals"),
        (["a", "b"], "classification", "it holds 2 different texts"),
    ],
)
def test_the_task_is_told(values, kind, because):
    """The guess is the same for CSV and npz, whole numbers and floats, and names the setting that changes it."""
    values = np.asarray(values)
    y = values[np.arange(720) % len(values)]
    table("a,y", [f"{i},{label}" for i, label in enumerate(y.tolist())])
    np.savez("d.npz", x=np.arange(720.0), y=y)
    other = {"classification": "regression", "regression": "classification"}[kind]
    rest = f"taken as a {kind}, because {because}; set `data.task: {other}` if that is wrong"
    loaded, stored = load(), source("npz", path="d.npz").load(np.random.default_rng(0))
    assert (loaded.task.kind, stored.task.kind) == (kind, kind)
    assert (loaded.notes, stored.notes) == ((f"target `y`: {rest}",), (f"d.npz: `y`: {rest}",))


def test_ages_are_numbers():
    """Many whole numbers are a regression, whatever their type."""
    ages = np.random.default_rng(0).integers(0, 90, 1000)
    for dtype in (np.int64, np.uint8, np.float32):
        np.savez("d.npz", x=np.arange(1000.0), y=ages.astype(dtype))
        assert source("npz", path="d.npz").load(np.random.default_rng(0)).task.kind == "regression"


def test_integers_that_number_the_rows_topics_are_classes():
    """46 topics of very different frequency, stored as the integers 0 to 45; with a gap they are numbers."""
    y = np.repeat(np.arange(46), np.linspace(400, 12, 46).astype(int))
    for values, kind in ((y, "classification"), (y + 1, "regression"), (y.astype(np.float32), "regression")):
        np.savez("d.npz", x=np.arange(float(len(y))), y=values)
        assert source("npz", path="d.npz").load(np.random.default_rng(0)).task.kind == kind


def test_given_validation_and_test_rows():
    """`val_path` and `test_path` name files, `split_column` a column; the shares then play no part."""
    write(PEOPLE)
    write("bought,city,age\nyes,Rome,1\nno,Rome,2\n", "val.csv")
    parts = prepared("csv", path="people.csv", target="bought", val_path="val.csv", split={"val": 0.2, "test": 0.2})
    assert (len(parts.train), len(parts.val), len(parts.test)) == (24, 2, 6)
    assert parts.val.x[:, 0].tolist() == [1, 2]
    rows = PEOPLE.splitlines()
    names = ["part", *(["train"] * 20 + ["Valid"] * 6 + ["TEST"] * 4)]
    write("\n".join(f"{row},{name}" for row, name in zip(rows, names, strict=True)))
    parts = prepared("csv", path="people.csv", target="bought", split_column="part")
    assert (len(parts.train), len(parts.val), len(parts.test)) == (20, 6, 4)
    assert parts.train.features == ("age", "city=Oslo", "city=Rome")
    write("\n".join(f"{row},{name}" for row, name in zip(rows, ["part", *["later"] * 30], strict=True)))
    assert refusal("csv", path="people.csv", target="bought", split_column="part").startswith(
        "people.csv:2: column `part`: `later` is no part\n"
    )


@pytest.mark.parametrize("setting", ["group", "time", "weight", "split_column"])
def test_a_column_without_a_name_is_refused(setting):
    """It is no column of the file, as any other name that is not there."""
    write(PEOPLE)
    assert refusal("csv", path="people.csv", target="bought", **{setting: ""}).startswith(
        f"people.csv:1: has no column `` (data.{setting})"
    )


def test_group_and_time_together():
    """Whole groups go to the parts in the order of their last time."""
    table("who,day,a,y", [f"{i // 4},{i},{i},{i % 2}" for i in range(80)])
    parts = prepared("csv", path="people.csv", target="y", group="who", time="day")
    train, val, test = (set(rows.groups.tolist()) for rows in (parts.train, parts.val, parts.test))
    assert len(train | val | test) == len(train) + len(val) + len(test)
    assert parts.train.time.max() < parts.val.time.min() < parts.val.time.max() < parts.test.time.min()
    assert [len(p) for p in (parts.train, parts.val, parts.test)] == [56, 12, 12]


class TestOneHotTargets:
    """Several target columns with a single 1 in each row are the classes."""

    def rows(self, other=""):
        """Thirty rows of three classes, and one other."""
        return [f"{i},{int(i % 3 == 0)},{int(i % 3 == 1)},{int(i % 3 == 2)}" for i in range(30)] + [other] * bool(other)

    def test_classes(self):
        """The classes have the columns' names; it is told, with the setting that changes it."""
        table("a,cat,dog,emu", self.rows())
        loaded = load(target=["cat", "dog", "emu"])
        assert (loaded.task.kind, loaded.task.names) == ("classification", ("cat", "dog", "emu"))
        assert loaded.rows.y[:5].tolist() == [0, 1, 2, 0, 1]
        assert (
            "targets `cat`, `dog`, `emu`: a single 1 in each row: taken as the classes; set `data.task: regression` "
            "if not"
        ) in loaded.notes
        assert load(target=["cat", "dog", "emu"], task="regression").task.kind == "regression"

    def test_other_rows(self):
        """A row of another file with two classes or none is an error; a class without rows is one in training."""
        table("a,cat,dog,emu", self.rows())
        write("a,cat,dog,emu\n1,0,1,0\n2,1,1,0\n", "test.csv")
        assert refusal("csv", path="people.csv", target=["cat", "dog", "emu"], test_path="test.csv") == (
            "test.csv:3: column `cat`: no single 1 among `cat`, `dog`, `emu`\n"
            "each row needs one 1, in the column of its class, and 0 in the others"
        )
        table("a,cat,dog,emu", [f"{i},{i % 2},{1 - i % 2},0" for i in range(30)])
        assert "column `emu`: is 0 in every row, so its class has no rows" in refusal(
            "csv", path="people.csv", target=["cat", "dog", "emu"]
        )

    def test_several_labels_are_not_classes(self):
        """Two 1 in one row: labels, of which a row may have several; it is told, with the setting that changes it."""
        table("a,cat,dog,emu", self.rows("30,1,1,0"))
        loaded = load(target=["cat", "dog", "emu"])
        assert (loaded.task.kind, loaded.task.names) == ("multilabel", ("cat", "dog", "emu"))
        assert loaded.rows.y[-1].tolist() == [1, 1, 0]
        assert (
            "targets `cat`, `dog`, `emu`: columns of 0 and 1, several 1 in a row: taken as 3 labels (multilabel); set "
            "`data.task: regression` if these are numbers"
        ) in loaded.notes
        assert load(target=["cat", "dog", "emu"], task="regression").task.kind == "regression"
