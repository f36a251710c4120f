"""The command line as a whole: help, errors, exit codes, closed pipes, odd terminals."""

import io
import os
import pkgutil
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from terminal import on_terminal
from typing_extensions import Buffer

import trainlab.cli
from trainlab.cli import main as main_module
from trainlab.cli import new as new_module
from trainlab.cli._reference import reference
from trainlab.cli._terminal import note
from trainlab.cli.main import COMMANDS, load, main
from trainlab.core.errors import UserError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _ctrl_c_as_before() -> Generator[None]:
    """`main` ends a process, and ignores Ctrl-C from there on; here the process goes on."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_every_module_is_a_command():
    """A module without an underscore is listed as a command, and nothing else is."""
    found = {m.name for m in pkgutil.iter_modules(trainlab.cli.__path__) if not m.name.startswith("_")}
    modules = {name.rstrip("_") for name in found}  # `import` is a word of Python
    assert modules - {"main"} == {name.replace("-", "_") for name in COMMANDS}


def test_help_lists_every_command(cli):
    """`trainlab --help`, `-h` and a bare `trainlab` say the same and end with 0."""
    got = cli("--help")
    assert (got.exit_code, got.stderr) == (0, "")
    assert [name for name in COMMANDS if f"\n  {name} " not in got.stdout] == []
    assert cli("-h").stdout == got.stdout
    assert cli().stdout == got.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(cli, command):
    """Each command's help tells its usage and ends with examples that call it."""
    got = cli(command, "--help")
    assert got.exit_code == 0
    assert got.stdout.startswith(f"Usage: trainlab {command}")
    assert f"trainlab {command}" in got.stdout.partition("Examples:")[2]


@pytest.mark.parametrize("args", [(), ("train",), ("report",)])
def test_help_fits_a_narrow_terminal(cli, monkeypatch, args):
    """At 40 columns no line of a help is wider, but for examples, which users copy."""
    monkeypatch.setenv("COLUMNS", "40")
    text = cli(*args, "--help").stdout.split("Examples:")[0]
    assert max(map(len, text.splitlines())) <= 40


def test_sentences_are_wrapped_on_a_terminal(started, folder):
    """On a terminal a long message is wrapped between words; a quoted line of the config keeps its caret."""
    command, env = started
    value = "x" * 60
    code, written, _ = on_terminal(
        [*command, "train", "moons.yaml", f"optimizer.rate={value}"], {"TERM": "xterm", **env}, 40
    )
    lines = written.replace("\r", "").splitlines()
    assert code == 2
    quoted = next(i for i, line in enumerate(lines) if line.startswith("    1 | "))
    assert lines[quoted] == "    1 | optimizer.rate=xxxxxxxxxxxxxxxx…"
    assert lines[quoted + 1] == "      |           ^^^^"
    assert "optimizer.rate: unknown key;" in " ".join(lines)
    wrapped = [line for line in lines if "xxx" not in line]
    assert len(wrapped) > 2
    assert max(map(len, wrapped)) <= 40


def test_version(cli):
    """`--version` prints name and number."""
    assert cli("--version").stdout == f"trainlab {trainlab.__version__}\n"


def test_reference_is_fresh():
    """docs/cli.md is what `python -m trainlab.cli._reference` prints."""
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize(
    ("args", "want"),
    [
        (["trian"], "no command `trian`; did you mean `train`?\n"),
        (["new", "--frce"], "trainlab new: no option `--frce`; did you mean `--force`?\nTry `trainlab new --help`.\n"),
        (["\x1b[2J"], "no command `\\x1b[2J`; `trainlab --help` lists them all\n"),
        (["predict", "r"], "trainlab predict: missing option `--input`\nTry `trainlab predict --help`.\n"),
        (["predict"], "trainlab predict: missing argument `RUN`\nTry `trainlab predict --help`.\n"),
        (["new", "mpl"], "no template `mpl`; did you mean `mlp`?\n"),
        (["new", "rnn"], "no template `rnn`; there are cnn, csv, mlp, regression, sweep and tabular\n"),
        (["fit"], "no command `fit`; did you mean `train`?\n"),
        (["resume", "a-1"], "no command `resume`; did you mean `train --resume RUN`?\n"),
        (["train", "--resume"], "trainlab train: option `--resume` needs a value\nTry `trainlab train --help`.\n"),
        (
            ["train", "a.yaml", "--learning-rate", "1"],
            "trainlab train: no option `--learning-rate`; a setting is an argument of its own: optimizer.lr=...\n"
            "Try `trainlab train --help`.\n",
        ),
        (["report", "--lr"], "trainlab report: no option `--lr`\nTry `trainlab report --help`.\n"),
        (
            ["explain", "relu"],
            "no finding and no term `relu`; `trainlab components activation relu` describes the activation\n",
        ),
        (["new", "regresion"], "no template `regresion`; did you mean `regression`?\n"),
        (["explain", "overfiting"], "no finding and no term `overfiting`; did you mean `overfitting`?\n"),
        (["explain", "chekpoint"], "no finding and no term `chekpoint`; did you mean `checkpoint`?\n"),
        (["explain", "zzz"], "no finding and no term `zzz`; `trainlab explain` lists them all\n"),
        (["components", "optimiser"], "no kind and no component is called `optimiser`; did you mean `optimizer`?\n"),
        (["components", "layer", "dens"], "no layer `dens`; did you mean `dense`?\n"),
        (["train"], "no config given: run `trainlab train CONFIG`; `trainlab new -o CONFIG` writes an example\n"),
        (["train", "moon.yaml"], "moon.yaml: no such file; did you mean `moons.yaml`?\n1 problem\n"),
    ],
)
def test_wrong_usage(cli, args, want):
    """A mistake is answered on stderr, with the nearest name, never with a traceback, and exit code 2."""
    got = cli(*args)
    assert (got.exit_code, got.stdout) == (2, "")
    assert got.stderr == want
    assert "Traceback" not in got.stderr


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UserError("the file\x1b[1m is bad"), 2, "the file\\x1b[1m is bad\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (PermissionError(13, "Permission denied", "runs"), 2, "runs: Permission denied\n"),
        (BrokenPipeError(32, "Broken pipe"), 0, ""),
        (
            ValueError("oops"),
            1,
            "trainlab: this is a bug in trainlab (ValueError: oops). Please report it with what you ran; "
            "TRAINLAB_DEBUG=1 before the command shows where it happened.\n",
        ),
    ],
)
def test_errors_inside_a_command(folder, monkeypatch, capsys, error, code, text):
    """What goes wrong inside a command becomes one text on stderr and its exit code."""

    def fail(_: str) -> str:
        raise error

    monkeypatch.setattr(new_module, "read", fail)
    monkeypatch.setattr("sys.argv", ["trainlab", "new"])
    monkeypatch.setattr(main_module._terminal, "silence", lambda *_: None)
    with pytest.raises(SystemExit) as exit_info:
        main()
    out, err = capsys.readouterr()
    assert (exit_info.value.code, out, err) == (code, "", text)


