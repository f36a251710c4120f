"""`trainlab new csv --from`: a look at a table becomes the config that reads it."""

import re
from pathlib import Path

import pytest
import yaml

from trainlab.core.component import plain
from trainlab.core.errors import UserError
from trainlab.search.experiment import read
from trainlab.tools.draft import draft_config

CITIES = ("Bern", "Oslo", "Rome")


def messy(rows: int = 60) -> str:
    """A table with one column of each kind that needs a setting."""
    head = "row;name;born;price;sold;height;city;empty;verdict;y"
    lines = [
        f'{i};person {i};2001-01-{1 + i % 28:02};"{1 + i},{i % 10}";{"unknown" if i == 7 else i * 3};{i * 1.25};'
        f"{CITIES[i % 3]};;{'bad' if i % 4 else 'good'};{'' if i == 9 else 'no' if i % 4 else 'yes'}"
        for i in range(1, rows + 1)
    ]
    return "\n".join([head, *lines]) + "\n"


def drafted(tmp_path: Path, text: str, target: str, name: str = "people.csv", *, tabular: bool = False):
    """The config for this table, as text and as a valid experiment that has read its rows."""
    (tmp_path / name).write_text(text)
    config = draft_config(str(tmp_path / name), target, tabular=tabular)
    (tmp_path / "c.yaml").write_text(config)
    return config, read(tmp_path / "c.yaml").value


def test_each_setting_has_its_reason(tmp_path):
    """Row numbers, names, dates, empty columns and one that gives the target away are dropped, and it is said why."""
    config, experiment = drafted(tmp_path, messy(), "y")

    data = experiment.data
    assert data.drop == ["row", "name", "born", "empty", "verdict"]
    assert data.missing == ["unknown"]
    assert (data.task, data.missing_target) == ("classification", "drop")
    assert experiment.name == "people"
    assert "    - row  # counts the rows\n" in config
    assert "    - name  # a different text in nearly every row\n" in config
    assert "    - empty  # empty\n" in config
    assert "    - verdict  # gives the target away: each of its values goes with one value of the target\n" in config
    assert "  missing_target: drop  # 1 rows have no target\n" in config


def test_an_id_is_dropped(tmp_path):
    """A different whole number in each row is dropped where the name says so, and kept as an input elsewhere."""
    lines = [f"{1000 + 7 * i % 60},{5000 + 11 * i % 60},{i % 4},{'yes' if i % 3 else 'no'}" for i in range(60)]

    _, experiment = drafted(tmp_path, "\n".join(["customer_id,income,rooms,y", *lines]) + "\n", "y")

    assert experiment.data.drop == ["customer_id"]


def test_thousands_signs_are_found(tmp_path):
    """Numbers that are written with thousands signs get the setting that reads them."""
    lines = [f'"{i},{i % 1000:03}",{i % 2}' for i in range(100, 160)]
    config, experiment = drafted(tmp_path, "\n".join(["price,y", *lines]) + "\n", "y")

    assert experiment.data.thousands == ","
    assert '  thousands: ","' in config or "  thousands: ','" in config


def test_points_between_thousands_and_decimal_commas_are_found(tmp_path):
    """Numbers as much of Europe writes them get both settings, also where only the target has thousands."""
    lines = [f"{i},5;1.{i:03},25" for i in range(100, 160)]
    _, experiment = drafted(tmp_path, "\n".join(["flat;rent", *lines]) + "\n", "rent")

    assert (experiment.data.decimal, experiment.data.thousands) == (",", ".")
    assert experiment.data.task == "regression"


def test_a_regression_scales_its_target(tmp_path):
    """A target of numbers with decimals is a regression whose target is scaled."""
    lines = [f"{i},{i % 7},{i * 1.5 + 0.25}" for i in range(1, 80)]
    config, experiment = drafted(tmp_path, "\n".join(["x,c,y", *lines]) + "\n", "y")

    assert (experiment.data.task, experiment.data.scale_target) == ("regression", True)
    assert "# it holds numbers with decimals" in config


def test_a_file_without_a_header(tmp_path):
    """Where the first line is data, columns are numbered, and the config says so."""
    lines = [f"{i * 0.5},{i % 2}" for i in range(1, 60)]
    config, experiment = drafted(tmp_path, "\n".join(lines) + "\n", "column_2")

    assert experiment.data.header is False
    assert "# the first line is data: columns are column_1, column_2, ..." in config


