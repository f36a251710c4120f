"""diagnoses.jsonl and status.json: strict JSON that reads back as it was."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from trainlab.core.errors import UserError
from trainlab.store import process
from trainlab.store.findings import FindingWriter, read_findings
from trainlab.store.status import Best, Status, alive, read_status, seen_state, write_status
from trainlab.store.strict_json import dumps, loads

FINDINGS = [
    {"code": "diverged", "severity": "error", "evidence": {"loss": math.inf, "lr": 0.1}, "layer": None},
    {"code": "dead-relu", "severity": "warning", "message": "71 % of ünits\nand \u2028 more", "because": ["a@step 4"]},
]


def test_findings_read_back(tmp_path):
    """What is written as a line reads back equal, infinities included, and is JSON for any reader."""
    path = tmp_path / "d.jsonl"
    writer = FindingWriter(path)
    for finding in FINDINGS:
        writer.write(finding)
    writer.close()
    assert read_findings(path) == FINDINGS
    lines = path.read_text().split("\n")
    assert len(lines) == 3
    assert json.loads(lines[0], parse_constant=pytest.fail)["evidence"] == {"loss": "inf", "lr": 0.1}


def test_findings_torn_at_every_byte(tmp_path):
    """Cut anywhere, the whole lines read back, and a writer goes on after them."""
    path = tmp_path / "d.jsonl"
    writer = FindingWriter(path)
    ends = []
    for finding in FINDINGS:
        writer.write(finding)
        ends.append(writer.tell())
    writer.close()
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        want = FINDINGS[: sum(end <= cut for end in ends)]
        assert read_findings(path) == want
        writer = FindingWriter(path)
        writer.write({"code": "x"})
        writer.close()
        assert read_findings(path) == [*want, {"code": "x"}]


def test_findings_truncate(tmp_path):
    """On resuming, findings after the checkpoint are dropped."""
    writer = FindingWriter(tmp_path / "d.jsonl")
    writer.write(FINDINGS[0])
    position = writer.tell()
    writer.write(FINDINGS[1])
    writer.truncate(position)
    writer.close()
    assert read_findings(tmp_path / "d.jsonl") == FINDINGS[:1]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ('{"code": "a"}\n{"code": \n', ":2: not JSON: wrong at line 1, column 10"),
        ("[1]\n", ":1: expected a finding, `{...}`, found [1]"),
    ],
)
def test_a_damaged_finding(tmp_path, text, want):
    """A line that is no finding is named by its number."""
    path = tmp_path / "d.jsonl"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_findings(path)
    assert str(caught.value) == f"{path}{want}"


def test_json_of_numpy():
    """NumPy's numbers and arrays are written as plain ones, and floats come back exactly."""
    value = {"a": np.float32(0.1), "b": np.array([1, 2]), "c": np.float64(1 / 3), "d": np.bool_(True), 3: (math.nan,)}
    got = loads(dumps(value))
    assert math.isnan(got.pop("3")[0])
    assert got == {"a": float(np.float32(0.1)), "b": [1, 2], "c": 1 / 3, "d": True}


def test_status_round_trip(tmp_path):
    """A status reads back equal, and no temporary file stays."""
    path = tmp_path / "status.json"
    status = replace(
        Status.begin("größe-1", 30),
        best=Best("val_accuracy", 0.1 + 0.2, 7),
        test={"accuracy": 0.97, "loss": math.nan},
        diagnoses={"warning": 2},
        epoch=8,
        step=2**40,
    )
    write_status(path, status)
    got = read_status(path)
    assert math.isnan(got.test["loss"])
    assert replace(got, test={}) == replace(status, test={})
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]
    assert datetime.fromisoformat(got.started).utcoffset() is not None


def test_status_states():
    """Ending keeps what was reached, resuming makes it run again here."""
    ended = replace(Status.begin("a", 3), step=5, pid=1).ended_as("interrupted", 130, "Ctrl-C")
    assert (ended.state, ended.exit_code, ended.reason, ended.step) == ("interrupted", 130, "Ctrl-C", 5)
    assert ended.ended == ended.updated
    again = ended.resumed()
    assert (again.state, again.ended, again.pid, again.step) == ("running", None, os.getpid(), 5)
    assert again.started == ended.started
    assert (seen_state(again), seen_state(ended)) == ("running", "interrupted")


def test_a_killed_run_is_recognised():
    """`running` reads as `killed` when its process is gone, is a zombie, or is another one of the same number."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mine = Status.begin("a", 3)
    status = replace(mine, pid=child.pid, process=process.birth(child.pid))
    assert seen_state(status) == "running"
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert seen_state(status) == "killed", "a zombie"
    child.communicate()
    assert seen_state(status) == "killed", "gone"
    assert seen_state(replace(mine, process="1@otherboot")) == "killed", "another process of this number"
    assert seen_state(replace(mine, process="")) == "running", "birth unknown: the number decides"
    assert seen_state(replace(mine, pid=0)) == "killed"
    assert seen_state(replace(status, host="elsewhere")) == "running", "another host's run is believed"
    assert not alive(replace(status, state="finished"))


WHOLE = {"state": "running", "name": "a", "started": "2026-11-21T14:03:00+01:00", "updated": "2026-11-21T14:03:00Z"}


def test_a_newer_status(tmp_path):
    """Keys of a newer version are ignored, and absent optional ones have their defaults."""
    path = tmp_path / "status.json"
    path.write_text(json.dumps(WHOLE | {"new": 1, "best": {"metric": "r2", "value": 1, "epoch": 0, "more": 2}}))
    want = Status("running", "a", WHOLE["started"], WHOLE["updated"], best=Best("r2", 1.0, 0))
    assert read_status(path) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("", ": not JSON: wrong at line 1, column 1"),
        ("[" * 100_000, ": not JSON: nested too deeply"),
        ("[]", ": expected a table, `{...}`"),
        ('{"state": "running"}', ": `name` is missing"),
        (json.dumps(WHOLE | {"state": "dancing"}), ': `state` cannot be "dancing"'),
        (json.dumps(WHOLE | {"started": "soon"}), ': `started` cannot be "soon"'),
        (json.dumps(WHOLE | {"best": {"metric": "r2"}}), ': `best` cannot be {"metric": "r2"}'),
        (json.dumps(WHOLE | {"epoch": True}), ": `epoch` cannot be true"),
        (json.dumps(WHOLE | {"test": {"a": "b"}}), ': `test` cannot be {"a": "b"}'),
    ],
)
def test_a_damaged_status(tmp_path, text, want):
    """What is wrong with a status file is said, with its path."""
    path = tmp_path / "status.json"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_status(path)
    assert str(caught.value) == f"{path}{want}"


def test_a_status_that_cannot_be_written(tmp_path):
    """The error names the file, and nothing half-written stays."""
    (tmp_path / "gone").mkdir()
    path = tmp_path / "gone" / "status.json"
    (tmp_path / "gone").rmdir()
    with pytest.raises(UserError) as caught:
        write_status(path, Status.begin("a", 1))
    assert str(caught.value) == f"{path}: cannot write: No such file or directory"
