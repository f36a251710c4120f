"""Requests that no machine can meet, and streams that cannot be written: never the exit code of a bug."""

import os
import subprocess

import pytest

from trainlab.engine.memory_need import least_memory, machine_memory
from trainlab.engine.network import Net
from trainlab.nn.layers.dense import Dense
from trainlab.training.experiment import read_plain


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("train.epochs=10000000000", "train.epochs: 10000000000 is too large; the most is 1,000,000,000"),
        ("train.threads=1000000000", "train.threads: 1,000,000,000 threads, but this machine has "),
        ("model.hidden=[500000000, 500000000]", "model: training this network takes at least "),
        ("model.hidden=[20000000000000]", "model.hidden.0: 20000000000000 is too large; the most is 1,000,000,000"),
        ("data.samples=99999999999999", "data.samples: expected a whole number of at least 1 and of at most 10000000"),
        ("data.augment=[mixup]", "data.augment.0: mixup makes shares of classes, and hinge needs whole ones"),
    ],
)
@pytest.mark.parametrize("command", ["train", "check"])
def test_an_impossible_request_is_refused(cli, folder, command, override, why):
    """Before memory or threads are taken, and before anything is written."""
    got = cli(command, "moons.yaml", "loss=hinge", override)
    assert (got.exit_code, got.stdout) == (2, "")
    assert why in got.stderr
    assert not (folder / "runs").exists()


def test_steps_of_a_range_test(cli):
    """As many as nobody can wait for are refused as an option."""
    assert cli("lr-range", "moons.yaml", "--steps", "100000000000").exit_code == 2


def test_memory_that_a_network_needs():
    """4 copies of 2 x 3 + 3 parameters; outputs and their gradients of 10 rows; 4 bytes each."""
    net = Net([Dense(units=3)], (2,))
    assert least_memory(net.nodes, 10, 4) == 4 * (4 * 9 + 2 * 10 * 3)
    assert (machine_memory() or 0) > 1 << 27


def test_a_resumed_run_takes_the_processors_that_there_are(cli, trained):
    """Its threads were chosen on another machine: no error."""
    config = trained / "config.yaml"
    config.write_text(config.read_text().replace("threads: auto", "threads: 512"))
    assert "threads: 512" in config.read_text()
    got = cli("train", "--resume", "moons-1", "train.epochs=4")
    assert got.exit_code == 0, got.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("args", [["--help"], ["train", "--help"], ["components"], ["train", "moons.yaml"]])
def test_streams_that_are_full_or_closed(started, folder, args):
    """A full disk under stdout is an error of the system; nothing of ours needs stderr; closed streams are nobody's."""
    command, env = started
    line = " ".join([*command, *args])

    def code(redirection: str) -> int:
        return subprocess.run(["/bin/sh", "-c", f"{line} {redirection}"], env=env, cwd=folder, timeout=60).returncode

    assert code("> /dev/full 2> /dev/null") == 2
    assert code("2> /dev/full > /dev/null") == 0
    assert code(">&- 2> /dev/null") == 0
    assert code(">&- 2>&- <&-") == 0


def test_a_config_made_for_a_large_machine_can_be_read():
    """Reading a config asks nothing of the machine; only a new run does."""
    assert read_plain({"data": "iris", "train": {"threads": 512}}, {}).value.train.threads == 512
