"""A browser for the tests that open pages: one process a session, skipped with its reason where there is none."""

import os

import pytest
from chromium import NAMES, Browser, program


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
