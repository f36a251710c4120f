"""Numbers in many notations, in training and in new files: read as the number that was written, or not as a number.

The oracle draws a number first and writes it itself. `1.234` may be two numbers, so a file whose cells are all such is
only asked for where something else in it, or in the settings, says which one is meant.
"""

import random

import numpy as np
import pytest
from making_data import refusal, source

from trainlab.core.errors import DataError
from trainlab.data.new_files import encode_new

PAIRS = [
    (".", ""),
    (",", ""),
    (".", ","),
    (",", "."),
    (",", " "),
    (",", "\u00a0"),
    (".", "'"),
    (".", "\u2019"),
    (".", "\u202f"),
]
UNITS = [("", "")] * 5 + [
    ("$", ""),
    ("", " €"),
    ("R$ ", ""),
    ("", "%"),
    ("", " kg"),
    ("", "kg"),
    ("", " sq. ft."),
    ("Rs. ", ""),
]


def written(value: float, pair: tuple[str, str], unit: tuple[str, str], minus: str, places: int) -> str:
    """The number in this notation. `minus`: the sign, `(` for parentheses, `t` for a minus behind the number."""
    whole, _, rest = f"{abs(value):.{places}f}".partition(".")
    groups = [whole[max(0, i - 3) : i] for i in range(len(whole), 0, -3)][::-1] if pair[1] else [whole]
    number = unit[0] + pair[1].join(groups) + (pair[0] + rest) * bool(rest) + unit[1] * (minus != "t")
    signed = {"(": f"({number})", "t": f"{number}-"}.get(minus, minus + number)
    return signed if value < 0 else number


def drawn(rng: random.Random, n: int, places: int) -> list[float]:
    """Numbers of all sizes; the first has no three digits at its end that might be a group."""
    sizes = [rng.choice([9, 999, 99_999, 5e6]) for _ in range(n)]
    found = [round(rng.uniform(-size, size), places) for size in sizes]
    return [round(1234.5, places) if places in (1, 2) else found[0], *found[1:]]


def table(path: str, cells: list[str], delimiter: str) -> None:
    quoted = [f'"{cell}"' if delimiter in cell else cell for cell in cells]
    rows = [f"{cell}{delimiter}{'no' if i % 2 else 'yes'}" for i, cell in enumerate(quoted)]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([f"a{delimiter}y", *rows]) + "\n")


def load(cells, delimiter=",", **settings):
    table("t.csv", cells, delimiter)
    return source("csv", path="t.csv", target="y", **settings).load(np.random.default_rng(0))


def refused(cells, delimiter=",", **settings):
    table("t.csv", cells, delimiter)
    return refusal("csv", path="t.csv", target="y", **settings)


@pytest.mark.parametrize("seed", range(120))
def test_a_number_is_read_as_it_was_written_or_not_at_all(seed):
    """Any signs, unit and delimiter, with the settings that say so or without, in training and in a new file."""
    rng = random.Random(seed)  # noqa: S311 - draws cases, no secrets
    pair, unit, delimiter, places = rng.choice(PAIRS), rng.choice(UNITS), rng.choice(",;\t"), rng.choice([1, 2])
    minus = rng.choice(["-", "\u2212", "(", "t"] if unit == ("", "") else ["-", "\u2212", "("])
    values = drawn(rng, 40, places)
    settings = {"decimal": pair[0], "thousands": pair[1] or None, "accounting": True} if rng.random() < 0.5 else {}
    cells = [written(v, pair, unit, minus, places) for v in values]
    try:
        loaded = load(cells, delimiter, **settings)
    except DataError:
        if settings:
            raise
        return
    assert loaded.rows.features == ("a",), "a column of numbers is no category"
    assert loaded.rows.x[:, 0].tolist() == values

    pair, other = rng.choice(PAIRS), rng.choice([unit, unit, rng.choice(UNITS)])
    values = drawn(rng, 5, places)
    table("new.csv", [written(v, pair, other, "-", places) for v in values], rng.choice(",;\t"))
    try:
        x, _, _ = encode_new(loaded.encoding, "new.csv", with_target=False)
    except DataError:
        return
    assert x[:, 0].tolist() == values
    assert other in (unit, ("", "")) or unit[0].strip() + unit[1].strip() == other[0].strip() + other[1].strip()


GROUPS = ["1.234", "2.345", "12.500", "950"] * 8


