"""trainlab from Python, in the words of the command line. On the roof of the house it may use every floor."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainlab.cli._stopping import stoppable
from trainlab.cli.train import progress_for
from trainlab.core.errors import UserError
from trainlab.inference.run import Run
from trainlab.integrations.in_memory import with_stored_rows
from trainlab.search.experiment import read, read_plain
from trainlab.training import train as training


def train(
    config: Path | str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    /,
    *,
    runs: Path | str = "runs",
    name: str | None = None,
    resume: Run | Path | str | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Run:
    """Train a config (a YAML file, or a dict of the same shape). Writes a run folder and returns the run.

        run = tl.train("digits.yaml", optimizer__lr=1e-3, model__hidden=[64, 64])
        run = tl.train("digits.yaml", {"monitors.dead-relu.threshold": 0.9}, quiet=True)
        run = tl.train(resume="digits-1", train__epochs=60)
        run = tl.train({"data": {"x": X, "y": y}, "model": {"name": "mlp", "hidden": [64]}})

    Arrays under `data` (x and y, and x_val, y_val, x_test, y_test) are stored next to the runs. A DataFrame x is
    read as a table, with y or the column `target` to predict. `sample_weight` (rows,) says how much each row counts in
    the loss, `sample_weight_val` the same of the validation rows.
    Settings replace the config's: `a__b` is `a.b`; paths that Python cannot spell go into `overrides`. Progress goes to
    stderr unless `quiet`. `name` is the name of the folder. `resume` continues a stopped run, or a finished one up to
    train__epochs epochs. The run's `status` is `finished`, `diverged` or `failed`.

    Raises UserError for a config, data or folder that cannot be used, with the text that the command line shows;
    KeyboardInterrupt after Ctrl-C, once the run is saved so that it can be resumed.
    """
    changes = {**(overrides or {}), **{key.replace("__", "."): value for key, value in settings.items()}}
    progress = progress_for(quiet)
    with stoppable(progress):
        if resume is not None:
            if config is not None or name is not None:
                raise UserError("resume uses the run's own config and folder: remove config and name")
            run = resume.folder if isinstance(resume, Run) else resume
            outcome = training.resume(run, runs=Path(runs), callbacks=[progress], epochs=_epochs(changes))
        else:
            if config is None:
                raise UserError("which config? Give a YAML file or a dict")
            if isinstance(config, Mapping):
                document = read_plain(with_stored_rows(config, Path(runs)), changes)
            else:
                document = read(Path(config), changes)
            outcome = training.train(document, runs=Path(runs), name=name, callbacks=[progress])
    if outcome.state == "interrupted":
        raise KeyboardInterrupt(
            f"{outcome.folder} is saved; continue with trainlab.train(resume={str(outcome.folder)!r})"
        )
    return Run(outcome.folder)


def _epochs(changes: Mapping[str, Any]) -> int:
    """The number of epochs of a resumed run; 0: that of its config."""
    wrong = [path for path in changes if path != "train.epochs"]
    if wrong:
        raise UserError(f"{wrong[0]}: resume keeps the run's own config; only train__epochs may be given")
    epochs = changes.get("train.epochs", 0)
    if not isinstance(epochs, int) or epochs < ("train.epochs" in changes):
        raise UserError(f"train.epochs: expected a number of epochs, got {epochs!r}")
    return epochs
