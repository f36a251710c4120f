"""What a notebook shows of a stranger's run or sweep: their texts, never their HTML."""

from hostile import EVIL, TEXTS, hostile_run, hostile_sweep

from trainlab.report.html.summaries import run_html, sweep_html
from trainlab.report.sweep_record import SweepRecord
from trainlab.store.reading import read_run


def test_texts_are_escaped(tmp_path):
    """Names, messages and values are shown as text."""
    html = run_html(read_run(hostile_run(tmp_path).path)) + sweep_html(SweepRecord(hostile_sweep(tmp_path)))
    assert "&lt;script&gt;" in html
    assert [text for text in (EVIL, *TEXTS[:3]) if text in html] == []


def test_an_empty_folder_is_shown(tmp_path):
    """A run that has only begun, and a sweep without trials, are shown by their names."""
    (tmp_path / "new-1" / "checkpoints").mkdir(parents=True)
    (tmp_path / "new-sweep-1" / "trials").mkdir(parents=True)
    assert "new-1" in run_html(read_run(tmp_path / "new-1"))
    assert "no trial has ended yet" in sweep_html(SweepRecord(tmp_path / "new-sweep-1"))
