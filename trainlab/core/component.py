"""A component is one class in one file: its fields are its YAML settings, its docstring is its help.

    class Layer(Component, kind="layer", rooms=("trainlab.nn.layers",)): ...     # abstract: a kind
    class Dense(Layer, name="dense"): ...                                        # final: a component

The component called `dense` lives in the module `dense` of one of its kind's rooms, so looking one up imports one
file, and a new file is a new component: there is no list to keep.
"""

import importlib
import os
import pkgutil
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from trainlab.core.errors import UserError

_REQUIRED: Any = ...
C = TypeVar("C", bound="Component")


class Settings(BaseModel):
    """Frozen settings that refuse unknown keys and wrong types. Every part of a config is one of these."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True, allow_inf_nan=False)
    by_name: ClassVar[Any] = None  # a kind of component whose names are further keys, each with its settings

    @classmethod
    def beneath(cls, config: dict[str, Any]) -> dict[str, Any]:
        """Plain data that a config of these settings is merged over: defaults that depend on what it chooses."""
        return {}


def setting(*default_and_help: Any, search: Any = None, **limits: Any) -> Any:
    """A field of a component: `setting("help", ge=1)` is required, `setting(0.9, "help", ge=0, lt=1)` has a default.

    `search` is the range of `auto` in a sweep, written as in a config:
    `{"log": [1e-5, 1e-1]}`. Limits are pydantic's: ge, gt, le, lt, min_length, max_length.
    """
    *default, text = default_and_help
    value = default[0] if default else _REQUIRED
    extra = {"search": search} if search is not None else None
    if isinstance(value, list | dict):
        made = cast("list[Any] | dict[str, Any]", value)
        # no `made.copy`: pydantic asks for the factory's signature, and one of C's is slow to read
        return Field(default_factory=lambda: made.copy(), description=text, json_schema_extra=extra, **limits)
    return Field(default=value, description=text, json_schema_extra=extra, **limits)


class Component(Settings):
    """Base class of everything that a config chooses by name."""

    kind: ClassVar[str] = ""
    name: ClassVar[str] = ""
    rooms: ClassVar[tuple[str, ...]] = ()
    separator: ClassVar[str] = "_"  # between the words of a name; files always use `_`
    first: ClassVar[str] = ""  # the setting meant by `name: value`; by default the class's own first field
    example: ClassVar[dict[str, Any]] = {}  # settings to check it with, where it has required ones (plugins)
    beside: ClassVar[bool] = False  # other settings are allowed next to `name: value`: `{int: [1, 9], log: true}`

    def __init_subclass__(cls, **_: Any) -> None:
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, kind: str = "", name: str = "", rooms: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.name = name
        if kind:
            cls.kind, cls.rooms = kind, rooms
        if name and "first" not in cls.__dict__ and not cls.first:
            inherited = {f for base in cls.__mro__[1:] for f in getattr(base, "__pydantic_fields__", {})}
            cls.first = next((f for f in cls.model_fields if f not in inherited), "")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if cls.name:
            return handler(source)
        return core_schema.no_info_plain_validator_function(cls.read)

    @classmethod
    def read(cls, value: object) -> Self:
        """The component that `value` spells: `relu`, `{dense: 128}` or `{name: dense, units: 128}`.

        Raises pydantic's ValidationError or PydanticCustomError, located inside `value`.
        """
        if isinstance(value, cls):
            return value
        name, params = spelled(value)
        found = find(cls, name)
        if found is None:
            raise PydanticCustomError(
                "unknown_component",
                "unknown {kind} `{found}`",
                {"kind": cls.kind, "found": name, "allowed": names(cls)},
            )
        if not isinstance(params, dict) and not found.first:
            raise PydanticCustomError(
                "no_settings", "{kind} `{found}` takes no settings", {"kind": cls.kind, "found": name}
            )
        try:
            return found.model_validate(params if isinstance(params, dict) else {found.first: params})
        except UserError as error:  # from a validator; pydantic adds the location to this form
            raise PydanticCustomError("refused", "{reason}", {"reason": str(error)}) from error


_plugged: list[type[Component]] = []  # the components of the active plugins


def kind_of(cls: type[Component]) -> type[Component]:
    """The widest kind that a component belongs to: Layer for an activation."""
    return [base for base in cls.__mro__ if issubclass(base, Component) and "kind" in vars(base) and base.kind][-1]


def spelled(value: object) -> tuple[str, Any]:
    """(name, settings) of a component in any of the three spellings; settings are a dict or the first one's value."""
    if isinstance(value, str):
        return value, {}
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        if isinstance(table.get("name"), str):
            return table["name"], {k: v for k, v in table.items() if k != "name"}
        if len(table) == 1 and "name" not in table:
            ((name, params),) = table.items()
            return str(name), {} if params is None else params
    raise PydanticCustomError("not_a_component", "expected a name, `name: value` or `{name: ..., ...}`")