@pytest.mark.parametrize(
    ("target", "want"),
    [
        (None, "which --target?; the columns are `x`, `label`"),
        ("lable", "has no column `lable`; did you mean `label`?"),
        ("z", "has no column `z`; the columns are `x`, `label`"),
    ],
)
def test_the_target_is_asked_for(target, want, tmp_path):
    """Without a target, or with one that is not there, the columns are listed."""
    path = tmp_path / "a.csv"
    path.write_text("x,label\n" + "".join(f"{i},{i % 2}\n" for i in range(20)))

    with pytest.raises(UserError) as caught:
        draft_config(str(path), target)

    assert str(caught.value) == f"{path}: {want}"


def test_the_recipe_stands_in_comments(tmp_path):
    """`new tabular` names the model only; its comments are the settings that a run has, and can be uncommented."""
    config, experiment = drafted(tmp_path, messy(), "y", tabular=True)

    assert experiment.model.name == "tabular"
    head, found, rest = config.partition("\n\n")
    uncommented = re.sub("^( *)# (?=[a-z])", r"\1", rest, flags=re.MULTILINE)
    (tmp_path / "c.yaml").write_text(head + found + uncommented)
    written = yaml.safe_load((tmp_path / "c.yaml").read_text())
    assert written["train"] == {"members": 8, "epochs": 128, "batch_size": 32}
    assert [step.name for step in experiment.data.preprocess] == [
        step["name"] if isinstance(step, dict) else step for step in written["data"]["preprocess"]
    ]
    assert written["optimizer"].items() <= plain(experiment.optimizer).items()
    assert written["loss"]["label_smoothing"] == 0.1


def test_names_that_are_numbers_are_quoted(tmp_path):
    """Columns called 1990 or 0 are written so that YAML reads them back; so are names with a line break."""
    lines = [f"Oslo,{i % 7},{i},{'' if i else 3}" for i in range(60)]
    _, experiment = drafted(tmp_path, "\n".join(["city,1990,1991,0", *lines]) + "\n", "1990")

    assert (experiment.data.target, experiment.data.drop) == ("1990", ["1991", "0"])


def test_a_reason_stays_on_its_line(tmp_path):
    """A cell with a line break does not break the comment that quotes it."""
    cells = [f'"a note\non {i} lines"' if i % 5 == 0 else str(i) for i in range(60)]
    config, experiment = drafted(
        tmp_path, "\n".join(["x,c,y", *(f"{c},{i % 7},{i % 2}" for i, c in enumerate(cells))]) + "\n", "y"
    )

    assert experiment.data.drop == ["x"]
    assert "    - x  # numbers, and 12 different texts such as a note on 0 lines\n" in config


ROWS = [f"{i},{i % 7},{'yes' if i % 3 else 'no'}" for i in range(60)]


@pytest.mark.parametrize(
    ("text", "target", "settings"),
    [
        (["Report of 2020,,", "age,rooms,y", *ROWS], "y", {"skip": 1}),
        (["", "Report;;", ";;", *(r.replace(",", ";") for r in ["age,rooms,y", *ROWS])], "y", {"skip": 3}),
        (["age,rooms,y", *ROWS, "", "Source: the office,,", "* estimated"], "* estimated", None),
        (["age,rooms,y", *ROWS, "", "Source: the office", "* estimated"], "y", {"footer": 2}),
        (
            ["age,y,age", *(f"{i},{'ab'[i % 2]},{i % 9}" for i in range(60))],
            "y",
            {"columns": ["age (1)", "y", "age (3)"]},
        ),
        (["age,,y", *ROWS], "y", {"columns": ["age", "column_2", "y"]}),
        (
            ["age,,,y", ",first,second,Response", *(f"{i},{i % 2},{i % 3},{'ab'[i % 2]}" for i in range(9))],
            "y",
            {"header": False, "skip": 2, "columns": ["age", "age: first", "age: second", "y"]},
        ),
    ],
    ids=["title", "title and blanks", "unknown", "footer", "twice", "unnamed", "two lines of names"],
)
def test_what_stands_around_a_table(text, target, settings, tmp_path):
    """Titles, notes below, names that stand twice, are missing or take two lines: the settings that read the table."""
    if settings is None:
        with pytest.raises(UserError, match="has no column"):
            drafted(tmp_path, "\n".join(text) + "\n", target)
        return
    config, experiment = drafted(tmp_path, "\n".join(text) + "\n", target)

    assert {name: getattr(experiment.data, name) for name in settings} == settings
    assert all(f"  {name}: " in config and "  # " in config.split(f"  {name}: ")[1].split("\n")[0] for name in settings)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (
            "지역,가격,y\n"
            + "".join(f"서울특별시 {'강남구' if i % 2 else '종로구'},{i % 9},{'ab'[i % 3 % 2]}\n" for i in range(60)),
            "cp949",
        ),
        (
            "地域,価格,y\n"
            + "".join(f"東京の{'みなと' if i % 2 else 'しぶや'},{i % 9},{'ab'[i % 3 % 2]}\n" for i in range(60)),
            "cp932",
        ),
        (
            "город,цена,y\n"
            + "".join(f"{'Москва' if i % 2 else 'Казань'},{i % 9},{'ab'[i % 3 % 2]}\n" for i in range(60)),
            "cp1251",
        ),
        (
            "Stadt,Preis,y\n"
            + "".join(f"{'München' if i % 2 else 'Köln'},{i % 9},{'ab'[i % 3 % 2]}\n" for i in range(60)),
            "latin-1",
        ),
    ],
)
def test_the_encoding_is_found(text, encoding, tmp_path):
    """A file that is not UTF-8 is read with the encoding whose letters its bytes are."""
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    config = draft_config(str(tmp_path / "t.csv"), "y")

    assert f"  encoding: {encoding}  # the file is not UTF-8; this encoding fits its bytes best\n" in config