def test_points_between_thousands_hold_for_columns_that_look_like_decimals():
    """With `thousands: "."` a column of `1.234` and `950` is 1234 and 950, not 1.234 and 950, in small and large files,
    and in a new file of three rows.
    """
    for settings in ({"thousands": "."}, {"thousands": ".", "decimal": ","}):
        loaded = load(GROUPS, ";", **settings)
        assert loaded.rows.x[:4, 0].tolist() == [1234, 2345, 12500, 950]
        assert "column `a`: `1.234` is read as 1234" in loaded.notes
        table("new.csv", ["1.250", "3.000", "999"], ";")
        assert encode_new(loaded.encoding, "new.csv", with_target=False)[0][:, 0].tolist() == [1250, 3000, 999]


def test_a_zero_has_no_thousands():
    """`0.123` is 0.123 also where points stand between thousands: no group of thousands begins with 0."""
    assert load(["0.123", "2.345", "0.950"] * 8, ";", thousands=".").rows.x[:2, 0].tolist() == [0.123, 2.345]


def test_a_large_file_is_read_with_the_same_signs(monkeypatch):
    """The fast reader of large files does not take `1.234` for 1.234 either, where points stand between thousands."""
    monkeypatch.setattr("trainlab.data.delimited.FAST", 1)
    assert load(GROUPS, ";", thousands=".").rows.x[:2, 0].tolist() == [1234, 2345]


@pytest.mark.parametrize("cells", [["1,234", "25,649", "718"], ["1,234", "25,649"], ["1,234 kg", "2,500 kg"]])
def test_a_comma_before_three_digits_is_not_guessed(cells):
    """Where tabs or `;` separate cells, `1,234` may be 1.234 or 1234; it is an error that names both settings."""
    for delimiter in ";\t":
        assert 'set data.thousands: ",", or with a decimal comma: data.decimal: ","' in refused(cells * 10, delimiter)
        loaded = load(cells * 10, delimiter, thousands=",")
        assert loaded.rows.x[0, 0] in (1234, 25649)
        assert load(cells * 10, delimiter, decimal=",").rows.x[0, 0] == 1.234


def test_a_file_that_cannot_tell_is_told():
    """With `;` between cells and no comma, `1.234` is 1.234, and a note says what to set if it is 1234."""
    loaded = load(["1.234", "2.345", "12.567", "950"] * 8, ";")
    assert loaded.rows.x[0, 0] == 1.234
    assert 'column `a`: `1.234` is read with a decimal point; if it is 1234, set `thousands: "."`' in loaded.notes
    assert not any("decimal point" in note for note in load(["1.234", "2.345"] * 8).notes)
    assert not any("decimal point" in note for note in load(["0.234", "2.345", "1500"] * 8, ";").notes)


def test_another_cell_says_which_number_is_meant():
    """`0,123` has no thousands, nor has a column with `1500`: then `20,992` has a decimal comma."""
    for certain in ("0,123", "17,9", "1500", "12,3456"):
        assert load(["20,992", certain] * 10, ";").rows.x[0, 0] == 20.992


def test_a_file_with_decimal_commas_does_not_guess_points():
    """Beside a column of decimal commas `1.234` is an error; a column that can only have points is read with them."""
    rows = "\n".join(f"{i},5;{1 + i % 9}.{100 + i};{i}.25;{'no' if i % 2 else 'yes'}" for i in range(40))
    with open("t.csv", "w", encoding="utf-8") as file:
        file.write(f"size;rent;share;y\n{rows}\n")
    said = refusal("csv", path="t.csv", target="y")
    assert said == (
        't.csv:2: column `rent`: `1.100` can be 1100 or 1.1: set data.thousands: "." and data.decimal: ",", or '
        'data.decimal: "."'
    )
    for settings, rent in (({"thousands": ".", "decimal": ","}, 1100), ({"decimal": "."}, 1.1)):
        loaded = source("csv", path="t.csv", target="y", **settings).load(np.random.default_rng(0))
        assert loaded.rows.x[0].tolist() == [0.5, rent, 0.25]


def test_a_new_file_in_another_unit_is_refused():
    """Grams are not read as kilograms, per cent not as shares; numbers without a unit are."""
    kilograms, shares = load([f"{i}.5 kg" for i in range(30)]), load([f"0.{i}" for i in range(10, 40)])
    for loaded, cell, unit in ((kilograms, "1200 g", "in `kg`"), (shares, "12 %", "without a unit")):
        table("new.csv", [cell, cell], ",")
        with pytest.raises(DataError, match=f"column `a` held numbers {unit} in the training file: convert the cells"):
            encode_new(loaded.encoding, "new.csv", with_target=False)
    table("new.csv", ["12", "13.5 kg"], ",")
    assert encode_new(kilograms.encoding, "new.csv", with_target=False)[0][:, 0].tolist() == [12, 13.5]


