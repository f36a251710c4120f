"""One table in every format gives the same inputs, classes and task; what is special about a format is read right."""

import gzip
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import arff
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyreadstat
import pytest

from trainlab.core.component import make
from trainlab.core.errors import DataError
from trainlab.data.new_files import encode_new
from trainlab.data.source import Source

FRAME = pd.DataFrame(
    {
        "age": [31.0, 42.5, 28.0, 65.0, 51.25, 33.0],
        "city": ["Bern", "Oslo", "Bern", "Rome", "Oslo", "Rome"],
        "score": [1.5, None, 3.0, -4.0, 5.0, 6e3],
        "y": ["no", "yes", "no", "yes", "yes", "no"],
    }
)


def text(delimiter: str = ",", decimal: str = ".") -> str:
    return FRAME.to_csv(index=False, sep=delimiter, decimal=decimal)


def plain_rows() -> list[list[object]]:
    return [[None if v != v else v for v in row] for row in FRAME.values.tolist()]


def write_excel(path: Path) -> None:
    FRAME.to_excel(path, index=False)


def write_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as database:
        FRAME.to_sql("people", database, index=False)
    database.close()


def write_arff(path: Path) -> None:
    kinds = [("age", "NUMERIC"), ("city", ["Bern", "Oslo", "Rome"]), ("score", "NUMERIC"), ("y", ["no", "yes"])]
    path.write_text(arff.dumps({"relation": "people", "attributes": kinds, "data": plain_rows()}))


def write_stream(path: Path) -> None:
    table = pa.Table.from_pandas(FRAME)
    with path.open("wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)


def records() -> list[dict[str, object]]:
    return [dict(zip(FRAME.columns, row, strict=True)) for row in plain_rows()]


WRITERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "csv": ("csv", "a.csv", lambda p: p.write_text(text())),
    "semicolons": ("csv", "a.csv", lambda p: p.write_text(text(";", ","))),
    "tabs": ("csv", "a.tsv", lambda p: p.write_text(text("\t"))),
    "bars": ("csv", "a.csv", lambda p: p.write_text(text("|"))),
    "gzip": ("csv", "a.csv.gz", lambda p: p.write_bytes(gzip.compress(text().encode()))),
    "bom and crlf": ("csv", "a.csv", lambda p: p.write_bytes(b"\xef\xbb\xbf" + text().replace("\n", "\r\n").encode())),
    "parquet": ("parquet", "a.parquet", FRAME.to_parquet),
    "feather": ("feather", "a.feather", FRAME.to_feather),
    "arrow stream": ("feather", "a.arrow", write_stream),
    "excel": ("excel", "a.xlsx", write_excel),
    "json lines": ("jsonl", "a.jsonl", lambda p: p.write_text("\n".join(map(json.dumps, records())))),
    "json list": ("jsonl", "a.json", lambda p: p.write_text(json.dumps(records(), indent=1))),
    "sqlite": ("sqlite", "a.db", write_sqlite),
    "arff": ("arff", "a.arff", write_arff),
    "stata": ("stata", "a.dta", lambda p: pyreadstat.write_dta(FRAME, str(p))),
    "spss": ("spss", "a.sav", lambda p: pyreadstat.write_sav(FRAME, str(p))),
    "sas": ("sas", "a.xpt", lambda p: pyreadstat.write_xport(FRAME, str(p), table_name="PEOPLE")),
}


def source(name: str, path: Path, **settings: object) -> Source:
    return make(Source, name, **({"path": str(path), "target": "y"} | settings))


def load(name: str, path: Path, **settings: object):
    return source(name, path, **settings).load(np.random.default_rng(0))


@pytest.mark.parametrize("kind", WRITERS)
def test_one_table_in_every_format(kind, tmp_path):
    """Whatever file a table comes in, the network gets the same numbers, the same classes and the same task."""
    name, file, write = WRITERS[kind]
    write(tmp_path / file)

    got = load(name, tmp_path / file)

    assert got.rows.features == ("age", "city=Bern", "city=Oslo", "city=Rome", "score")
    want = [[31, 1, 0, 0, 1.5], [42.5, 0, 1, 0, np.nan], [28, 1, 0, 0, 3], [65, 0, 0, 1, -4], [51.25, 0, 1, 0, 5]]
    np.testing.assert_array_equal(got.rows.x[:5], want)
    assert got.rows.y.tolist() == [0, 1, 0, 1, 1, 0]
    assert (got.task.kind, got.task.names) == ("classification", ("no", "yes"))


@pytest.mark.parametrize("kind", WRITERS)
def test_new_rows_come_in_any_format(kind, tmp_path):
    """A network that was trained on a CSV takes new rows from every other format, with or without a target."""
    (tmp_path / "train.csv").write_text(text())
    encoding = load("csv", tmp_path / "train.csv").encoding
    _, file, write = WRITERS[kind]
    write(tmp_path / file)

    x, y, _ = encode_new(encoding, str(tmp_path / file))

    assert x[0].tolist() == [31, 1, 0, 0, 1.5]
    assert y is not None
    assert y.tolist() == [0, 1, 0, 1, 1, 0]


