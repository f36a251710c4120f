"""`trainlab zoo`: how well the monitors work, measured on experiments with known faults."""

from pathlib import Path
from typing import Annotated, Any

import typer

from trainlab.cli import _terminal
from trainlab.cli.sweep import cores
from trainlab.core.errors import UserError
from trainlab.tools.zoo import zoo as lab
from trainlab.tools.zoo.result import Result, Verdict, as_data, missed


def zoo(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A benchmark file of your own; the default is the project's.")
    ] = None,
    seeds: Annotated[str, typer.Option(metavar="A-B", help="Seeds of every entry: 0, 0-4 or 3,5,7.")] = "0",
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only entries with this in their name. May be repeated.")
    ] = None,
    random: Annotated[int, typer.Option(metavar="N", min=0, help="Also this many random configs.")] = 0,
    draw: Annotated[int, typer.Option(metavar="SEED", min=0, help="Seed of the random configs.")] = 0,
    cures: Annotated[
        bool, typer.Option("--cure/--no-cure", help="Whether to run `fix` on faulty runs that a config change can fix.")
    ] = True,
    workers: Annotated[
        int | None,
        typer.Option("--workers", "-w", metavar="N", min=1, help="Runs at the same time; all cores by default."),
    ] = None,
    runs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the run folders here; by default they are deleted.")
    ] = None,
    fail: Annotated[bool, typer.Option("--fail", help="Exit with 4 if a target below is missed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure the monitors on faulty and healthy runs: detected, named, fixed, false positives.

    Detected: a warning or an error. Named: an expected code is among the first two of them. Fixed: `fix` brings the
    score within 0.03 of the healthy version's; runs that are as close without a fix do not count. Random configs are
    judged by their score alone: good within 0.03 of the 90th percentile of their data set, bad more than 0.15 below it.

    Targets of --fail: 97 % of the faulty runs detected, 90 % named, 55 % before the first step, 85 % of the fixable
    ones fixed in 3 runs each on average, no false positive; of the random configs, 95 % of the bad ones detected and at
    most 5 % false positives among the good ones.

    Examples:
        trainlab zoo
        trainlab zoo --only lr --seeds 0-4 --no-cure
        trainlab zoo --seeds 3-7 --random 300 --json
    """
    with _terminal.answering(as_json):
        cases = lab.cases(file or lab.SHIPPED, _seeds(seeds), only=only or (), random=random, draw=draw, cures=cures)
        result = Result()
        for verdict in lab.run(cases, workers or cores(), runs):
            result.verdicts.append(verdict)
            if said := _line(verdict):
                _terminal.note(said)
    if as_json:
        _terminal.emit(as_data(result))
    else:
        _terminal.say("\n".join(_table(result)))
    short = missed(result.summary()) if fail else []
    for text in short:
        _terminal.note(f"falls short: {text}")
    raise typer.Exit(4 if short else 0)


def _seeds(text: str) -> list[int]:
    """The seeds that `0-2,5` means."""
    try:
        ranges = [part.partition("-") for part in text.split(",")]
        return [seed for low, dash, high in ranges for seed in range(int(low), int(high if dash else low) + 1)]
    except ValueError:
        raise UserError(f"--seeds {text}: expected numbers and ranges, for example 0-4 or 3,5,7") from None


def _line(verdict: Verdict) -> str:
    """What is not as it should be with one run; empty if all is."""
    case = verdict.case
    where = f"{case.name} (seed {case.seed})"
    codes = ", ".join(code for code, _, _ in verdict.alarms[:3]) or "nothing"
    if verdict.error:
        return f"{where}: could not run: {verdict.error}"
    if case.kind == "healthy" and verdict.caught:
        return f"{where}: healthy, but bothered by {codes}"
    if case.kind == "fault" and not verdict.caught:
        return f"{where}: not caught; expected {' or '.join(case.expect)}"
    if case.kind == "fault" and not verdict.named:
        return f"{where}: not named; said {codes}, expected {' or '.join(case.expect)}"
    if case.kind == "shows" and not verdict.shown:
        return f"{where}: does not show {' or '.join(case.expect)}; said {codes}"
    return ""


def _table(result: Result) -> list[str]:
    """The summary, and a row for each code that spoke."""
    s = result.summary()
    codes: dict[str, dict[str, int]] = s["codes"]
    widest = max((len(code) for code in codes), default=4)
    columns = ("caught", "first", "before", "while", "after", "named", "cured", "bothered")
    lines = ["  ".join([f"{'code':<{widest}}", *columns])]
    lines += [
        "  ".join([f"{code:<{widest}}", *(f"{row[column]:>{len(column)}}" for column in columns)])
        for code, row in codes.items()
    ]
    lines.append("")

    def share(part: int, whole: int) -> str:
        return f"{part} of {whole}" + (f" ({part / whole:.0%})" if whole else "")

    rows: list[tuple[str, Any]] = []
    if s["faults"]:
        rows += [("sick runs caught", share(s["caught"], s["faults"])), ("named", share(s["named"], s["faults"]))]
        rows += [("caught before the first step", share(s["before_first_step"], s["faults"]))]
        rows += [("caught while training", share(s["while_training"], s["faults"]))]
    if s["curable"]:
        rows += [("cured", f"{share(s['cured'], s['curable'])}, {s['reruns']} runs each")]
    if s["shows"]:
        rows += [("codes shown", share(s["shown"], s["shows"]))]
    if s["healthy"]:
        rows += [("healthy runs bothered", share(s["bothered"], s["healthy"]))]
    if s["random"]:
        rows += [("blind: bad caught", share(s["bad_caught"], s["bad"]))]
        rows += [("blind: good bothered", share(s["good_bothered"], s["good"]))]
    if s["failed"]:
        rows += [("could not run", str(s["failed"]))]
    return [*lines, *(f"{name:<30}{value}" for name, value in rows)]