def test_a_new_file_of_the_other_kind_is_not_guessed():
    """Trained on `;` and points between thousands: `1.250` in a file with commas between cells may be 1.25, and is an
    error; `1.25` can only be 1.25.
    """
    loaded = load(["1.234,5", "2.345,5", "950"] * 10, ";", thousands=".", decimal=",")
    table("new.csv", ["1.250", "3.000"], ",")
    with pytest.raises(DataError, match=r"`1\.250` may be two numbers"):
        encode_new(loaded.encoding, "new.csv", with_target=False)
    table("new.csv", ["1.25", "3.000"], ",")
    assert encode_new(loaded.encoding, "new.csv", with_target=False)[0][:, 0].tolist() == [1.25, 3]


def test_the_target_of_a_new_file_has_the_same_signs():
    """A target of dollars is not scored on cells in euros."""
    table("t.csv", [f"${i},{i:03}" if i else "$0" for i in range(60)], ";")
    with open("t.csv", encoding="utf-8") as file:
        text = file.read().replace("a;y", "price;y")
    with open("t.csv", "w", encoding="utf-8") as file:
        file.write(text)
    loaded = source("csv", path="t.csv", target="price", thousands=",").load(np.random.default_rng(0))
    assert loaded.rows.y[2, 0] == 2002
    for cell, want in (("$1,500", 1500.0), ("€1,500", None)):
        with open("new.csv", "w", encoding="utf-8") as file:
            file.write(f"price;y\n{cell};yes\n")
        if want is None:
            with pytest.raises(DataError, match="is not a number"):
                encode_new(loaded.encoding, "new.csv")
        else:
            y = encode_new(loaded.encoding, "new.csv")[1]
            assert y is not None
            assert y.tolist() == [[want]]


NO_AMOUNTS = [
    [f"1.2.{i}" for i in range(30)],
    [f"12:{i:02}" for i in range(10, 40)],
    [f"{i}-{i + 10}" for i in range(30)],
    [f"{i}/7" for i in range(30)],
    [f"0x{i:02x}" for i in range(30)],
    [f"1_{i:03}" for i in range(30)],
    [f"{i}A" for i in range(30)],
    [f"{i}'{i % 12}\"" for i in range(30)],
    [f"+49 30 {i:06}" for i in range(30)],
]


@pytest.mark.parametrize("cells", NO_AMOUNTS, ids=[cells[3] for cells in NO_AMOUNTS])
def test_what_is_no_amount_becomes_no_number(cells):
    """Versions, times, ranges, fractions, hexadecimal digits, codes, feet and inches, phone numbers."""
    loaded = load([f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in [*cells[:15], *cells[:15]]], categorical=[])
    assert all(name.startswith("a=") for name in loaded.rows.features)


def test_digits_of_other_scripts_are_digits():
    """Full-width and Arabic digits, a printed minus and a plus sign."""
    cells = ["\uff11\uff12", "\u0663\u0664", "\u22125", "\u20136", "+7"] * 8
    assert load(cells).rows.x[:5, 0].tolist() == [12, 34, -5, -6, 7]


def test_a_marker_of_missing_cells_is_found_in_every_spelling():
    """`missing: [-999]` finds -999.0 in a column of texts, too."""
    loaded = load(["12 kg", "13 kg", "-999.0"] * 10, missing=[-999])
    assert np.isnan(loaded.rows.x[:, 0]).tolist()[:3] == [False, False, True]


def test_codes_with_leading_zeros_are_told(monkeypatch):
    """`02139` is read as a number with a note, in small and large files; named under `categorical` it stays a text."""
    cells = ["02139", "10115", "08001"] * 10
    for fast in (1 << 20, 1):
        monkeypatch.setattr("trainlab.data.delimited.FAST", fast)
        notes = load(cells).notes
        assert (
            "column `a`: `02139` is read as the number 2139; if it is a code, name the column under `categorical`"
            in notes
        )
        assert not any("code" in note for note in load(["07", "0.5", "+3", "0"] * 8).notes)
        assert load(cells, categorical=["a"]).rows.features == ("a=02139", "a=08001", "a=10115")
