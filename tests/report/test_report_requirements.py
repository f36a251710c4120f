"""`--require`: which rules are read, which pass, by how much a run misses one, and the errors."""

import json
import math

import pytest
from run_folders import OVERFITTING, PLATEAU, make_run
from test_report_command import trainlab

from trainlab.core.errors import UserError
from trainlab.report.requirements import check_all, check_lines, parse
from trainlab.report.rows import gather


def checked(runs, *texts):
    """Each requirement checked against the runs in a folder."""
    return check_all(parse(texts), gather([], runs))


@pytest.fixture
def runs(tmp_path):
    """One run: val_accuracy 0.1, 0.75, 0.5; val_loss 2, 1, 1.5; test accuracy 0.9375; a warning; 75 seconds."""
    make_run(tmp_path, "a", losses=(2.0, 1.0, 1.5), scores=(0.1, 0.75, 0.5), findings=[OVERFITTING])
    return tmp_path


@pytest.mark.parametrize(
    ("text", "passed", "value", "missed", "message"),
    [
        ("val_accuracy>=0.75", True, 0.75, None, "val_accuracy>=0.75: 0.75, with 0 to spare"),
        ("val_accuracy>0.75", False, 0.75, 0.0, "val_accuracy>0.75: 0.75, missed by 0"),
        ("val_accuracy >= 0.97", False, 0.75, 0.22, "val_accuracy >= 0.97: 0.75, missed by 0.22"),
        ("best_val_accuracy>=70%", True, 0.75, None, "best_val_accuracy>=70%: 0.75, with 0.05 to spare"),
        ("last_val_accuracy>=0.7", False, 0.5, 0.2, "last_val_accuracy>=0.7: 0.5, missed by 0.2"),
        ("val_loss<=1", True, 1.0, None, "val_loss<=1: 1, with 0 to spare"),
        ("last_val_loss<1e0", False, 1.5, 0.5, "last_val_loss<1e0: 1.5, missed by 0.5"),
        ("test_accuracy>0.9", True, 0.9375, None, "test_accuracy>0.9: 0.9375, with 0.0375 to spare"),
        ("test.loss<0.25", False, 0.25, 0.0, "test.loss<0.25: 0.25, missed by 0"),
        ("seconds<60", False, 75.0, 15.0, "seconds<60: 75, missed by 15"),
        ("epoch>=2", True, 2.0, None, "epoch>=2: 2, with 0 to spare"),
        ("epoch==2", True, 2.0, None, "epoch==2: 2"),
        ("epoch!=2", False, 2.0, 0.0, "epoch!=2: 2, missed by 0"),
        ("state==finished", True, "finished", None, "state==finished: it is finished"),
        ("status=diverged", False, "finished", None, "status=diverged: it is finished"),
        ("state != diverged", True, "finished", None, "state != diverged: it is finished"),
        ("no error", True, [], None, "no error: none"),
        ("no warning", False, ["overfitting"], None, "no warning: found overfitting"),
        ("no info", False, ["overfitting"], None, "no info: found overfitting"),
        ("no overfitting", False, ["overfitting"], None, "no overfitting: found overfitting"),
        ("no dead-relu", True, [], None, "no dead-relu: none"),
        ("val_r2>0", False, None, None, "val_r2>0: the run has no val_r2"),
        ("train_accuracy>0", False, None, None, "train_accuracy>0: the run has no train_accuracy"),
    ],
)
def test_what_passes(runs, text, passed, value, missed, message):
    """Best, last and test values, time, state and findings are compared as written, with the margin of a miss."""
    (check,) = checked(runs, text)
    assert (check.passed, check.value, check.message) == (passed, value, message)
    assert check.missed == (None if missed is None else pytest.approx(missed, abs=1e-12))


def test_severities(tmp_path):
    """`no warning` forbids errors, too, but not advice."""
    make_run(tmp_path, "a", findings=[PLATEAU])
    make_run(tmp_path, "b", findings=[{**PLATEAU, "code": "diverged", "severity": "error"}])
    passed = [check.passed for check in checked(tmp_path, "no error", "no warning", "no info")]
    assert passed == [True, True, False, False, False, False]


