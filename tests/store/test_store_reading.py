"""Run folders read back, whatever state they are in."""

import json

import pytest

from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.store.findings import FindingWriter
from trainlab.store.folder import RunFolder
from trainlab.store.plain_yaml import read_config
from trainlab.store.reading import find_runs, read_run
from trainlab.store.rows import RowWriter
from trainlab.store.status import Status, write_status


def whole_run(runs, name="digits"):
    """A finished run of two epochs with one finding."""
    folder = RunFolder.create(runs, name)
    folder.config.write_text("name: digits\noptimizer: {name: adam, lr: 1.0e-03}\n")
    with RowWriter(folder.metrics, ["epoch", "val_loss"]) as rows:
        rows.write({"epoch": 0, "val_loss": 2.5})
        rows.write({"epoch": 1, "val_loss": 0.5})
    with FindingWriter(folder.diagnoses) as findings:
        findings.write({"code": "overfitting", "severity": "warning"})
    write_status(folder.status, Status.begin(folder.name, 2).ended_as("finished", 0))
    return folder


def test_a_whole_run(tmp_path):
    """A whole run is read without a complaint."""
    record = read_run(whole_run(tmp_path).path)
    assert (record.name, record.state, record.problem) == ("digits-1", "finished", "")
    assert record.last == {"epoch": 1, "val_loss": 0.5}
    assert record.metrics == {"epoch": [0, 1], "val_loss": [2.5, 0.5]}
    assert record.config == {"name": "digits", "optimizer": {"name": "adam", "lr": 0.001}}
    assert [f["code"] for f in record.findings] == ["overfitting"]


@pytest.mark.parametrize(
    ("damage", "state", "problem"),
    [
        (lambda f: f.status.unlink(), "half-written", "no status.json"),
        (lambda f: f.status.write_text("{"), "unreadable", "status.json: not JSON: "
         "wrong at line 1, column 2"),
        (lambda f: f.metrics.unlink(), "finished", "no metrics.csv"),
        (lambda f: f.metrics.write_bytes(b"\xff\xfe\n1\n"), "finished", "metrics.csv:1: not UTF-8 text (byte 0xff)"),
        (lambda f: f.diagnoses.write_text("oops\n"), "finished",
         "diagnoses.jsonl:1: not JSON: wrong at line 1, column 1"),
        (lambda f: f.config.write_text("[1]"), "finished", "config.yaml: not a config: expected `key: value`"),
        (lambda f: f.config.unlink(), "finished", "no config.yaml"),
        (lambda f: [p.unlink() for p in f.path.iterdir() if p.is_file()], "half-written",
         "no status.json; no config.yaml"),
    ],
)  # fmt: skip
def test_a_damaged_run_is_a_record(tmp_path, damage, state, problem):
    """Whatever is missing or damaged is said on the record, and nothing is raised."""
    folder = whole_run(tmp_path)
    damage(folder)
    record = read_run(folder.path)
    _ = record.config, record.metrics
    assert (record.state, record.problem) == (state, problem)


def test_every_file_cut_at_every_byte(tmp_path):
    """A folder whose files are cut off anywhere, or full of noise, is read without an exception."""
    folder = whole_run(tmp_path)
    for path in [folder.status, folder.metrics, folder.diagnoses, folder.config]:
        whole = path.read_bytes()
        for cut in range(0, len(whole), 3):
            for left in (whole[:cut], whole[:cut] + b"\x00\xff\n" + whole[cut:]):
                path.write_bytes(left)
                record = read_run(folder.path)
                assert isinstance(record.config, dict)
                assert isinstance(record.metrics, dict)
        path.write_bytes(whole)
    assert read_run(folder.path).problem == ""


def test_a_killed_run(tmp_path):
    """A run that says `running` but whose process is gone is `killed`; files not yet written are no problem."""
    folder = RunFolder.create(tmp_path, "a")
    write_status(folder.status, Status("running", "a-1", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00"))
    record = read_run(folder.path)
    assert (record.state, record.problem) == ("running", ""), "another host's"
    status = json.loads(folder.status.read_text()) | {"host": Status.begin("", None).host}
    folder.status.write_text(json.dumps(status))
    assert read_run(folder.path).state == "killed"


def test_runs_are_found(tmp_path):
    """Runs and sweeps' trials are found in natural order; what is no run is left out."""
    for _ in range(11):
        RunFolder.create(tmp_path, "a")
    sweep = tmp_path / "a-sweep-1"
    for i in (2, 10):
        RunFolder.create(tmp_path, "", into=sweep / "trials" / f"{i:04d}").config.write_text("")
    (sweep / "sweep.yaml").write_text("")
    (tmp_path / "notes").mkdir()
    (tmp_path / "b-7").mkdir()
    (tmp_path / "b-7" / "thesis.tex").write_text("")
    (tmp_path / ".hidden-1").mkdir()
    (tmp_path / "file-1").write_text("")
    names = [str(p.relative_to(tmp_path)) for p in find_runs(tmp_path)]
    trials = ["a-sweep-1/trials/0002", "a-sweep-1/trials/0010"]
    assert names == [f"a-{i}" for i in range(1, 12)] + trials
    assert [str(p.relative_to(tmp_path)) for p in find_runs(sweep)] == trials
    with pytest.raises(UserError) as caught:
        find_runs(tmp_path / "none")
    assert str(caught.value) == f"{tmp_path}/none: cannot read: No such file or directory"


def test_config_reads_as_it_was_dumped(tmp_path):
    """What core dumps is read back equal: numbers, texts that look like numbers, empty and nested things."""
    value = {
        "lr": 1e-05, "text": "1e-3", "no": "no", "none": None, "yes": True, "empty": "", "list": [], "table": {},
        "layers": [{"name": "dense", "units": 3, "init": {"name": "he"}}, {"name": "relu"}], "hidden": [64, 32],
        "long": "a: b # c\n  d\té 学", "inf": float("inf"), "12": 12,
    }  # fmt: skip
    (tmp_path / "c.yaml").write_text(dump(value))
    assert read_config(tmp_path / "c.yaml") == value


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("[" * 100_000, "not a config: line 1, column 42: nested more than 40 levels deep"),
        ("[" * 100 + "]" * 100, "not a config: line 1, column 42: nested more than 40 levels deep"),
        ("a: 1\nb: @c", "not a config: line 2, column 4: not valid YAML: a text that starts like this needs quotes"),
        ("a: \0", "not a config: line 1, column 4: the character U+0000 is not allowed in YAML"),
        ("a: &a [1]\nb: *a\n", "not a config: aliases have no place in a resolved config"),
        ("? [1]\n: 2\n", "not a config: a list or a table cannot be a key"),
        ("", "not a config: expected `key: value`"),
        ("a" * (1 << 20) + "aa", "cannot read: 1,048,578 bytes are too many; such a file has at most 1,048,576"),
    ],
)
def test_a_hostile_config(tmp_path, text, want):
    """Deep nesting (on which the C composer ends the process), aliases and huge files are refused."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_config(path)
    assert str(caught.value) == f"{path}: {want}"
