"""`trainlab report`: a table of runs, or one run in full with its curve, layers and findings."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from trainlab.cli import _terminal
from trainlab.cli._pages import folded
from trainlab.core.errors import UserError
from trainlab.report.compare import differing, short_names, shown
from trainlab.report.export import as_csv, as_data, groups_csv
from trainlab.report.gate import Check, held, parse, told
from trainlab.report.groups import Group, group_table, grouped
from trainlab.report.html.pages import write_page
from trainlab.report.layers import layers_of
from trainlab.report.learnt import learnt
from trainlab.report.markdown import checks_markdown, groups_markdown, run_markdown, runs_markdown
from trainlab.report.picture_files import pictures_of, sweep_named, write_pictures
from trainlab.report.rows import Row, listed, sorted_rows
from trainlab.report.select import selected
from trainlab.report.summary import summary
from trainlab.report.sweep_record import SweepRecord
from trainlab.report.table import render_table
from trainlab.report.text import clean
from trainlab.report.verdict import verdict
from trainlab.store.index import Index
from trainlab.store.reading import RunRecord, is_sweep
from trainlab.store.writing import write_atomic


def report(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Runs by name or path, or folders of runs; all of --runs if none is given."),
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    sort: Annotated[
        str | None,
        typer.Option(metavar="METRIC", help="Best first by a metric (val_loss, test_accuracy); or name, seconds, ..."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Only runs that match: seed=0, 'optimizer.lr<1e-2', diagnosis=none. May be repeated.",
        ),
    ] = None,
    group_by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="One row per value of this key, with mean and 95 % interval of its runs; `config`: the same values of "
            "all settings but the seed. May be repeated.",
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show the config keys that differ between the runs.")
    ] = False,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="Exit with 4 unless every run passes: 'val_accuracy>=0.97', 'last_val_loss<0.1', "
            "'test_accuracy>0.9', 'seconds<60', 'state==finished', 'no warning', 'no overfitting'. May be repeated.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a self-contained page of one run, one sweep, or all runs."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as CSV; - is stdout.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows, with all findings, as JSON.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print it as Markdown, for a pull request or a job summary.")
    ] = False,
    png: Annotated[Path | None, typer.Option(metavar="DIR", help="Write every picture as a PNG file.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="DIR", help="Write every picture as an SVG file.")] = None,
) -> None:
    """Summarize runs: how they ended, their scores, their findings.

    A single RUN is shown in full, with its curve, layers and findings. A half-written or damaged folder is a row that
    says so. --require checks the runs: exit code 4 if a requirement fails, with the margin by which it fails.

    Examples:
        trainlab report
        trainlab report digits-mlp-7
        trainlab report --sort val_accuracy --where 'optimizer.lr<1e-2' --compare
        trainlab report --group-by optimizer.name
        trainlab report digits-mlp-7 --require 'val_accuracy>=0.97' --require 'no warning'
        trainlab report digits-mlp-7 --html digits.html
        trainlab report digits-mlp-7 --markdown --png pictures
        trainlab report --csv runs.csv
    """
    data: list[dict[str, Any]] = []
    with _terminal.answering(as_json):
        asked = _Asked(chosen or [], runs, sort or "", where or [], group_by or [], compare, require or [])
        if sum((as_json, markdown, csv is not None)) > 1:
            raise UserError("--json, --csv and --markdown print different things: choose one of them")
        with Index(runs) as index:
            found = _found(asked, index, brief=not as_json)
            if html is not None:
                _page(asked, found, html)
            for kind, folder in (("png", png), ("svg", svg)):
                if folder is not None:
                    _pictures(asked, found, folder, kind)
            if as_json:
                data = _data(asked, found)
            elif csv is not None:
                _csv(found, csv)
    if csv is not None or (as_json and asked.group_by):  # what is printed has no place for it
        for line in _gate(found):
            _terminal.note(line)
    if as_json:
        _terminal.emit(data)
    elif csv is None:
        _show(asked, found, markdown=markdown)
    if any(not check.met for check in found.checks):
        raise typer.Exit(4)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for."""

    chosen: Sequence[str]
    runs: Path
    sort: str
    where: Sequence[str]
    group_by: Sequence[str]
    compare: bool
    require: Sequence[str]

    @property
    def one(self) -> bool:
        """Whether it is about one run that was named."""
        return len(self.chosen) == 1 and not (self.sort or self.compare or self.group_by)


@dataclass(slots=True)
class _Found:
    """What there is: runs with their rows, the keys that differ, groups, and requirements held against them."""

    records: "list[RunRecord]"
    rows: "list[Row]"
    keys: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    groups: list[Group] = field(default_factory=list[Group])
    checks: list[Check] = field(default_factory=list[Check])


