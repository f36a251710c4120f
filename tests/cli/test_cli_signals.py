"""Ctrl-C, SIGTERM and SIGHUP: heard in every moment, with the signal's own exit code."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trainlab.cli._progress import Lines, Quiet
from trainlab.cli._signals import _Handler
from trainlab.cli._stopping import stoppable
from trainlab.core.errors import Stopped

LONG = "__import__('hashlib').pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)"  # half an hour in C, without Python's lock
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
TOLD = {signal.SIGINT: "interrupted\n", signal.SIGTERM: "stopped by SIGTERM\n", signal.SIGHUP: "stopped by SIGHUP\n"}


@pytest.fixture
def child(started, folder) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts Python with some code, or trainlab with arguments, in a process of its own."""
    command, env = started

    def start(*args: str, code: str = "", **more) -> "subprocess.Popen[str]":
        line = [sys.executable, "-c", code] if code else [*command, *args]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": env}
        return subprocess.Popen(line, **pipes | more)

    return start


def wait_for(happened: Callable[[], object]) -> None:
    """Wait until something has happened, at most two minutes: a busy machine starts a sweep's worker in 30 seconds."""
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", EXIT_CODES)
def test_a_long_call_of_c_is_left(child, number):
    """A signal ends the program although a call of a C library would go on for half an hour."""
    code = f"from trainlab.cli.main import main\nmain(lambda: [print('begun', flush=True), {LONG}])"
    with child(code=code) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (EXIT_CODES[number], TOLD[number])


def test_a_gentle_stop_is_confirmed_during_a_long_call_and_a_second_signal_insists(child):
    """What can stop gently says so while the call goes on; the second signal ends the program."""
    code = (
        "from trainlab.cli._progress import Quiet\nfrom trainlab.cli._stopping import stoppable\n"
        "from trainlab.cli.main import main\n"
        "def command():\n"
        "    shown = Quiet()\n    shown.running = True\n"
        f"    with stoppable(shown):\n        print('begun', flush=True)\n        {LONG}\n"
        "main(command)"
    )
    with child(code=code) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        assert process.stderr.readline() == "stopping after this step; a second SIGTERM stops immediately\n"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, "stopped by SIGTERM\n")


def test_before_the_first_evaluation_has_ended_a_signal_ends_the_command():
    """There is nothing to save yet; after the first row of metrics.csv, or the first step, a signal stops gently."""
    for event in ("on_epoch_end", "on_step_end"):
        shown = Lines()
        with pytest.raises(Stopped), stoppable(shown):
            signal.raise_signal(signal.SIGTERM)
        getattr(Quiet, event)(shown, None)
        with stoppable(shown):
            signal.raise_signal(signal.SIGTERM)
        assert shown.stop_reason == "stopped by SIGTERM"


def test_the_handler_keeps_still_when_the_thread_has_answered(capfd):
    """One signal is answered once: by the thread, or by the handler."""
    asked: list[str] = []
    told: list[str] = []
    handler = _Handler(lambda name: asked.append(name) or "stopping", told.append)
    reads, writes = os.pipe()
    handler.stand_in(signal.SIGTERM, reads)
    handler(signal.SIGTERM)
    assert (asked, told, capfd.readouterr().err) == (["SIGTERM"], [], "stopping\n")
    handler(signal.SIGTERM)
    assert (asked, told) == (["SIGTERM", "SIGTERM"], ["stopping"])
    os.write(writes, b"\0")  # the handler has come at the last moment
    handler.stand_in(signal.SIGTERM, reads)
    assert asked == ["SIGTERM", "SIGTERM"]
    os.close(reads)
    os.close(writes)


def test_a_signal_ends_a_program_that_loses_the_exception(child):
    """Where a library swallows KeyboardInterrupt, the program ends nevertheless."""
    code = (
        "import time, trainlab.cli._signals as s\nfrom trainlab.cli.main import main\ns._GRACE = 0.1\n"
        "def command():\n"
        "    while True:\n"
        "        try:\n            print('begun', flush=True)\n            time.sleep(3600)\n"
        "        except BaseException:\n            pass\n"
        "main(command)"
    )
    with child(code=code) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143


