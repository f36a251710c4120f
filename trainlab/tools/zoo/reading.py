"""Reads a zoo file: which bases, entries and random configs it has, and where something in it is wrong."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trainlab.core.component import names
from trainlab.core.errors import UserError
from trainlab.core.node import Node, Span
from trainlab.core.problem import ConfigError, Problem, nearest
from trainlab.core.yaml_nodes import decode, parse
from trainlab.diagnose.monitor import Monitor
from trainlab.store.writing import named_errors

SECTIONS = ("healthy", "faults", "shows")
_KEYS = ("base", "set", "expect", "score", "cure", "twin", "check")


def read_zoo(file: Path) -> dict[str, Any]:
    """The sections of a zoo file as plain data. Raises UserError, with all problems and their lines, if it is none."""
    if not file.is_file():
        raise UserError(f"{file}: no such file; give the path of a zoo, for example zoo/zoo.yaml of trainlab's source")
    with named_errors(file, "read"):
        data = file.read_bytes()
    source, problems = decode(str(file), data)
    root, more = parse(source) if not problems else (None, [])
    problems = [*problems, *more]
    if root is None or problems:
        raise ConfigError(problems or [Problem.at(source.whole, "", "the file is empty; expected `bases:`")])
    if problems := list(_problems(root)):
        raise ConfigError(problems)
    return dict(root.plain())


def _problems(root: Node) -> Iterator[Problem]:
    table = root.table
    if table is None:
        yield Problem.at(root.at, "", "a zoo file is a table: `bases:`, `healthy:`, `faults:`")
        return
    allowed = ("bases", *SECTIONS, "random")
    for key in table:
        if key not in allowed:
            yield _unknown(root.keys[key], key, "section", key, allowed)
    bases = table.get("bases")
    if bases is None or bases.table is None:
        yield Problem.at((bases or root).at, "bases", "expected a table: a name and a config for each base")
        return
    for name, base in bases.table.items():
        if base.table is None:
            yield Problem.at(base.at, f"bases.{name}", "expected a config")
    for section in SECTIONS:
        node = table.get(section)
        if node is None or node.value is None:
            continue
        if node.table is None:
            yield Problem.at(node.at, section, "expected a table: a name for each entry")
            continue
        for name, entry in node.table.items():
            yield from _of_entry(f"{section}.{name}", node.keys[name], entry, section, tuple(bases.table))
    random = table.get("random")
    top = random.table.get("top") if random is not None and random.table is not None else None
    if top is not None and top.table is None:
        yield Problem.at(top.at, "random.top", "expected a table: a score for each data set")
    for name, score in (top.table or {}).items() if top is not None else ():
        if isinstance(score.value, bool) or not isinstance(score.value, int | float):
            yield Problem.at(score.at, f"random.top.{name}", "expected a score")


def _of_entry(path: str, at: Span, entry: Node, section: str, bases: Sequence[str]) -> Iterator[Problem]:
    table = entry.table
    if table is None:
        yield Problem.at(entry.at, path, "expected an entry: `{base: NAME, set: {KEY: VALUE}}`")
        return
    for key in table:
        if key not in _KEYS:
            yield _unknown(entry.keys[key], f"{path}.{key}", "key", key, _KEYS)
    base = table.get("base")
    if base is None:
        yield Problem.at(at, path, "`base` is missing: the name of one of the bases", allowed=bases)
    elif base.value not in bases:
        yield _unknown(base.at, f"{path}.base", "base", str(base.value), bases)
    for key in ("set", "twin"):
        node = table.get(key)
        if node is not None and node.table is None:
            yield Problem.at(node.at, f"{path}.{key}", "expected a table of dotted settings and values")
    if section == "healthy":
        return
    if "set" not in table:
        yield Problem.at(at, path, "`set` is missing: the settings that differ from the base")
    expect = table.get("expect")
    if expect is None or expect.items is None or not expect.items:
        where = at if expect is None else expect.at
        yield Problem.at(where, f"{path}.expect", "expected a list of the codes that are right for this entry")
        return
    for number, code in enumerate(expect.items):
        if code.value not in names(Monitor):
            yield _unknown(code.at, f"{path}.expect.{number}", "code", str(code.value), names(Monitor))


def _unknown(at: Span, path: str, kind: str, found: str, allowed: Sequence[str]) -> Problem:
    return Problem.at(at, path, f"unknown {kind} `{found}`", allowed=allowed, nearest=nearest(found, allowed))
