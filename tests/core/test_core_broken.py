"""Every broken config is answered with exactly the text that lies beside it."""

from pathlib import Path

import pytest
from core_broken import answer, files


@pytest.mark.parametrize("file", files(), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_whole_message(file: Path) -> None:
    """A broken config is answered with all its problems, each at its place; the whole text is compared."""
    assert answer(file) == file.with_suffix(".txt").read_text(encoding="utf-8")


def test_enough_of_them() -> None:
    """There are at least twenty broken configs, and every text belongs to one."""
    assert len(files()) >= 20
    texts = {text for file in files() for text in file.parent.glob("*.txt")}
    assert texts == {file.with_suffix(".txt") for file in files()}
