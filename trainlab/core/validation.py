"""Settings from nodes, and pydantic's errors as problems: at their place, in plain words, with the nearest valid name.

Pydantic only finds the errors. Its messages are replaced by texts from the model's classes, so that
the alternatives of a union give one sentence: `expected a whole number of at least 1 or `output`, got `x``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, cast, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from trainlab.core.component import Component, Settings, names, registered
from trainlab.core.describe import kinds as all_kinds
from trainlab.core.errors import UserError
from trainlab.core.node import Node, Span
from trainlab.core.place import Choice, Place, fields
from trainlab.core.problem import Problem, clipped, listed, nearest
from trainlab.core.scalars import MOST, advice
from trainlab.core.synonyms import homes, same_meaning
from trainlab.core.words import expected, found, noun, value, with_article

S = TypeVar("S", bound=Settings)

_OWN_WORDS = {"missing", "extra_forbidden", "unknown_key", "unknown_component", "no_settings"}
_MOST = 1000  # problems that are looked at
_TEXTS = {"refused", "value_error", "assertion_error"}


def checked(model: type[S], node: Node) -> tuple[S | None, list[Problem]]:
    """The settings that a config (in its long spelling) describes, or None with its problems, 1000 at most."""
    try:
        return model.model_validate(node.plain()), []
    except ValidationError as error:
        root = Place(model)
        located = [_located(details, node, root) for details in error.errors(include_url=False)[:_MOST]]
        return None, [_problem(one, node, root) for one in _told_apart(located)]
    except UserError as error:
        return None, [Problem.at(node.at, "", _one_line(error))]


@dataclass(frozen=True, slots=True)
class _Located:
    """One error of pydantic's at its node. `unions`: the paths of the unions whose alternatives it went through;
    `rest`: what is left of its location behind the last node that exists.
    """

    details: ErrorDetails
    path: tuple[str, ...]
    unions: frozenset[tuple[str, ...]]
    rest: tuple[str, ...]
    parent: Node | None
    node: Node
    place: Place | None

    @property
    def code(self) -> str:
        """Pydantic's name of the error."""
        return self.details["type"]

    @property
    def telling(self) -> bool:
        """Whether the error is more specific than a wrong type."""
        if self.code == "not_a_component":
            return self.node.table is not None
        return self.code in _OWN_WORDS or self.code in _TEXTS

    @property
    def kind(self) -> type[Component] | None:
        """The kind of component that is allowed here."""
        return next((c.kind for c in self.place.choices() if c.kind), None) if self.place else None

    @property
    def key(self) -> Span:
        """The place of the node's key, otherwise of the node."""
        return self.parent.keys.get(self.path[-1], self.node.at) if self.parent and self.path else self.node.at

    @property
    def label(self) -> Span:
        """The place to point at for the whole node: a component's name, otherwise its own place."""
        return self.node.label if self.path else self.node.at

    @property
    def dotted(self) -> str:
        """The path as a user would write it."""
        return ".".join((*self.path, *self.rest))


def _located(details: ErrorDetails, root: Node, place: Place) -> _Located:
    path: list[str] = []
    unions: set[tuple[str, ...]] = set()
    parent, node, here = None, root, cast("Place | None", place)
    location = list(details["loc"])
    rest: tuple[str, ...] = ()
    for index, part in enumerate(location):
        inner = node.child(part)
        if inner is not None:
            parent, node, here = node, inner, here.child(node, str(part)) if here else None
            path.append(str(part))
        elif details["type"] == "missing" and index == len(location) - 1:
            rest = (str(part),)
        else:
            unions.add(tuple(path))
    return _Located(details, tuple(path), frozenset(unions), rest, parent, node, here)


