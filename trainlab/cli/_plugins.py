"""The option `--plugin FILE` of all commands that read a config, load a network, or list components."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

PLUGGED = (
    "calibrate",
    "check",
    "components",
    "ensemble",
    "evaluate",
    "explain",
    "export",
    "fix",
    "lr-range",
    "predict",
    "schema",
    "sweep",
    "train",
    "tune",
)

_Option = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        help="Python file or module with components of your own; its code is run. May be repeated.",
    ),
]


def with_plugins(function: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the option `--plugin`, which loads the files before the command begins."""
    signature = inspect.signature(function)
    option = inspect.Parameter("plugin", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Option)

    @functools.wraps(function)
    def command(*, plugin: list[str] | None = None, **given: Any) -> Any:
        from trainlab.core import plugins  # the components take 100 ms to import, and `--help` needs none

        plugins.give(plugin or [])
        return function(**given)

    command.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # pyright: ignore[reportAttributeAccessIssue] - Typer reads it
    command.__annotations__ = {**function.__annotations__, "plugin": _Option}
    return command
