"""`trainlab evaluate` and `trainlab predict` as commands: what they print and where."""

import csv
import json
import re

ROWS = "x1,x2\n0.0,1.0\n1.0,-0.5\n"


def test_evaluate(cli, trained):
    """Scores, a line per class, and the confusion matrix; the parts are scored on request."""
    got = cli("evaluate", "moons-1")
    assert (got.exit_code, got.stderr) == (0, "")
    assert re.sub(r"\d+\.\d+", "N", got.stdout).splitlines()[:5] == [
        "moons-1, weights of epoch 3, on 150 test rows",
        "  loss      N",
        "  accuracy  N",
        "",
        "class  rows  precision  recall      F1",
    ]
    matrix = got.stdout.partition("confusion: a row per true class, a column per prediction\n")[2].splitlines()
    assert [line.split()[0] for line in matrix] == ["0", "0", "1"]
    assert sum(int(n) for line in matrix[1:] for n in line.replace(".", "0").split()[1:]) == 150
    assert "on 700 train rows" in cli("evaluate", "runs/moons-1", "--part", "train").stdout


def test_evaluate_json(cli, trained):
    """--json prints the scores as data, those of status.json among them."""
    got = json.loads(cli("evaluate", "moons-1", "--json").stdout)
    want = json.loads((trained / "status.json").read_text())["test"]["accuracy"]
    assert got["scores"]["accuracy"] == want


def test_predict(cli, trained, folder):
    """Predictions go to stdout or to a file, as CSV or JSON."""
    (folder / "new.csv").write_text(ROWS, encoding="utf-8")
    got = cli("predict", "moons-1", "--input", "new.csv")
    assert (got.exit_code, got.stderr) == (0, "")
    rows = list(csv.DictReader(got.stdout.splitlines()))
    assert [row["prediction"] for row in rows] == ["0", "1"]
    to_file = cli("predict", "moons-1", "--input", "new.csv", "--output", "out.csv")
    assert (to_file.stdout, to_file.stderr) == ("", "out.csv: 2 predictions written\n")
    assert (folder / "out.csv").read_text(encoding="utf-8") == got.stdout
    data = json.loads(cli("predict", "moons-1", "--input", "new.csv", "--json").stdout)
    assert [row["prediction"] for row in data] == ["0", "1"]


def test_predict_spares_its_input(cli, trained, folder):
    """The file that is predicted is not overwritten."""
    (folder / "new.csv").write_text(ROWS, encoding="utf-8")
    got = cli("predict", "moons-1", "--input", "new.csv", "--output", "./new.csv")
    assert (got.exit_code, (folder / "new.csv").read_text(encoding="utf-8")) == (2, ROWS)


def test_mistakes_as_data(cli, trained, folder):
    """With --json an error is data, too, with the exit code of an error."""
    (folder / "new.csv").write_text("x1,y\n1,2\n", encoding="utf-8")
    got = cli("predict", "moons-1", "--input", "new.csv", "--json")
    assert got.exit_code == 2
    assert json.loads(got.stdout) == {
        "error": "new.csv:1: column `x2` is missing\nnew.csv:1: column `y` is unknown",
        "problems": [],
    }
    assert cli("evaluate", "mons-1").stderr == "no run `mons-1` in runs; did you mean `moons-1`?\n"
