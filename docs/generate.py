"""Writes the pages of this folder that are made from the classes: `make docs`. A test compares them."""

import json
import re
from pathlib import Path

from trainlab.cli._glossary import glossary
from trainlab.cli._reference import reference as commands
from trainlab.cli.main import COMMANDS
from trainlab.core.component import registered
from trainlab.core.describe import describe
from trainlab.core.reference import reference as settings
from trainlab.core.schema import json_schema
from trainlab.diagnose.confidence import counted
from trainlab.diagnose.finding import SEVERITIES
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.page import page_of
from trainlab.search.experiment import SweepExperiment
from trainlab.tools.zoo.examples import examples

_WHEN = {"start": "before the first step", "steps": "while training", "epoch": "after an epoch", "end": "at the end"}
_LLMS = """# trainlab

> trainlab trains small neural networks from one YAML file, watches the training, says what is wrong with it and what to
> change, and writes a run folder that other programs can read.

Every command that prints has `--json`. `trainlab mcp` offers runs and findings as read-only tools. `trainlab schema`
prints the JSON Schema of a config ([trainlab.schema.json](trainlab.schema.json)). Exit codes: 0 finished, 1 a
bug in trainlab, 2 wrong usage, config or data, 3 training failed, 4 a check or `--fail-on` found something, 130
interrupted (`trainlab train --resume RUN` goes on).
"""
_DIAGNOSES = """# Findings

A finding is to training what a lint rule is to code: a stable code, a severity, a message, the measured evidence, and
a suggested patch of the config. A run's findings are in its `diagnoses.jsonl`, one per line.

- **error**: as configured, this run is worthless.
- **warning**: it will end clearly worse than it could.
- **info**: advice.

When a run has ended, its findings are put in order: those without a cause among the others come first, of these what
was read from the config, then the most confident. At most three are told; the others are folded. The **confidence**
of a warning is the share of the zoo's runs with this finding in which it named the fault. **Withdrawn** is a finding
of the start or the middle of a run that then ended well: at least four fifths of the way from chance to perfect, not
behind a simple rule, and no longer rising. It stays in the file as history, with the reason and the severity `info`.

A healthy run gets no warning and no error. The thresholds are settings: `monitors: {overfitting: {rise: 1.5}}` changes
one, `monitors: {off: [overfitting]}` turns a monitor off, and `monitors: {stop_on: [diverged]}` lists the codes that
stop a run.

| code | severity | checked | what it means |
|---|---|---|---|
"""


def pages() -> dict[str, str]:
    """The text of every generated page, by file name."""
    return {
        "cli.md": commands(),
        **settings(SweepExperiment),
        "diagnoses.md": _diagnoses(),
        "glossary.md": glossary(),
        "llms.txt": _llms(),
        "trainlab.schema.json": json.dumps(json_schema(SweepExperiment), indent=1, ensure_ascii=False) + "\n",
    }


def _llms() -> str:
    """What there is to read, for programs: the pages as the README lists them, and the commands. See llmstxt.org."""
    readme = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[docs/([\w-]+)\.md\]\(docs/[\w-]+\.md\) \| (.*) \|$", readme, re.MULTILINE)
    bare = [(name, re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)) for name, text in rows]
    pages = "\n".join(f"- [{name}]({name}.md): {text}" for name, text in bare)
    known = "\n".join(f"- [trainlab {name}](cli.md#trainlab-{name}): {text}" for name, text in COMMANDS.items())
    return f"{_LLMS}\n## Pages\n\n{pages}\n\n## Commands\n\n{known}\n"


def _diagnoses() -> str:
    """A row per monitor, then its whole text."""
    monitors = sorted(registered(Monitor), key=lambda m: (-SEVERITIES.index(m.severity), m.name))
    rows = [
        f"| [`{m.name}`](#{m.name}) | {m.severity} | {' and '.join(_WHEN[w] for w in m.when)} | {_cell(m)} |"
        for m in monitors
    ]
    return _DIAGNOSES + "\n".join(rows) + "\n" + "".join(_monitor(m) for m in monitors)


def _monitor(monitor: type[Monitor]) -> str:
    """All parts of a monitor's page."""
    page, shown = page_of(monitor), examples(monitor.name)
    picture = "\n".join(f"    {line}".rstrip() for line in page.picture.splitlines())
    file = f"{monitor.name}.yaml"
    see = (
        f"**To see it:** `trainlab explain {monitor.name} --config > {file}`, then "
        f"`trainlab {shown[0].command} {file}` (`{shown[0].name}` of the zoo)."
        if shown
        else f"**To see it:** no config shows it: {monitor.unshown}."
    )
    parts = [
        f"## {monitor.name}",
        page.meaning,
        picture,
        f"**How it is measured.** {page.measured}",
        f"**What to do.** {page.todo}",
        *([f"**How sure it is.** {counted(monitor.name)}"] if counted(monitor.name) else []),
        see,
        f"**Source.** {page.source}",
    ]
    return "".join(f"\n{part}\n" for part in parts)


def _cell(monitor: type[Monitor]) -> str:
    return describe(monitor).summary.replace("|", "\\|")


if __name__ == "__main__":
    folder, made = Path(__file__).parent, pages()
    for name, text in made.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for gone in {*folder.glob("settings/*.md")} - {folder / name for name in made}:
        gone.unlink()
