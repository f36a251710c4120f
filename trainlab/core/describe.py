"""Help texts and settings of the classes as data, for `trainlab components` and the reference in `docs/`."""

import inspect
from dataclasses import dataclass
from typing import Any, cast

from trainlab.core.component import Component, Settings, brief, registered
from trainlab.core.place import Place, fields, limits_of
from trainlab.core.words import expected, summary


@dataclass(frozen=True, slots=True)
class Described:
    """One setting: its name, its allowed values in words, its default (if it has one), its limits and its help.

    `search`: the range of `auto` in a sweep, as written in a config.
    """

    name: str
    type: str
    required: bool
    default: Any
    limits: dict[str, Any]
    help: str
    search: Any = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Page:
    """The help of a component or of a block of settings.

    `summary` is the first sentence of `text`, the whole docstring without its examples; `first` names the setting that
    is meant by `name: value`.
    """

    kind: str
    name: str
    summary: str
    text: str
    first: str
    settings: tuple[Described, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return {**own, "settings": [setting.as_dict() for setting in self.settings]}


def describe(settings: type[Settings]) -> Page:
    """The help of a class of settings, from its docstring and its fields."""
    kind, name, first = "", settings.__name__, ""
    if issubclass(settings, Component):
        kind, name, first = settings.kind, settings.name, settings.first
    described = tuple(_described(key, place) for key, place in fields(settings).items())
    return Page(kind, name, summary(settings), _text(settings), first, described)


def kinds(model: type[Settings]) -> list[type[Component]]:
    """All kinds of components that a config of this model can name, in the order of their first appearance."""
    seen: dict[type[Settings], None] = {}
    _visit(model, seen)
    return [cls for cls in seen if issubclass(cls, Component) and not cls.name]


def blocks(model: type[Settings], path: tuple[str, ...] = ()) -> list[tuple[str, type[Settings]]]:
    """The tables of a config that are no components, with their dotted paths: `("train", Train)`."""
    found = [(".".join(path), model)]
    for name, place in fields(model).items():
        for choice in place.choices():
            if choice.settings:
                found += blocks(choice.settings, (*path, name))
    return found


def _described(name: str, place: Place) -> Described:
    default, field = place.default(), place.field
    extra = cast("dict[str, Any] | None", field.json_schema_extra) if field else None
    return Described(
        name=name,
        type=expected(place),
        required=default is ...,
        default=None if default is ... else brief(default),
        limits=limits_of(field.metadata if field else ()),
        help=(field.description if field else None) or "",
        search=(extra or {}).get("search"),
    )


def _text(settings: type[Settings]) -> str:
    return inspect.cleandoc(settings.__doc__ or "").split(">>>")[0].rstrip()


def _visit(settings: type[Settings], seen: dict[type[Settings], None]) -> None:
    if settings in seen:
        return
    seen[settings] = None
    if issubclass(settings, Component) and not settings.name:
        for component in registered(settings):
            _visit(component, seen)
    places = list(fields(settings).values())
    while places:
        for choice in places.pop(0).choices():
            if inner := choice.kind or choice.settings:
                _visit(inner, seen)
            places += [place for place in (choice.items, choice.values) if place]
    if settings.by_name:
        _visit(settings.by_name, seen)
