"""The short form of damaged_data.py: a few mutants of a file in every format."""

import sys

import pytest
from damaged_data import torture

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")


def test_damaged_files_are_read_or_refused():
    """12 mutants of each file: no other exception, no crash, nothing that hangs; most are refused."""
    counts, wrong = torture(12, seed=11)
    assert wrong == []
    assert counts["refused"] > counts["read"] > 0
