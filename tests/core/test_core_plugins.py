"""Plugins: what is loaded, what is refused and how, and which of them a run recalls."""

import json
import os
from pathlib import Path

import pytest

from trainlab.core import plugins
from trainlab.core.component import find, names, registered
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Layer
from trainlab.search.experiment import read, read_plain

TWICE = '''"""One."""
from trainlab.nn.activation import Activation


class Twice(Activation, name="twice"):
    """y = 2 x."""

    def forward(self, s):
        s.y[...] = 2 * s.x

    def backward(self, s):
        s.dx[...] = 2 * s.dy
'''
CONFIG = "data: moons\nmodel: {name: mlp, activation: twice}\n"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """A folder with one plugin and a config that names it; nothing stays loaded or active after the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plugins._state, "loaded", [])
    Path("parts.py").write_text(TWICE)
    Path("c.yaml").write_text(f"plugins: [parts.py]\n{CONFIG}")
    yield tmp_path
    plugins.give([])


def refused(written):
    """What the error says."""
    with pytest.raises(UserError) as caught:
        plugins.load(written, Path.cwd())
    return str(caught.value)


def test_a_config_finds_its_components(own_folder):
    """They are looked up, listed and validated as trainlab's own, by any kind above; a config without them has none."""
    value = read("c.yaml").value
    assert value.plugins == [str(own_folder / "parts.py")]
    assert find(Layer, "twice") is find(Activation, "twice") is type(value.model.activation)
    assert "twice" in names(Activation)
    assert find(Activation, "twice") in registered(Layer)
    Path("d.yaml").write_text("data: moons\n")
    read("d.yaml")
    assert find(Activation, "twice") is None


def test_paths_are_relative_to_the_file(own_folder, monkeypatch):
    """The config's folder counts, not the current one; a config that extends takes the plugins of its base."""
    Path("deep").mkdir()
    Path("deep/e.yaml").write_text(f"extends: ../c.yaml\n{CONFIG}")
    monkeypatch.chdir("deep")
    assert read("e.yaml").value.plugins == [str(own_folder / "parts.py")]
    assert read("../c.yaml").value.plugins == [str(own_folder / "parts.py")]


def test_plain_data_and_given_plugins(own_folder):
    """A dict names them, too; those of `--plugin` are there for every config and are kept with it."""
    data = {"data": "moons", "model": {"name": "mlp", "activation": "twice"}}
    assert read_plain({"plugins": ["parts.py"], **data}).value.plugins == [str(own_folder / "parts.py")]
    with pytest.raises(ConfigError, match="unknown activation `twice`"):
        read_plain(data)
    plugins.give(["parts.py"])
    assert read_plain(data).value.plugins == [str(own_folder / "parts.py")]


def test_modules(own_folder):
    """`package.module` lies beside the config, and may import its neighbours."""
    Path("pack").mkdir()
    Path("pack/__init__.py").touch()
    Path("pack/two.py").write_text("TWO = 2\n")
    Path("pack/parts.py").write_text("from .two import TWO\n" + TWICE.replace("2 *", "TWO *"))
    Path("c.yaml").write_text(f"plugins: [pack.parts]\n{CONFIG}")
    assert read("c.yaml").value.plugins == [str(own_folder / "pack/parts.py")]
    assert find(Activation, "twice").__module__ == "pack.parts"


@pytest.mark.parametrize(
    ("written", "content", "message"),
    [
        ("part.py", None, "part.py: no such file; in {} there is parts.py"),
        ("folder.py", "folder", "folder.py: is a folder; expected a Python file"),
        ("pipe.py", "fifo", "pipe.py: is not a regular file; expected a Python file"),
        ("x.py", "class A(\n", "x.py:1: not valid Python: '(' was never closed"),
        ("x.py", "a = 1\x00", "x.py: not valid Python: source code string cannot contain null bytes"),
        ("x.py", "a = 1\nb = a / 0\n", "x.py:2: loading it raised ZeroDivisionError: division by zero"),
        ("x.py", "import sys\nsys.exit(3)\n", "x.py:2: loading it raised SystemExit: 3"),
        (
            "x.py",
            "import nowhere_at_all\n",
            "x.py:1: loading it raised ModuleNotFoundError: No module named 'nowhere_at_all'; a plugin is one file, or "
            "a module of a package",
        ),
        (
            "x.py",
            "a = 1\n",
            'x.py: defines no component; one is a class with a name, such as `class Mine(Activation, name="mine")`, '
            "whose base is imported from trainlab",
        ),
        (
            "x.py",
            TWICE.replace('"twice"', '"relu"'),
            "x.py: Twice: trainlab has the activation `relu` already; choose another name",
        ),
        (
            "x.py",
            TWICE.replace('"twice"', '"dense"'),
            "x.py: Twice: trainlab has the layer `dense` already; choose another name",
        ),
        ("x.py", TWICE.replace("backward", "back"), "x.py: Twice: an activation needs the method `backward`"),
        (
            "x.py",
            TWICE.replace('"twice"', '"Twice it"'),
            "x.py: Twice: the name `Twice it` must be lower-case letters, digits, - and _",
        ),
        ("no.where", None, "there is no module `no.where`, neither in {} nor installed; a file is `no.where.py`"),
        ("not a name", None, "`not a name` is neither a file that ends in .py nor a module such as package.module"),
        (" ", None, "expected a Python file or a module"),
    ],
)
def test_what_is_refused(written, content, message, own_folder):
    """Every wrong path or file is one sentence, which names the line where there is one."""
    if content == "folder":
        Path(written).mkdir()
    elif content == "fifo":
        os.mkfifo(written)
    elif content is not None:
        Path(written).write_text(content)
    assert refused(written).startswith(message.format(own_folder))


