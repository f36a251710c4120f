"""An experiment: the whole config as one frozen tree of settings, every default filled in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, cast, overload

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from trainlab.core import config, plugins
from trainlab.core.component import Component, Settings, find, make, setting, spelled_name
from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.core.scalars import MOST
from trainlab.core.types import Count
from trainlab.core.words import value
from trainlab.data.source import Source
from trainlab.engine.selection import TorchOptions
from trainlab.nn.loss import Loss
from trainlab.nn.metric import Metric
from trainlab.nn.model import Model
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.regularizer import Regularization
from trainlab.optim.schedule import Schedule
from trainlab.optim.stopping import EarlyStopping
from trainlab.store.plain_yaml import read_config
from trainlab.training.callbacks import WATCHED
from trainlab.training.monitor_settings import Monitoring
from trainlab.training.tracker import Tracker

C = TypeVar("C", bound=Component)
E = TypeVar("E", bound="Experiment")


def _default(base: type[C], name: str, **settings: Any) -> Callable[[], C]:
    return partial(make, base, name, **settings)


class Checkpoint(Settings):
    """How often the state of the run is saved, and how many numbered files stay in addition to `last` and `best`."""

    every: Count = setting(1, "epochs between checkpoints")
    keep: int = setting(0, "how many numbered checkpoints to keep in addition to last and best", ge=0)


class Train(Settings):
    """How long the network is trained, and in batches of which size."""

    epochs: int = setting(30, "number of epochs", ge=0, le=MOST, search={"int": [5, 100], "log": True})
    batch_size: Count = setting(64, "rows per step", search={"int": [16, 256], "log": True})
    members: Count = setting(
        1,
        "train an ensemble of so many networks as one: each has 2.5 / members of every hidden layer's units, so that a "
        "step takes about twice as long; predictions are their mean",
    )
    best: str = setting(
        "auto",
        "the metric that decides which epoch is the best, a column of metrics.csv such as val_f1; auto: that of early "
        "stopping, else of the sweep, else of the task",
    )
    ties: Literal["loss", "last"] = setting(
        "loss", "of epochs that are equally good, the best is the one with the lowest val_loss, or the last one"
    )
    early_stopping: EarlyStopping | None = setting(None, "stop the run when a metric no longer improves")
    clip_norm: float | None = setting(None, "largest norm of the gradient: larger gradients are scaled down", gt=0)
    average: float | None = setting(
        None, "keep an exponential moving average of the weights with this memory, e.g. 0.999", gt=0, lt=1
    )
    threads: Count | Literal["auto"] = setting(
        "auto", "threads of a step; auto: every core, a sweep's trial one. The bits are the same for any number"
    )
    engine: Literal["auto", "numpy", "compiled", "torch"] = setting(
        "auto",
        "the backend: compiled kernels if they were built, or NumPy, the reference; torch: PyTorch, on a GPU too",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "auto", "where `engine: torch` computes; auto: on a GPU (cuda, mps) if there is one"
    )
    compile: bool = setting(False, "of `engine: torch`: compile the network with torch.compile, for steps of some ms")
    dtype: Literal["float32", "float64", "bfloat16"] = setting(
        "float32",
        "float type of the network; float64 for checks; bfloat16 (`engine: torch`): the layers of a training step "
        "compute in it, the weights stay float32",
    )
    checkpoint: Checkpoint = setting(Checkpoint(), "when the state is saved")

    @model_validator(mode="after")
    def _torch_only(self) -> Self:
        """Settings of the backend `torch` are refused for others."""
        given = {"device": self.device != "auto", "compile": self.compile, "dtype": self.dtype == "bfloat16"}
        if self.engine != "torch" and any(given.values()):
            wrong = next(key for key, on in given.items() if on)
            value = str(getattr(self, wrong)).lower()
            raise PydanticCustomError("torch_only", "`{found}` needs `engine: torch`", {"found": f"{wrong}: {value}"})
        return self

    @property
    def arrays(self) -> Literal["float32", "float64"]:
        """The float type of rows, weights and outputs."""
        return "float32" if self.dtype == "bfloat16" else self.dtype

    @property
    def torch_options(self) -> TorchOptions:
        """The settings of the backend `torch`."""
        return TorchOptions(self.device, self.compile, self.dtype == "bfloat16")


class Experiment(Settings):
    """One experiment, as written in a YAML file."""

    name: str = setting("", "what its run folders are called; by default the file's stem")
    seed: int = setting(0, "where all randomness comes from", ge=0)
    description: str = setting("", "free text")
    plugins: list[str] = setting(
        [], "Python files (relative to this one) or modules with components of your own; their code is run"
    )
    data: Source = setting("a built-in data set, or a reader with a path")
    model: Model = Field(
        default_factory=_default(Model, "mlp", hidden=[64, 32]), description="the layers of the network"
    )
    loss: Loss | Literal["auto"] = setting(
        "auto",
        "what is minimized; auto: softmax_cross_entropy for classes, mse for numbers, binary_cross_entropy for labels "
        "(multilabel), ordinal for levels",
    )
    optimizer: Optimizer = Field(
        default_factory=_default(Optimizer, "adam", lr=1e-3), description="how gradients become steps"
    )
    schedule: Schedule = Field(
        default_factory=_default(Schedule, "constant"), description="how the learning rate changes over the run"
    )
    regularization: Regularization = setting(Regularization(), "penalties and limits that keep the weights small")
    train: Train = setting(Train(), "epochs, batches, stopping, checkpoints")
    calibrate: Literal["temperature"] | None = setting(
        None, "after training, fit one number on the validation rows that calibrates the probabilities"
    )
    baselines: bool = setting(
        False,
        "score a constant, a linear model and boosted trees on the same splits of a table, to compare with; seconds",
    )
    metrics: list[Metric] = setting(
        [], "further metrics of the validation rows after each epoch, and of the test rows at the end"
    )
    trackers: list[Tracker] = setting(
        [], "programs that runs are reported to, too: tensorboard, mlflow, wandb, trackio; they do not change a run"
    )
    monitors: Monitoring = setting(Monitoring(), "monitors: what to look for, and which findings stop the run")
    sweep: Any = setting(
        None, "for `trainlab sweep`: search space and strategy; `trainlab train` reads its metric"
    )  # `search` checks what is in it

    @field_validator("sweep", mode="after")
    @classmethod
    def _sweep_is_a_table(cls, sweep: Any) -> Any:
        if sweep is None or isinstance(sweep, Mapping | Settings):
            return cast("Any", sweep)
        raise PydanticCustomError("sweep", "expected a table of settings or null, got {found}", {"found": value(sweep)})

    @classmethod
    def beneath(cls, config: dict[str, Any]) -> dict[str, Any]:
        """The defaults of the chosen model; of those for `data`, what the chosen source has."""
        model = find(Model, spelled_name(config.get("model")) or "")
        source = find(Source, spelled_name(config.get("data")) or "")
        base = model.recipe() if model else {}
        if source and "data" in base:
            own: dict[str, Any] = base["data"]
            base["data"] = {key: value for key, value in own.items() if key in source.model_fields}
        return base


@overload
def read(
    file: Path | str, overrides: Sequence[str] | Mapping[str, Any] = (), *, own: bool = ...
) -> "Document[Experiment]": ...
@overload
def read(
    file: Path | str, overrides: Sequence[str] | Mapping[str, Any] = (), *, own: bool = ..., model: type[E]
) -> Document[E]: ...
def read(
    file: Path | str,
    overrides: Sequence[str] | Mapping[str, Any] = (),
    *,
    own: bool = False,
    model: type[Any] = Experiment,
) -> Document[Any]:
    """The experiment in a file, with overrides: `key=value` texts, or plain values by their dotted paths.

    Without a name it is called like the file. `own`: the config of a run or a sweep, which imports no plugin that was
    not loaded before. `model`: a subclass of Experiment that checks more blocks.

    Raises ConfigError with all problems at once, UserError for the config of a run that was only watched.
    """
    try:
        return named(config.read(model, file, overrides, own=own))
    except ConfigError:
        refuse_watched(Path(file))
        raise


def read_own(file: Path) -> Document[Experiment]:
    """The experiment in a run's own config.yaml, which trainlab has written: faster than `read`, which is used
    only if the file was changed by hand.
    """
    try:
        raw = read_config(file)
        listed: list[str] = raw.get("plugins", [])
        found = plugins.recalled(file.parent, listed) if listed else []
        plugins.activate(found)
        raw |= {"plugins": [str(plugin.file) for plugin in found]} if found else {}
        return named(config.settled(Experiment, raw, file))
    except (UserError, ValidationError, TypeError):
        return read(file, own=True)


def refuse_watched(file: Path) -> None:
    """Raise UserError if this is what `trainlab.watch` leaves in the place of a config: no run can be made from it."""
    try:
        if not file.is_file():  # a device has no end
            return
        with file.open(encoding="utf-8", errors="replace") as text:
            head = text.read(len(WATCHED))
    except OSError:
        return
    if head == WATCHED:
        raise UserError(
            f"{file.parent}: this run was watched, another program trained it: trainlab has neither its network nor "
            f"its data. `trainlab report {file.parent}` and `trainlab diagnose {file.parent}` read it"
        )


@overload
def read_plain(
    data: Mapping[str, Any], overrides: Mapping[str, Any] | None = None, source: str = "config"
) -> "Document[Experiment]": ...
@overload
def read_plain(
    data: Mapping[str, Any], overrides: Mapping[str, Any] | None = None, source: str = "config", *, model: type[E]
) -> Document[E]: ...
def read_plain(
    data: Mapping[str, Any],
    overrides: Mapping[str, Any] | None = None,
    source: str = "config",
    *,
    model: type[Any] = Experiment,
) -> Document[Any]:
    """The experiment in plain data. Without a name it is called like its data. Raises ConfigError."""
    return named(config.read_plain(model, data, source, overrides))


def named(document: Document[E]) -> Document[E]:
    """The document with its experiment called like its file or its data, where it has no name of its own."""
    if document.value.name:
        return document
    stem = Path(document.file).stem if document.file else document.value.data.name
    name = stem.encode(errors="backslashreplace").decode()  # a file's name may be no UTF-8, a config is
    return replace(document, value=document.value.model_copy(update={"name": name}))
