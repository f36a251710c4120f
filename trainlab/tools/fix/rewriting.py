"""Writes the fixed config as a file: the user's own text with the patch applied, comments included.

The text is edited in place and read back. If the result is not exactly the fixed experiment (a spelling that cannot be
edited, a file that has changed since), the whole resolved config is written instead.
"""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from trainlab.core.component import plain
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.store.environment import read_environment
from trainlab.store.folder import RunFolder
from trainlab.store.plain_yaml import read_value
from trainlab.store.writing import write_atomic, write_output
from trainlab.tools.fix.suggestion import Patch
from trainlab.training.experiment import Experiment, read


def write_fixed(file: Path, run: RunFolder, fixed: Mapping[str, Any], patch: Patch) -> bool:
    """Write the fixed config, as an edit of the config file that the run was started with if that still exists.

    Returns whether it did. Raises UserError if the file cannot be written.
    """
    source, overrides = started_with(run)
    if source is not None:
        text = edited(source.read_text(encoding="utf-8"), {**overrides, **patch})
        moved = _extends(text, source, file)
        if moved is not None and _reads_as(moved, file, fixed):
            write_output(file, moved.encode())
            return True
    write_output(file, dump(dict(fixed)).encode())
    return False


def started_with(run: RunFolder) -> tuple[Path | None, dict[str, Any]]:
    """The config file and the overrides of the command that started a run, as far as they are known."""
    made = read_environment(run.environment)
    try:
        words = shlex.split(str(made.get("command") or ""))
    except ValueError:  # a quote that is never closed
        return None, {}
    at = Path(str(made.get("folder") or "."))
    if "train" not in words[:3]:
        return None, {}
    given = [word for word in words[words.index("train") + 1 :] if not word.startswith("-")]
    files = [at / word for word in given if "=" not in word and word.endswith((".yaml", ".yml")) and "\0" not in word]
    pairs = [word.partition("=") for word in given if "=" in word]
    source = next((file for file in files if file.is_file()), None)
    return source, {key: read_value(value) for key, _, value in pairs}


def edited(text: str, changes: Mapping[str, Any]) -> str:
    """YAML text with values set by their dotted keys, everything else as it was.

    >>> edited("optimizer: {name: adam, lr: 1}  # too high", {"optimizer.lr": 0.01})
    'optimizer: {name: adam, lr: 0.01}  # too high'
    """
    for key, value in changes.items():
        try:
            root = cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType] - untyped
        except yaml.YAMLError:
            return text
        if isinstance(root, yaml.MappingNode):
            text = _set(text, root, key.split("."), value)
    return text


def _set(text: str, node: yaml.Node, keys: list[str], value: Any) -> str:
    """The text with `value` at these keys below a node."""
    key, rest = keys[0], keys[1:]
    if isinstance(node, yaml.MappingNode):
        for name, inner in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if name.value == key:
                return _set(text, inner, rest, value) if rest else _replaced(text, inner, _flow(value))
        return _added(text, node, key, _flow(_nested(rest, value)))
    if isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
        inner = cast("list[yaml.Node]", node.value)[int(key)]
        return _set(text, inner, rest, value) if rest else _replaced(text, inner, _flow(value))
    if isinstance(node, yaml.ScalarNode) and node.value:  # a component's name alone
        table = {"name": node.value, **_nested(keys, value)} if key != "name" else {"name": value}
        return _replaced(text, node, _flow(table))
    return text


def _nested(keys: list[str], value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def _replaced(text: str, node: yaml.Node, new: str) -> str:
    """The text with a node's own replaced; a block that spans lines becomes one line."""
    start, end = node.start_mark.index, node.end_mark.index
    old = text[start:end]
    tail = old[len(old.rstrip()) :] if "\n" in old else ""
    gap = " " if start and text[start - 1] == ":" else ""  # an empty value: `key:`
    if "\n" in old.rstrip() and text[:start].rpartition("\n")[2].strip() == "":
        before = text[:start].rstrip()  # a block below its key: up to the key's line, unless a comment ends it
        if before.endswith(":"):
            return f"{before} {new}{tail}{text[end:]}"
    return f"{text[:start]}{gap}{new}{tail}{text[end:]}"


def _added(text: str, node: yaml.MappingNode, key: str, value: str) -> str:
    """The text with one more key in a table."""
    pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
    if node.flow_style:
        end = node.end_mark.index - 1
        before = text[:end].rstrip()
        comma = ", " if pairs and not before.endswith(",") else " " if pairs else ""
        return f"{before}{comma}{key}: {value}{text[end:]}"
    first = pairs[0][0].start_mark
    at = text.find("\n", _last_mark(pairs[-1][1]))
    at = len(text) if at < 0 else at
    return f"{text[:at]}\n{' ' * first.column}{key}: {value}{text[at:]}"


def _last_mark(node: yaml.Node) -> int:
    """Where a node's last word ends: a block's own mark stands after the comments that follow it."""
    if isinstance(node, yaml.MappingNode | yaml.SequenceNode) and not node.flow_style and node.value:
        last = cast("list[Any]", node.value)[-1]
        return _last_mark(last[1] if isinstance(node, yaml.MappingNode) else last)
    return node.end_mark.index


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in cast("dict[str, Any]", value).items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in cast("list[Any]", value)) + "]"
    return dump([value]).strip().removeprefix("[").removesuffix("]")


def _extends(text: str, source: Path, file: Path) -> str | None:
    """The text with `extends`, if it has it, leading from the new file's place; None where that cannot be."""
    root = cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType] - untyped
    for name, inner in cast("list[tuple[yaml.Node, yaml.Node]]", root.value) if root is not None else []:
        if name.value == "extends" and isinstance(inner, yaml.ScalarNode):
            try:
                return _replaced(text, inner, _flow(os.path.relpath(source.parent / inner.value, file.parent)))
            except ValueError:  # another drive
                return None
    return text


def _reads_as(text: str, file: Path, fixed: Mapping[str, Any]) -> bool:
    """Whether a text at that place would be read as this experiment; its name does not count."""
    trial = file.with_name(f".{file.name}.{os.getpid()}.yaml")
    try:
        write_atomic(trial, text.encode())
        found = plain(read(trial).value)
    except (ConfigError, UserError):
        return False
    finally:
        trial.unlink(missing_ok=True)
    named = set(Experiment.model_fields) - {"name"}
    return all(found.get(k) == fixed.get(k) for k in named)
