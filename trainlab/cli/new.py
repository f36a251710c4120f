"""`trainlab new`: a commented config to start from. A template is a file in `templates`; its stem is its name."""

import re
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.store.plain_yaml import read_config
from trainlab.store.writing import write_output
from trainlab.tools.draft import draft_config

DEFAULT = "mlp"


def new(
    template: Annotated[
        str, typer.Argument(metavar="TEMPLATE", help="One of mlp, cnn, regression, sweep, csv, tabular.")
    ] = DEFAULT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")] = False,
    table: Annotated[
        str | None,
        typer.Option("--from", metavar="TABLE", help="For csv and tabular: inspect this table and write its settings."),
    ] = None,
    target: Annotated[str | None, typer.Option(metavar="COLUMN", help="With --from: the column to predict.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the config, or the file's name, as JSON.")] = False,
) -> None:
    """Write a commented config to start from: mlp (the default), cnn, regression, sweep, csv or tabular.

    With --from, trainlab inspects a table (CSV, Parquet, Excel, ...) and writes the config that reads it: columns to
    drop, number formats, missing values and the task, each with its reason. csv shows an MLP whose every setting is
    written out, tabular has the settings that do best on tables.

    Examples:
        trainlab new -o my.yaml
        trainlab new cnn -o cnn.yaml
        trainlab new csv --from people.csv --target income -o people.yaml
        trainlab new tabular --from people.csv --target income -o people.yaml
    """
    with _terminal.answering(as_json):
        text = _drafted(template, table, target)
        if output is not None:
            if output.is_file() and not force:
                raise UserError(f"{output}: exists already; --force overwrites it")
            text = _named(text, output.stem)
            write_output(output, text.encode())
    if as_json:
        _terminal.emit({"template": template, "file": None if output is None else str(output), "config": text})
    elif output is None:
        _terminal.put(text.rstrip("\n"))
    else:
        command = "sweep" if template == "sweep" else "train"
        lost: list[str] = read_config(output)["data"].get("drop", []) if table is not None else []
        told = f" without {listed([f'`{name}`' for name in lost], 'and')} (the file says why)" if lost else ""
        blanks = "set the lines marked `# <-` in it, then " if "# <-" in text else ""
        _terminal.note(f"{output}: written{told}; next: {blanks}trainlab {command} {shlex.quote(str(output))}")


def _named(text: str, stem: str) -> str:
    """The config with runs named after its file."""
    found = re.search(r"^name: (.*)$", text, re.MULTILINE)
    if found is None:
        return text
    named = text[: found.start()] + f"name: {dump(stem).strip()}" + text[found.end() :]
    return named.replace(f"runs/{found[1]}-1", shlex.quote(f"runs/{stem}-1"))


def _drafted(template: str, table: str | None, target: str | None) -> str:
    """The template's text, or a config made for a table."""
    text = read(template)
    if table is None:
        if target is not None:
            raise UserError("--target: needs --from TABLE, the table that has this column")
        return text
    if template not in ("csv", "tabular"):
        raise UserError(
            f"--from: is for the templates csv and tabular, not for {template}: trainlab new csv --from {table}"
        )
    return draft_config(table, target, tabular=template == "tabular")


def templates() -> list[str]:
    """The names of all templates."""
    there = files("trainlab.cli").joinpath("templates").iterdir()
    return sorted(f.name.removesuffix(".yaml") for f in there if f.name.endswith(".yaml"))


def read(template: str) -> str:
    """The text of a template. Raises UserError with the nearest name if there is none of this name."""
    known = templates()
    if template not in known:
        near = nearest(template, known)
        hint = f"did you mean `{near}`?" if near else f"there are {listed(known, 'and')}"
        raise UserError(f"no template `{template}`; {hint}")
    return files("trainlab.cli").joinpath("templates", f"{template}.yaml").read_text(encoding="utf-8")
