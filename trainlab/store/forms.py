"""The form of each JSON file of a run folder, of a finding, and of a checkpoint's metadata.

Files come from other versions, from importers and from strangers. A key may be absent unless a reader cannot do without
it, and a key that this version does not know is kept; but what is there has the type that readers expect.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from trainlab.core.errors import UserError
from trainlab.store.strict_json import dumps

_LARGEST = 1 << 62
Whole = Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)]
Count = Annotated[int, Field(ge=0, le=_LARGEST)]
Number = float | Literal["nan", "inf", "-inf"]  # as strict_json writes it
Names = list[str]


class Form(BaseModel):
    """A table of a file: types are not converted, unknown keys are kept."""

    model_config = ConfigDict(strict=True, extra="allow", protected_namespaces=())


class Layer(Form):
    """A layer in network.json."""

    name: str
    kind: str = ""
    depth: Count = 0
    input: list[Count] = []
    output: list[Count] = []
    parameters: Count | None = None
    frozen: bool = False
    multiply_adds: Count | None = None
    range: list[Number] = []
    settings: dict[str, Any] = {}


class Network(Form):
    """network.json."""

    input: list[Count] = []
    output: list[Count] = []
    parameters: Count | None = None
    trained: Count | None = None
    multiply_adds: Count | None = None
    layers: list[Layer] = []


class Spread(Form):
    """A column or a target in data.json."""

    name: str
    min: Number | None = None
    max: Number | None = None
    mean: Number | None = None
    std: Number | None = None


class Watched(Form):
    """Which metric decides, in data.json."""

    metric: str = ""
    why: str = ""


class Plane(Form):
    """The grid of a run with two inputs, in data.json."""

    names: Names
    ends: list[Number]
    side: Count
    points: list[list[Number]] = []


class Data(Form):
    """data.json."""

    source: str = ""
    kind: str = ""
    shape: list[Count] = []
    rows: dict[str, Count] = {}
    chance: dict[str, Number | None] = {}
    columns: list[Spread] = []
    notes: Names = []
    best: Watched = Watched()
    lower_is_better: dict[str, bool] = {}
    classes: Names = []
    counts: dict[str, list[Count]] = {}
    ordered: bool = False
    targets: list[Spread] = []
    baselines: dict[str, Any] = {}
    plane: Plane | None = None


class Environment(Form):
    """environment.json."""

    trainlab: str | None = None
    python: str | None = None
    packages: dict[str, str | None] | None = None
    platform: str | None = None
    machine: str | None = None
    cpus: Count | None = None
    blas: list[dict[str, Any]] | None = None
    git: dict[str, Any] | None = None
    command: str | None = None
    folder: str | None = None
    time: str | None = None
    data: dict[str, Any] | None = None
    engine: dict[str, Any] | None = None


class Mistake(Form):
    """A row in mistakes.json: class indices, those of labels, or numbers."""

    row: Whole | None = None
    true: Count | list[Number] | None = None
    predicted: Count | list[Number] | None = None
    certainty: Number | None = None


def _alike(worst: list[Mistake]) -> list[Mistake]:
    """Rows of one task: all of classes, or all of labels or numbers."""
    if len({isinstance(value, list) for one in worst for value in (one.true, one.predicted) if value is not None}) > 1:
        raise ValueError("rows of different tasks")
    return worst


class Label(Form):
    """A label in mistakes.json."""

    right: Count
    missed: Count
    false: Count


class Points(Form):
    """The points of one curve in mistakes.json."""

    threshold: list[Number] = []
    recall: list[Number] = []
    false_positive_rate: list[Number] = []
    precision: list[Number] = []


class ClassCurve(Form):
    """A class in the curves of mistakes.json."""

    rows: Count | None = None
    roc_auc: Number | None = None
    average_precision: Number | None = None
    points: Points = Points()


class Bin(Form):
    """A bin of the reliability diagram."""

    rows: Count
    probability: Number
    frequency: Number
    low: Number | None = None
    high: Number | None = None


class Reliability(Form):
    """The reliability diagram in mistakes.json."""

    calibration_error: Number | None = None
    bins: list[Bin] = []


class ProbabilityCurves(Form):
    """`curves` in mistakes.json."""

    measure: str = ""
    rows: Count | None = None
    classes: list[ClassCurve] = []
    more_classes: Count | None = None
    reliability: Reliability | None = None


class Images(Form):
    """Pictures of the worst rows, as base64."""

    shape: list[Count]
    pixels: Names


class Rows(Form):
    """The worst rows of a table."""

    columns: Names
    more: Count = 0
    rows: list[list[Number | None]]


class Sample(Form):
    """True and predicted numbers."""

    true: list[list[Number]]
    predicted: list[list[Number]]


class Mistakes(Form):
    """mistakes.json."""

    part: str = ""
    epoch: Count | None = None
    rows: Count | None = None
    wrong: Count | None = None
    measure: str = ""
    worst: Annotated[list[Mistake], AfterValidator(_alike)] = []
    confusion: list[list[Count]] = []
    pairs: list[list[Count]] = []
    curves: ProbabilityCurves | None = None
    labels: list[Label] = []
    images: Images | None = None
    table: Rows | None = None
    sample: Sample | None = None


class Watch(Form):
    """What is known of another program's training."""

    task: str = ""
    classes: Annotated[int, Field(ge=2, le=_LARGEST)] | None = None
    chance: float | None = None


class WatchedOptimizer(Form):
    """The optimizer of another program, as far as it is known."""

    name: str = ""
    lr: float | None = None


class WatchedConfig(Form):
    """config.yaml of a run that another program trained."""

    watch: Watch
    optimizer: WatchedOptimizer = WatchedOptimizer()
    schedule: dict[str, Any] = {}
    train: dict[str, Any] = {}
    regularization: dict[str, Any] = {}


class FindingLine(Form):
    """A line of diagnoses.jsonl."""

    code: str
    severity: Literal["info", "warning", "error"] = "info"
    message: str = ""
    advice: str = ""
    epoch: Whole | None = None
    step: Whole | None = None
    layer: str | None = None
    evidence: dict[str, Any] = {}
    because: Names = []
    patches: list[dict[str, Any]] = []
    confidence: Number | None = None
    withdrawn: str = ""


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)


def problem(table: Mapping[str, Any], form: Any) -> str:
    """The first thing in plain data that does not have a form, as `place` and what is wrong; empty if all has."""
    try:
        _adapter(form).validate_python(table)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("function-", "list[")))
        wrong = "is missing" if first["type"] == "missing" else f"cannot be {_shortened(first['input'])}"
        return f"`{place}` {wrong}"
    return ""


def require(path: Path, table: Mapping[str, Any], form: Any) -> None:
    """Raises UserError with the file and the place unless plain data has a form."""
    if wrong := problem(table, form):
        raise UserError(f"{path}: {wrong}")


def _shortened(value: Any) -> str:
    try:
        text = dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = str(type(value).__name__)
    return text if len(text) <= 60 else f"{text[:57]}..."
