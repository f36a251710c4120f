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


def test_the_curves_in_words_and_pictures(cli, trained, folder):
    """The areas of the named class and the calibration error are printed; --html, --png and --svg draw the curves."""
    got = cli("evaluate", "moons-1", "--positive", "0", "--html", "e.html", "--png", "pictures", "--svg", "vectors")
    line = next(line for line in got.stdout.splitlines() if "ROC AUC" in line)
    assert re.sub(r"0\.\d{4}", "N", line) == (
        "0 against the rest: ROC AUC N, average precision N (a guess: N), calibration error N"
    )
    names = ["confusion", "precision-recall", "reliability", "roc", "threshold"]
    assert sorted(p.name for p in (folder / "pictures").iterdir()) == [f"{name}.png" for name in names]
    assert sorted(p.name for p in (folder / "vectors").iterdir()) == [f"{name}.svg" for name in names]
    page = (folder / "e.html").read_text(encoding="utf-8")
    assert [name for name in names if f'id="picture-{name}"' not in page] == []
    assert got.stderr.startswith("wrote e.html (")


def test_a_threshold_is_said_wherever_it_counts(cli, trained, folder):
    """evaluate says on which rows it was chosen, warns on these rows, predict says so on stderr, and `none` ends it."""
    said = r"A row is `1` from a probability of N on, chosen on N validation rows \(f1 N at N, N there\)\."

    def numbered(text):
        return re.sub(r"\b\d+(\.\d+)?\b(?!`)", "N", text)

    assert re.search(said, numbered(cli("evaluate", "moons-1", "--threshold", "f1").stdout))
    assert "so the scores are too good" in cli("evaluate", "moons-1", "--part", "val").stdout
    assert "so the scores are too good" not in cli("evaluate", "moons-1").stdout
    (folder / "new.csv").write_text(ROWS, encoding="utf-8")
    got = cli("predict", "moons-1", "--input", "new.csv")
    assert re.fullmatch(said, numbered(got.stderr.strip()))
    cli("evaluate", "moons-1", "--threshold", "none")
    assert cli("predict", "moons-1", "--input", "new.csv").stderr == ""
    got = cli("evaluate", "moons-1", "--threshold", "f1", "--weights", "last")
    assert (got.exit_code, got.stderr) == (2, "a threshold is kept for the best weights: leave out --weights\n")


def test_calibrate(cli, trained):
    """The temperature is printed with its rows, kept in decision.json, and removed on request."""
    got = cli("calibrate", "moons-1")
    assert re.fullmatch(
        r"moons-1: Temperature [\d.]+, fitted on 150 validation rows "
        r"\(log loss [\d.]+ without it, [\d.]+ with it\)\.\n",
        got.stdout,
    )
    assert got.stderr == "wrote runs/moons-1/decision.json; next: trainlab evaluate runs/moons-1\n"
    kept = json.loads((trained / "decision.json").read_text())
    assert json.loads(cli("calibrate", "moons-1", "--json").stdout) == {"run": "moons-1", **kept}
    assert "Temperature" in cli("evaluate", "moons-1").stdout
    assert cli("calibrate", "moons-1", "--remove").stdout == (
        "moons-1: The probabilities are those that the network gives.\n"
    )
    assert not (trained / "decision.json").exists()