def _told_apart(errors: Sequence[_Located]) -> list[_Located]:
    """One error per place. Of the alternatives of a union only the best match remains: the errors deeper inside, or
    those that are more specific than `wrong type`.
    """
    for union in sorted({union for error in errors for union in error.unions}, key=len, reverse=True):
        inside = [e for e in errors if union in e.unions]
        deeper = [e for e in inside if len(e.path) > len(union) or e.rest]
        kept = deeper or [e for e in inside if e.telling] or inside[:1]
        errors = [e for e in errors if e not in inside or e in kept]
    first: dict[tuple[str, ...], _Located] = {}
    for error in errors:
        first.setdefault((*error.path, *error.rest), error)
    return list(first.values())


def _problem(error: _Located, root: Node, model: Place) -> Problem:
    match error.code:
        case "missing":
            return _missing(error)
        case "extra_forbidden" | "unknown_key":
            return _unknown_key(error, root, model)
        case "unknown_component":
            return _unknown_component(error, root, model)
        case "not_a_component" if error.node.table or not error.unions:
            return _not_a_component(error)
        case "no_settings":
            name = error.label
            return Problem.at(name, error.dotted, error.details["msg"])
        case _:
            return _wrong_value(error)


def _missing(error: _Located) -> Problem:
    settings = error.place.settings(error.node) if error.place else None
    place = fields(settings).get(error.rest[0]) if settings else None
    message = f"missing; expected {expected(place)}" if place else "missing"
    return Problem.at(error.label, error.dotted, message)


def _unknown_key(error: _Located, root: Node, model: Place) -> Problem:
    key = error.path[-1]
    allowed = _siblings(error, root, model)
    near = same_meaning(key, allowed) or nearest(key, allowed)
    if near:
        return Problem.at(
            error.key, error.dotted, f"unknown key; did you mean `{near}`?", allowed=allowed, nearest=near
        )
    home = homes(key, root, model)
    if home:
        message = f"unknown key; {home}"
    elif allowed:
        message = f"unknown key; allowed are {', '.join(f'`{name}`' for name in allowed)}"
    else:
        message = "unknown key; there is nothing to set here"
    return Problem.at(error.key, error.dotted, message, allowed=allowed)


def _siblings(error: _Located, root: Node, model: Place) -> list[str]:
    """The keys that are allowed next to a key."""
    if error.code == "unknown_key":
        return list((error.details.get("ctx") or {}).get("allowed", ()))
    place: Place | None = model
    node = root
    for part in error.path[:-1]:
        inner = node.child(part)
        if inner is None or place is None:
            return []
        place, node = place.child(node, part), inner
    settings = place.settings(node) if place else None
    return list(fields(settings)) if settings else []


def _unknown_component(error: _Located, root: Node, model: Place) -> Problem:
    context = error.details.get("ctx") or {}
    choices = error.place.choices() if error.place else []
    kinds = [choice.kind for choice in choices if choice.kind]
    what = listed([noun(kind) for kind in kinds]) or str(context.get("kind", "component"))
    words = [value(word) for choice in choices for word in choice.literals]
    allowed = [*words, *(sorted(name for kind in kinds for name in names(kind)) or context.get("allowed", ()))]
    table = error.node.table
    if table and (problem := _other_word_for_name(error, table)):
        return problem
    a_word = set(table or ()) <= {"name"}  # not a table with a wrong key
    name = str(context.get("found", ""))
    synonym = same_meaning(name, allowed)
    near = synonym or nearest(name, allowed)
    owner = next((owner for kind in kinds if (owner := _owner(kind, name))), None) if table and name in table else None
    if owner:
        message = f"`{name}` is a setting; name the {what}, too: `{{name: {owner}, {name}: ...}}`"
    elif not synonym and (elsewhere := _elsewhere(name, what, root, model)):
        message = elsewhere
    elif near:
        message = f"unknown {what} `{name}`; did you mean `{near}`?"
    elif error.place and kinds and a_word and any(not choice.kind and not choice.literals for choice in choices):
        message = f"expected {expected(error.place)}, got `{name}`"
    else:
        message = f"unknown {what} `{name}`; there are {', '.join(f'`{option}`' for option in allowed) or 'none'}"
    place = error.node.keys.get(name, error.label)
    return Problem.at(place, error.dotted, message, allowed=allowed, nearest=near)


