"""Made checkpoint_version_1.safetensors and .json; runs on commit 6862309, the last whose checkpoints had no version.

    python checkpoint_version_1.py FOLDER

For each optimizer whose buffers were not the textbook's then: the state of a run on iris after 12 steps on NumPy, and
the losses of the 12 steps that followed.
"""

import json
import sys
from pathlib import Path

from trainlab.lab.building import build  # pyright: ignore[reportMissingImports] - of that commit
from trainlab.lab.experiment import Experiment, named  # pyright: ignore[reportMissingImports]

from trainlab.core.config import read_plain
from trainlab.engine.trainer import Trainer
from trainlab.store import checkpoint

STEPS = 12


def main(folder: Path) -> None:
    """Train, save, train on."""
    arrays, states, losses = {}, {}, {}
    for name in ("adam", "adamw", "nadam", "rmsprop"):
        document = {
            "data": "iris",
            "model": {"name": "mlp", "hidden": [4]},
            "optimizer": {"name": name, "lr": 0.01},
            "train": {"epochs": 9, "batch_size": 16, "engine": "numpy"},
        }
        built = build(named(read_plain(Experiment, document, "x")))
        trainer = Trainer(built.net, built.recipe, built.parts.train.x, built.t_train, built.streams)
        while trainer.step < STEPS:
            trainer.advance(min(STEPS - trainer.step, trainer.steps_left))
        now, states[name] = trainer.state()
        arrays |= {f"{name}/{key}": array.copy() for key, array in now.items()}
        losses[name] = []
        for _ in range(STEPS):
            trainer.advance(1)
            losses[name].append(float(trainer.records[0][0]))
    checkpoint.save(folder / "checkpoint_version_1.safetensors", arrays, states)
    (folder / "checkpoint_version_1.json").write_text(json.dumps(losses) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