def _found(asked: _Asked, index: Index, *, brief: bool) -> _Found:
    requirements = parse(asked.require)
    pairs = listed(asked.chosen, asked.runs, index, brief=brief)
    if asked.where:
        left = set(selected([record for record, _ in pairs], asked.where))
        pairs = [(record, row) for record, row in pairs if record in left]
    if asked.sort and not asked.group_by:
        pairs = sorted_rows([record for record, _ in pairs], asked.sort, brief=brief)
    found = _Found([record for record, _ in pairs], [row for _, row in pairs])
    if requirements and not pairs:
        raise UserError(f"--require {asked.require[0]}: there is no run that it could be required of")
    found.checks = held(requirements, found.records)
    found.keys = differing(found.records) if asked.compare else {}
    found.groups = grouped(found.records, asked.group_by, asked.sort) if asked.group_by else []
    return found


def _show(asked: _Asked, found: _Found, *, markdown: bool) -> None:
    """Prints the report for people."""
    if not found.rows:
        _terminal.note(f"no runs in {asked.runs}" + (" that fulfil every --where" if asked.where else ""))
    elif markdown:
        sys.stdout.write(_markdown(asked, found))
    else:
        print("\n".join([*_lines(asked, found), *_learnt(asked)]))


def _learnt(asked: _Asked) -> list[str]:
    """What a sweep that was named has learnt."""
    if len(asked.chosen) != 1 or asked.where or asked.group_by:
        return []
    there = next((path for path in (Path(asked.chosen[0]), asked.runs / asked.chosen[0]) if is_sweep(path)), None)
    told = learnt(SweepRecord(there)).lines() if there else []
    return ["", folded("\n".join(told), _terminal.columns(None))] if told else []


def _gate(found: _Found) -> list[str]:
    return told(found.checks) if found.checks else []


def _pictures(asked: _Asked, found: _Found, folder: Path, kind: Any) -> None:
    if not found.rows:
        return
    pictures = pictures_of(asked.chosen, asked.runs, found.records, asked.sort, asked.group_by)
    written = write_pictures(pictures, folder, kind)
    _terminal.note(f"wrote {len(written)} pictures to {folder}: {', '.join(path.name for path in written)}")


def _page(asked: _Asked, found: _Found, file: Path) -> None:
    if found.rows:
        sweep = sweep_named(asked.chosen, asked.runs)
        size = write_page(file, found.records, sweep=sweep, one=asked.one, metric=asked.sort, group_by=asked.group_by)
        _terminal.note(f"wrote {file} ({size / 1e6:.1f} MB)")


def _data(asked: _Asked, found: _Found) -> list[dict[str, Any]]:
    """What --json prints: a table for each run, or for each group."""
    if asked.group_by:
        return [group.as_dict() for group in found.groups]
    made = as_data(found.rows, found.keys)
    if asked.one and len(made) == 1:
        record = found.records[0]
        layers = [layer.as_dict() for layer in layers_of(record)]
        made[0] |= {"verdict": verdict(record, found.rows[0]), "layers": layers, "metrics": record.metrics}
    if found.checks:
        each = len(found.checks) // len(made)
        for i, table in enumerate(made):
            table["requirements"] = [check.as_dict() for check in found.checks[i * each : (i + 1) * each]]
    return made


def _csv(found: _Found, file: Path) -> None:
    text = groups_csv(found.groups) if found.groups else as_csv(found.rows, found.keys)
    if str(file) == "-":
        sys.stdout.write(text)
    else:
        write_atomic(file, text.encode())
        _terminal.note(f"wrote {len(found.groups or found.rows)} rows to {file}")


def _markdown(asked: _Asked, found: _Found) -> str:
    if found.groups:
        text = groups_markdown(found.groups)
    elif asked.one and len(found.rows) == 1:
        text = run_markdown(found.records[0], found.rows[0])
    else:
        extra = {key: [shown(value) for value in values] for key, values in found.keys.items()}
        text = runs_markdown(found.records, found.rows, extra)
    return text + (f"\n#### Requirements\n\n{checks_markdown(found.checks)}" if found.checks else "")


def _lines(asked: _Asked, found: _Found) -> list[str]:
    """The report as a terminal of this width shows it."""
    width = _terminal.columns(None)
    ascii_only = not _terminal.fits("⠿▁█…│±", sys.stdout)
    color = _terminal.live(sys.stdout) and not os.environ.get("NO_COLOR")
    if asked.one and len(found.rows) == 1:
        lines = summary(found.records[0], width=min(width or 80, 120), ascii_only=ascii_only, color=color)
    elif found.groups:
        lines = group_table(found.groups, width=width, ascii_only=ascii_only, color=color)
    else:
        names = short_names(list(found.keys))
        extra = dict(zip(names, ([shown(v) for v in values] for values in found.keys.values()), strict=True))
        lines = render_table(found.rows, width=width, ascii_only=ascii_only, color=color, extra=extra)
        if asked.compare and not found.keys:
            _terminal.note("the configs of these runs do not differ")
    gate = [clean(line, ascii_only=ascii_only) for line in _gate(found)]
    return [*lines, "", *gate] if gate else lines
