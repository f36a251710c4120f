"""`components`, `explain` and `schema`: what the classes say of themselves, at any width."""

import json
import re

import pytest
from jsonschema import Draft7Validator

from trainlab.cli._glossary import TERMS
from trainlab.cli._pages import flowing, listing, page
from trainlab.core.component import find, names, registered
from trainlab.core.describe import describe
from trainlab.diagnose.monitor import Monitor
from trainlab.nn.layer import Layer

KINDS = ["data", "preprocess", "augment", "fault", "layer", "activation", "init", "loss", "model", "optimizer"]
KINDS += ["schedule", "regularizer", "monitor"]


def test_components_lists_every_kind(cli):
    """Without a kind all kinds are listed with the names of their components."""
    got = json.loads(cli("components", "--json").stdout)
    assert [kind for kind in KINDS if kind not in got] == []
    assert got["layer"] == names(Layer)
    text = cli("components").stdout
    assert [name for kind in KINDS for name in got[kind] if name not in text] == []


@pytest.mark.parametrize("kind", KINDS)
def test_components_of_a_kind(cli, kind):
    """With a kind each of its components has a line and a summary."""
    pages = json.loads(cli("components", kind, "--json").stdout)
    assert [page["name"] for page in pages if not page["summary"]] == []
    text = cli("components", kind).stdout
    assert [page["name"] for page in pages if f"\n  {page['name']} " not in f"\n{text}"] == []


def test_one_component(cli, monkeypatch):
    """With a name all about it: its docstring and each setting with its default, limits and help."""
    monkeypatch.setenv("COLUMNS", "80")
    got = cli("components", "layer", "dropout").stdout
    assert got.startswith("dropout (layer)\n\n")
    assert "\nSettings\n  drop: " in got
    assert cli("components", "dropout").stdout == got  # the kind may be left out
    (drop, *_) = json.loads(cli("components", "dropout", "--json").stdout)["settings"]
    assert (drop["name"], drop["limits"]) == ("drop", {"ge": 0, "lt": 1})


def test_activations_are_found_as_such(cli):
    """A name without its kind is found under its own kind."""
    assert cli("components", "relu").stdout.startswith("relu (activation)\n")


def test_explain_lists_all(cli):
    """Without a code every diagnosis has a line with its severity."""
    got = json.loads(cli("explain", "--json").stdout)
    assert [d["code"] for d in got] == names(Monitor)
    text = cli("explain").stdout
    assert [code for code in names(Monitor) if f"  {code} " not in text] == []


@pytest.mark.parametrize("cls", registered(Monitor), ids=lambda cls: cls.name)
def test_explain_one(cli, cls, monkeypatch):
    """Each page tells all of its parts, thresholds and how to silence it, within the terminal's width."""
    monkeypatch.setenv("COLUMNS", "60")
    got = cli("explain", cls.name).stdout
    assert got.startswith(f"{cls.name} ({cls.severity})\n")
    flat = " ".join(got.split())
    assert " ".join(describe(cls).summary.split()) in flat
    titles = ("What it looks like", "How it is measured", "What to do", "See it", "Source")
    assert [title for title in titles if f"\n\n{title}\n  " not in got] == []
    assert "Checked " in flat
    assert [f for f in cls.model_fields if f"\n  {f}: " not in got] == []
    assert got.endswith(f"\nTo silence it: monitors.off=[{cls.name}]\n")


def test_explain_gives_a_config(cli, tmp_path):
    """What `--config` prints is a config that is checked, and has the fault."""
    file = tmp_path / "dead.yaml"
    file.write_text(cli("explain", "dead-relu", "--config").stdout)
    got = cli("check", str(file), "--json")
    assert got.exit_code == 4
    assert "dead-relu" in [d["code"] for d in json.loads(got.stdout)["diagnoses"]]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["gradient-mismatch", "--config"], "no config shows gradient-mismatch: a bug in the code causes it, not "
         "a config"),
        (["--config"], "--config needs a CODE, and excludes --json"),
    ],
)  # fmt: skip
def test_explain_has_no_such_config(cli, words, text):
    """Without a code, and for what no config can cause, one sentence."""
    got = cli("explain", *words)
    assert (got.exit_code, got.stdout, got.stderr.strip()) == (2, "", text)


@pytest.mark.parametrize("term", TERMS)
def test_explain_a_term(cli, term):
    """Every term of the glossary has two sentences; `explain` prints them, with a dash for a space, too."""
    assert len(re.findall(r"\.(?= |$)", TERMS[term])) == 2
    got = cli("explain", term.replace(" ", "-"))
    assert (got.exit_code, " ".join(got.stdout.split())) == (0, f"{term} {TERMS[term]}")
    assert term in " ".join(cli("explain").stdout.split())


def test_a_term_as_json(cli):
    """--json has the term with its meaning."""
    assert json.loads(cli("explain", "Checkpoint", "--json").stdout) == {
        "term": "checkpoint",
        "meaning": TERMS["checkpoint"],
    }


def test_no_term_is_a_code():
    """A name has one page: no term of the glossary is also the code of a finding."""
    assert set(TERMS) & set(names(Monitor)) == set()
    assert list(TERMS) == sorted(TERMS)


def test_explain_takes_a_because(cli):
    """`code@step N`, as it stands in `because`, is found, too."""
    assert cli("explain", "diverged@step 40").stdout == cli("explain", "diverged").stdout


def test_schema_is_a_schema(cli):
    """`trainlab schema` prints a valid JSON Schema that takes a config and refuses a typo."""
    schema = json.loads(cli("schema").stdout)
    Draft7Validator.check_schema(schema)
    validator = Draft7Validator(schema)
    assert validator.is_valid({"data": "digits", "optimizer": {"name": "adam", "lr": 0.001}})
    assert not validator.is_valid({"data": "digits", "optimzer": "adam"})


@pytest.mark.parametrize("columns", [20, 39, 60, 99])
def test_pages_fit(columns):
    """No line is wider than asked, but for formulas and words that are longer than that."""
    conv = find(Layer, "conv")
    assert conv is not None
    lines = [*page(describe(conv), columns), *listing([("name", "a text of some words " * 5)], columns)]
    wide = [line for line in lines if len(line) > columns and len(line.split()) > 1 and not line.startswith("    ")]
    assert wide == []


def test_flowing():
    """Paragraphs are refilled, formulas and the source's line are kept."""
    text = "One\ntwo.\n\n    y = x\n    z = y\n\nThree.\nSource: a book."
    assert flowing(text, 40) == ["One two.", "", "    y = x", "    z = y", "", "Three.", "Source: a book."]
