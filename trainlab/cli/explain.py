"""`trainlab explain`: a page on a finding, from the class of its monitor, or on a term of the glossary."""

from typing import Annotated, Any, NoReturn

import typer

from trainlab.cli import _completion, _pages, _terminal
from trainlab.cli._glossary import TERMS
from trainlab.cli._mistakes import kind_of
from trainlab.core.component import find, names, registered
from trainlab.core.describe import describe
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.core.problem import nearest
from trainlab.diagnose.confidence import confidence, counted
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.page import page_of
from trainlab.report.text import wrapped
from trainlab.tools.zoo.examples import example_config, examples

_TERMS = {term.replace("-", " "): term for term in TERMS}  # `run-folder` and `run folder` are the same
_WHEN = {
    "start": "before the first step",
    "steps": "while training",
    "epoch": "after every epoch",
    "end": "at the end of the run",
}
_NEEDS = {
    "curves": "the curves of the run",
    "steps": "the losses and gradient norms of single steps",
    "layers": "the layers of the network",
    "probe": "a probe of training rows",
    "data": "the data",
    "structure": "the list of layers",
    "lr_plan": "the schedule",
    "program": "what the code of a watched loop does",
    "baselines": "the scores of baselines",
    "gradients": "the numerical gradients of `check`",
    "tiny": "the overfitting test of `check`",
}


def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE|TERM",
            autocompletion=_completion.codes,
            help="The code of a finding, or a term such as checkpoint.",
        ),
    ] = None,
    as_config: Annotated[
        bool, typer.Option("--config", help="Print a config of the zoo that shows the finding when it is run.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Explain a finding or a term: what it means, how it is measured, what to do.

    Without an argument: list all findings and terms (with --json the findings).

    Examples:
        trainlab explain
        trainlab explain overfitting
        trainlab explain checkpoint
        trainlab explain dead-relu --config
    """
    with _terminal.answering(as_json):
        if as_config and (name is None or as_json):
            raise UserError("--config needs a CODE, and excludes --json")
        monitor = None if name is None else find(Monitor, name.partition("@")[0].strip())
        if name is None:
            _list(as_json)
        elif as_config:
            _terminal.put(_config(monitor or _unknown(name)))
        elif as_json:
            _terminal.emit(explained(name))
        elif monitor is not None:
            _say(_page(monitor, _pages.width()))
        else:
            about = explained(name)
            _say([about["term"], "", *wrapped(about["meaning"], _pages.width())])


def explained(name: str) -> dict[str, Any]:
    """What is known of a finding or a term, as plain data. Raises UserError with the nearest name."""
    monitor, term = find(Monitor, name.partition("@")[0].strip()), name.strip().lower().replace("-", " ")
    if monitor is not None:
        return _data(monitor)
    return {"term": _TERMS[term], "meaning": TERMS[_TERMS[term]]} if term in _TERMS else _unknown(name)


def _list(as_json: bool) -> None:
    """All findings, then all terms."""
    if as_json:
        _terminal.emit([_data(monitor) for monitor in registered(Monitor)])
        return
    rows = [(cls.name, f"{cls.severity}: {_data(cls)['summary']}") for cls in registered(Monitor)]
    width = _pages.width()
    terms = ", ".join(TERMS)
    _say([*_pages.listing(rows, width), "", *wrapped(f"terms: {terms}", width, "", "  ")])
    _terminal.say("\nmore: trainlab explain CODE, trainlab explain TERM")


def _unknown(name: str) -> NoReturn:
    """Raises UserError with the nearest code or term."""
    if kind := kind_of(name):
        raise UserError(f"no finding and no term `{name}`; `trainlab components {kind} {name}` describes the {kind}")
    near = nearest(name, [*names(Monitor), *TERMS])
    hint = f"did you mean `{near}`?" if near else "`trainlab explain` lists them all"
    raise UserError(f"no finding and no term `{name}`; {hint}")


def _say(lines: list[str]) -> None:
    _terminal.say("\n".join(lines))


def _config(monitor: type[Monitor]) -> str:
    """A config that shows the finding, with a line on how to use it."""
    found = examples(monitor.name)
    if not found:
        raise UserError(f"no config shows {monitor.name}: {monitor.unshown}")
    file = f"{monitor.name}.yaml"
    head = f"# `{found[0].name}` of the zoo shows {monitor.name}: write this to {file} and run\n"
    return f"{head}#     trainlab {found[0].command} {file}\n{dump(example_config(found[0]))}".rstrip()


def _data(monitor: type[Monitor]) -> dict[str, Any]:
    about, page = describe(monitor).as_dict(), page_of(monitor)
    found = {"code": about["name"], "severity": monitor.severity, "when": list(monitor.when)}
    found |= {"needs": list(monitor.needs), "causes": list(monitor.causes), "summary": about["summary"]}
    found |= {name: getattr(page, name) for name in page.__slots__}
    found |= {"confidence": confidence(monitor.name)}
    return {**found, "shown_by": [e.name for e in examples(monitor.name)], "settings": about["settings"]}


def _page(monitor: type[Monitor], columns: int) -> list[str]:
    about, page = describe(monitor), page_of(monitor)
    when = " and ".join(_WHEN[moment] for moment in monitor.when)
    needs = " and ".join(" or ".join(_NEEDS.get(part, part) for part in need.split("|")) for need in monitor.needs)
    lines = [f"{about.name} ({monitor.severity})", "", *_pages.flowing(page.meaning, columns)]

    def part(title: str, text: list[str]) -> None:
        lines.extend(["", title, *(f"  {line}".rstrip() for line in text)])

    part("What it looks like", page.picture.splitlines())
    measured = [*_pages.flowing(page.measured, columns - 2), ""]
    part("How it is measured", [*measured, *_pages.flowing(f"Checked {when}, on {needs}.", columns - 2)])
    part("What to do", _pages.flowing(page.todo, columns - 2))
    if counted(monitor.name):
        part("How sure it is", _pages.flowing(counted(monitor.name), columns - 2))
    if monitor.causes:
        part("Possible causes", _pages.flowing(", ".join(monitor.causes), columns - 2))
    part("See it", _seen(monitor, columns - 2))
    part("Source", _pages.flowing(page.source, columns - 2))
    if about.settings:
        title = f"Settings (`monitors: {{{about.name}: {{...}}}}`)"
        lines += ["", title, *_pages.settings(about.settings, columns)]
    return [*lines, "", f"To silence it: monitors.off=[{about.name}]"]


def _seen(monitor: type[Monitor], columns: int) -> list[str]:
    """How to make a run with this finding."""
    found = examples(monitor.name)
    if not found:
        return _pages.flowing(f"No config shows it: {monitor.unshown}.", columns)
    file = f"{monitor.name}.yaml"
    commands = [f"  trainlab explain {monitor.name} --config > {file}", f"  trainlab {found[0].command} {file}"]
    return [*commands, *_pages.flowing(f"(`{found[0].name}` of the zoo)", columns)]
