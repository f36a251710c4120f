"""`trainlab report`: a table of runs, or one run in full with its curve, layers and findings."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from trainlab.cli import _completion, _terminal
from trainlab.core.errors import UserError
from trainlab.report.compare import differing, short_names, shown
from trainlab.report.export import as_csv, as_data, groups_csv
from trainlab.report.groups import Group, group_table, grouped
from trainlab.report.html.pages import write_page
from trainlab.report.insights import insights
from trainlab.report.layers import layers_of
from trainlab.report.markdown import checks_markdown, groups_markdown, run_markdown, runs_markdown
from trainlab.report.picture_files import pictures_of, sweep_named, tune_named, write_pictures
from trainlab.report.requirements import Check, check_all, check_lines, parse
from trainlab.report.rows import BEST, Row, listed, sorted_rows
from trainlab.report.select import selected
from trainlab.report.summary import summary
from trainlab.report.table import render_table
from trainlab.report.text import clean, folded
from trainlab.report.tune_record import TuneRecord
from trainlab.report.tune_text import story, tune_line
from trainlab.report.verdict import verdict
from trainlab.store.folder import RunFolder
from trainlab.store.index import Index
from trainlab.store.reading import RunRecord, find_runs
from trainlab.store.steps import is_tune
from trainlab.store.verify import has_checksums
from trainlab.store.verify import verify as verified
from trainlab.store.writing import write_output

ChosenArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN",
        autocompletion=_completion.runs,
        help="Runs by name or path, or folders of runs; all of --runs if none is given.",
    ),
]
RunsOption = Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")]
SortOption = Annotated[
    str | None,
    typer.Option(metavar="METRIC", help="Best first by a metric (val_loss, test_accuracy); or name, seconds, ..."),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="Only runs that match: seed=0, 'optimizer.lr<1e-2', diagnosis=none. May be repeated.",
    ),
]
GroupByOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY",
        help="One row per value of this key, with mean and 95 % interval of its runs; `config`: the same values of "
        "all settings but the seed. May be repeated.",
    ),
]
CompareOption = Annotated[bool, typer.Option("--compare", help="Show the config keys that differ between the runs.")]
RequireOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE",
        help="Exit with 4 unless every run passes: 'val_accuracy>=0.97', 'last_val_loss<0.1', "
        "'test_accuracy>0.9', 'seconds<60', 'state==finished', 'no warning', 'no overfitting'. May be repeated.",
    ),
]
HtmlOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a self-contained page of one run, sweep or tune, or of all runs."),
]
CsvOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as CSV; - is stdout.")]
AsJsonOption = Annotated[bool, typer.Option("--json", help="Print the rows, with all findings, as JSON.")]
MarkdownOption = Annotated[
    bool, typer.Option("--markdown", help="Print it as Markdown, for a pull request or a job summary.")
]
VerifyOption = Annotated[
    bool,
    typer.Option("--verify", help="Read every file of the runs and compare checksums and rows; exit with 4 on damage."),
]
PngOption = Annotated[Path | None, typer.Option(metavar="DIR", help="Write every picture as a PNG file.")]
SvgOption = Annotated[Path | None, typer.Option(metavar="DIR", help="Write every picture as an SVG file.")]


def report(
    chosen: ChosenArgument = None,
    runs: RunsOption = Path("runs"),
    sort: SortOption = None,
    where: WhereOption = None,
    group_by: GroupByOption = None,
    compare: CompareOption = False,
    require: RequireOption = None,
    html: HtmlOption = None,
    csv: CsvOption = None,
    as_json: AsJsonOption = False,
    markdown: MarkdownOption = False,
    png: PngOption = None,
    svg: SvgOption = None,
    verify: VerifyOption = False,
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
        trainlab report digits-mlp-7 --verify
    """
    if verify:
        _verify(chosen or [], runs, as_json=as_json)
        return
    data: list[dict[str, Any]] = []
    with _terminal.answering(as_json):
        query = _Query(chosen or [], runs, sort or "", where or [], group_by or [], compare, require or [])
        if sum((as_json, markdown, csv is not None)) > 1:
            raise UserError("--json, --csv and --markdown print different things: choose one of them")
        with Index(runs) as index:
            result = _select(query, index, brief=not as_json)
            if html is not None:
                _write_page(query, result, html)
            for kind, folder in (("png", png), ("svg", svg)):
                if folder is not None:
                    _write_pictures(query, result, folder, kind)
            if as_json:
                data = _data(query, result)
            elif csv is not None:
                _write_csv(result, csv)
    if csv is not None or (as_json and query.group_by):  # these outputs have no place for the checks
        for line in _check_lines(result):
            _terminal.note(line)
    if as_json:
        _terminal.emit(data)
    elif csv is None:
        _print(query, result, markdown=markdown)
    if any(not check.passed for check in result.checks):
        raise typer.Exit(4)


