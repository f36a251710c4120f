"""JSON Schema of a config, from the same classes that read it: editors complete, explain and check with it.

Written in 2020-12 keywords that draft 7 has, too, and labelled draft 7, which is what YAML editors read: `definitions`
and JSON pointers work in both, a `$ref` has no siblings, and no keyword has another meaning in one of them.

A config that `extends` another is laid over it, table by table, so it may leave out what the other one has: required
settings, and the name of a component. For such a config a second form of each table holds, whose definition ends in
` over`. A list replaces the other's list, so its items are whole.
"""

from typing import Any

from trainlab.core.component import Component, Settings, plain, registered
from trainlab.core.place import Choice, Place, fields
from trainlab.core.words import noun, summary, with_article

_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}
_LIMITS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}
_LENGTHS = {"min_length": ("minLength", "minItems"), "max_length": ("maxLength", "maxItems")}

Schema = dict[str, Any]


def json_schema(model: type[Settings]) -> Schema:
    """The schema of a config of this model. Imports every component that the model can name."""
    whole = _Writer()
    over = _Over(whole)
    laid = over.table(model)
    laid["properties"] = {"extends": _EXTENDS, **laid["properties"]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": model.__name__,
        "description": summary(model),
        "type": "object",
        "if": {"required": ["extends"]},
        "then": laid,
        "else": whole.table(model),
        "definitions": dict(sorted({**whole.definitions, **over.definitions}.items())),
    }


_EXTENDS = {"type": "string", "description": "another config that this one is laid over; relative to this file"}