def plug(classes: Sequence["type[Component]"]) -> None:
    """Take these classes of the active plugins, and no others, for components beside those of the rooms."""
    _plugged[:] = classes


def find(base: type[C], name: str) -> type[C] | None:
    """The registered class of this kind with this name, or None. Imports only the one module that holds it."""
    return built_in(base, name) or next((cls for cls in _plugged_in(base) if cls.name == name), None)


def built_in(base: type[C], name: str) -> type[C] | None:
    """As `find`, but without plugins."""
    module = name.replace(base.separator, "_")
    if re.fullmatch(r"[a-z][a-z0-9_]*", module):
        for room in base.rooms:
            if len(base.rooms) > 1 and module not in _modules(room):
                continue  # a look-up is faster than a failed import
            found = _load(f"{room}.{module}", base)
            if found is not None and found.name == name:
                return found
    return None


def make(base: type[C], name: str, **settings: Any) -> C:
    """The component of this kind and name with these settings. Raises LookupError if there is none of that name."""
    found = find(base, name)
    if found is None:
        raise LookupError(f"no {base.kind} is called {name}")
    return found.model_validate(settings)


def names(base: type[Component]) -> list[str]:
    """The names of all components of this kind, sorted. Imports nothing: a file's name is its component's name."""
    own = [m.replace("_", base.separator) for room in base.rooms for m in _modules(room)]
    return sorted([*own, *(cls.name for cls in _plugged_in(base))])


def spelled_name(value: object) -> str | None:
    """The name in any of the three spellings of a component, None if it is none of them."""
    try:
        return spelled(value)[0]
    except PydanticCustomError:
        return None


def registered(base: type[C]) -> list[type[C]]:
    """All components of this kind, sorted by name. Imports all of their modules."""
    found = [_load(f"{room}.{module}", base) for room in base.rooms for module in _modules(room)]
    return sorted((c for c in [*found, *_plugged_in(base)] if c is not None), key=lambda c: c.name)


def keys(settings: type[Settings]) -> dict[str, str]:
    """The key in a config of each field: its name, or the alias of a field whose key is a word of Python (`class`)."""
    return {name: field.alias or name for name, field in settings.model_fields.items()}


def plain(value: Any) -> Any:
    """Settings as plain dicts, lists and scalars, every default written out, components as `{name: ..., ...}`."""
    if isinstance(value, Settings):
        own = {key: plain(getattr(value, f)) for f, key in keys(type(value)).items()}
        further = {k: _unnamed(plain(v)) for k, v in (value.model_extra or {}).items()}
        return {"name": value.name, **own} if isinstance(value, Component) else {**own, **further}
    if isinstance(value, dict):
        return {k: plain(v) for k, v in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in cast("list[Any]", value)]
    return value


def brief(value: Any) -> Any:
    """Like `plain`, but without the settings that were left at their defaults: as a user would write them."""
    if isinstance(value, Settings):
        own = {key: brief(getattr(value, f)) for f, key in keys(type(value)).items() if f in value.model_fields_set}
        return {"name": value.name, **own} if isinstance(value, Component) else own
    if isinstance(value, list | tuple):
        return [brief(v) for v in cast("list[Any]", value)]
    return plain(value)


def _unnamed(value: Any) -> Any:
    """Settings below their component's name, which they do not repeat."""
    if isinstance(value, dict):
        return {k: v for k, v in cast("dict[str, Any]", value).items() if k != "name"}
    return value


def _plugged_in(base: type[C]) -> list[type[C]]:
    return [cls for cls in _plugged if issubclass(cls, base)]


def _modules(room: str) -> tuple[str, ...]:
    """The names of a room's modules. The folders are read again after a change."""
    folders = tuple(importlib.import_module(room).__path__)
    return _inside(folders, tuple(os.stat(folder).st_mtime_ns for folder in folders if os.path.isdir(folder)))


@cache
def _inside(folders: tuple[str, ...], _changed: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(m.name for m in pkgutil.iter_modules(folders) if m.name[0] != "_" and not m.ispkg)


def _load(module: str, base: type[C]) -> type[C] | None:
    try:
        return cast("type[C]", _held(module, base))
    except ModuleNotFoundError as error:
        if error.name == module:
            return None
        raise
    except LookupError:
        return None


@cache  # a missing module raises, so it is searched for again each time
def _held(module: str, base: type[Component]) -> type[Component]:
    """The component of this kind in a module. Raises ModuleNotFoundError or LookupError if there is none."""
    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, type) and issubclass(value, base) and value.name and value.__module__ == module:
            return value
    raise LookupError(module)


__all__ = [
    "Component",
    "Settings",
    "ValidationError",
    "find",
    "keys",
    "make",
    "names",
    "plain",
    "registered",
    "setting",
    "spelled",
    "spelled_name",
]
