"""The shape of the house, as `trainlab/__init__.py` draws it."""

import ast
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import trainlab
from trainlab.core.component import Component
from trainlab.core.describe import kinds
from trainlab.optim.regularizer import Regularizer
from trainlab.search.experiment import SweepExperiment

ROOT = Path(trainlab.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
KINDS: list[type[Component]] = [*kinds(SweepExperiment), Regularizer]
HEAVY = ("pandas", "sklearn", "scipy", "PIL", "pyarrow", "numpy")


def floors(text: str) -> dict[str, int]:
    """Package -> floor, from the lines of the table: `    3  engine diagnose`; and the roof, which no floor imports."""
    rows = re.findall(r"^    (\d)  ([a-z ]+)$", text, re.MULTILINE)
    return {package: int(floor) for floor, packages in rows for package in packages.split()} | {"api": 10}


def imported(source: str, module: str, is_package: bool = False) -> set[str]:
    """All modules that a file names in an import, at any depth of it, relative ones made absolute.

    `from trainlab import training` names trainlab.training, so names that are imported are counted as modules, too.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")
            above = above[: len(above) - node.level + is_package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):  # import_module("trainlab.nn.layers")
            found |= {node.value} if re.fullmatch(r"trainlab(\.\w+)+", node.value) else set()
    return found


def offences(source: str, module: str, table: dict[str, int], is_package: bool = False) -> list[str]:
    """What a file of this module may not import."""
    own = module.split(".")[1]
    wrong = []
    for name in sorted(imported(source, module, is_package)):
        parts = name.split(".")
        other = parts[1] if parts[0] == "trainlab" and len(parts) > 1 else own
        if other in table and other != own and table[other] >= table[own]:
            way = "upward" if table[other] > table[own] else "sideways"
            wrong.append(f"{module} imports {name}: {way}, floor {table[own]} from floor {table[other]}")
    return wrong


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_table_names_every_package():
    """The table in the docstring of trainlab names the packages that exist, each once."""
    there = {p.name for p in ROOT.iterdir() if (p / "__init__.py").exists()}

    assert set(floors(trainlab.__doc__)) - {"api"} == there


def test_imports_go_down():
    """No file imports from a higher floor or from a sibling, at its head or inside a function."""
    table = floors(trainlab.__doc__)
    inside = [f for f in FILES if f.parent != ROOT]

    wrong = [w for f in inside for w in offences(f.read_text(), module_of(f), table, f.name == "__init__.py")]

    assert wrong == []


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ("from trainlab.core.types import Array", 0),
        ("from trainlab.nn.loss import Loss", 0),
        ("from trainlab.training import session", 1),
        ("from trainlab import training", 1),
        ("import trainlab.cli.main", 1),
        ("import trainlab.diagnose", 1),
        ("from trainlab import api", 1),
        ("from trainlab.api import train", 1),
        ("def f():\n    from trainlab.report import table", 1),
        ("from ..training import session", 1),
        ("from ..nn import loss", 0),
        ("from . import net", 0),
        ("import_module('trainlab.training.session')", 1),
    ],
)
def test_offences_are_seen(line: str, got: int):
    """The check itself finds each way to write an import that goes up or sideways."""
    assert len(offences(line, "trainlab.engine.trainer", floors(trainlab.__doc__))) == got


def commands(source: str) -> set[str]:
    """All modules of trainlab that a file starts as a program: of `[python, "-m", "trainlab.x"]` that module.

    `["trainlab", ...]`, in a file that can start programs, is the command line. A program text that is handed to Python
    (`-c "import trainlab..."`) counts by what it imports.
    """
    starts = re.search(r"\bsubprocess\b|\bos\.(exec|spawn|posix_spawn)", source) is not None
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.List | ast.Tuple):
            words = [e.value if isinstance(e, ast.Constant) and isinstance(e.value, str) else "" for e in node.elts]
            found |= {"trainlab.cli"} if starts and words[:1] == ["trainlab"] else set()
            for option, word in pairwise(words):
                if option == "-m" and word.partition(".")[0] == "trainlab":
                    found.add(word if "." in word else "trainlab.cli")
                elif option == "-c" and "trainlab" in word:
                    found |= {name for name in imported(word, "trainlab") if name.startswith("trainlab.")}
    return found


def test_no_subprocess_leads_upward():
    """No package below the command line starts a program that comes back in through a floor above its own."""
    table = floors(trainlab.__doc__)
    wrong: list[str] = []
    for file in FILES:
        own = module_of(file).split(".")[1:2]
        if file.parent != ROOT and own != ["cli"]:
            wrong += [
                f"{module_of(file)} starts {name}"
                for name in commands(file.read_text())
                if table.get(name.split(".")[1] if "." in name else "", 0) > table[own[0]]
            ]

    assert wrong == []


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ('run([sys.executable, "-m", "trainlab", "train"])', {"trainlab.cli"}),
        ('run([sys.executable, "-m", "trainlab.search.executors.worker"])', {"trainlab.search.executors.worker"}),
        ('subprocess.run(["trainlab", "train"])', {"trainlab.cli"}),
        ('print(shlex.join(["trainlab", "train"]))', set()),
        ('run([python, "-c", "from trainlab.cli import main"])', {"trainlab.cli.main"}),
        ('run(["git", "-m", "message"])', set()),
    ],
)
def test_started_programs_are_seen(line: str, got: set[str]):
    """The check itself finds each way to start a part of trainlab as a program."""
    assert commands(line) == got


def graph() -> dict[str, set[str]]:
    """Module -> the modules of trainlab that it imports, at any depth of the file, for type checking, too."""
    modules = {module_of(f): f for f in FILES}
    edges: dict[str, set[str]] = {}
    for module, file in modules.items():
        named = imported(file.read_text(), module, file.name == "__init__.py")
        near = {n if n in modules else n.rpartition(".")[0] for n in named}
        edges[module] = {n for n in near if n in modules and n != module}
    return edges


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach each other, each sorted."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for following in edges[waiting.pop()] - seen:
                seen.add(following)
                waiting.append(following)
        return seen

    far = {module: reached(module) for module in edges}
    return sorted({tuple(sorted(n for n in far[m] if m in far[n])) for m in edges if m in far[m]})


def test_no_import_circle():
    """No modules import each other, directly or around a corner, at the top of a file or inside a function."""
    edges = graph()
    roof = {"trainlab", "trainlab.api"}  # what the package offers: no room imports it back by these names

    assert circles({m: e - roof for m, e in edges.items() if m not in roof}) == []


def test_circles_are_seen():
    """The check itself finds a circle of three, and none where there is none."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [("a", "b", "c")]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.kind)
def test_rooms_hold_components(kind: type[Component]):
    """Each file of a room holds one component, called like the file."""
    for room in kind.rooms:
        for file in (ROOT.parent / Path(*room.split("."))).glob("[a-z]*.py"):
            classes = [n for n in ast.parse(file.read_text()).body if isinstance(n, ast.ClassDef)]
            named = [k.value.value for c in classes for k in c.keywords if k.arg == "name"]
            assert [n.replace(kind.separator, "_") for n in named] == [file.stem], file


@pytest.mark.parametrize("module", ["trainlab", "trainlab.cli.main"])
def test_light_imports(module: str):
    """Neither the package nor the command line loads what only some commands need, NumPy included."""
    code = f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])"

    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert got.stdout.strip() == "[]"


def test_nothing_is_left_to_do():
    """No file of the package puts work off."""
    marks = re.compile(r"#\s*(TO" + r"DO|FIX" + r"ME|XXX|HACK)\b")

    assert [str(f) for f in FILES if marks.search(f.read_text())] == []


def test_files_and_functions_are_short():
    """No file of the package or of its tests is over 400 lines, no function of the package over 60."""
    tests = Path(__file__).parent.rglob("test_*.py")
    functions = {
        f"{module_of(file)}.{node.name}": node.end_lineno - node.lineno + 1
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {f.name: n for f in [*FILES, *tests] if (n := len(f.read_text().splitlines())) > 400} == {}
    assert {name: n for name, n in functions.items() if n > 60} == {}
