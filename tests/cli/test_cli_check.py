"""`trainlab check` from the command line."""

import json


def test_a_sound_config(cli):
    """Exit code 0; every line says what was measured, and the next command is the training."""
    got = cli("check", "moons.yaml")
    assert got.exit_code == 0
    lines = got.stdout.splitlines()
    assert lines[0] == "moons: 700 + 150 + 150 rows, 2 classes, 82 parameters"
    assert lines[2].split() == ["layer", "shape", "params", "mean", "std", "dead", "gradient"]
    assert sum(line.startswith("ok ") for line in lines) == 9
    assert lines[-1] == "next: trainlab train moons.yaml"


def test_a_sick_config(cli):
    """Exit code 4; the finding is told with its cure, which is the next command."""
    got = cli("check", "moons.yaml", "model.init=zeros")
    assert got.exit_code == 4
    assert "\nerror symmetric-init (at the start), confidence " in got.stdout
    assert got.stdout.splitlines()[-1].startswith("next: trainlab check moons.yaml model.init=")
    assert cli("check", "moons.yaml", "model.init=zeros", "--fail-on", "never").exit_code == 0


def test_json(cli):
    """--json has every measurement with its numbers, and the findings."""
    got = cli("check", "moons.yaml", "model.init=zeros", "--json")
    assert got.exit_code == 4
    data = json.loads(got.stdout)
    assert (data["verdict"], data["exit_code"], data["parameters"]) == ("error", 4, 82)
    assert data["diagnoses"][0]["code"] == "symmetric-init"
    heart = next(m for m in data["measured"] if m["name"] == "fit of a few rows")
    assert (heart["codes"], heart["values"]["rows"]) == (["cannot-overfit"], 20)


def test_nothing_is_written(cli, folder):
    """A check leaves no file behind."""
    before = sorted(folder.iterdir())
    cli("check", "moons.yaml")
    assert sorted(folder.iterdir()) == before


def test_narrow(cli, monkeypatch):
    """At 40 columns no line of the table or of the measurements is wider; what users copy stays in one line."""
    monkeypatch.setenv("COLUMNS", "40")
    lines = cli("check", "moons.yaml", "model.init=zeros").stdout.splitlines()
    assert max(len(line) for line in lines if not line.startswith(("next: ", "  try "))) <= 40


def test_a_wrong_config(cli):
    """A config that cannot be used is answered as in all commands."""
    got = cli("check", "moons.yaml", "model.hiden=[4]")
    assert (got.exit_code, got.stdout) == (2, "")
    assert "did you mean `hidden`?" in got.stderr
