"""A small run on moons for tests of any room, and what it means that two runs are the same."""

from pathlib import Path

from trainlab.store import checkpoint
from trainlab.store.rows import read_rows
from trainlab.store.status import read_status

MOONS = """\
data: {name: moons, samples: 300, split: {val: 0.2, test: 0.2}}
model: {name: mlp, hidden: [16], norm: batch, dropout: 0.2}
optimizer: {name: adam, lr: 0.01}
schedule: {name: cosine, warmup: 1}
train: {epochs: 6, batch_size: 32, average: 0.9}
"""


def write(tmp_path: Path, text: str, name: str = "moons.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def untimed(path: Path) -> list[dict[str, object]]:
    """The rows of metrics.csv without the column that no two runs share."""
    columns = read_rows(path)
    columns.pop("seconds")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def assert_same_run(one: Path, two: Path) -> None:
    for name in ("last", "best"):
        got, _ = checkpoint.load(two / f"checkpoints/{name}.safetensors")
        want, _ = checkpoint.load(one / f"checkpoints/{name}.safetensors")
        assert got.keys() == want.keys(), (name, got.keys() ^ want.keys())
        assert all(got[k].tobytes() == want[k].tobytes() for k in want), name
    assert untimed(two / "metrics.csv") == untimed(one / "metrics.csv"), "metrics.csv"
    own = {folder: {file.name for file in folder.iterdir()} for folder in (one, two)}
    assert own[one] == own[two], own[one] ^ own[two]  # only a network of two inputs has regions.csv
    for name in own[one] & {"steps.csv", "layers.csv", "regions.csv", "diagnoses.jsonl"}:
        assert (two / name).read_bytes() == (one / name).read_bytes(), name
    assert read_status(two / "status.json").test == read_status(one / "status.json").test, "test"
