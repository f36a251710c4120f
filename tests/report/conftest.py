"""A browser for the tests that open pages (one process a session, skipped with its reason where there is none), and a
server over a folder of runs.
"""

import os
import threading

import pytest
from chromium import NAMES, Browser, program
from run_folders import OVERFITTING, make_run

from trainlab.report.serve.server import Server


@pytest.fixture(scope="session")
def browser():
    """A real Chromium. TRAINLAB_BROWSER=1 makes a missing one a failure."""
    found = program()
    if found is None:
        reason = f"no browser to open pages with: none of {', '.join(NAMES)} is on PATH"
        if os.environ.get("TRAINLAB_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    opened = Browser(found)
    yield opened
    opened.close()


@pytest.fixture
def runs(tmp_path):
    """A folder of runs, and a secret beside it."""
    folder = tmp_path / "runs"
    make_run(folder, "a", findings=[OVERFITTING])
    make_run(folder, "b")
    make_run(folder, into=folder / "s-sweep-1" / "trials" / "0001")
    (folder / "s-sweep-1" / "trials.csv").write_text("trial,status\n1,finished\n")
    make_run(tmp_path / "outside", "secret", config={"name": "top-secret"})
    return folder


@pytest.fixture
def server(runs):
    """A server over the folder, at a free port."""
    with Server(runs, port=0) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.stop()
        thread.join()
