"""`trainlab explain`: a page on a diagnosis, from the class of its monitor."""

from typing import Annotated, Any

import typer

from trainlab.cli import _pages, _terminal
from trainlab.core.component import find, names, registered
from trainlab.core.describe import describe
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.core.problem import nearest
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.page import page_of
from trainlab.tools.zoo.examples import exhibited, exhibits

_WHEN = {
    "start": "before the first step",
    "steps": "while training",
    "epoch": "after every epoch",
    "end": "at the end of the run",
}
_NEEDS = {
    "curves": "the curves of the run",
    "steps": "the losses and lengths of single steps",
    "layers": "the layers of the network",
    "probe": "a probe of some training rows",
    "data": "the data",
    "structure": "the list of layers",
    "lr_plan": "the schedule",
    "baselines": "what simple rules score",
    "gradients": "the gradients that `check` compares",
    "tiny": "the few rows that `check` lets the network learn",
}


def explain(
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="The code of a diagnosis.")] = None,
    as_config: Annotated[
        bool, typer.Option("--config", help="Print a config that shows it: an entry of the zoo, to be run.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Explain a finding or a term: what it means, how it is measured, what to do.

    Without CODE list all.

    Examples:
        trainlab explain
        trainlab explain overfitting
        trainlab explain dead-relu --config
    """
    with _terminal.answering(as_json):
        if as_config:
            if code is None or as_json:
                raise UserError("--config needs a CODE, and excludes --json")
            _terminal.say(_config(_one(code)))
        elif code is not None:
            monitor = _one(code)
            if as_json:
                _terminal.emit(_data(monitor))
            else:
                _terminal.say("\n".join(_page(monitor, _pages.width())))
        elif as_json:
            _terminal.emit([_data(monitor) for monitor in registered(Monitor)])
        else:
            rows = [(cls.name, f"{cls.severity}: {_data(cls)['summary']}") for cls in registered(Monitor)]
            _terminal.say("\n".join(_pages.listing(rows, _pages.width())))
            _terminal.say("\nmore: trainlab explain CODE")


def _one(code: str) -> type[Monitor]:
    found = find(Monitor, code.partition("@")[0].strip())
    if found is not None:
        return found
    near = nearest(code, names(Monitor))
    hint = f"did you mean `{near}`?" if near else "`trainlab explain` lists them all"
    raise UserError(f"no diagnosis `{code}`; {hint}")


def _config(monitor: type[Monitor]) -> str:
    """A config that shows the diagnosis, with a line on how to use it."""
    found = exhibits(monitor.name)
    if not found:
        raise UserError(f"no config shows {monitor.name}: {monitor.unshown}")
    file = f"{monitor.name}.yaml"
    head = f"# `{found[0].name}` of the zoo shows {monitor.name}: write this to {file} and run\n"
    return f"{head}#     trainlab {found[0].command} {file}\n{dump(exhibited(found[0]))}".rstrip()


def _data(monitor: type[Monitor]) -> dict[str, Any]:
    about, page = describe(monitor).as_dict(), page_of(monitor)
    found = {"code": about["name"], "severity": monitor.severity, "when": list(monitor.when)}
    found |= {"needs": list(monitor.needs), "causes": list(monitor.causes), "summary": about["summary"]}
    found |= {name: getattr(page, name) for name in page.__slots__}
    return {**found, "shown_by": [e.name for e in exhibits(monitor.name)], "settings": about["settings"]}


def _page(monitor: type[Monitor], columns: int) -> list[str]:
    about, page = describe(monitor), page_of(monitor)
    when = " and ".join(_WHEN[moment] for moment in monitor.when)
    needs = " and ".join(_NEEDS.get(need, need) for need in monitor.needs)
    lines = [f"{about.name} ({monitor.severity})", "", *_pages.flowing(page.meaning, columns)]

    def part(title: str, text: list[str]) -> None:
        lines.extend(["", title, *(f"  {line}".rstrip() for line in text)])

    part("What it looks like", page.picture.splitlines())
    looked = [*_pages.flowing(page.measured, columns - 2), ""]
    part("How it is measured", [*looked, *_pages.flowing(f"Looked for {when}, in {needs}.", columns - 2)])
    part("What to do", _pages.flowing(page.todo, columns - 2))
    if monitor.causes:
        part("What may have led to it", _pages.flowing(", ".join(monitor.causes), columns - 2))
    part("See it", _seen(monitor, columns - 2))
    part("Source", _pages.flowing(page.source, columns - 2))
    if about.settings:
        title = f"Settings (`monitors: {{{about.name}: {{...}}}}`)"
        lines += ["", title, *_pages.settings(about.settings, columns)]
    return [*lines, "", f"To silence it: monitors.off=[{about.name}]"]


def _seen(monitor: type[Monitor], columns: int) -> list[str]:
    """How to make a run that has it."""
    found = exhibits(monitor.name)
    if not found:
        return _pages.flowing(f"No config shows it: {monitor.unshown}.", columns)
    file = f"{monitor.name}.yaml"
    commands = [f"  trainlab explain {monitor.name} --config > {file}", f"  trainlab {found[0].command} {file}"]
    return [*commands, *_pages.flowing(f"(`{found[0].name}` of the zoo)", columns)]
