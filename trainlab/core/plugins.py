"""Plugins: Python files with components of the user's own, named by a config under `plugins` or by `--plugin FILE`.

A plugin is code, and loading it runs it. So only a config that the user names loads what it lists. The config of a run
or a sweep never does: its plugins must have been loaded before, with `--plugin` or in this process, and must be the
same bytes. Each config that is read makes its own plugins active: lookups by name find their components then.
"""

import hashlib
import importlib
import importlib.util
import inspect
import json
import os
import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from trainlab.core.component import Component, built_in, kind_of, plug
from trainlab.core.errors import UserError
from trainlab.core.home import expanded
from trainlab.core.words import with_article

RECORD, COPIES = "plugins.json", "plugins"  # in a run folder: hashes, and a copy of each file
LARGEST = 1 << 20  # bytes of a plugin
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Plugin:
    """A loaded file: where it lies, its content with its hash, and the components that it defines."""

    file: Path
    sha256: str
    content: bytes
    components: tuple[type[Component], ...]


@dataclass(slots=True)
class _State:
    """`loaded`: every version of every file that this process has run. `given`: for all configs. `active`: now."""

    loaded: list[Plugin]
    given: list[Plugin]
    active: list[Plugin]


_state = _State([], [], [])


def load(written: str, folder: Path, known_as: Path | None = None) -> Plugin:
    """The plugin in a file, relative to a folder, or in a module `package.module` that is installed or lies there.

    A file in a folder with `__init__.py` is imported as a module of that package. `known_as`: where the file lay that
    this one is a copy of. Raises UserError for a file that is missing, no regular file, not valid Python, raises an
    exception, or defines no component or one that a config cannot name.
    """
    file = _found(written, folder)
    content = _content(written, file)
    sha256, file = hashlib.sha256(content).hexdigest(), (known_as or file)
    for plugin in _state.loaded:
        if (plugin.file, plugin.sha256) == (file, sha256):
            return plugin
    module = _module(written, file, content, sha256)
    plugin = Plugin(file, sha256, content, _components(written, module))
    _state.loaded.append(plugin)
    return plugin


def give(files: Sequence[str], folder: Path | None = None) -> None:
    """Load these plugins for every config that this process reads from now on, in place of those given before.

    Raises UserError as `load`, and for two components of one name.
    """
    _state.given = []
    for written in files:
        plugin = load(written, folder or Path.cwd())
        if plugin not in _state.given:
            _state.given.append(plugin)
    activate([])


def activate(plugins: Sequence[Plugin]) -> None:
    """Make these plugins, and those given for all configs, the ones whose components are found by name.

    Raises UserError for two components of one name.
    """
    _state.active = list({plugin.sha256: plugin for plugin in (*_state.given, *plugins)}.values())
    classes = [cls for plugin in _state.active for cls in plugin.components]
    for i, cls in enumerate(classes):
        for other in classes[:i]:
            if cls.name == other.name and kind_of(cls) is kind_of(other):
                plug([])
                raise UserError(
                    f"two plugins define the {cls.kind} `{cls.name}`: {_place(other)} and {_place(cls)}; rename one"
                )
    plug(classes)


def active() -> tuple[Plugin, ...]:
    """The plugins whose components are found by name."""
    return tuple(_state.active)


def recalled(folder: Path, listed: Sequence[str]) -> list[Plugin]:
    """The plugins of the run or sweep in this folder, among those that this process has loaded. Nothing is imported.

    `listed`: what its config lists. Raises UserError where one was not loaded, or has changed since the run was made.
    """
    found: list[Plugin] = []
    for wanted in _recorded(folder) or [{"file": file} for file in listed]:
        name, sha256 = Path(wanted["file"]).name, wanted.get("sha256")
        same = [p for p in _state.loaded if (p.sha256 == sha256 if sha256 else str(p.file) == wanted["file"])]
        if same:
            found.append(same[-1])
            continue
        copy = folder / wanted["copy"] if "copy" in wanted else folder / COPIES / name
        changed = next((p for p in (*_state.given, *_state.active) if p.file.name == name), None)
        if changed is not None:
            raise UserError(
                f"{folder}: its plugin {name} has changed: sha256 {str(sha256)[:12]} when it was made, "
                f"{changed.sha256[:12]} in {changed.file}; undo the change, or take the copy that it was made with: "
                f"`--plugin {copy}`"
            )
        raise UserError(
            f"{folder}: needs its plugin {name}, which is Python code that would run here; give your own file with "
            f"`--plugin {name}` (in Python `tl.use_plugins`), or, if you trust the person who made this folder, its "
            f"copy with `--plugin {copy}`"
        )
    return found


def record(folder: Path) -> list[dict[str, Any]]:
    """What plugins.json of a run or sweep in this folder says of the active plugins; `copy` is relative to it."""
    made: list[dict[str, Any]] = []
    for plugin in _state.active:
        kinds: dict[str, list[str]] = {}
        for cls in plugin.components:
            kinds.setdefault(cls.kind, []).append(cls.name)
        others = sum(Path(m["file"]).name == plugin.file.name for m in made)
        copy = f"{COPIES}/{plugin.file.stem}{f'-{others + 1}' if others else ''}.py"
        made.append({"file": str(plugin.file), "sha256": plugin.sha256, "copy": copy, "components": kinds})
    return made


def references(folder: Path) -> list[list[str]]:
    """The active plugins for another process: [file, sha256, copy in this folder] of each."""
    return [[m["file"], m["sha256"], str(folder.absolute() / m["copy"])] for m in record(folder)]


