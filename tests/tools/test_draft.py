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