def test_problems_stand_at_their_line(own_folder):
    """All plugins of a config that cannot be loaded are told at once; what they would have defined is not."""
    Path("c.yaml").write_text(f"plugins: [one.py, two.py]\n{CONFIG}")
    with pytest.raises(ConfigError) as caught:
        read("c.yaml")
    assert [(p.line, p.column, p.path) for p in caught.value.problems] == [(1, 11, "plugins.0"), (1, 19, "plugins.1")]
    with pytest.raises(ConfigError, match="cannot be overridden; give a plugin with `--plugin FILE`"):
        read("c.yaml", ["plugins=[parts.py]"])


def test_two_plugins_of_one_name():
    """A name stands for one component."""
    Path("other.py").write_text(TWICE.replace("2 *", "3 *"))
    Path("c.yaml").write_text(f"plugins: [parts.py, other.py]\n{CONFIG}")
    with pytest.raises(ConfigError, match="two plugins define the activation `twice`"):
        read("c.yaml")


def test_what_a_plugin_prints_is_no_result(capsys):
    """Standard output stays for results."""
    Path("x.py").write_text(TWICE + "print('loaded')\n")
    plugins.load("x.py", Path.cwd())
    assert capsys.readouterr() == ("", "loaded\n")


def stranger(own_folder, **record):
    """A run folder with a config, a copy of a plugin that leaves a mark where it is imported, and its record."""
    run = own_folder / "run"
    (run / "plugins").mkdir(parents=True)
    mark = own_folder / "imported"
    (run / "plugins/parts.py").write_text(f"open({str(mark)!r}, 'w').close()\n{TWICE}")
    (run / "config.yaml").write_text(f"plugins: [plugins/parts.py]\n{CONFIG}")
    (run / "status.json").write_text("{}")
    if record:
        (run / "plugins.json").write_text(json.dumps([record]))
    return run, mark


@pytest.mark.parametrize("own", [True, False])
def test_a_run_never_imports_its_plugin(own, own_folder):
    """Neither its path nor its copy: the user has to give one, and is told how."""
    run, mark = stranger(own_folder)
    with pytest.raises(ConfigError, match=r"needs its plugin parts.py, which is Python code that would run here"):
        read(run / "config.yaml", own=own)
    plugins.give(["parts.py"])  # another one, of the same name
    with pytest.raises(ConfigError, match=r"its plugin parts.py has changed"):
        read(run / "config.yaml", own=own)
    assert not mark.exists()


def test_a_run_recalls_what_was_given(own_folder):
    """The same bytes will do, wherever they lie."""
    sha256 = plugins.load("parts.py", own_folder).sha256
    run, mark = stranger(own_folder, file="/elsewhere/parts.py", sha256=sha256, copy="plugins/parts.py")
    assert read(run / "config.yaml").value.plugins == [str(own_folder / "parts.py")]
    assert not mark.exists()
    (run / "plugins.json").write_text("{]")
    with pytest.raises(ConfigError, match="damaged: it lists no plugins"):
        read(run / "config.yaml")


def test_another_process_takes_the_file_or_its_copy(own_folder):
    """A worker loads the same bytes: the file, or the copy in the sweep's folder where the file has changed."""
    plugins.give(["parts.py"])
    (own_folder / "plugins").mkdir()
    (own_folder / "plugins/parts.py").write_text(TWICE)
    references = plugins.references(own_folder)
    Path("parts.py").write_text(TWICE.replace("2 *", "3 *"))
    plugins.give_references(references)
    (plugin,) = plugins.active()
    assert (plugin.file, plugin.sha256) == (own_folder / "parts.py", references[0][1])
