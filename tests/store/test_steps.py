"""tune.jsonl: a changed line is noticed, a line of an older version is read."""

import pytest

from trainlab.core.errors import UserError
from trainlab.store.steps import line_of, read_steps

STEP = {"step": "plan", "seconds": 1.5, "loss": float("inf"), "text": ['a, "checksum": 1']}


def test_a_line_comes_back(tmp_path):
    """Infinities, and a text that looks like a checksum, among it."""
    (tmp_path / "tune.jsonl").write_text(line_of(STEP))
    assert read_steps(tmp_path / "tune.jsonl") == [STEP]


def test_no_changed_byte_is_believed(tmp_path):
    """Another byte anywhere in a line is noticed, or changes no value: where it renames the checksum."""
    line, refused = line_of(STEP).encode(), 0
    for at in range(len(line) - 1):
        (tmp_path / "tune.jsonl").write_bytes(line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :])
        try:
            (found,) = read_steps(tmp_path / "tune.jsonl")
        except UserError:
            refused += 1
        else:
            assert {key: found[key] for key in STEP} == STEP
    assert refused >= len(line) - len("checksum") - 1
    (tmp_path / "tune.jsonl").write_text('{"step": "plan", "seconds": 2}\n')
    assert read_steps(tmp_path / "tune.jsonl") == [{"step": "plan", "seconds": 2}]


@pytest.mark.parametrize(
    "line", ['{"step": 5, "seconds": 1}', '{"step": "a", "seconds": 1' + "0" * 400 + "}", "[]", "{}"]
)
def test_what_is_no_step(tmp_path, line):
    """It is refused with its line."""
    (tmp_path / "tune.jsonl").write_text(line + "\n")
    with pytest.raises(UserError, match="not a step of a tune"):
        read_steps(tmp_path / "tune.jsonl")