def _elsewhere(name: str, what: str, root: Node, model: Place) -> str:
    """That a component of this name is of another kind, and where that belongs; empty if there is none."""
    settings = model.settings(root)
    other = next((kind for kind in all_kinds(settings) if name in names(kind)), None) if settings else None
    if other is None:
        return ""
    where = homes(other.kind, root, model)
    return f"`{name}` is {with_article(noun(other))}, not {with_article(what)}{f'; {where}' if where else ''}"


def _owner(kind: type[Component], key: str) -> str | None:
    """The component that has a setting of this name, `...` if all of this kind have it, None if there is none."""
    if key in fields(kind):
        return "..."
    return next((component.name for component in registered(kind) if key in fields(component)), None)


def _not_a_component(error: _Located) -> Problem:
    kind = error.kind
    what = with_article(noun(kind)) if kind else "a component"
    allowed = names(kind) if kind else []
    table = error.node.table
    if table and (problem := _other_word_for_name(error, table)):
        return problem
    if table and kind and len(kinds := [k for k in table if k in allowed]) > 1:
        message = f"more than one {noun(kind)} in one table: {', '.join(f'`{k}`' for k in kinds)}"
        return Problem.at(error.node.keys[kinds[1]], error.dotted, message, allowed=allowed)
    message = f"expected {what} (its name, `name: value` or `{{name: ..., ...}}`), got {found(error.node)}"
    if table:
        message = f"which {noun(kind) if kind else 'component'}? `name` is missing"
    return Problem.at(error.node.at, error.dotted, message, allowed=allowed)


def _other_word_for_name(error: _Located, table: dict[str, Node]) -> Problem | None:
    """The error for `{type: adam}`."""
    key = next((key for key in table if same_meaning(key, ["name"])), None)
    if key is None:
        return None
    message = "unknown key; did you mean `name`?"
    return Problem.at(error.node.keys[key], f"{error.dotted}.{key}", message, allowed=["name"], nearest="name")


def _wrong_value(error: _Located) -> Problem:
    if error.code in _TEXTS or error.code not in (*get_args(ErrorType), "not_a_component"):
        reason = (error.details.get("ctx") or {}).get("error") if error.code in _TEXTS else None
        return Problem.at(error.label, error.dotted, _one_line(reason or error.details["msg"]))
    if error.place is None or not error.place.choices():
        text = error.details["msg"]
        return Problem.at(error.node.at, error.dotted, text[:1].lower() + text[1:])
    choices = error.place.choices()
    words = [value(word) for choice in choices for word in choice.literals]
    wanted = expected(error.place)
    if error.code == "finite_number":
        wanted = wanted.replace("a number", "a finite number", 1)
    takes_words = bool(words) or any(choice.annotation is str or choice.items for choice in choices)
    message = f"expected {wanted}, got {found(error.node, words_allowed=takes_words)}"
    if error.code == "less_than_equal" and (error.details.get("ctx") or {}).get("le") == MOST:
        message = f"{found(error.node)} is too large; the most is {MOST:,}"
    given = error.node.value
    near = (same_meaning(given, words) or nearest(given, words)) if isinstance(given, str) else None
    if near:
        message = f"{message}; did you mean `{near}`?"
    elif hint := _hint(error.node, choices):
        message = f"{message}; {hint}"
    return Problem.at(error.node.at, error.dotted, message, allowed=words, nearest=near)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _hint(node: Node, choices: Sequence[Choice]) -> str:
    """The correct spelling, if it is easy to guess."""
    types = {choice.annotation for choice in choices}
    if isinstance(node.value, str) and types & {int, float}:
        return advice(node.value)
    if isinstance(node.value, str) and bool in types and node.value.lower() in ("yes", "on", "no", "off"):
        return f"write {'true' if node.value.lower() in ('yes', 'on') else 'false'}"
    if isinstance(node.value, bool | int | float) and str in types:
        return "put it in quotes"
    if any(choice.items for choice in choices) and isinstance(node.value, str | int | float):
        return f"write [{clipped(value(node.value))}]"
    return ""
