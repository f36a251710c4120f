"""Curves in a terminal: right in shape, proof against nan, of any width, in braille or in ASCII."""

import math

import pytest
from run_folders import OVERFITTING, PLATEAU, make_run

from trainlab.report.curve import curve, sparkline
from trainlab.report.summary import summary
from trainlab.store.reading import read_run


def test_sparkline():
    """Lowest and highest value have the lowest and highest block; a broken value is a `!`, an absent one nothing."""
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([5, 4, 3, 2, 1, 0], ascii_only=True) == "#^=-._"
    assert sparkline([1.0, math.nan, math.inf, None, 2.0]) == "▁!!█"
    assert sparkline([3.0, 3.0]) == "▁▁"
    assert sparkline([]) == ""
    assert sparkline([None, math.nan]) == "!"


def test_sparkline_of_many():
    """Many values are averaged into the width; a broken one is not averaged away."""
    assert sparkline([0, 0, 7, 7], 2) == "▁█"
    values = [float(i) for i in range(1000)]
    assert len(sparkline(values, 13)) == 13
    values[500] = math.nan
    assert sparkline(values, 10).index("!") == 5


def test_the_whole_chart():
    """The first series is a line, the second marks; axes are labelled with the values at their ends."""
    losses = {"train_loss": [3, 2, 1], "val_loss": [3, 3, 2]}
    assert curve(losses, [0, 1, 2], width=30, height=5, ascii_only=True) == [
        ". train_loss   o val_loss",
        "3 |o...         o",
        "  |    ......",
        "2 |          .......         o",
        "  |                 ......",
        "1 |                       ....",
        "   0          epoch          2",
    ]


def test_the_legend_is_never_cut():
    """Where the legend is wider than the chart, it has several lines."""
    losses = {"train_loss": [100, 10, 1], "val_loss": [100, 20, 10]}
    got = curve(losses, [0, 1, 2], width=26, height=3, ascii_only=True)
    assert got[:2] == [". train_loss   o val_loss", "(log scale)"]
    assert len(got) == 6


def test_texts_at_the_ends():
    """The ends of the x-axis can have texts of their own."""
    got = curve({"loss": [2, 1]}, [-3, 1], width=30, height=2, ascii_only=True, x_name="rate", ends=("1e-3", "10"))
    assert got[-1].split() == ["1e-3", "rate", "10"]


def test_braille():
    """In braille a cell has 2 x 4 dots: a rising line goes from the lowest left to the highest right."""
    got = curve({"loss": [1, 2]}, [0, 1], width=8, height=2)
    assert got == ["⠒ loss", "2 │  ⢀⠤⠊", "1 │⡠⠒⠁", "   0   1"]
    assert ord(got[2][3]) & 0x40
    assert ord(got[1][-1]) & 0x08


def test_log_scale():
    """Values that span two decades are drawn on a logarithmic axis, so that an exponential is a straight line."""
    assert curve({"loss": [100, 10, 1]}, [0, 1, 2], width=26, height=3, ascii_only=True) == [
        ". loss   (log scale)",
        "100 |......",
        " 10 |      .........",
        "  1 |               ......",
        "     0       epoch       2",
    ]
    for values in ([99, 10, 1], [100, 10, 0], [100, 10, -1]):
        assert curve({"loss": values}, [0, 1, 2], width=40)[0] == "⠒ loss"


def test_broken_values():
    """A nan or an infinity is a `!` in the top line, and leaves a gap in the line instead of an error."""
    losses = {"loss": [1.0, 2.0, math.nan, math.inf, 1.0]}
    assert curve(losses, [0, 1, 2, 3, 4], width=22, height=4, ascii_only=True) == [
        ". loss",
        "    2 |    .  !  !",
        "      |   .",
        "1.333 | ..",
        "    1 |.             .",
        "       0    epoch    4",
    ]


@pytest.mark.parametrize("values", [
    [], [None], [1.0], [0.0], [5e-324], [-1.7e308, 1.7e308], [1e308, 1.0], [math.nan], [math.inf, 1.0], [-3.0, -3.0],
    [None, 1.0, None, 2.0], [1e-300, 1e300], [float(i) for i in range(5000)],
])  # fmt: skip
@pytest.mark.parametrize("width", [1, 10, 40, 80])
def test_any_values_in_any_width(values, width):
    """Whatever the values, there is a chart or a word, and no line is wider than the terminal."""
    for ascii_only in (False, True):
        lines = curve({"a": values, "b": values}, list(range(len(values))), width=width, ascii_only=ascii_only)
        assert lines
        assert max(map(len, lines)) <= width
        assert not ascii_only or "".join(lines).isascii()


def test_summary(tmp_path):
    """One run is told in a sentence, its curve, and its diagnoses with cause, advice and what to type."""
    folder = make_run(tmp_path, findings=[OVERFITTING, PLATEAU], reason="val_loss did not improve")
    lines = summary(read_run(folder.path), width=78, ascii_only=True)
    assert lines[:4] == [
        "digits-1 finished after 2 epochs in 1 min 15 s (started 2026-11-21 14:03):",
        "val_loss did not improve. Best val_accuracy 0.75 in epoch 2. Test: loss 0.25,",
        "accuracy 0.9375. Findings: 1 warning, 1 piece of advice; the first is",
        "overfitting.",
    ]
    assert lines[5] == ". train_loss   o val_loss"
    assert lines[-8:] == [
        "warning overfitting (epoch 2, step 20)",
        "  Validation loss rises while training loss falls.",
        "  because of lr-too-high@step 4",
        "  Add dropout, or stop earlier.",
        "  try model.dropout=0.3",
        "  try regularization.l2=0.001",
        "",
        "info plateau (epoch 1, step 10)",
    ]


def test_summary_of_a_healthy_and_of_a_broken_run(tmp_path):
    """A healthy run is called so; of a damaged one is told what there is, and what is wrong."""
    healthy = make_run(tmp_path)
    assert "No problems found." in " ".join(summary(read_run(healthy.path)))
    healthy.status.unlink()
    healthy.metrics.write_text("epoch\nx,y\n")
    assert summary(read_run(healthy.path)) == [
        "digits-1 is half-written: it has no status.",
        "",
        "could not be read: no status.json; metrics.csv: 2 cells in the last row, but the",
        "header has 1; metrics.csv:2: 2 cells in a row, but the header has 1",
    ]
    healthy.diagnoses.write_text('{"code": 5, "patches": 3, "because": "x", "epoch": "nan", "message": null}\n')
    assert summary(read_run(healthy.path), width=10)


def test_a_run_that_blew_up_does_not_stretch_the_curve():
    """What lies above ten times the first loss is at the upper edge, and the legend says so; other curves are whole."""
    losses = {"train_loss": [2.0, 1e12, 3.0, 1.0], "val_loss": [2.1, float("nan"), 2.0, 1.5]}
    lines = curve(losses, range(4), width=60, losses=True)
    assert lines[0] == "⠒ train_loss   o val_loss   (cut at 20)"
    assert (lines[1].split()[0], lines[-2].split()[0]) == ("20", "1")
    assert curve(losses, range(4), width=60)[1].split()[0] == "1e+12"
