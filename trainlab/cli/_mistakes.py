"""What to say where the command line itself is wrong: the command or the setting that was probably meant."""

from typing import Any

from trainlab.core.component import Component, names
from trainlab.core.describe import kinds
from trainlab.core.node import Node, Source
from trainlab.core.place import Place
from trainlab.core.problem import nearest
from trainlab.core.synonyms import path_of
from trainlab.search.experiment import SweepExperiment

_COMMANDS = {  # what other tools call it
    "train": ("fit", "run", "learn", "start"),
    "train --resume RUN": ("resume", "continue"),
    "report": ("list", "ls", "plot", "show", "status", "summary", "view"),
    "report RUN RUN --compare": ("compare",),
    "evaluate": ("eval", "score", "test"),
    "predict": ("infer", "inference"),
    "sweep": ("search", "hyperopt", "grid"),
    "check": ("validate", "lint", "verify"),
    "export": ("convert", "onnx", "save"),
    "new": ("create", "init"),
    "serve": ("dashboard", "ui", "web"),
    "components": ("layers", "optimizers", "models", "losses"),
    "--help": ("help",),
    "--version": ("version",),
}


def command_meant(name: str, known: list[str]) -> str:
    """The command that was probably meant; empty if there is none.

    >>> command_meant("fit", ["train"]), command_meant("tarin", ["train"])
    ('train', 'train')
    """
    return next((ours for ours, theirs in _COMMANDS.items() if name in theirs), nearest(name, known) or "")


def setting_meant(option: str) -> str:
    """The setting of a config that an option like `--epochs` stands for in other tools; empty if there is none.

    >>> setting_meant("--learning-rate")
    'optimizer.lr'
    """
    empty = Node.of({}, Source("command line").whole)
    return path_of(option.lstrip("-").replace("-", "_"), empty, Place(SweepExperiment))


def kind_of(name: str) -> str:
    """The kind of the component of this name; empty if there is none."""
    found: type[Component] | None = next((kind for kind in kinds(SweepExperiment) if name in names(kind)), None)
    return found.kind if found else ""


def takes_settings(error: Any) -> bool:
    """Whether the command of a usage error takes KEY=VALUE arguments."""
    return bool(error.ctx) and any(param.name == "overrides" for param in error.ctx.command.params)