def test_a_table_of_dates_keeps_them(tmp_path):
    """Dates are inputs where nothing else is."""
    _, experiment = drafted(
        tmp_path, "month,sold\n" + "".join(f"{1960 + i // 12}-{1 + i % 12:02},{i * 1.5}\n" for i in range(60)), "sold"
    )

    assert experiment.data.drop == []


def test_classes_with_one_row_are_left_out(tmp_path):
    """Where most rows have a class with more of them."""
    lines = [f"{i % 9},{'once' if i == 7 else 'ab'[i % 2]}" for i in range(60)]
    config, experiment = drafted(tmp_path, "\n".join(["x,y", *lines]) + "\n", "y")

    assert experiment.data.min_class_rows == 2
    assert "  min_class_rows: 2  # 1 classes have one row only\n" in config


def test_columns_are_judged_by_the_rows_that_stay(tmp_path):
    """Rows without a target are left out before a column is judged: its texts there are nobody's concern."""
    lines = [f"{'none yet' if i % 3 == 0 else i},{i % 7},{'' if i % 3 == 0 else i * 1.5}" for i in range(90)]
    _, experiment = drafted(tmp_path, "\n".join(["x,c,y", *lines]) + "\n", "y")

    assert (experiment.data.missing, experiment.data.drop) == ([], [])


def test_a_text_that_is_a_category_elsewhere_is_no_marker(tmp_path):
    """`low` in a column of numbers is not taken for missing where another column tells it from its missing cells."""
    lines = [f"{'low' if i == 5 else i},{('low', 'high', '')[i % 3]},{i % 4 % 2}" for i in range(60)]
    config, experiment = drafted(tmp_path, "\n".join(["x,c,y", *lines]) + "\n", "y")

    assert (experiment.data.missing, experiment.data.drop) == ([], ["x"])
    assert "    - x  # numbers, and 1 different text such as low, which `c` holds, too\n" in config


def test_codes_are_categories(tmp_path):
    """Numbers with leading zeros are codes, not amounts."""
    lines = [f"{i % 9},{('02139', '10115', '08001')[i % 3]},{i * 1.5}" for i in range(60)]
    config, experiment = drafted(tmp_path, "\n".join(["x,zip,y", *lines]) + "\n", "y")

    assert experiment.data.categorical == ["zip"]
    assert "  categorical: [zip]  # codes such as 02139\n" in config


def test_a_marker_in_the_target(tmp_path):
    """`--` among the numbers of a target means that there is none."""
    lines = [f"{i % 9},{'--' if i % 11 == 0 else i * 1.5}" for i in range(80)]
    config, experiment = drafted(tmp_path, "\n".join(["x,y", *lines]) + "\n", "y")

    assert (experiment.data.missing, experiment.data.missing_target) == (["--"], "drop")
    assert "  missing_target: drop  # 8 rows have no target\n" in config
