"""`trainlab train --serve`: the run in a browser while it goes on, by a process that ends with it."""

import re
import subprocess
import time
import urllib.request


def test_train_and_serve(folder, started):
    """The address is told at once and answers while training goes on; the outcome is the same; then nobody listens."""
    command, env = started
    args = [*command, "train", "moons.yaml", "--quiet", "--serve", "train.epochs=400"]
    process = subprocess.Popen(args, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = re.fullmatch(r"live at (http://127\.0\.0\.1:\d+/)\n", process.stderr.readline())[1]
    with urllib.request.urlopen(address, timeout=120) as answer:  # noqa: S310  # our own server
        assert "Runs" in answer.read().decode()
    out, err = process.communicate(timeout=240)
    assert (out, err, process.returncode) == ("runs/moons-1\n", "", 0)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  # the same
        except OSError:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the server outlived the training")


def test_a_wrong_config_ends_it_too(folder, started):
    """Where training does not begin, the server ends as well, and the exit code is that of the mistake."""
    command, env = started
    args = [*command, "train", "none.yaml", "--serve"]
    done = subprocess.run(args, env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith("live at http://127.0.0.1:")
    assert "none.yaml" in done.stderr.splitlines()[1]
