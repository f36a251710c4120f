"""`trainlab new`: every template is valid, and trains."""

import json

import pytest

from trainlab.cli.new import read, templates
from trainlab.core.component import plain
from trainlab.search.experiment import read as read_experiment

MODELINE = "# yaml-language-server: $schema=trainlab.schema.json\n"
FLOOR = {"mlp": 0.95, "cnn": 0.95, "regression": 0.8, "sweep": 0.85}


def test_names():
    """The five templates of the contract, and `tabular`."""
    assert templates() == ["cnn", "csv", "mlp", "regression", "sweep", "tabular"]


@pytest.mark.parametrize("template", ["cnn", "csv", "mlp", "regression", "sweep", "tabular"])
def test_valid(template, tmp_path):
    """A template starts with the editor's modeline and is a valid config."""
    text = read(template)
    assert text.startswith(MODELINE)
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    assert read_experiment(tmp_path / "x.yaml").value.name == template


@pytest.mark.parametrize("template", sorted(FLOOR))
def test_trains_well(cli, folder, template):
    """A template trains without a warning to a good score on its test rows."""
    assert cli("new", template, "-o", "x.yaml").exit_code == 0
    got = cli("train", "x.yaml", "--json", "--fail-on", "warning")
    assert (got.exit_code, got.stderr.count("warning")) == (0, 0)
    score = "r2" if template == "regression" else "accuracy"
    assert json.loads(got.stdout)["test"][score] >= FLOOR[template]


def test_csv_trains_on_a_table(cli, folder):
    """The csv template trains on a table called data.csv with a column `label`."""
    lines = [f"{i % 7},{i % 3},{'yes' if i % 7 > 3 else 'no'}" for i in range(100)]
    (folder / "data.csv").write_text("\n".join(["a,b,label", *lines]) + "\n", encoding="utf-8")
    cli("new", "csv", "-o", "x.yaml")
    got = cli("train", "x.yaml", "--json")
    assert json.loads(got.stdout)["test"]["accuracy"] == 1.0


def test_a_column_that_is_left_out_is_told(cli, folder):
    """`new --from` says on the command line which columns its config drops."""
    rows = [f"2024-01-{1 + i % 28:02},{i % 7},{i * 1.5}" for i in range(60)]
    (folder / "t.csv").write_text("\n".join(["day,a,y", *rows]) + "\n", encoding="utf-8")
    got = cli("new", "tabular", "--from", "t.csv", "--target", "y", "-o", "t.yaml")
    assert got.stderr == "t.yaml: written without `day` (the file says why); next: trainlab train t.yaml\n"
    assert "\nmetrics: [rmse]  # " in (folder / "t.yaml").read_text(encoding="utf-8")


def test_to_stdout(cli):
    """Without -o the template is printed, and `mlp` is the default."""
    got = cli("new")
    assert (got.exit_code, got.stdout, got.stderr) == (0, read("mlp"), "")


def test_never_overwrites(cli, folder):
    """A file that exists stays as it is unless --force is given."""
    (folder / "x.yaml").write_text("mine", encoding="utf-8")
    got = cli("new", "cnn", "-o", "x.yaml")
    assert (got.exit_code, got.stderr) == (2, "x.yaml: exists already; --force overwrites it\n")
    assert (folder / "x.yaml").read_text(encoding="utf-8") == "mine"
    got = cli("new", "sweep", "-o", "x.yaml", "--force")
    assert (got.exit_code, got.stdout) == (0, "")
    assert got.stderr == "x.yaml: written; next: trainlab sweep x.yaml\n"
    assert (folder / "x.yaml").read_text(encoding="utf-8") == read("sweep").replace("name: sweep", "name: x")


def test_runs_are_named_after_the_file(cli, folder):
    """`-o "my churn.yaml"` names its runs, and a template with blanks says that they come first."""
    got = cli("new", "csv", "-o", "my churn.yaml")

    text = (folder / "my churn.yaml").read_text(encoding="utf-8")
    assert got.stderr.startswith("my churn.yaml: written; next: set the lines marked `# <-` in it, then trainlab train")
    assert "trainlab predict 'runs/my churn-1' --input new.csv" in text
    assert read_experiment(folder / "my churn.yaml").value.name == "my churn"


def test_a_folder_that_does_not_exist(cli):
    """A path that cannot be written is named."""
    got = cli("new", "-o", "no/x.yaml")
    assert (got.exit_code, got.stderr) == (2, "no/x.yaml: cannot write: No such file or directory\n")


def test_resolved_template_names_its_layers(tmp_path):
    """The cnn template is written layer by layer."""
    (tmp_path / "x.yaml").write_text(read("cnn"), encoding="utf-8")
    layers = plain(read_experiment(tmp_path / "x.yaml").value.model)["layers"]
    assert [layer["name"] for layer in layers].count("conv") == 2


def test_from_a_table(cli, folder):
    """A config made from a table trains on it at once; --target without --from and other templates are refused."""
    lines = [f"{i},{i % 7},{i % 3},{'yes' if i % 7 > 3 else 'no'}" for i in range(1, 101)]
    (folder / "people.csv").write_text("\n".join(["id,a,b,label", *lines]) + "\n", encoding="utf-8")

    got = cli("new", "csv", "--from", "people.csv", "--target", "label", "-o", "x.yaml")

    told = "x.yaml: written without `id` (the file says why); next: trainlab train x.yaml\n"
    assert (got.exit_code, got.stderr) == (0, told)
    trained = json.loads(cli("train", "x.yaml", "--json").stdout)
    assert trained["test"]["accuracy"] == 1.0
    assert trained["folder"] == "runs/x-1"
    assert cli("new", "csv", "--target", "label").exit_code == 2
    assert cli("new", "mlp", "--from", "people.csv").exit_code == 2