def test_nan_never_passes(tmp_path):
    """A nan fails every requirement."""
    make_run(tmp_path, "a", test={"loss": math.nan})
    assert [check.passed for check in checked(tmp_path, "test_loss<1", "test_loss>=0", "test_loss!=0")] == [False] * 3


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("val_acuracy>=0.9", "no run has `val_acuracy`; did you mean `val_accuracy`? There are epoch, "),
        ("beauty>1", "no run has `beauty`; There are epoch, grad_norm, lr, reg_loss, seconds, state, step, "),
        ("no overfiting", "there is no finding of this name; did you mean `no overfitting`?"),
        ("val_loss<fast", "`fast` is not a number; expected METRIC>=NUMBER"),
        ("val_loss<nan", "`nan` is not a number; expected METRIC>=NUMBER"),
        ("val_loss", "expected METRIC>=NUMBER (or > <= < == !=), `state==finished`, or `no error`, `no warning`, "),
        ("no", "expected METRIC>=NUMBER"),
        ("", "expected METRIC>=NUMBER"),
        ("state==finnished", "expected state== or state!= running, finished, "),
        ("state>finished", "expected state== or state!= running, finished, "),
    ],
)
def test_mistakes(runs, text, want):
    """An unknown name is an error with the nearest name, or with what is allowed."""
    with pytest.raises(UserError) as caught:
        checked(runs, text)
    assert str(caught.value).startswith(f"--require {text}: {want}")


def test_the_lines(tmp_path):
    """Failed checks come first, and the last line counts."""
    make_run(tmp_path, "a")
    make_run(tmp_path, "b", scores=(0.1, 0.2, 0.5))
    assert check_lines(checked(tmp_path, "val_accuracy>0.7", "no error")) == [
        "FAILED  b-1: val_accuracy>0.7: 0.5, missed by 0.2",
        "passed  a-1: val_accuracy>0.7: 0.75, with 0.05 to spare",
        "passed  a-1: no error: none",
        "passed  b-1: no error: none",
        "1 of 4 requirements failed",
    ]
    assert check_lines(checked(tmp_path, "no error"))[-1] == "all 2 requirements passed"


def test_the_command(runs):
    """Exit code 4 if a check fails, 0 if all pass, 2 for a wrong rule; in text, JSON, Markdown and beside CSV."""
    code, out, err = trainlab("a-1", "--runs", runs, "--require", "val_accuracy>=0.97", "--require", "no error")
    assert (code, err) == (4, "")
    assert out.splitlines()[-3:] == [
        "FAILED  a-1: val_accuracy>=0.97: 0.75, missed by 0.22",
        "passed  a-1: no error: none",
        "1 of 2 requirements failed",
    ]
    assert trainlab("--runs", runs, "--require", "val_accuracy>=0.7")[0] == 0
    code, out, err = trainlab("--runs", runs, "--require", "val_accuracy>=0.97", "--json")
    assert (code, err) == (4, "")
    (check,) = json.loads(out)[0]["requirements"]
    assert (check["met"], check["value"], check["require"]) == (False, 0.75, "val_accuracy>=0.97")
    code, out, _ = trainlab("--runs", runs, "--require", "val_accuracy>=0.97", "--markdown")
    assert code == 4
    assert "| **failed** | `a-1` | val_accuracy\\>=0.97: 0.75, missed by 0.22 |" in out
    code, _, err = trainlab("--runs", runs, "--require", "val_accuracy>=0.97", "--csv", "-")
    assert (code, err.splitlines()[-1]) == (4, "1 of 1 requirements failed")
    code, out, err = trainlab("--runs", runs, "--require", "val_acc>1")
    assert (code, out) == (2, "")
    assert trainlab("--runs", runs, "--where", "seed=7", "--require", "no error") == (
        2,
        "",
        "--require no error: there is no run to check\n",
    )
