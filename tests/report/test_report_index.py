"""Many runs with an index: read once, the same answers as without, and never a stale one."""

import json
import shutil

import pytest
from run_folders import OVERFITTING, PLATEAU, make_run

from trainlab.report.compare import differing
from trainlab.report.rows import gather, listed, row_of, sorted_rows
from trainlab.report.select import selected
from trainlab.store import index as module
from trainlab.store import reading
from trainlab.store.index import Index


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Thirty runs of three kinds, whose changes settle at once."""
    monkeypatch.setattr(module, "_SETTLED", 0)
    folder = tmp_path / "runs"
    make_run(folder, "a", findings=[OVERFITTING, PLATEAU, PLATEAU], config={"lr": 0.1})
    make_run(folder, "b", losses=(float("nan"),), scores=(0.5,), state="diverged", test={}, config={"lr": 0.2})
    make_run(folder, "c", losses=(3.0, 2.0), scores=(0.1, 0.9), config={"lr": 0.3})
    for name in "abc":
        for i in range(2, 11):
            shutil.copytree(folder / f"{name}-1", folder / f"{name}-{i}")
    return folder


def rows(folder, *, index=True):
    """The rows of all runs, with or without the index."""
    if not index:
        return [row for _, row in listed((), folder)]
    with Index(folder, fewest=0) as kept:
        return [row for _, row in listed((), folder, kept)]


@pytest.fixture
def reads(monkeypatch):
    """Which files were read, by name."""
    seen = []
    for name in ("read_status", "last_row", "read_metrics", "read_findings", "read_config"):
        own = getattr(reading, name)
        monkeypatch.setattr(reading, name, lambda path, own=own: (seen.append(path), own(path))[1])
    return seen


def test_the_second_time_nothing_is_read(runs, reads):
    """The rows are the same as without an index, and the second time no file of a run is opened."""
    first = rows(runs)
    assert len(reads) > 30
    reads.clear()
    assert json.dumps([r.as_dict() for r in rows(runs)]) == json.dumps([r.as_dict() for r in first])
    assert reads == []
    assert json.dumps([r.as_dict() for r in rows(runs, index=False)]) == json.dumps([r.as_dict() for r in first])


def test_only_what_changed_is_read(runs, reads):
    """A run whose status is replaced within the same tick and with the same length is told anew; no other is read."""
    rows(runs)
    reads.clear()
    status = runs / "c-4" / "status.json"
    text = status.read_text()
    (runs / "c-4" / "new").write_text(text.replace('"value": 0.9', '"value": 0.8'))
    (runs / "c-4" / "new").replace(status)
    assert {row.name: row.best for row in rows(runs)}["c-4"] == 0.8
    assert {path.parent.name for path in reads} == {"c-4"}


def test_gone_and_new_runs(runs):
    """A run that is gone is gone, and a new one is there."""
    rows(runs)
    shutil.rmtree(runs / "a-3")
    make_run(runs, "d")
    names = {row.name for row in rows(runs)}
    assert "a-3" not in names
    assert "d-1" in names
    assert len(names) == 30


def test_choosing_and_comparing(runs, reads):
    """--where, --sort and --compare say the same with the index, and read nothing the second time."""

    def asked(index):
        records = [record for record, _ in listed((), runs, index)]
        chosen = selected(records, ["lr>0.1", "val_accuracy>0.6", "diagnosis=none"])
        ranked = [row.name for _, row in sorted_rows(records, "val_loss", brief=True)]
        return [record.name for record in chosen], ranked, differing(records)

    plain = asked(None)
    for want in (True, False):
        reads.clear()
        with Index(runs, fewest=0) as index:
            assert asked(index) == plain
        assert bool(reads) == want


def test_brief_rows(runs):
    """A brief row has each code once; a full one has every finding whole."""
    record = gather(["a-1"], runs)[0]
    assert [f["code"] for f in row_of(record).findings] == ["overfitting", "plateau", "plateau"]
    assert [f["code"] for f in row_of(record, brief=True).findings] == ["overfitting", "plateau"]
    with Index(runs, fewest=0) as index:
        assert listed((), runs, index, brief=False)[0][1].findings[0]["advice"] == "Add dropout, or stop earlier."
