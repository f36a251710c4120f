"""`trainlab diagnose`: the curve checks on a log of any training tool, once or while it grows."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.cli._fail_on import FailOn, found_at
from trainlab.cli._log_options import (
    ChanceOption,
    ClassesOption,
    FormatOption,
    LogArgument,
    MapOption,
    RegressionOption,
    checked,
)
from trainlab.cli._summary import findings
from trainlab.core.errors import UserError
from trainlab.integrations.logs.diagnosis import Judged, judge
from trainlab.integrations.logs.source import Source
from trainlab.report.curve import curve
from trainlab.report.text import counted, wrapped

_EVERY = 1.0  # seconds between two looks at a log that grows, or ten times as long as one takes


def diagnose(
    log: LogArgument,
    mapping: MapOption = None,
    format_name: FormatOption = None,
    classes: ClassesOption = None,
    chance: ChanceOption = None,
    regression: RegressionOption = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 4 if there is a finding of this severity or worse.")
    ] = FailOn.never,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow a log that grows: print findings as they appear, stop at --fail-on.")
    ] = False,
    idle: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="End --watch if the log has not grown for so long.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print columns, curves and findings as JSON.")] = False,
) -> None:
    """Check the training curves in a log that another tool wrote.

    Reads the logs of some 60 tools: CSV of any kind, JSON, TensorBoard's event files, MLflow, W&B, and what trainings
    print; a folder is searched. The format is found by content. Columns are found by name (loss, val_acc, train/loss,
    lr-Adam, ...) or given by --map: epoch, step, loss, val_loss, accuracy, val_accuracy, r2, val_r2, lr, grad_norm,
    update_ratio. Blanks, nan, inf, repeated steps and restarts are handled. Checks that need the network itself are
    listed as not run.

    With --watch, the training counts as running: only what is wrong already is reported. Exit code 4 comes as soon as
    a finding of --fail-on appears.

    Examples:
        trainlab diagnose training.csv
        trainlab diagnose runs/Nov28_host
        trainlab diagnose log.csv --map loss=objective --map val_loss=objective/dev --classes 10
        trainlab diagnose trainer_state.json --json --fail-on warning
        trainlab diagnose train.log --watch --fail-on error --idle 600
    """
    with _terminal.answering(as_json):
        checked(classes, chance, regression)

        def look(ended: bool) -> Judged:
            """What the log says now; `ended`: no more rows will come."""
            return judge(
                log,
                mapping or (),
                classes=classes,
                chance=chance,
                regression=regression,
                format_name=format_name,
                ended=ended,
            )

        found = _followed(log, look, fail_on, idle, quiet=as_json) if watch else look(True)
    code = 4 if found_at(fail_on, found.diagnoses) else 0
    if as_json:
        _terminal.emit({"file": str(log), **found.as_dict(), "exit_code": code})
    elif not watch:
        width = _terminal.columns(80)
        print("\n".join(_lines(log, found, min(width, 120))))
    raise typer.Exit(code)


def _followed(log: Path, look: Callable[[bool], Judged], fail_on: FailOn, idle: float | None, *, quiet: bool) -> Judged:
    """Looks at the log whenever it has grown, and prints what is new, until --fail-on has a finding or it stays idle.

    A log that is not there yet, or has no rows yet, is waited for. Raises UserError if it stays unreadable.
    """
    seen: set[tuple[str, str]] = set()
    stamp, grown, found, wrong = "", time.monotonic(), None, None
    while True:
        now = _stamp(log)
        if now != stamp:
            stamp, grown = now, time.monotonic()
            try:
                found, wrong = look(False), None
            except UserError as error:
                wrong = error
            new = [d for d in found.diagnoses if (d.code, d.severity) not in seen] if found else []
            seen |= {(d.code, d.severity) for d in new}
            if new and not quiet:
                print("\n".join(findings(new, min(_terminal.columns(80), 120))), flush=True)
            if found is not None and found_at(fail_on, found.diagnoses):
                return found
        if idle is not None and time.monotonic() - grown >= idle:
            if found is None:
                raise wrong or UserError(f"{log}: nothing to read")
            return found
        time.sleep(max(_EVERY, 10 * (time.monotonic() - grown) if now != stamp else _EVERY))


def _stamp(log: Path) -> str:
    """What changes when a log, or a file in a folder, grows; empty if nothing is there."""
    files = Source(log).files("*") if log.is_dir() else [log] if log.exists() else []
    sizes = [(str(p), s.st_size, s.st_mtime_ns) for p in files if (s := p.stat())]
    return str(sorted(sizes))


def _lines(log: Path, found: Judged, width: int) -> list[str]:
    steps = f", {counted(found.steps, 'step')}" if found.steps else ""
    used = ", ".join(what if what == column else f"{what} = {column}" for what, column in found.log.columns.items())
    task = "task unknown" if found.task == "unknown" else found.task
    kind = f"{task}, chance is a loss of {found.chance:.4g}"
    kind += " (guessed from the first losses; --classes N or --chance LOSS set it)" if found.guessed else ""
    told = f" ({found.log.format})" if found.log.format != "csv" else ""
    texts = [f"{log}{told}: {counted(found.epochs, 'epoch')}{steps}", f"columns: {used}"]
    texts += [f"not used: {', '.join(found.log.unused)}"] if found.log.unused else []
    lines = [part for text in [*texts, kind, *found.log.notes] for part in _fold(text, width)]
    known = {name: [row.get(name) for row in found.curves[1:]] for name in ("train_loss", "val_loss")}
    losses = {name: values for name, values in known.items() if any(v is not None for v in values)}
    ascii_only = not _terminal.fits("⠿▁█…│", sys.stdout)
    if found.epochs > 1:
        lines += ["", *curve(losses, range(1, found.epochs + 1), width=width, ascii_only=ascii_only, losses=True)]
    lines += ["", *findings(found.diagnoses, width)]
    blind = [f"{code} ({', '.join(lacks)})" for code, lacks in found.blind.items()]
    skipped = ", ".join(found.skipped)
    lines += ["", *_fold(f"checked: {', '.join(code for code in found.ran if code not in found.blind)}", width)]
    lines += _fold(f"checked in part, as columns are missing: {', '.join(blind)}", width) if blind else []
    lines += _fold(f"not checked, as they need more than curves: {skipped}", width)
    return lines


def _fold(text: str, width: int) -> list[str]:
    return wrapped(_terminal.shown(text), width, "", "  ")
