"""Text that would do something if a terminal, a page or GitHub took it for its own stays text, in every command."""

import json
import shutil

import pytest

ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e"
MARKUP = "<img src=x onerror=alert(1)> [x](javascript:1) @everyone #1"
NAME = f"{MARKUP}{ESCAPE}-1"
SHOWN = "\\x1b]0;owned\\x07\\x1b[2J\\u202e"

CONFIG = {
    "name": f"<script>alert(1)</script>{ESCAPE}",
    "description": f"</script><script>alert(1)</script>{ESCAPE}",
    "data": {"name": "csv", "path": f"evil{ESCAPE}.csv", "target": f"label{ESCAPE}", "preprocess": ["standardize"]},
    "model": {"name": "mlp", "hidden": [4]},
    "train": {"epochs": 2, "batch_size": 16},
}
FINDING = {
    "code": f"dead-{ESCAPE}",
    "severity": f"warning{ESCAPE}",
    "epoch": 1,
    "step": 2,
    "layer": f"relu{ESCAPE}",
    "message": f"{MARKUP}{ESCAPE}",
    "evidence": {ESCAPE: ESCAPE},
    "because": [f"x@step {ESCAPE}"],
    "advice": f"{MARKUP}{ESCAPE}",
    "patches": [{f"model.{ESCAPE}": ESCAPE}],
}


@pytest.fixture
def evil(folder, cli):
    """A run whose name, data, classes, columns, config, reason and findings are all hostile; and a copy of it."""
    classes = [f"<b>{ESCAPE}", f"=cmd|' /C calc'!A0{ESCAPE}"]
    rows = [f'{i % 7 / 7},{(i * 3) % 5 / 5},"{classes[(i % 7 > 3) ^ (i % 11 == 0)]}"' for i in range(120)]
    text = "\n".join([f"a{ESCAPE},b,label{ESCAPE}", *rows, ""])
    (folder / f"evil{ESCAPE}.csv").write_text(text, encoding="utf-8")
    (folder / "evil.yaml").write_text(json.dumps(CONFIG), encoding="utf-8")
    made = cli("train", "evil.yaml")
    assert made.exit_code == 0, made.output
    assert_text_only(made)
    (trained,) = (folder / "runs").iterdir()
    run = trained.rename(folder / "runs" / NAME)
    with (run / "diagnoses.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(FINDING) + "\n")
    status = json.loads((run / "status.json").read_text(encoding="utf-8"))
    status["reason"] = f"{MARKUP}{ESCAPE}"
    (run / "status.json").write_text(json.dumps(status), encoding="utf-8")
    with (run / "layers.csv").open("a", encoding="utf-8") as file:
        file.write(f"6,relu{ESCAPE},dead,0.5\n")
    other = folder / "runs" / "other-1"
    shutil.copytree(run, other)
    config = (other / "config.yaml").read_text(encoding="utf-8")
    (other / "config.yaml").write_text(config.replace("seed: 0", f'seed: "{MARKUP}"', 1), encoding="utf-8")
    return run


def assert_text_only(result):
    """No character that a terminal obeys is in what a command printed."""
    for text in (result.stdout, result.stderr):
        assert [c for c in text if not c.isprintable() and c not in "\n\t"] == [], text


COMMANDS = [
    ["report"],
    ["report", NAME],
    ["report", "--compare"],
    ["report", "--sort", "val_accuracy", "--where", "epoch>0"],
    ["report", "--group-by", "config"],
    ["report", "--group-by", "name"],
    ["report", NAME, "--require", "no error", "--require", "val_accuracy>2"],
    ["report", NAME, "--require", f"{ESCAPE}>2"],
    ["report", f"none{ESCAPE}"],
    ["report", "--where", f"{ESCAPE}=1"],
    ["report", "--sort", ESCAPE],
    ["report", "--group-by", ESCAPE],
    ["report", NAME, "--markdown"],
    ["report", "--markdown", "--compare", "--require", "no error"],
    ["report", "--markdown", "--group-by", "config"],
    ["report", "--json"],
    ["report", NAME, "--json"],
    ["report", NAME, "--svg", "pictures"],
    ["diff", NAME, "other-1"],
    ["evaluate", NAME],
    ["evaluate", NAME, "--json"],
    ["diagnose", f"runs/{NAME}"],
    ["fix", NAME, "--json"],
    ["train", "--resume", f"runs/{NAME}", "train.epochs=3"],
    ["train", "--resume", f"runs/{NAME}", "train.epochs=4", "--json"],
    ["check", "evil.yaml"],
    ["lr-range", "evil.yaml", "--steps", "30"],
    ["ensemble", NAME, "other-1"],
    ["report", NAME, "--html", "page.html"],
    ["serve", f"runs/{NAME}"],
    ["explain", f"dead-{ESCAPE}"],
]


@pytest.mark.parametrize(
    "command", COMMANDS, ids=lambda command: " ".join(command).encode("ascii", "ignore").decode()[:40]
)
def test_no_escape_sequence_gets_through(evil, cli, command):
    """Whatever a run, a config, a table or the command line says, nothing of it reaches the terminal as a command."""
    assert_text_only(cli(*command))


def test_it_is_shown_instead(evil, cli):
    """The text is there, spelled out."""
    assert SHOWN in cli("report", NAME).stdout
    assert SHOWN in cli("report", NAME, "--markdown").stdout


def test_csv_is_data(evil, cli):
    """The CSV has the names as they are, for programs, with the line breaks of the table only."""
    out = cli("report", "--csv", "-").stdout
    assert NAME in out
    assert len(out.splitlines()) == 3


def test_markdown_is_text(evil, cli):
    """GitHub's Markdown makes no markup, link, image or code of it that is not ours."""
    from markdown_it import MarkdownIt

    for command in (["report", NAME, "--markdown"], ["report", "--markdown", "--compare"]):
        tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(cli(*command).stdout)
        flat = [token for block in tokens for token in (block.children or [block])]
        ours = ("<details><summary>Layers</summary>", "</details>", "<code>", "</code>", "<!-- -->")
        html = [token.content.strip() for token in flat if token.type in ("html_inline", "html_block")]
        assert [text for text in html if text not in ours] == []
        assert [token.type for token in flat if token.type in ("link_open", "image")] == []
        assert [t.content for t in flat if t.type == "text" and ("@everyone" in t.content or "#1" in t.content)] == []


def test_pages_are_text(evil, cli, folder):
    """The pages that are served hold no element that is not ours."""
    from trainlab.report.html.run_page import run_page
    from trainlab.report.rows import gather, row_of
    from trainlab.report.serve.front_page import front_page
    from trainlab.report.serve.listing import Listing
    from trainlab.report.serve.view import View

    records = gather([], folder / "runs")
    listing = Listing(folder, [row_of(r) for r in records], [NAME], [NAME], "", 0.0, 0.0)
    for page in (run_page(records[0]), front_page(NAME, listing, View(), "")):
        for piece in ("<img src=x", "<script>alert", "</script><script>alert", "\x1b", "\x07", "\u202e"):
            assert piece not in page