def test_a_bug_shows_where_it_happened_when_asked(folder, monkeypatch):
    """With TRAINLAB_DEBUG an error of ours is raised as it is."""
    monkeypatch.setenv("TRAINLAB_DEBUG", "1")
    monkeypatch.setattr("sys.argv", ["trainlab", "new"])
    monkeypatch.setattr(new_module, "read", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main()


@pytest.mark.parametrize("fails", [None, KeyboardInterrupt, ZeroDivisionError])
def test_after_the_end_a_signal_finds_nothing_to_stop(fails):
    """Ctrl-C before or after the command proper is 130, and Python's own end is not interrupted any more."""

    def command() -> None:
        if fails:
            raise fails

    if fails:
        with pytest.raises(SystemExit) as exit_info:
            main(command)
        assert exit_info.value.code == {KeyboardInterrupt: 130, ZeroDivisionError: 1}[fails]
    else:
        main(command)
    signal.raise_signal(signal.SIGINT)


def test_what_a_signal_says_while_stderr_is_written_to(monkeypatch):
    """Python's streams take nothing from a signal that comes amid their own writing: it is written past them."""
    read, write = os.pipe()

    class Slow(io.FileIO):
        def write(self, data: Buffer) -> int:
            if bytes(data) == b"a line\n":
                note("a signal's")
            return super().write(data)

    with os.fdopen(read, "rb") as reader, Slow(write, "w") as raw:
        monkeypatch.setattr("sys.stderr", io.TextIOWrapper(io.BufferedWriter(raw), encoding="ascii"))
        note("a line")
        assert reader.read1() == b"a signal's\na line\n"


def test_help_imports_nothing_heavy(started):
    """`trainlab --help` loads no command module, and neither NumPy nor pandas, scikit-learn, rich or YAML."""
    command, env = started
    heavy = ("numpy", "pandas", "sklearn", "scipy", "rich", "yaml", "pydantic")
    code = (
        "import sys, trainlab.cli.main as m; sys.argv = ['trainlab', '--help']\n"
        "try:\n    m.main()\nfinally:\n"
        f"    print([n for n in [*{heavy}, *('trainlab.cli.' + c for c in m.COMMANDS)] if n in sys.modules])"
    )
    got = subprocess.run([command[0], "-c", code], env=env, capture_output=True, text=True, check=True)
    assert got.stdout.endswith("\n[]\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_of_commands_says_what_their_help_says(command):
    """The line in the list of commands is the first line of the command's docstring."""
    assert COMMANDS[command] == load(command).help.partition("\n")[0]


def test_a_closed_pipe_is_no_error(started, folder):
    """`trainlab schema | head -1` ends quietly."""
    command, env = started
    child = subprocess.Popen([*command, "schema"], env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == b"{\n"
    child.stdout.close()
    assert (child.stderr.read(), child.wait()) == (b"", 0)
    child.stderr.close()


def test_ascii_streams(started, folder):
    """On streams that know only ASCII, any text comes through with escapes for the rest."""
    command, env = started
    (folder / "moons.yaml").write_text("data: moons\ntrain: {epochs: 1}\nname: größe\n", encoding="utf-8")
    got = subprocess.run(
        [*command, "train", "moons.yaml"],
        env={**env, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "FORCE_COLOR": "1"},
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert got.returncode == 0
    assert rb"runs/gr\xf6\xdfe-1" in got.stdout
    assert b"\x1b" not in got.stderr


def test_a_named_command_is_the_only_one_that_is_loaded(cli, started):
    """Who asks for `train` does not wait for the other commands; its help is the same as with all of them."""
    command, env = started
    code = (
        "import sys, trainlab.cli.main as m; sys.argv = ['trainlab', 'train', '--help']\n"
        "try:\n    m.main()\nfinally:\n    print([c for c in m.COMMANDS if f'trainlab.cli.{c}' in sys.modules])"
    )
    got = subprocess.run([command[0], "-c", code], env=env, capture_output=True, text=True, check=True)
    text, _, loaded = got.stdout.rstrip("\n").rpartition("\n")
    assert loaded == "['train']"
    assert text.split() == cli("train", "--help").stdout.split()