def give_references(references: Sequence[Sequence[str]]) -> None:
    """Load what another process lists: each file if it is still the same, else its copy. Raises UserError."""
    _state.given = []
    for file, sha256, copy in references:
        same = False
        with suppress(OSError):
            same = hashlib.sha256(Path(file).read_bytes()).hexdigest() == sha256
        _state.given.append(load(file if same else copy, Path.cwd(), Path(file)))
    activate([])


def _recorded(folder: Path) -> list[dict[str, Any]] | None:
    """The entries of plugins.json; None without one. Raises UserError if it is damaged."""
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        if path.is_symlink():
            raise ValueError("a link may lead out of the folder")
        with path.open("rb") as file:
            found: Any = json.loads(file.read(LARGEST))
        return [{key: str(entry[key]) for key in ("file", "sha256", "copy")} for entry in found]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path}: damaged: it lists no plugins") from None


def _found(written: str, folder: Path) -> Path:
    """The absolute path of a file or of a module."""
    if "\0" in written or not written.strip():
        raise UserError("expected a Python file or a module")
    given = expanded(written)
    if written.endswith(".py") or "/" in written or given.is_absolute():
        return _absolute(folder / given)
    if not all(part.isidentifier() for part in written.split(".")):
        raise UserError(f"`{written}` is neither a file that ends in .py nor a module such as package.module")
    inside = folder.joinpath(*written.split("."))
    for file in (inside.with_suffix(".py"), inside / "__init__.py"):
        if file.is_file():
            return _absolute(file)
    try:
        spec = importlib.util.find_spec(written)
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise UserError(f"there is no module `{written}`, neither in {folder} nor installed; a file is `{written}.py`")
    return _absolute(Path(spec.origin))


def _absolute(file: Path) -> Path:
    return Path(os.path.normpath(file.absolute()))


def _content(written: str, file: Path) -> bytes:
    try:
        if file.is_dir():
            raise UserError(f"{written}: is a folder; expected a Python file")
        if not file.exists():
            near = sorted(p.name for p in file.parent.glob("*.py")) if file.parent.is_dir() else []
            raise UserError(
                f"{written}: no such file" + (f"; in {file.parent} there is {', '.join(near[:5])}" * bool(near))
            )
        if not file.is_file():
            raise UserError(f"{written}: is not a regular file; expected a Python file")
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"{written}: cannot be read: {error.strerror or error}") from None
    if len(content) > LARGEST:
        raise UserError(f"{written}: is larger than {LARGEST} bytes; expected a Python file")
    return content


def _module(written: str, file: Path, content: bytes, sha256: str) -> ModuleType:
    """The module, run. What it prints goes to standard error."""
    try:
        code = compile(content, str(file), "exec")
    except (SyntaxError, ValueError) as error:  # ValueError: null bytes
        line = getattr(error, "lineno", None)
        raise UserError(
            f"{written}{f':{line}' if line else ''}: not valid Python: {getattr(error, 'msg', error)}"
        ) from None
    package = _package(file)
    try:
        with redirect_stdout(sys.stderr):
            return _imported(*package) if package else _executed(file, code, sha256)
    except (Exception, SystemExit) as error:
        at = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        where = f"{written}:{at[-1]}" if at else written
        text = " ".join(str(error).split("\n", 1)[0].split())[:300]
        hint = "; a plugin is one file, or a module of a package" if isinstance(error, ModuleNotFoundError) else ""
        raise UserError(f"{where}: loading it raised {type(error).__name__}: {text}{hint}") from None


def _executed(file: Path, code: Any, sha256: str) -> ModuleType:
    module = ModuleType(f"trainlab_plugin_{re.sub(r'[^a-zA-Z0-9_]', '_', file.stem)}_{sha256[:8]}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module  # pydantic looks names of annotations up there
    try:
        exec(code, module.__dict__)  # noqa: S102 - the user named this file to be run
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _package(file: Path) -> tuple[Path, str] | None:
    """The folder that holds the file's package, and the module's whole name; None for a file in no package."""
    parts, folder = [] if file.name == "__init__.py" else [file.stem], file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return (folder, ".".join(parts)) if folder != file.parent else None


def _imported(root: Path, name: str) -> ModuleType:
    known = sys.modules.get(name)
    sys.path.insert(0, str(root))
    try:
        importlib.invalidate_caches()
        return importlib.reload(known) if known is not None else importlib.import_module(name)
    finally:
        sys.path.remove(str(root))


def _components(written: str, module: ModuleType) -> tuple[type[Component], ...]:
    """The components that a module defines. Raises UserError for one that a config cannot use."""
    values = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Component)]
    found = list(dict.fromkeys(cls for cls in values if cls.name and cls.__module__ == module.__name__))
    if not found:
        raise UserError(
            f"{written}: defines no component; one is a class with a name, such as `class Mine(Activation, "
            'name="mine")`, whose base is imported from trainlab'
        )
    for cls in found:
        what = f"{written}: {cls.__name__}"
        if not cls.kind:
            raise UserError(
                f"{what}: has no kind; its base must be Layer, Loss, Optimizer or another kind of trainlab's"
            )
        if not _NAME.fullmatch(cls.name):
            raise UserError(f"{what}: the name `{cls.name}` must be lower-case letters, digits, - and _")
        if inspect.isabstract(cls):
            missing = ", ".join(f"`{name}`" for name in sorted(cls.__abstractmethods__))
            raise UserError(f"{what}: {with_article(cls.kind)} needs the method {missing}")
        taken = built_in(kind_of(cls), cls.name)
        if taken is not None:
            raise UserError(f"{what}: trainlab has the {taken.kind} `{cls.name}` already; choose another name")
    return tuple(found)


def _place(cls: type[Component]) -> str:
    return str(getattr(sys.modules.get(cls.__module__), "__file__", cls.__module__))
