"""What a model allows at each place of a config: walks settings, components, lists, tables and unions.

Spelling, merging, overriding, error messages, the JSON Schema and the reference all ask the same `Place`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic.fields import FieldInfo

from trainlab.core.component import Component, Settings, find, spelled_name
from trainlab.core.node import Node

_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of")


@dataclass(frozen=True, slots=True)
class Choice:
    """One alternative of a place: a type without its annotations, and the limits that hold for it."""

    annotation: Any
    limits: Mapping[str, Any]

    @property
    def kind(self) -> type[Component] | None:
        """The kind of component that may be chosen here, if any."""
        return self.annotation if _is_a(self.annotation, Component) and not self.annotation.name else None

    @property
    def settings(self) -> type[Settings] | None:
        """The class of settings here, if there is exactly one."""
        return self.annotation if _is_a(self.annotation, Settings) and not self.kind else None

    @property
    def literals(self) -> tuple[Any, ...]:
        """The words or numbers that are allowed here, if they are listed."""
        return get_args(self.annotation) if get_origin(self.annotation) is Literal else ()

    @property
    def items(self) -> "Place | None":
        """What each item of a list must be, if this is a list."""
        origin = get_origin(self.annotation) or self.annotation
        if origin not in (list, tuple, Sequence, set, frozenset):
            return None
        arguments = get_args(self.annotation)
        return Place(arguments[0] if arguments else Any)

    @property
    def values(self) -> "Place | None":
        """What each value of a table with free keys must be, if this is one."""
        if (get_origin(self.annotation) or self.annotation) not in (dict, Mapping):
            return None
        arguments = get_args(self.annotation)
        return Place(arguments[1] if arguments else Any)


@dataclass(frozen=True, slots=True)
class Place:
    """The allowed values of a place in a config: a type annotation and its field."""

    annotation: Any
    field: FieldInfo | None = None

    def choices(self) -> list[Choice]:
        """The alternatives, unions taken apart and limits collected."""
        return list(_choices(self.annotation, limits_of(self.field.metadata if self.field else ())))

    def component(self, node: Node) -> type[Component] | None:
        """The kind of component that this node spells; None for other values (`auto`, null, a list).

        Where any text may stand, a text names no component.
        """
        choices = self.choices()
        words = [*_words(choices), *([node.value] if any(choice.annotation is str for choice in choices) else [])]
        if node.value is None or any(node.value == word and isinstance(node.value, str) for word in words):
            return None
        kinds = [choice.kind for choice in choices if choice.kind]
        name = spelled_name(node.plain()) if len(kinds) > 1 else None
        known = [kind for kind in kinds if name and find(kind, name)]
        return (known or kinds or [None])[0]

    def settings(self, node: Node) -> type[Settings] | None:
        """The class whose fields are the keys of this table (a component's in its long spelling), or None."""
        table = node.table
        if table is None:
            return None
        if kind := self.component(node):
            name = table["name"].value if "name" in table else None
            return find(kind, name) if isinstance(name, str) else None
        return next((choice.settings for choice in self.choices() if choice.settings), None)

    def child(self, node: Node, key: str) -> "Place | None":
        """The place under this key or index of the node; None if it is unknown."""
        return self.children(node)(key)

    def children(self, node: Node) -> "Callable[[str], Place | None]":
        """The place under each key or index of the node, see `child`."""
        if settings := self.settings(node):
            known = fields(settings)
            return lambda key: known.get(key) or _extra(settings, key)
        for choice in self.choices():
            inner = choice.items if node.items is not None else choice.values if node.table is not None else None
            if inner:
                return lambda _: inner
        return lambda _: None

    def default(self) -> Any:
        """The field's default, or Ellipsis if there is none."""
        if self.field is None or self.field.is_required():
            return ...
        return self.field.get_default(call_default_factory=True, validated_data={})


def fields(settings: type[Settings]) -> dict[str, Place]:
    """The places of a class of settings, by key, in their order."""
    if not settings.__pydantic_fields_complete__:
        settings.model_rebuild()
    return {field.alias or name: Place(field.annotation, field) for name, field in settings.model_fields.items()}


def limits_of(metadata: Sequence[Any]) -> dict[str, Any]:
    """The limits among a field's annotations.

    >>> from pydantic import Field
    >>> limits_of(Field(ge=0, lt=1).metadata)
    {'ge': 0, 'lt': 1}
    """
    found: dict[str, Any] = {}
    for item in metadata:
        found |= (
            limits_of(item.metadata)
            if isinstance(item, FieldInfo)
            else {name: limit for name in _LIMITS if (limit := getattr(item, name, None)) is not None}
        )
    return found


def _choices(annotation: Any, limits: Mapping[str, Any]) -> Iterator[Choice]:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        yield from _choices(inner, {**limits, **limits_of(metadata)})
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _choices(part, limits)
    elif hasattr(annotation, "__value__"):  # `type Name = ...`
        yield from _choices(annotation.__value__, limits)
    else:
        yield Choice(NoneType if annotation is None else annotation, limits)


def _words(choices: Sequence[Choice]) -> list[Any]:
    return [word for choice in choices for word in choice.literals]


def _is_a(value: Any, base: type) -> bool:
    return isinstance(value, type) and get_origin(value) is None and issubclass(value, base)


def _extra(settings: type[Settings], key: str) -> Place | None:
    found = find(cast("type[Component]", settings.by_name), key) if settings.by_name else None
    return Place(found) if found else None