@dataclass(frozen=True, slots=True)
class _Query:
    """The runs and the view that the user asks for."""

    chosen: Sequence[str]
    runs: Path
    sort: str
    where: Sequence[str]
    group_by: Sequence[str]
    compare: bool
    require: Sequence[str]

    @property
    def one(self) -> bool:
        """Whether the user names a single run."""
        return len(self.chosen) == 1 and not (self.sort or self.compare or self.group_by)

    @property
    def metric(self) -> str:
        """The metric to compare by; empty for the one that decides in each run."""
        return "" if self.sort == BEST else self.sort


@dataclass(slots=True)
class _Result:
    """The selected runs with their rows, the config keys that differ, the groups, and the checked requirements."""

    records: list[RunRecord]
    rows: list[Row]
    keys: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    groups: list[Group] = field(default_factory=list[Group])
    checks: list[Check] = field(default_factory=list[Check])


def _select(query: _Query, index: Index, *, brief: bool) -> _Result:
    requirements = parse(query.require)
    pairs = listed(query.chosen, query.runs, index, brief=brief)
    if query.where:
        matching = set(selected([record for record, _ in pairs], query.where))
        pairs = [(record, row) for record, row in pairs if record in matching]
    if query.sort and not query.group_by:
        pairs = sorted_rows([record for record, _ in pairs], query.sort, brief=brief)
    result = _Result([record for record, _ in pairs], [row for _, row in pairs])
    if requirements and not pairs:
        raise UserError(f"--require {query.require[0]}: there is no run to check")
    result.checks = check_all(requirements, result.records)
    result.keys = differing(result.records) if query.compare else {}
    result.groups = grouped(result.records, query.group_by, query.metric) if query.group_by else []
    return result


def _print(query: _Query, result: _Result, *, markdown: bool) -> None:
    """Print the report as text."""
    if not result.rows:
        _terminal.note(f"no runs in {query.runs}" + (" match every --where" if query.where else ""))
    elif markdown:
        sys.stdout.write(_markdown(query, result))
    else:
        print("\n".join([*_lines(query, result), *_insight_lines(query)]))


def _insight_lines(query: _Query) -> list[str]:
    """The insights of a sweep or the story of a tune, if the user names one; a line for each tune beside all runs."""
    if query.where or query.group_by:
        return []
    text = _closing(query)
    return ["", folded(text, _terminal.columns(None))] if text else []


def _closing(query: _Query) -> str:
    if sweep := sweep_named(query.chosen, query.runs):
        return "\n".join(insights(sweep).lines())
    if tune := tune_named(query.chosen, query.runs):
        return story(tune)
    if query.chosen:
        return ""
    tunes = [TuneRecord(path, path.name) for path in sorted(query.runs.iterdir()) if is_tune(path)]
    return "\n".join(["tunes:", *(f"  {tune_line(tune)}" for tune in tunes)]) if tunes else ""


def _check_lines(result: _Result) -> list[str]:
    return check_lines(result.checks) if result.checks else []


def _write_pictures(query: _Query, result: _Result, folder: Path, kind: Any) -> None:
    if not result.rows:
        return
    pictures = pictures_of(query.chosen, query.runs, result.records, query.metric, query.group_by)
    written = write_pictures(pictures, folder, kind)
    _terminal.note(f"wrote {len(written)} pictures to {folder}: {', '.join(path.name for path in written)}")