def test_a_workbook_with_a_title_an_index_and_a_second_sheet(tmp_path):
    """Rows above the names are skipped, an unnamed first column is left out, another sheet is chosen by its name."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "notes"
    sheet.append(["written by hand"])
    other = book.create_sheet("data")
    for row in (["a title"], [], [None, "a", "b", "y"], [0, 1, "u", "no"], [1, 2, "v", "yes"], [2, 3, "u", "no"]):
        other.append(row)
    other.append([3, 4, "v", "yes"])
    book.save(tmp_path / "a.xlsx")

    got = load("excel", tmp_path / "a.xlsx", sheet="data", skip=1)

    assert got.rows.features == ("a", "b=u", "b=v")
    assert got.rows.lines is not None
    assert got.rows.lines.tolist() == [4, 5, 6, 7]
    assert got.notes[0] == "the first column has no name: taken for row numbers or row names and left out"
    with pytest.raises(DataError, match=re.escape("has no sheet `dat` (data.sheet); did you mean `data`?")):
        load("excel", tmp_path / "a.xlsx", sheet="dat")


def test_codes_with_labels_are_their_labels_and_declared_missing_values_are_missing(tmp_path):
    """A survey's 1 = yes, 2 = no is read as yes and no; 9 = refused, which SPSS declares as missing, is missing."""
    answers = pd.DataFrame({"q": [1, 2, 9, 1, 2, 1.0], "scale": [1, 2, 3, 4, 5, 3.0], "y": list("abaabb")})
    labels = {"q": {1: "yes", 2: "no", 9: "refused"}, "scale": {1: "never", 5: "always"}}
    pyreadstat.write_sav(answers, str(tmp_path / "a.sav"), missing_ranges={"q": [9]}, variable_value_labels=labels)

    got = load("spss", tmp_path / "a.sav")

    assert got.rows.features == ("q=no", "q=yes", "q=(missing)", "scale")
    assert got.rows.x[:3].tolist() == [[0, 1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3]]


def test_arff_keeps_decimals_and_nominal_numbers(tmp_path):
    """3.7 in an INTEGER column is 3.7; a nominal attribute of numbers is categories, a date is a date, ? is missing."""
    (tmp_path / "a.arff").write_text(
        "% a remark\n@relation t\n@attribute 'a b' integer\n@attribute c {0,1,2}\n@attribute d date \"yyyy-MM-dd\"\n"
        '@attribute y {1,2}\n@data\n3.7,0,"2020-01-01",1\n-3.7,1,"2020-01-02",2\n1,?,"2020-01-03",1\n2,2,?,2\n'
    )

    got = load("arff", tmp_path / "a.arff")

    assert got.rows.features == ("a b", "c=0", "c=1", "c=2", "c=(missing)")
    assert got.rows.x[:, 0].tolist() == [3.7, -3.7, 1, 2]
    assert got.task.names == ("1", "2")


@pytest.mark.parametrize("name", ["parquet", "feather", "jsonl", "sqlite", "excel"])
def test_signs_of_texts_do_not_change_stored_numbers(name, tmp_path):
    """`decimal` and `thousands` say how texts are written; a target that is stored as numbers has no signs."""
    y = [123.456, 1.5, -2.25, 900.125]
    frame = pd.DataFrame({"a": ["1.000,5", "2,5", "3,5", "4,5"], "y": y})
    write = {
        "jsonl": lambda path: frame.to_json(path, orient="records", lines=True),
        "excel": lambda path: frame.to_excel(path, index=False, engine="openpyxl"),
        "parquet": frame.to_parquet,
        "feather": frame.to_feather,
    }
    path = tmp_path / ("a.xlsx" if name == "excel" else "a")
    if name == "sqlite":
        with sqlite3.connect(path) as database:
            frame.to_sql("people", database, index=False)
        database.close()
    else:
        write[name](path)

    got = load(name, path, decimal=",", thousands=".", task="regression")

    assert got.rows.y[:, 0].tolist() == y
    assert got.rows.x[:, 0].tolist() == [1000.5, 2.5, 3.5, 4.5]


@pytest.mark.parametrize("name", ["parquet", "jsonl"])
def test_long_ids_stay_apart(name, tmp_path):
    """Whole numbers that float64 does not hold are different groups, as they are in the file."""
    ids = [2**60, 2**60 + 1, 2**60, 2**60 + 1]
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "who": ids, "y": [0.5, 1.5, 2.5, 3.25]})
    path = tmp_path / "a"
    frame.to_parquet(path) if name == "parquet" else frame.to_json(path, orient="records", lines=True)

    assert load(name, path, group="who").rows.groups.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("name", ["parquet", "feather"])
