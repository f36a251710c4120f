"""`trainlab.watch`: monitors for a PyTorch training loop of your own, with a few lines.

with trainlab.watch(model, optimizer, name="mine") as w:
    for epoch in range(5):
        for x, y in loader:
            ...
            optimizer.step()
            w.step(loss)
        w.epoch(val_loss=val_loss, val_accuracy=val_accuracy)
"""

import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.integrations.reading import ModelReader
from trainlab.integrations.training_info import TrainingInfo
from trainlab.integrations.user_data import read_user_data
from trainlab.integrations.watching import Say, Watch, monitors_of, printed


def watch(
    model: Any,
    optimizer: Any,
    *,
    name: str = "watched",
    runs: Path | str = "runs",
    task: str | None = None,
    classes: int | None = None,
    chance: float | None = None,
    epochs: int = 0,
    val_rows: int = 0,
    data: Any = None,
    val_data: Any = None,
    every: int | None = None,
    layers: bool = True,
    monitors: Mapping[str, Any] | None = None,
    loss_falls: bool | None = None,
    say: Say | None = None,
) -> "Watch":
    """Watch a PyTorch network while a loop of your own trains it; leaves a run folder `runs/NAME-N` behind.

    task: classification or regression, if the loss does not show it (a squared error does) · classes: how many; by
    default as many as the network has outputs · chance: the loss of a network that has learned nothing, by default ln C
    (for a squared error the variance of the targets) · epochs: length of the run, if known; some monitors wait for a
    share of it · val_rows: number of validation rows · data, val_data: the training and the validation rows, a pair
    (x, y) or a DataLoader, to check the data too · every: steps between inspections of the layers; by default 50, later
    a twentieth of the steps so far · layers: False leaves the network alone and measures the optimizer only · monitors:
    as in a config
    (`{"off": [...], "dead-relu": {"threshold": 0.8}}`) · loss_falls: False for an adversary, such as each network of a
    GAN, whose loss tells nothing of its progress; that is also assumed where two watched trainings take turns · say:
    called with each finding; by default it is printed to stderr.

    Raises UserError if this is no network that can be watched, or the folder cannot be made, ConfigError for monitors.
    """
    settings = monitors_of(monitors, every)
    training = TrainingInfo(task, classes, chance, epochs, val_rows, loss_falls)
    rows = partial(read_user_data, data, val_data)
    return Watch(_reader(model, optimizer, layers), name, Path(runs), training, settings, say or printed, rows)


def _reader(model: Any, optimizer: Any, layers: bool) -> ModelReader:
    torch: Any = sys.modules.get("torch")  # a user with a PyTorch model has imported it
    if torch is None or not isinstance(model, torch.nn.Module):
        raise UserError(
            f"watch: the model is a {type(model).__name__}; it can watch a torch.nn.Module. For Keras there is "
            "trainlab.KerasWatch, for the log of any other loop `trainlab diagnose FILE`"
        )
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise UserError(f"watch: the optimizer is a {type(optimizer).__name__}; it can watch a torch.optim.Optimizer")
    own = {id(p) for p in model.parameters()}
    groups = cast("list[dict[str, Any]]", optimizer.param_groups)
    if not any(id(p) in own for group in groups for p in group["params"]):
        raise UserError(
            "watch: the optimizer trains none of the model's params; make it from model.parameters(), after the model "
            "was moved to its device"
        )
    reader = import_module("trainlab.integrations.torch_statistics").TorchReader
    return cast(ModelReader, reader(model, optimizer, layers))
