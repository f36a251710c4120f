"""Conditions of a search space: a setting that is drawn only if others have certain values."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from trainlab.core.dotted import flat
from trainlab.core.problem import nearest
from trainlab.core.words import value as shown
from trainlab.search.distribution import Distribution
from trainlab.search.distributions.choice import Choice

_MISSING = object()
Overridden = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Conditions:
    """The conditions between settings. `resolved`: the config without the sweep, with all defaults."""

    def __init__(self, ranges: Mapping[str, Distribution], resolved: Mapping[str, Any]) -> None:
        self._ranges, self._resolved = ranges, resolved
        self._wanted: dict[str, dict[str, Any]] = {path: found.when for path, found in ranges.items() if found.when}
        self._order: list[str] = []
        self._circle: list[str] = []
        for path in self._wanted:
            self._place(path, ())

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def met(self, drawn: Mapping[str, Any], overridden: Overridden) -> dict[str, Any]:
        """The drawn values whose conditions hold in the config that the other values make."""
        values = {path: value for path, value in drawn.items() if path not in self._wanted}
        for path in self._order:
            config = overridden(values)
            if all(self._holds(config, other, wanted) for other, wanted in self._wanted[path].items()):
                values[path] = drawn[path]
        return values

    def forced(self, path: str, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """The drawn values, changed so that this setting's condition holds, if searched settings can make it hold."""
        changed = dict(drawn)
        for other, wanted in self._wanted.get(path, {}).items():
            if other in self._ranges and other not in self._circle:
                changed |= self.forced(other, changed)
                options = [one for one in _options(wanted) if self._can_be(other, one)]
                changed[other] = _option(self._ranges[other], options[0]) if options else changed[other]
            for whole, rest in self._wholes(other):
                changed[whole] = next((o for o in self._options(whole) if _part_is(o, rest, wanted)), changed[whole])
        return changed

    def problems(self) -> Iterator[tuple[str, str]]:
        """Settings that are never drawn, with the reason."""
        if self._circle:
            yield self._circle[0], f"the conditions form a circle: {' needs '.join([*self._circle, self._circle[0]])}"
        for path, conditions in self._wanted.items():
            for other, wanted in conditions.items():
                if other not in self._circle and (problem := self._problem(other, wanted)):
                    yield path, f"is never drawn: {problem}"

    def _problem(self, other: str, wanted: Any) -> str:
        if other in self._ranges:
            possible = any(self._can_be(other, one) for one in _options(wanted))
            return "" if possible else f"`{other}` is never {shown(wanted)}"
        if any(_touches(other, path) for path in self._ranges):
            return ""  # set as part of a searched setting
        value = _at(self._resolved, other)
        if value is _MISSING:
            near = nearest(other, [*self._ranges, *flat(dict(self._resolved))])
            return f"there is no setting `{other}`" + (f"; did you mean `{near}`?" if near else "")
        if not any(_same(value, one) for one in _options(wanted)):
            return f"`{other}` is {shown(value)} in this config, not {shown(wanted)}, and is not searched"
        return ""

    def _wholes(self, path: str) -> list[tuple[str, str]]:
        """The searched settings that contain this one, with the rest of its path."""
        return [(whole, path.removeprefix(f"{whole}.")) for whole in self._ranges if path.startswith(f"{whole}.")]

    def _options(self, path: str) -> list[Any]:
        found = self._ranges[path]
        return found.options if isinstance(found, Choice) else []

    def _can_be(self, path: str, wanted: Any) -> bool:
        found = self._ranges[path]
        return not isinstance(found, Choice) or any(_same(option, wanted) for option in found.options)

    def _holds(self, config: Mapping[str, Any], path: str, wanted: Any) -> bool:
        value = _at(config, path)
        value = _at(self._resolved, path) if value is _MISSING else value
        return any(_same(value, one) for one in _options(wanted))

    def _place(self, path: str, above: tuple[str, ...]) -> None:
        """Put a setting after those in its condition."""
        if path in above:
            self._circle = self._circle or list(above[above.index(path) :])
            return
        if path in self._order:
            return
        for other in self._wanted[path]:
            for needed in self._wanted:
                if _touches(other, needed):
                    self._place(needed, (*above, path))
        self._order.append(path)


def _options(wanted: Any) -> list[Any]:
    """The values with which a condition holds: the value itself, or one of a list."""
    return [wanted, *cast("list[Any]", wanted)] if isinstance(wanted, list) else [wanted]


def _option(found: Distribution, wanted: Any) -> Any:
    """The wanted option in the spelling of the range."""
    options: list[Any] = found.options if isinstance(found, Choice) else []
    return next((option for option in options if _same(option, wanted)), wanted)


def _same(value: Any, wanted: Any) -> bool:
    """Whether a setting has the wanted value; a component may be given by its name."""
    if isinstance(value, bool) != isinstance(wanted, bool):
        return False
    if isinstance(value, dict) and isinstance(wanted, str):
        table = cast("dict[str, Any]", value)
        return wanted in (table.get("name"), next(iter(table), None) if len(table) == 1 else None)
    return value == wanted


def _part_is(whole: Any, rest: str, wanted: Any) -> bool:
    """Whether a part of an option has the wanted value; a component may be given by its name."""
    part = whole if rest == "name" else _at(whole, rest)
    return any(_same(part, one) for one in _options(wanted))


def _touches(one: str, two: str) -> bool:
    """Whether one path is a prefix of the other."""
    return f"{one}.".startswith(f"{two}.") or f"{two}.".startswith(f"{one}.")


def _at(config: Any, path: str) -> Any:
    """The value at a dotted path of plain data."""
    for key in path.split("."):
        if isinstance(config, list) and key.isdecimal() and int(key) < len(cast("list[Any]", config)):
            config = cast("list[Any]", config)[int(key)]
        elif isinstance(config, dict) and key in config:
            config = cast("dict[str, Any]", config)[key]
        else:
            return _MISSING
    return config
