"""`trainlab explain`: a page on a diagnosis, from the class of its monitor."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainlab.cli import _terminal
from trainlab.core.errors import UserError

if TYPE_CHECKING:
    from trainlab.diagnose.monitor import Monitor

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
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Explain a diagnosis: what it means, how it is measured, its thresholds, its source. Without CODE list all.

    Examples:
        trainlab explain
        trainlab explain overfitting
    """
    with _terminal.answering(as_json):
        from trainlab.cli import _pages
        from trainlab.core.component import registered
        from trainlab.diagnose.monitor import Monitor

        if code is not None:
            monitor = _one(code)
            if as_json:
                _terminal.emit(_data(monitor))
            else:
                _terminal.say("\n".join(_page(monitor, _pages.width())))
            return
        monitors = registered(Monitor)
        if as_json:
            _terminal.emit([_data(monitor) for monitor in monitors])
            return
        rows = [(cls.name, f"{cls.severity}: {_data(cls)['summary']}") for cls in monitors]
        _terminal.say("\n".join(_pages.listing(rows, _pages.width())))
        _terminal.say("\nmore: trainlab explain CODE")


def _one(code: str) -> "type[Monitor]":
    from trainlab.core.component import find, names
    from trainlab.core.problem import nearest
    from trainlab.diagnose.monitor import Monitor

    found = find(Monitor, code.partition("@")[0].strip())
    if found is not None:
        return found
    near = nearest(code, names(Monitor))
    hint = f"did you mean `{near}`?" if near else "`trainlab explain` lists them all"
    raise UserError(f"no diagnosis `{code}`; {hint}")


def _data(monitor: "type[Monitor]") -> dict[str, Any]:
    from trainlab.core.describe import describe

    about = describe(monitor).as_dict()
    found = {"code": about["name"], "severity": monitor.severity, "when": list(monitor.when)}
    return {**found, "needs": list(monitor.needs), **{k: about[k] for k in ("summary", "text", "settings")}}


def _page(monitor: "type[Monitor]", columns: int) -> list[str]:
    from trainlab.cli import _pages
    from trainlab.core.describe import describe

    about = describe(monitor)
    when = " and ".join(_WHEN[moment] for moment in monitor.when)
    needs = " and ".join(_NEEDS.get(need, need) for need in monitor.needs)
    lines = [f"{about.name} ({monitor.severity})", "", *_pages.flowing(about.text, columns)]
    lines += ["", *_pages.flowing(f"Looked for {when}, in {needs}.", columns)]
    if monitor.causes:
        led = f"May come of {', '.join(monitor.causes)}: then its `because` says so."
        lines += ["", *_pages.flowing(led, columns)]
    if about.settings:
        lines += ["", f"Settings (`monitors: {{{about.name}: {{...}}}}`)", *_pages.settings(about.settings, columns)]
    return [*lines, "", f"To silence it: monitors.off=[{about.name}]"]
