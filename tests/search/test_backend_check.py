"""A sweep that is resumed on another backend says so, once, and keeps what had ended."""

import json

from tiny_sweep import SWEEP

from trainlab.search.callbacks import SweepCallback
from trainlab.search.experiment import read
from trainlab.search.sweep import resume, start


class Listener(SweepCallback):
    """Keeps what is told of the sweep as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def on_note(self, text: str) -> None:
        """Keep it."""
        self.told.append(text)


def test_another_engine_is_told_once(tmp_path):
    """The first trial is made to have run on a processor of another level; what follows is told of once."""
    (tmp_path / "c.yaml").write_text(SWEEP)
    watcher = Listener()
    folder = start(read(tmp_path / "c.yaml", ["sweep.trials=1"]), runs=tmp_path, callback=watcher).folder
    assert watcher.told == []
    path = folder / "trials/0001/environment.json"
    made = json.loads(path.read_text())
    path.write_text(json.dumps(made | {"engine": {"name": "compiled", "level": "v9"}}))
    resume(folder, trials=3, callback=watcher)
    here = " ".join(made["engine"][key] for key in ("name", "level") if key in made["engine"])
    want = f"trials 1 and 2 used different backends (compiled v9, {here}); results may differ in the last digits"
    assert watcher.told == [want]