def test_categories_of_numbers_are_categories(name, tmp_path):
    """A pandas column of categories whose categories are numbers is no scale, and as a target it is classes."""
    frame = pd.DataFrame(
        {"c": pd.Categorical([7, 30, 7, 30]), "x": [0.5, 1.5, 2.5, 3.5], "y": pd.Categorical([25, 90] * 2)}
    )
    getattr(frame, f"to_{name}")(tmp_path / "a")

    got = load(name, tmp_path / "a")

    assert got.rows.features == ("c=7", "c=30", "x")
    assert got.task.names == ("25", "90")


def test_a_column_that_is_dropped_may_hold_anything(tmp_path):
    """Lists in a column stop neither Parquet nor JSON lines once the column is dropped, as the error advises."""
    frame = pd.DataFrame({"x": [0.5, 1.5, 2.5, 3.5], "tags": [[1], [2, 3], [], [4]], "y": list("abab")})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)

    for name, file in (("parquet", "a.parquet"), ("jsonl", "a.jsonl")):
        with pytest.raises(DataError, match=r"`tags` holds .*name it under `drop`"):
            load(name, tmp_path / file)
        assert load(name, tmp_path / file, drop=["tags"]).rows.features == ("x",)


@pytest.mark.parametrize(
    ("written", "want"),
    [
        ('{"a": 1, "y": "u"}\n{"a": 1, "a": 2, "y": "v"}\n', ":2: holds `a` twice"),
        ('{"a": 1}\nnot json\n\n[1]\n', ":2: is not JSON"),
        ('[{"a": 1}, 5]', ": record 2 holds no record, which has the form {column: value}"),
        ('[{"a": 1},\n {"a"', ":2:6: is not JSON from here on"),
    ],
)
def test_json_that_cannot_be_read(written, want, tmp_path):
    """A line that holds no record is named with its number; two values of one name are refused."""
    path = tmp_path / "a.jsonl"
    path.write_text(written)

    with pytest.raises(DataError) as caught:
        load("jsonl", path)

    assert str(caught.value).splitlines()[0] == f"{path}{want}"


def test_sqlite_reads_one_table_or_one_query_and_never_writes(tmp_path):
    """With several tables one has to be named; a query may join them; nothing else than reading is allowed."""
    path = tmp_path / "a.db"
    write_sqlite(path)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE more (city TEXT, height REAL)")
        database.executemany("INSERT INTO more VALUES (?, ?)", [("Bern", 540), ("Oslo", 23), ("Rome", 21)])
    database.close()
    before = path.read_bytes()

    which = re.escape("which table? Set `data.table` or `data.query`; it has `more`, `people`")
    with pytest.raises(DataError, match=which):
        load("sqlite", path)
    assert load("sqlite", path, table="people").rows.features[0] == "age"
    joined = "SELECT age, height, y FROM people JOIN more USING (city)"
    assert load("sqlite", path, query=joined).rows.x[0].tolist() == [31, 540]
    for query in ("DROP TABLE more", "SELECT", "ATTACH 'b.db' AS b", "PRAGMA user_version"):
        with pytest.raises(DataError, match=r"data\.query is not one SELECT"):
            load("sqlite", path, query=query)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["feather", "excel", "arff", "stata", "spss", "sas", "sqlite", "jsonl", "parquet"])
def test_other_files_are_refused(name, tmp_path):
    """A file of another kind, an empty one and half a file are errors that name the file."""
    own = next(w for w in WRITERS.values() if w[0] == name)
    own[2](tmp_path / own[1])
    whole = (tmp_path / own[1]).read_bytes()
    for content in (b"\x00\x01\x02nonsense \xff", b"", whole[: len(whole) // 2 - 3]):
        path = tmp_path / f"b{Path(own[1]).suffix}"
        path.write_bytes(content)

        with pytest.raises(DataError, match="b\\."):
            load(name, path)


@pytest.mark.parametrize("kind", ["sqlite", "feather", "excel", "spss", "parquet"])
def test_files_given_as_csv_are_named_for_what_they_are(kind, tmp_path):
    """A workbook or a database that is given as CSV is told from a text by its first bytes, whatever its name."""
    WRITERS[kind][2](path := tmp_path / WRITERS[kind][1])

    with pytest.raises(DataError, match=f"`name: {kind}`"):
        load("csv", path.rename(tmp_path / "table.csv"))


def test_a_workbook_without_sheets(tmp_path):
    """Its list of sheets is empty: refused by name."""
    write_excel(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    kept["xl/workbook.xml"] = re.sub(rb"<sheets>.*</sheets>", b"<sheets></sheets>", kept["xl/workbook.xml"])
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match=r"a\.xlsx: the workbook has no sheet"):
        make(Source, "excel", path=str(tmp_path / "a.xlsx"), target="y").load(np.random.default_rng(0))
