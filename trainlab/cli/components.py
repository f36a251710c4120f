"""`trainlab components`: the components that a config can name, read from their classes."""

from typing import Annotated, Any

import typer

from trainlab.cli import _completion, _pages, _terminal
from trainlab.core import plugins
from trainlab.core.component import Component, find, names, registered
from trainlab.core.describe import describe, kinds
from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.engine import selection
from trainlab.integrations.logs.log_format import LogFormat
from trainlab.optim.regularizer import Regularizer  # a config names these as plain numbers: `l2: 1e-4`
from trainlab.search import contract
from trainlab.search.experiment import SweepExperiment
from trainlab.tools.contract.check import check_component

_SHOWN = 3  # problems of one law


def components(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            autocompletion=_completion.kinds,
            help="layer, activation, optimizer, ...; or a component's name.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One component of this kind.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """List what a config can name: layers, optimizers, data sources, monitors ..., with their settings.

    Without KIND: all names. With KIND: one line each. With NAME: the whole page of one component. The kind `log` lists
    the formats of logs that `diagnose` reads. With --plugin FILE and without KIND: the components of the file, each
    checked by the laws that trainlab's own keep (gradients, shapes, independent rows ...), and exit code 4 if one is
    broken.

    Examples:
        trainlab components
        trainlab components optimizer
        trainlab components layer conv
        trainlab components engine
        trainlab components --plugin my_parts.py
    """
    with _terminal.answering(as_json):
        if plugins.active() and kind is None:
            _checked(as_json)
            return
        kinds = _kinds()
        if kind == "engine" and name is None:
            _engine(as_json)
            return
        if kind is not None and name is None and kind not in kinds:
            kind, name = _kind_of(kind, kinds), kind
        if kind is None:
            found = {k: names(base) for k, base in kinds.items()}
            if as_json:
                _terminal.emit(found)
            else:
                rows = [(k, ", ".join(there)) for k, there in found.items()]
                rows.append(("engine", "the backend of this machine, and why"))
                _terminal.say("\n".join(_pages.listing(rows, _pages.width())))
                _terminal.say("\nmore: trainlab components KIND, trainlab components KIND NAME")
            return
        base = _named(kind, kinds)
        chosen = registered(base) if name is None else [_one(base, name)]
        pages = [describe(cls) for cls in chosen]
        if as_json:
            _terminal.emit(pages[0].as_dict() if name is not None else [page.as_dict() for page in pages])
        elif name is not None:
            _terminal.say("\n".join(_pages.page(pages[0], _pages.width())))
        else:
            rows = [(page.name, page.summary) for page in pages]
            _terminal.say("\n".join(_pages.listing(rows, _pages.width())))
            _terminal.say(f"\nmore: trainlab components {kind} NAME")


def _checked(as_json: bool) -> None:
    """The components of the given plugins, each with its checks."""
    data: list[dict[str, Any]] = []
    for cls in (cls for plugin in plugins.active() for cls in plugin.components):
        page, checks = describe(cls), check_component(cls, laws=contract.LAWS.get(cls.kind))
        data.append({"kind": cls.kind, "name": cls.name, "summary": page.summary})
        data[-1]["checks"] = [check.as_dict() for check in checks]
        if not as_json:
            lines = [f"{cls.name} ({cls.kind}): {page.summary}"]
            for check in checks:
                lines += [f"  {'ok    ' if check.passed else 'BROKEN'}  {check.law}"]
                lines += [f"          {problem}" for problem in check.problems[:_SHOWN]]
            _terminal.say("\n".join(lines))
    if as_json:
        _terminal.emit(data)
    if not all(check["passed"] for component in data for check in component["checks"]):
        raise typer.Exit(4)


def _engine(as_json: bool) -> None:
    """The backend of this machine: the compiled kernels and their level, or NumPy and why."""
    found = selection.describe()
    if as_json:
        _terminal.emit(found)
    elif found["name"] == "numpy":
        _terminal.say(f"numpy: {found['reason']}")
    else:
        _terminal.say(f"compiled: {found['kernels']}, for processors of level {found['level']}")


def _kinds() -> dict[str, type[Component]]:
    """Every kind of component that a config can name, by its name."""
    return {base.kind: base for base in (*kinds(SweepExperiment), Regularizer, LogFormat)}


def _kind_of(name: str, kinds: dict[str, type[Component]]) -> str:
    """The kind of the component of this name. Raises UserError if neither a kind nor a component is called so."""
    for kind, base in kinds.items():
        found = find(base, name)
        if found is not None:
            return found.kind if found.kind in kinds else kind
    near = nearest(name, [*kinds, *(n for base in kinds.values() for n in names(base))])
    hint = f"did you mean `{near}`?" if near else f"the kinds are {listed(list(kinds), 'and')}"
    raise UserError(f"no kind and no component is called `{name}`; {hint}")


def _named(kind: str, kinds: dict[str, type[Component]]) -> type[Component]:
    if kind in kinds:
        return kinds[kind]
    near = nearest(kind, kinds)
    hint = f"did you mean `{near}`?" if near else f"the kinds are {listed(list(kinds), 'and')}"
    raise UserError(f"no kind `{kind}`; {hint}")


def _one(base: type[Component], name: str) -> type[Component]:
    found = find(base, name)
    if found is not None:
        return found
    near = nearest(name, names(base))
    hint = f"did you mean `{near}`?" if near else f"there are {listed(names(base), 'and')}"
    raise UserError(f"no {base.kind} `{name}`; {hint}")
