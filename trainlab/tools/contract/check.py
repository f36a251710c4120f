"""Checks a component against the contract of its kind.

A law is a generator function in a file of this folder, named after the kind or the family of kinds: it takes what the
law speaks about and yields a sentence for each thing that is wrong. `trainlab components --plugin` prints the result,
and the tests run the same laws over all built-in components.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from trainlab.core.component import Component, kind_of, plain
from trainlab.core.describe import describe
from trainlab.core.dump import dump
from trainlab.core.place import fields
from trainlab.core.schema import json_schema

MADE = "It can be made from its settings"

Law = Callable[[Any], Iterable[str]]

_FAMILIES = {
    "layer": "layers",
    "activation": "layers",
    "loss": "losses",
    "metric": "metrics",
    "optimizer": "optim",
    "schedule": "optim",
    "regularizer": "optim",
    "init": "networks",
    "model": "networks",
    "monitor": "monitors",
    "preprocess": "data",
    "augment": "data",
    "fault": "data",
    "data": "data",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One law and what is wrong with it: no problem, it holds. `law` is its name in words."""

    law: str
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the law holds."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"law": self.law, "passed": self.passed, "problems": list(self.problems)}


def check_component(
    cls: type[Component], settings: Mapping[str, Any] | None = None, *, laws: Sequence[Law] | None = None
) -> list[Check]:
    """Check a class with these settings; by default those of its class variable `example`, else its defaults.

    `laws`: besides those of every component; by default those of its kind.
    """
    made, check = _made(cls, dict(cls.example if settings is None else settings))
    found = [_held(explains_itself, cls), check]
    if made is None:
        return found
    found.append(_held(round_trip, made))
    return [*found, *(_held(law, made) for law in (laws_of(cls.kind) if laws is None else laws))]


def laws_of(kind: str) -> list[Law]:
    """The laws of a kind, in the order in which its file lists them; none for a kind without a file."""
    if kind not in _FAMILIES:
        return []
    return import_module(f"{__package__}.{_FAMILIES[kind]}").LAWS[kind]


def explains_itself(cls: type[Component]) -> Iterable[str]:
    """Help and schema."""
    if not describe(cls).summary:
        yield "the class has no docstring: its first sentence is the help"
    for name, place in fields(cls).items():
        if place.field is None or not place.field.description:
            yield f'the setting `{name}` has no help: {name}: int = setting(1, "what it does")'
    if not json_schema(cls):
        yield "it has no JSON schema"


def round_trip(made: Component) -> Iterable[str]:
    """Settings to YAML and back."""
    again = kind_of(type(made)).read(yaml.safe_load(dump(plain(made))))
    if again != made:
        yield f"{plain(made)} is read as {plain(again)}"


def _made(cls: type[Component], settings: dict[str, Any]) -> tuple[Component | None, Check]:
    """The component with these settings, and the check that it can be made."""
    needed = [name for name, place in fields(cls).items() if place.default() is ... and name not in settings]
    if needed:
        hint = ", ".join(f'"{name}": ...' for name in needed)
        problem = f"it has required settings; name an example on the class: example: ClassVar = {{{hint}}}"
        return None, Check(MADE, (problem,))
    try:
        return cls.model_validate(settings), Check(MADE, ())
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        return None, Check(MADE, tuple(wrong))


def _held(law: Law, subject: Any) -> Check:
    """A law as a check; an exception is a problem, too."""
    name = (law.__doc__ or "").strip().rstrip(".")
    try:
        with np.errstate(all="ignore"):
            return Check(name, tuple(dict.fromkeys(law(subject))))
    except Exception as error:
        at = [f for f in traceback.extract_tb(error.__traceback__) if "trainlab/tools/contract" not in f.filename]
        where = f" ({at[-1].filename.rsplit('/', 1)[-1]}:{at[-1].lineno})" if at else ""
        said = str(error).split("\n", 1)[0]
        return Check(name, (f"raised {type(error).__name__}: {said}{where}",))
