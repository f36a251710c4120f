"""The fast reader of CSV files: the same table as the careful one, or left to it."""

import gzip

import numpy as np
import pytest
from making_data import refusal, source

from trainlab.data import delimited


def rows(n=500):
    return [f"{i / 7!r},{i % 50},{('Rome', 'Oslo ', ' Bern')[i % 3]},0{i % 2}" for i in range(n)]


def write(lines, header="a,b,city,y", end="\n", pack=bytes):
    with open("t.csv", "wb") as file:
        file.write(pack((header + end + end.join(lines) + end).encode()))


def load(**settings):
    return source("csv", path="t.csv", target="y", **settings).load(np.random.default_rng(0))


@pytest.fixture(params=["fast", "careful"])
def both(request, monkeypatch):
    """Every file is large, or none is; what the fast reader answers is counted."""
    monkeypatch.setattr(delimited, "FAST", 0 if request.param == "fast" else 1 << 60)
    answers = []
    fast = delimited.read_fast
    monkeypatch.setattr(delimited, "read_fast", lambda *a: answers.append(fast(*a)) or answers[-1])
    return request.param, answers


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        (lambda r: r, True),
        (lambda r: [*r[:7], "", *r[7:]], False),
        (lambda r: [*r[:7], 'NA,,"",01', *r[7:]], True),
        (lambda r: [*r[:7], "1, 2 ,,01", *r[7:]], True),
        (lambda r: [*r[:7], '1,2,"Ro\nme",01', *r[7:]], False),
        (lambda r: [*r[:7], '1,2,"a,b",01', *r[7:]], True),
        (lambda r: [*r[:7], "1,n/a,Rome,01", *r[7:]], True),
        (lambda r: [*r[:7], "1,2,Rome,01,", *r[7:]], False),
        (lambda r: [*r[:-1], r[-1] + "\n\n"], False),
    ],
)
def test_the_same_table(both, change, taken):
    """Numbers to the last bit, texts, missing cells, lines and encoding are those of the careful reader."""
    kind, answers = both
    write(change(rows()))
    loaded = load()
    assert [answer is not None for answer in answers] == ([taken] if kind == "fast" else [])
    data = ("a,b,city,y\n" + "\n".join(change(rows())) + "\n").split("\n")
    assert loaded.task.names == ("00", "01")
    assert loaded.rows.x[0].tolist()[:2] == [0, 0]
    assert loaded.rows.x[400, 0] == float(data[int(loaded.rows.lines[400]) - 1].split(",")[0])
    assert set(loaded.encoding["columns"][2]["categories"]) - {"(missing)", "Ro\nme", "a,b"} == {"Bern", "Oslo", "Rome"}


@pytest.mark.parametrize("pack", [gzip.compress, lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"\n", b"\r\n")])
def test_packed_and_other_line_ends(both, pack):
    """gzip, a byte-order mark and CRLF are read the fast way, too."""
    kind, answers = both
    write(rows(), pack=pack)
    assert load().rows.lines[:2].tolist() == [2, 3]
    assert [answer is not None for answer in answers] == ([True] if kind == "fast" else [])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,2,Rome", "t.csv:402: 3 cells, but there are 4 columns"),
        ("1,2,3,4,5", "t.csv:402: 5 cells, but there are 4 columns"),
        ("oops,2,Rome,01", "t.csv:402: column `a`: `oops` is not a number"),
        ("1e999,2,Rome,01", "t.csv:402: column `a`: `1e999` is not a number"),
        ("1,2,Rome,", "t.csv:402: column `y`: missing value"),
    ],
)
def test_errors_name_their_line(both, row, said):
    """Both readers name the line of an error."""
    lines = rows()
    lines[400] = row
    write(lines)
    assert refusal("csv", path="t.csv", target="y").startswith(said)
