"""`monitors.stop_on: [error]`: any finding of that severity ends a run."""

import pytest

from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.training.experiment import read_plain
from trainlab.training.monitoring import MonitorRunner


def test_an_error_stops_and_a_warning_does_not():
    """Whatever its code; without the word only the codes that are listed stop."""
    mild = Finding("dead-relu", "warning", "", "", 0, 0)
    grave = Finding("bad-values", "error", "", "", 0, 0)
    assert MonitorRunner([], ["error"], [mild]).stopping() is None
    assert MonitorRunner([], ["error"], [mild, grave]).stopping() is grave
    assert MonitorRunner([], ["diverged"], [mild, grave]).stopping() is None


def test_the_word_is_known_where_codes_stop_a_run_only():
    """`stop_on` takes it, `off` does not."""
    monitors = read_plain({"data": "moons", "monitors": {"stop_on": ["diverged", "error"]}}).value.monitors
    assert monitors.stop_on == ["diverged", "error"]
    with pytest.raises(UserError, match=r"monitors\.off\.0: unknown monitor `error`"):
        read_plain({"data": "moons", "monitors": {"off": ["error"]}})
