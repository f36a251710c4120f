"""`trainlab diagnose` from the command line."""

import json
import threading
import time

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


def test_levels_in_order_are_classes(cli, folder):
    """A run of `task: ordinal` is one of classes, although its `val_mae` is an error of numbers."""
    rows = [f"{i % 12},{('low', 'mid', 'high')[i % 12 // 4]}" for i in range(60)]
    (folder / "t.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    data = "{name: csv, path: t.csv, target: y, task: ordinal, classes: [low, mid, high]}"
    (folder / "t.yaml").write_text(f"data: {data}\ntrain: {{epochs: 2}}\n")
    assert cli("train", "t.yaml").exit_code == 0
    assert json.loads(cli("diagnose", "runs/t-1", "--json").stdout)["task"] == "classification"


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


def test_a_log_that_grows_is_followed(cli, folder):
    """--watch waits for the file, tells findings once, and exits with 4 as soon as --fail-on has one."""
    lines = ["epoch,loss", "0,2.0", "1,1.5", "2,1.2", "3,nan", "4,nan", "5,nan"]

    def grow():
        for i in range(len(lines)):
            time.sleep(0.3)
            (folder / "log.csv").write_text("\n".join(lines[: i + 1]) + "\n")

    writer = threading.Thread(target=grow)
    writer.start()
    got = cli("diagnose", "log.csv", "--watch", "--fail-on", "error", "--idle", "20")
    writer.join()
    assert got.exit_code == 4
    assert got.stdout.count("error diverged (epoch 4") == 1


def test_a_log_that_stays_idle_ends_the_watch(cli, folder):
    """--idle ends it with 0, or with the reason why nothing was read; the end of the run is not judged."""
    (folder / "log.csv").write_text("epoch,loss,acc\n1,2.0,0.3\n2,1.5,0.5\n")
    got = cli("diagnose", "log.csv", "--watch", "--idle", "0", "--json")
    assert (got.exit_code, json.loads(got.stdout)["diagnoses"]) == (0, [])
    got = cli("diagnose", "none.csv", "--watch", "--idle", "0")
    assert (got.exit_code, got.stderr) == (2, "none.csv: cannot read: No such file or directory\n")


def test_format(cli, folder):
    """--format reads the log as one format; `components log` lists them."""
    (folder / "log.csv").write_text(LOG)
    assert cli("diagnose", "log.csv", "--format", "json").exit_code == 2
    assert json.loads(cli("diagnose", "log.csv", "--format", "csv", "--json").stdout)["format"] == "csv"
    assert "tensorboard" in json.loads(cli("components", "--json").stdout)["log"]


def test_an_imported_log_is_a_run(cli, folder):
    """`import` makes a run folder: report and diagnose read it, with the same findings; train refuses it."""
    val = [2.2, 1.5, 1.1, 0.9, *(0.9 + 0.05 * e for e in range(16))]
    rows = [f"{e},{2.2 * 0.8**e},{v}" for e, v in enumerate(val)]
    (folder / "log.csv").write_text("epoch,train_loss,val_loss\n" + "\n".join(rows))
    got = cli("import", "log.csv", "--name", "other", "--json")
    made = json.loads(got.stdout)
    assert (got.exit_code, made["folder"]) == (0, "runs/other-1")
    assert "overfitting" in [d["code"] for d in made["diagnoses"]]
    again = json.loads(cli("diagnose", "runs/other-1", "--json").stdout)
    assert [(d["code"], d["step"]) for d in again["diagnoses"]] == [(d["code"], None) for d in made["diagnoses"]]
    (row,) = json.loads(cli("report", "--json").stdout)
    assert (row["name"], row["status"], row["metric"]) == ("other-1", "finished", "val_loss")
    assert cli("train", "runs/other-1/config.yaml").exit_code == 2
