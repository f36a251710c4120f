"""`sweep.max_failed`: a sweep ends early when too many of its trials fail."""

from sweep_stub import Stub, space_of, swept

from trainlab.search.callbacks import SweepCallback


class Noted(SweepCallback):
    """Keeps the notes."""

    def __init__(self):
        super().__init__()
        self.notes = []

    def on_note(self, text):
        """Keep it."""
        self.notes.append(text)


def test_it_ends_when_too_many_trials_fail(tmp_path):
    """With max_failed: 1 the second crash ends the sweep with exit code 3; resumed, without crashes, it goes on."""
    space, told = space_of(trials=8, max_failed=1), Noted()
    summary = swept(tmp_path, space, Stub(crashes=5), told)
    assert summary.counts["failed"] == 2
    assert summary.exit_code == 3
    assert told.notes == ["2 trials have failed, more than sweep.max_failed: 1; the sweep stops"]
    again = swept(tmp_path, space_of(trials=8, max_failed=1), Stub())
    assert (sum(again.counts.values()), again.counts.get("failed"), again.exit_code) == (8, None, 0)


def test_it_is_off_by_default(tmp_path):
    """Without it, all trials are tried."""
    summary = swept(tmp_path, space_of(trials=6), Stub(crashes=5))
    assert (sum(summary.counts.values()), summary.counts["failed"]) == (6, 5)