def _write_page(query: _Query, result: _Result, file: Path) -> None:
    if result.rows:
        sweep = sweep_named(query.chosen, query.runs)
        size = write_page(
            file,
            result.records,
            sweep=sweep,
            tune=tune_named(query.chosen, query.runs),
            one=query.one,
            metric=query.metric,
            group_by=query.group_by,
        )
        _terminal.note(f"wrote {file} ({size / 1e6:.1f} MB)")


def _data(query: _Query, result: _Result) -> list[dict[str, Any]]:
    """What --json prints: a table for each run, or for each group."""
    if query.group_by:
        return [group.as_dict() for group in result.groups]
    tables = as_data(result.rows, result.keys)
    if query.one and len(tables) == 1:
        record = result.records[0]
        layers = [layer.as_dict() for layer in layers_of(record)]
        tables[0] |= {"verdict": verdict(record, result.rows[0]), "layers": layers, "metrics": record.metrics}
    if result.checks:
        each = len(result.checks) // len(tables)
        for i, table in enumerate(tables):
            table["requirements"] = [check.as_dict() for check in result.checks[i * each : (i + 1) * each]]
    return tables


def _verify(chosen: Sequence[str], runs: Path, *, as_json: bool) -> None:
    """Check whole run folders; exit with 4 if a file is damaged."""
    with _terminal.answering(as_json):
        folders = [RunFolder.open(name, runs) for name in chosen] or [RunFolder(path) for path in find_runs(runs)]
    wrong = {str(folder.path): verified(folder) for folder in folders}
    if as_json:
        _terminal.emit(wrong)
    without = {str(folder.path) for folder in folders if not has_checksums(folder)}
    for path, problems in wrong.items() if not as_json else ():
        known = " (status.json lists no checksums)" if path in without else ""
        _terminal.say(f"{path}: {'all files are whole' if not problems else f'{len(problems)} wrong'}{known}")
        for problem in problems:
            _terminal.say(f"  {problem.removeprefix(f'{path}/')}")
    if any(wrong.values()):
        raise typer.Exit(4)


def _write_csv(result: _Result, file: Path) -> None:
    text = groups_csv(result.groups) if result.groups else as_csv(result.rows, result.keys)
    if str(file) == "-":
        sys.stdout.write(text)
    else:
        write_output(file, text.encode())
        _terminal.note(f"wrote {len(result.groups or result.rows)} rows to {file}")


def _markdown(query: _Query, result: _Result) -> str:
    if result.groups:
        text = groups_markdown(result.groups)
    elif query.one and len(result.rows) == 1:
        text = run_markdown(result.records[0], result.rows[0])
    else:
        extra = {key: [shown(value) for value in values] for key, values in result.keys.items()}
        text = runs_markdown(result.records, result.rows, extra)
    return text + (f"\n#### Requirements\n\n{checks_markdown(result.checks)}" if result.checks else "")


def _lines(query: _Query, result: _Result) -> list[str]:
    """The report as lines for the terminal."""
    width = _terminal.columns(None)
    ascii_only = not _terminal.fits("⠿▁█…│±", sys.stdout)
    color = _terminal.has_color(sys.stdout)
    if query.one and len(result.rows) == 1:
        lines = summary(result.records[0], width=min(width or 80, 120), ascii_only=ascii_only, color=color)
    elif result.groups:
        lines = group_table(result.groups, width=width, ascii_only=ascii_only, color=color)
    else:
        names = short_names(list(result.keys))
        extra = dict(zip(names, ([shown(v) for v in values] for values in result.keys.values()), strict=True))
        lines = render_table(result.rows, width=width, ascii_only=ascii_only, color=color, extra=extra)
        if query.compare and not result.keys:
            _terminal.note("the configs of these runs do not differ")
    checks = [folded(clean(line, ascii_only=ascii_only), width) for line in _check_lines(result)]
    return [*lines, "", *checks] if checks else lines