class _Writer:
    """Collects a definition for every class of settings and every kind of component on the way."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self.names: dict[type[Settings], str] = {}

    def place(self, place: Place) -> Schema:
        """The schema of a place, with the field's help and default."""
        options = [self.choice(choice) for choice in place.choices()]
        found = options[0] if len(options) == 1 else {"anyOf": options}
        if place.field is None:
            return found
        notes: Schema = {"description": place.field.description} if place.field.description else {}
        default = place.default()
        if default is not ...:
            notes["default"] = plain(default)
        return {**notes, "allOf": [found]} if "$ref" in found else {**notes, **found}

    def choice(self, choice: Choice) -> Schema:
        """One alternative of a place."""
        if choice.literals:
            return {"enum": list(choice.literals)}
        if choice.annotation in _TYPES:
            limits = {_LIMITS[k]: v for k, v in choice.limits.items() if k in _LIMITS}
            lengths = {_LENGTHS[k][0]: v for k, v in choice.limits.items() if k in _LENGTHS}
            kept = {int: limits, float: limits, str: lengths}.get(choice.annotation, {})
            return {"type": _TYPES[choice.annotation], **kept}
        if choice.items:
            lengths = {_LENGTHS[k][1]: v for k, v in choice.limits.items() if k in _LENGTHS}
            return {"type": "array", "items": self.place(choice.items), **lengths}
        if choice.values:
            return {"type": "object", "additionalProperties": self.place(choice.values)}
        if choice.kind:
            return self.reference(choice.kind)
        if choice.settings:
            return self.reference(choice.settings)
        return {}

    def reference(self, settings: type[Settings]) -> Schema:
        """A pointer to the definition of a class, which is written on its first use."""
        if settings not in self.names:
            key = self.key(settings)
            while key in self.definitions:
                key += "_"
            self.names[settings] = key
            self.definitions[key] = {}  # reserved, so that a recursive class terminates
            kind = settings if issubclass(settings, Component) and not settings.name else None
            self.definitions[key] = self.kind(kind) if kind else self.table(settings)
        return {"$ref": f"#/definitions/{self.names[settings]}"}

    def key(self, settings: type[Settings]) -> str:
        """What the definition of a class is called."""
        return _key(settings)

    def table(self, settings: type[Settings]) -> Schema:
        """A table with the keys of a class of settings."""
        places = fields(settings)
        required = [key for key, place in places.items() if place.default() is ...]
        properties = {key: self.place(place) for key, place in places.items()}
        if settings.by_name:
            properties = {cls.name: self.under_name(cls) for cls in registered(settings.by_name)} | properties
        return {
            "type": "object",
            "properties": properties,
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def kind(self, kind: type[Component]) -> Schema:
        """Any component of a kind, in any of the three spellings."""
        classes = registered(kind)
        bare = [cls.name for cls in classes if not _required(cls)]
        words: list[Schema] = [{"enum": bare, "description": f"the name of {with_article(noun(kind))}"}] if bare else []
        short = [self.short(cls, beside=kind.beside) for cls in classes]
        options = [*words, *short, *(self.long(cls) for cls in classes)]
        return {"description": summary(kind), **({"anyOf": options} if options else {"not": {}})}

    def short(self, component: type[Component], *, beside: bool) -> Schema:
        """`name: value` or `name: {settings}`; if the kind allows it, with other settings next to it."""
        name = component.name
        properties = {name: self.under_name(component)}
        if beside:
            properties |= {key: self.place(place) for key, place in fields(component).items() if key != name}
        return {"type": "object", "properties": properties, "required": [name], "additionalProperties": False}

    def under_name(self, component: type[Component]) -> Schema:
        """The value after a component's name: its settings, the value of the first one, or nothing."""
        options = [self.reference(component)]
        if component.first:
            first = fields(component)[component.first]
            value = self.place(first)
            table = any(choice.kind or choice.settings or choice.values for choice in first.choices())
            options.append({"allOf": [value, {"not": {"type": "object"}}]} if table else value)
        if not _required(component):
            options.append({"type": "null"})
        return {"description": summary(component), "anyOf": options}

    def long(self, component: type[Component]) -> Schema:
        """`{name: ..., setting: value, ...}`."""
        table = self.table(component)
        name = {"const": component.name, "description": summary(component)}
        return {
            **table,
            "properties": {"name": name, **table["properties"]},
            "required": ["name", *table.get("required", [])],
        }


class _Over(_Writer):
    """Writes the tables of a config that is laid over another one. `whole` writes those of a config by itself."""

    def __init__(self, whole: _Writer) -> None:
        super().__init__()
        self.whole = whole

    def choice(self, choice: Choice) -> Schema:
        return self.whole.choice(choice) if choice.items else super().choice(choice)

    def table(self, settings: type[Settings]) -> Schema:
        made = super().table(settings)
        made.pop("required", None)
        return made

    def key(self, settings: type[Settings]) -> str:
        return f"{super().key(settings)} over"

    def kind(self, kind: type[Component]) -> Schema:
        """A whole component; one of the same name with some of its settings; or settings without a name."""
        partial = [cls for cls in registered(kind) if _required(cls)]
        named = [
            {**self.table(cls), "properties": {"name": {"const": cls.name}, **self.table(cls)["properties"]}}
            for cls in partial
        ]
        short = [self.short(cls, beside=kind.beside) for cls in partial]
        for one in named:
            one["required"] = ["name"]
        return {
            "description": summary(kind),
            "anyOf": [self.whole.reference(kind), *short, *named, self.unnamed(kind)],
        }

    def unnamed(self, kind: type[Component]) -> Schema:
        """Settings of any component of the kind: which one it is, the other config says."""
        found: dict[str, list[Schema]] = {}
        for cls in registered(kind):
            for key, place in fields(cls).items():
                value = self.place(place)
                if value not in found.setdefault(key, []):
                    found[key].append(value)
        properties = {key: options[0] if len(options) == 1 else {"anyOf": options} for key, options in found.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}


def _key(settings: type[Settings]) -> str:
    if issubclass(settings, Component):
        return f"{settings.kind}.{settings.name}" if settings.name else settings.kind
    return settings.__name__


def _required(component: type[Component]) -> list[str]:
    return [key for key, place in fields(component).items() if place.default() is ...]
