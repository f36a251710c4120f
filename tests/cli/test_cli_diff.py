"""`trainlab diff` on real runs."""

import json


def test_twins_and_others(cli, trained):
    """A run and its repetition are identical bit for bit; one with another rate parts at its second step."""
    assert cli("train", "runs/moons-1/config.yaml", "--name", "twin", "-q").exit_code == 0
    got = cli("diff", "moons-1", "twin-1")
    assert got.exit_code == 0
    assert got.stdout.startswith("moons-1 and twin-1 are identical bit for bit: ")
    assert cli("train", "moons.yaml", "optimizer.lr=0.03", "--name", "other", "-q").exit_code == 0
    data = json.loads(cli("diff", "moons-1", "other-1", "--json").stdout)
    assert list(data["config"]) == ["optimizer.lr"]
    assert data["steps"]["exact"]["place"] == [1]
    assert data["steps"]["exact"]["quantity"] == "lr"
    assert not data["identical"]


def test_two_folders_of_one_name(cli, trained, folder):
    """Runs of the same name are called by their paths; a run that is not there is a mistake of the user's."""
    (folder / "elsewhere").mkdir()
    trained.rename(folder / "elsewhere" / "moons-1")
    assert cli("train", "moons.yaml", "-q").exit_code == 0
    got = cli("diff", "runs/moons-1", "elsewhere/moons-1").stdout
    assert got.startswith("runs/moons-1 and elsewhere/moons-1 are identical bit for bit")
    assert cli("diff", "moons-1", "moons-7").exit_code == 2
