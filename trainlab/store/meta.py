"""The form of a checkpoint's metadata: how to prepare rows and to read the outputs, and all that a run goes on from."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from trainlab.store.forms import Count, FindingLine, Form, Names, Whole

_128 = Annotated[int, Field(ge=0, lt=1 << 128)]
Positive = Annotated[int, Field(ge=1, le=1 << 31)]


class TaskForm(Form):
    """What the network predicts."""

    kind: Literal["classification", "multilabel", "regression"]
    outputs: Positive
    names: Names
    ordered: bool = False

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.names and len(self.names) != self.outputs:
            raise ValueError("a name for each output")
        return self


class Column(Form):
    """A column of a table that the network takes."""

    name: str
    categories: Names | None = None
    date: str | None = None


class Encoding(Form):
    """How the columns of a file become x and y; of arrays there is none."""

    columns: list[Column] = Field([])
    target: Names = Field([])
    classes: Names | None = None
    labels: Names | None = None
    separator: str = ""
    ignored: Names = Field([])
    fills: bool = False
    missing: Names = Field([])
    unknown: Literal["error", "ignore"] = "error"
    shape: list[Positive] | None = None
    reader: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.columns and not {"target", "classes", "ignored"} <= self.model_fields_set:
            raise ValueError("a table has columns, targets and classes")
        return self


class Meta(Form):
    """The metadata of every checkpoint."""

    shape: list[Positive] = Field(min_length=1)
    task: TaskForm
    encoding: Encoding
    loss: dict[str, Any]
    epoch: Count


class _Bits(Form):
    state: _128
    inc: _128


class Generator(Form):
    """The state of a generator of random numbers."""

    bit_generator: Literal["PCG64"]
    state: _Bits
    has_uint32: Annotated[int, Field(ge=0, le=1)]
    uinteger: Annotated[int, Field(ge=0, lt=1 << 32)]


class Order(Form):
    """Where in its epoch a run is."""

    rng: Generator
    taken: Count


class SumsForm(Form, extra="forbid"):
    """Totals over the steps of the epoch so far."""

    rows: Count = 0
    steps: Count = 0
    loss: float = 0.0
    hits: float = 0.0
    squares: float = 0.0
    grad_norm: float = 0.0
    update_ratio: float = 0.0


class TrainerState(Form):
    """The state of the training loop."""

    version: Count = 1
    step: Count
    history: list[float]
    order: Order
    noise: Generator
    augment: Generator
    sums: SumsForm


class Leader(Form):
    """The best epoch so far."""

    metric: str
    row: dict[str, Whole | float | None] | None


class Ending(Form):
    """How a run ended, in its last checkpoint."""

    state: str
    reason: str
    findings: list[FindingLine] = Field([])
    earlier: list[FindingLine] | None = None
    concluded: list[FindingLine] | None = None


class State(Meta):
    """The metadata of the checkpoint from which a run goes on."""

    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    trainer: TrainerState
    leader: Leader
    files: dict[str, Count]
    checksums: dict[str, Count] = Field({})
    ended: Ending | None = None
