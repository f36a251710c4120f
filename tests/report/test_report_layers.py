"""One run on a terminal and in Markdown: its layers, its findings by code, in any width, as text."""

import re
import unicodedata

import pytest
from markdown_it import MarkdownIt
from run_folders import OVERFITTING, PLATEAU, make_run

from trainlab.report.findings import grouped
from trainlab.report.layers import layer_table, layers_of
from trainlab.report.markdown import run_markdown, runs_markdown
from trainlab.report.rows import row_of
from trainlab.report.summary import summary
from trainlab.store.checkpoint import save
from trainlab.store.reading import read_run

DEAD = {
    "code": "dead-relu",
    "severity": "warning",
    "epoch": 1,
    "step": 20,
    "layer": "relu1",
    "message": "71 % of the units are dead.",
    "because": ["lr-too-high@step 4"],
    "advice": "Lower the learning rate.",
    "patches": [{"optimizer.lr": 1e-3}, {"model.hidden": [64, 32]}],
}


@pytest.fixture
def run(tmp_path):
    """A run with two dense layers and a relu that dies."""
    import numpy as np

    findings = [DEAD, {**DEAD, "layer": "relu2"}, PLATEAU, OVERFITTING, {**DEAD, "severity": "error", "code": "bad"}]
    folder = make_run(tmp_path, findings=findings)
    lines = ["step,layer,quantity,value"]
    for step, ratio in ((10, 0.004), (20, 0.002), (30, 1e-9)):
        lines += [f"{step},dense1,std,1.5", f"{step},dense1,grad_norm,0.25", f"{step},dense1,update_ratio,{ratio}"]
        lines += [f"{step},relu1,std,0.5", f"{step},relu1,dead,{step / 40}", f"{step},relu1,bin00,0.5"]
    folder.layers.write_text("\n".join([*lines, "40,dense1,std"]))  # the last row is torn
    arrays = {"dense1.W": np.zeros((64, 128)), "dense1.b": np.zeros(128), "batch_norm1.mean": np.zeros(3)}
    save(folder.checkpoints / "last.safetensors", arrays, {})
    return folder.path


def test_the_table(run):
    """Each layer has its parameters, its last spread and dead share, the middle update ratio, and what was found."""
    assert layer_table(read_run(run), width=80) == [
        "layer   parameters  out std  dead  grad norm  update:weight  findings",
        "dense1       8,320      1.5             0.25          0.002",
        "relu1                   0.5  75 %                            dead-relu, bad",
    ]
    assert [layer.as_dict()["update_ratio"] for layer in layers_of(read_run(run))] == [0.002, None]


def test_columns_go(run):
    """At 40 columns the name, the dead share and the update ratio stay: what was found is told below."""
    lines = layer_table(read_run(run), width=40)
    assert max(map(len, lines)) <= 40
    assert lines[0].split() == ["layer", "dead", "update:weight"]


def test_damaged_layers(run):
    """A layers.csv that is none, or has rows that are none, spoils nothing."""
    path = run / "layers.csv"
    for text in (
        "",
        "a,b\n1,2\n",
        "\0" * 5_000,
        "step,layer,quantity,value\n1,2\nx,y,dead,much\n\xff\n",
    ):
        path.write_bytes(text.encode("latin-1"))
        assert layer_table(read_run(run), width=80) == []
    path.unlink()
    assert layers_of(read_run(run)) == []


def test_findings_by_code(run):
    """Each code once, errors first, then what nothing else led to; patches are ready for a shell."""
    groups = grouped(read_run(run).findings)
    assert [(g.severity, g.code, g.times) for g in groups] == [
        ("error", "bad", 1),
        ("warning", "dead-relu", 2),
        ("warning", "overfitting", 1),
        ("info", "plateau", 1),
    ]
    assert (groups[1].layers, groups[1].place) == (("relu1", "relu2"), "epoch 1, step 20, 2 times")
    assert groups[1].patches == ("optimizer.lr=0.001", "'model.hidden=[64, 32]'")


@pytest.mark.parametrize("width", [12, 20, 40, 60, 80, 120])
def test_no_line_is_too_wide(run, width):
    """Whatever the width, every line fits but for patches, which users copy; in ASCII there is nothing else."""
    for ascii_only in (False, True):
        lines = summary(read_run(run), width=width, ascii_only=ascii_only)
        fitted = [line for line in lines if not line.startswith("  try ")]
        cells = [len(line) + sum(unicodedata.east_asian_width(c) in "WF" for c in line) for line in fitted]
        assert max(cells) <= max(width, 12) or width < 20  # a single word may be longer than a tiny terminal
        assert not ascii_only or "".join(lines).isascii()


def test_colour_adds_nothing(run):
    """With colors the text is the same as without: no meaning is in a color alone."""
    plain, colored = summary(read_run(run)), summary(read_run(run), color=True)
    assert "\x1b[" not in "".join(plain)
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in colored] == plain
    assert "error bad (epoch 1, step 20)" in plain


def test_markdown_of_one_run(run):
    """GitHub reads it as a heading, tables, a list of findings with their prescriptions, and folded layers."""
    record = read_run(run)
    text = run_markdown(record, row_of(record))
    assert text.startswith("### trainlab: `digits-1`\n\ndigits-1 finished after 2 epochs in 1 min 15 s")
    assert "\n- **warning** `dead-relu` (epoch 1, step 20, 2 times): 71 % of the units are dead.\n" in text
    assert "\n  - try `'model.hidden=[64, 32]'`\n" in text
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = [token.type for token in tokens]
    assert kinds.count("table_open") == 2
    assert kinds.count("bullet_list_open") >= 4
    assert "heading_open" in kinds


def test_markdown_of_many_runs(run):
    """Many runs are one table, with the findings of the sick ones below."""
    other = make_run(run.parent, "well")
    records = [read_run(run), read_run(other.path)]
    text = runs_markdown(records, [row_of(r) for r in records], {"a|b": ["1|2", "3"]})
    table = next(t for t in MarkdownIt("commonmark").enable("table").parse(text) if t.type == "table_open")
    assert table.map == [0, 4]
    assert "<code>a&#124;b</code>" in text
    assert "#### `digits-1`" in text
    assert "#### `well-1`" not in text
