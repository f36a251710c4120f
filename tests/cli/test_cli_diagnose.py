"""`trainlab diagnose` from the command line."""

import json

LOG = "epoch,loss,acc\n" + "".join(f"{e},2.303,0.1\n" for e in range(12))


def test_a_foreign_log(cli, folder):
    """Columns, curve, findings and what was not run are told; --fail-on makes it fail."""
    (folder / "log.csv").write_text(LOG)
    got = cli("diagnose", "log.csv", "--classes", "10")
    assert got.exit_code == 0
    assert got.stdout.startswith("log.csv: 12 epochs\ncolumns: epoch, train_loss = loss, train_accuracy = acc\n")
    assert "\nwarning loss-not-decreasing (epoch " in got.stdout
    assert "\nnot checked, as they need more than curves: " in got.stdout
    assert cli("diagnose", "log.csv", "--fail-on", "warning").exit_code == 4


def test_our_own_run(cli, trained):
    """A run folder is judged by its metrics and steps, and a healthy one is silent."""
    got = cli("diagnose", "runs/moons-1", "--json")
    data = json.loads(got.stdout)
    assert got.exit_code == 0
    assert (data["epochs"], data["steps"], data["guessed"]) == (3, 33, False)
    assert [d["code"] for d in data["diagnoses"] if d["severity"] != "info"] == []


def test_mistakes(cli, folder):
    """A missing file, a wrong column and settings that exclude each other are sentences, as data with --json."""
    (folder / "log.csv").write_text(LOG)
    got = cli("diagnose", "lgo.csv")
    assert (got.exit_code, got.stderr) == (2, "lgo.csv: cannot read: No such file or directory\n")
    got = cli("diagnose", "log.csv", "--map", "loss=los", "--json")
    assert got.exit_code == 2
    assert "did you mean `loss`?" in json.loads(got.stdout)["error"]
    assert cli("diagnose", "log.csv", "--regression", "--classes", "3").exit_code == 2


def test_narrow(cli, folder, monkeypatch):
    """At 40 columns no line is wider."""
    monkeypatch.setenv("COLUMNS", "40")
    (folder / "log.csv").write_text(LOG)
    assert max(map(len, cli("diagnose", "log.csv").stdout.splitlines())) <= 40