def test_a_signal_whose_exception_python_drops_is_raised_again(child):
    """As in a callback of the garbage collection: the compiler of PyTorch has many. Nothing is printed of it."""
    code = (
        "import signal, time, weakref\nfrom trainlab.cli.main import main\n"
        "class Thing: pass\n"
        "def command():\n"
        "    thing = Thing()\n"
        "    kept = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGTERM))\n"
        "    del thing\n"
        "    time.sleep(3600)\n"
        "main(command)"
    )
    with child(code=code) as process:
        assert process.communicate(timeout=60) == ("", TOLD[signal.SIGTERM])
    assert process.returncode == 143


def test_a_signal_to_a_forked_process_is_not_ours(child):
    """A process that a library forks shares our pipe: a signal that it gets does not stop us, during a long call."""
    code = (
        "import hashlib, os, signal, trainlab.cli._signals as s\nfrom trainlab.cli.main import main\ns._GRACE = 0.1\n"
        "def command():\n"
        "    reads, writes = os.pipe()\n"
        "    other = os.fork()\n"
        "    if not other:\n"
        "        os.write(writes, b'.')\n"
        "        signal.pause()\n"
        "        os._exit(0)\n"
        "    os.read(reads, 1)\n"
        "    os.kill(other, signal.SIGTERM)\n"
        "    os.waitpid(other, 0)\n"
        "    hashlib.pbkdf2_hmac('sha256', b'', b'', 1_500_000)\n"  # more than a second in C: the thread would answer
        "    print('went on')\n"
        "main(command)"
    )
    with child(code=code) as process:
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "went on\n"), err


@pytest.mark.parametrize("number", EXIT_CODES)
@pytest.mark.parametrize("command", ["train", "sweep", "check", "lr-range"])
def test_during_the_start_a_signal_leaves_nothing_behind(child, folder, command, number):
    """A signal while a command reads what it needs ends it with the signal's own code, and no folder is made."""
    (folder / "slow.py").write_text("import time\nopen('reading', 'w').close()\ntime.sleep(3600)\n")
    with (folder / "moons.yaml").open("a") as file:
        file.write("plugins: [slow.py]\n")
    before = sorted(folder.rglob("*"))
    with child(command, "moons.yaml") as process:
        wait_for((folder / "reading").exists)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (EXIT_CODES[number], TOLD[number])
    (folder / "reading").unlink()
    assert [p for p in sorted(folder.rglob("*")) if p not in before and "__pycache__" not in p.parts] == []


def test_ctrl_c_while_python_loads_the_program_is_quiet(started, tmp_path):
    """Ctrl-C during the imports ends the program as a signal does, without a traceback."""
    command, env = started
    (tmp_path / "typer.py").write_text("import time\nprint('begun', flush=True)\ntime.sleep(3600)\n")
    path = os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])
    with subprocess.Popen(
        [*command, "--help"],
        env=env | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize("sweep", [False, True], ids=["train", "sweep"])
def test_a_closed_terminal_stops_a_run_that_can_be_resumed(started, cli, folder, sweep):
    """A terminal that is closed sends SIGHUP: the run saves its state although nobody can read its words any more."""
    command, env = started
    endless = ["train.epochs=100000", "train.early_stopping=null"]
    if sweep:
        endless = [*endless, "sweep.space={optimizer.lr: {log: [0.001, 0.1]}}", "sweep.trials=2"]
    master, slave = pty.openpty()
    args = [*command, "sweep" if sweep else "train", "moons.yaml", *endless, *(["--workers", "1"] if sweep else [])]
    process = subprocess.Popen(
        args,
        env=env | {"TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )
    os.close(slave)
    run = folder / "runs" / ("moons-sweep-1/trials/0001" if sweep else "moons-1")

    def trains() -> bool:
        if select_read(master):
            os.read(master, 1 << 16)
        return (run / "metrics.csv").exists() and (run / "metrics.csv").read_text().count("\n") > 3

    try:
        wait_for(trains)
    finally:
        os.close(master)
        code = process.wait(timeout=120)
    assert code == 130
    status = json.loads((run / "status.json").read_text())
    assert (status["state"], status["exit_code"]) == ("interrupted", 130)
    assert Path(run / "checkpoints" / "last.safetensors").exists()


def select_read(handle: int) -> bool:
    """Whether there is something to read."""
    import select

    return bool(select.select([handle], [], [], 0)[0])
