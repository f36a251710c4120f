"""A run in the hands of Python: what its folder holds, and its network at work on new rows."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainlab.core.errors import DataError, UserError
from trainlab.core.types import Array
from trainlab.data.encoding import encode_table
from trainlab.data.frame import is_frame, table_of
from trainlab.data.new_files import encode_new
from trainlab.data.paths import did_you_mean
from trainlab.data.preprocessing import scale
from trainlab.data.table import text_of
from trainlab.diagnose.finding import SEVERITIES, Finding
from trainlab.inference.decide import calibrate, choose_threshold
from trainlab.inference.evaluate import Evaluation, evaluate, of_outputs, predicted
from trainlab.inference.export.export import export_onnx
from trainlab.inference.export.torch_module import export_torch
from trainlab.inference.model import Split, TrainedNetwork, Weights
from trainlab.report.html.pages import write_page
from trainlab.report.html.summaries import run_html
from trainlab.report.pictures.notebook import run_chart
from trainlab.report.pictures.theme import Theme
from trainlab.store.decision import Temperature
from trainlab.store.findings import read_findings
from trainlab.store.folder import RunFolder
from trainlab.store.plain_yaml import read_config
from trainlab.store.reading import find_runs, read_run
from trainlab.store.rows import read_rows
from trainlab.store.status import Status, read_status

if TYPE_CHECKING:
    from altair import TopLevelMixin
    from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - pandas brings none


class Run:
    """A run folder. Each access reads it again, so a running training can be followed.

    X, wherever it is asked for, are rows as the source gives them: an array, a DataFrame with the columns of the
    training file, or the path of such a file. The run's own preprocessing is applied.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = RunFolder(Path(folder))
        self._opened: tuple[tuple[int, ...], TrainedNetwork] | None = None

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder.path

    @property
    def name(self) -> str:
        """The folder's own name, `NAME-N`."""
        return self._folder.name

    @property
    def status(self) -> str:
        """`running`, `finished`, `diverged`, `interrupted`, `failed`, or `killed`: running, but its process is gone."""
        return read_run(self.folder).state

    @property
    def best(self) -> dict[str, Any] | None:
        """The best epoch: `metric`, `value` and `epoch`; None before there is one."""
        best = self._status.best
        return {"metric": best.metric, "value": best.value, "epoch": best.epoch} if best else None

    @property
    def test(self) -> dict[str, float] | None:
        """The best network's scores on the test rows by name; None if there are none (yet)."""
        return dict(self._status.test) or None

    @property
    def config(self) -> dict[str, Any]:
        """The whole config, every default written out."""
        return read_config(self._folder.config)

    @property
    def metrics(self) -> "DataFrame":
        """metrics.csv: a row per epoch, epoch 0 before the first step."""
        return frame(read_rows(self._folder.metrics))

    @property
    def steps(self) -> "DataFrame":
        """steps.csv: a row per step."""
        return frame(read_rows(self._folder.steps))

    @property
    def layers(self) -> "DataFrame":
        """layers.csv: what was measured of each layer, in long form: step, layer, quantity, value."""
        return frame(read_rows(self._folder.layers))

    @property
    def diagnoses(self) -> list[Finding]:
        """The findings, in the order in which they came."""
        found = read_findings(self._folder.diagnoses) if self._folder.diagnoses.exists() else []
        return [Finding.from_dict(line) for line in found]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of `predict_proba`'s columns; empty for a regression."""
        return self._trained.classes

    def predict(self, X: Any) -> Array:
        """A class name per row, 0 or 1 for each label (rows, labels), or numbers in the target's own units: (rows,), or
        (rows, targets) if several.

        Names that are whole numbers become integers, so that `run.predict(X) == y` works.
        Raises UserError or DataError if the rows do not fit.
        """
        values = predicted(self._trained, self._rows(X)).values
        if values.ndim == 2:
            return values[:, 0] if self._trained.task.kind == "regression" and values.shape[1] == 1 else values
        numbered = all(name.isdecimal() and str(int(name)) == name for name in self.classes)
        return values.astype(np.int64) if numbered else values.astype(str)

    def report(self, file: Path | str) -> Path:
        """Write the page of the run, with all pictures and findings, as one HTML file; its path."""
        write_page(Path(file), [read_run(self.folder)], one=True)
        return Path(file)

    def export(self, file: Path | str, *, weights: Weights = "best") -> Path:
        """Write the network with its preprocessing as an ONNX file, or as a PyTorch module if the name ends with `.py`.

        Returns the path. Raises UserError for another ending, and for a network that cannot be exported.
        """
        path = Path(file)
        if path.suffix == ".py":
            export_torch(self.folder, path, weights=weights, runs=Path())
        elif path.suffix == ".onnx":
            export_onnx(self.folder, path, weights=weights, runs=Path())
        else:
            raise UserError(f"{file}: the name must end with .onnx (ONNX) or .py (a PyTorch module)")
        return path

    def predict_quantiles(self, X: Any) -> Array:
        """The predicted quantiles in the target's own units: (rows, quantiles), or (rows, targets, quantiles).

        Raises UserError for a run whose loss is not `pinball`.
        """
        found = predicted(self._trained, self._rows(X)).quantiles
        if found is None:
            raise UserError(f"{self.folder}: {self._trained.loss.name} predicts no quantiles; `loss: pinball` does")
        return found[:, 0] if found.shape[1] == 1 else found

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class for each row, (rows, classes), in the order of `classes`.

        Raises UserError where the loss knows none: for numbers, and for `hinge`.
        """
        trained = self._trained
        found = predicted(trained, self._rows(X))
        if found.certainty is None or found.measure != "probability":
            raise UserError(f"{self.folder}: {trained.loss.name} gives no probabilities; use predict")
        return found.certainty

    def evaluate(
        self,
        X: Any = None,
        y: Any = None,
        *,
        part: Split = "test",
        top: int = 5,
        threshold: str | float | None = None,
        positive: str | None = None,
    ) -> Evaluation:
        """Scores on rows X with targets y, which a file or a DataFrame may hold itself; without X on the run's own
        rows, split as for training.

        `scores` by name: loss, accuracy and top_K (right among the first K), or loss, r2, mae and rmse; `classes` and
        `confusion` describe each class, `curves` their probabilities. `threshold`: first choose and keep the threshold
        of the labels, a number or a metric to be largest on the validation rows (`"f1"`); `positive`: the class that it
        is for, by default the second of two. Raises UserError or DataError if the rows do not fit.
        """
        if X is None or (isinstance(X, str | Path) and y is None):
            return evaluate(self.folder, X, part=part, top=top, threshold=threshold, positive=positive)
        if threshold is not None:
            choose_threshold(self.folder, threshold, positive=positive)
        x, own = self._read(X, with_target=y is None)
        targets = own if y is None else self._targets(y, len(x))
        if targets is None:
            names = " and ".join(f"`{name}`" for name in self._trained.targets)
            raise DataError(f"to score predictions the targets are needed: the column {names} in X, or y")
        trained = self._trained
        what = str(X) if isinstance(X, str | Path) else type(X).__name__
        prepared, y = trained.prepared(x), scale(targets, trained.fitted)
        outputs = trained.outputs(prepared)
        return of_outputs(trained, outputs, y, run=self.name, data=what, top=top, positive=positive)

    def calibrate(self) -> Temperature:
        """Fit a temperature to the validation rows, which calibrates the probabilities, and keep it with the run.

        Raises UserError where there are no validation rows or no probabilities.
        """
        found = calibrate(self.folder).decision.temperature
        assert found is not None  # noqa: S101 - it is not removed, for the type checker
        return found

    def plot(self, *columns: str, theme: Theme = "light", width: int = 460) -> "TopLevelMixin":
        """An Altair chart, which a notebook shows: loss and score over the epochs, or the columns that are named.

            run.plot()
            run.plot("train_loss", "val_loss")
            run.plot("grad_norm")
            run.plot("roc")

        columns: of metrics.csv, drawn over the epochs, or of steps.csv (`loss`, `update_ratio`), over the steps; or the
        name of one picture of the run's page, such as `learning-rate`, `confusion`, `roc`, `reliability` · width: of
        each chart, in pixels. Raises UserError for a name that does not exist, with those that do.
        """
        return run_chart(read_run(self.folder), columns, theme, width)

    def _repr_html_(self) -> str:
        return run_html(read_run(self.folder))

    def __repr__(self) -> str:
        return f"<Run {self.name}: {', '.join(self._facts())}>"

    def _facts(self) -> list[str]:
        record = read_run(self.folder)
        facts = [record.state]
        if (status := record.status) is not None:
            facts.append(f"{status.epoch} epoch{'s'[: status.epoch != 1]}")
            if best := status.best:
                facts.append(f"best {best.metric} {best.value:.4g} (epoch {best.epoch})")
            facts += [f"test {name} {value:.4g}" for name, value in status.test.items() if name != "loss"]
            counts = [(status.diagnoses.get(s, 0), s) for s in reversed(SEVERITIES)]
            facts += [f"{n} {s}{'s'[: n != 1 and s != 'info']}" for n, s in counts if n]
        return facts

    @property
    def _status(self) -> Status:
        return read_status(self._folder.status)

    @property
    def _trained(self) -> TrainedNetwork:
        """The best network, kept until the run has a better one, or another temperature or threshold."""
        path = self._folder.checkpoints / "best.safetensors"
        saved = tuple(p.stat().st_mtime_ns if p.exists() else 0 for p in (path, self._folder.decision))
        if self._opened is None or self._opened[0] != saved:
            self._opened = saved, TrainedNetwork.load(self._folder)
        return self._opened[1]

    def _rows(self, X: Any) -> Array:
        return self._read(X, with_target=False)[0]

    def _read(self, X: Any, *, with_target: bool) -> tuple[Array, Array | None]:
        """Rows and, where X holds them and they are wanted, their targets."""
        encoding = dict(self._trained.encoding)
        if isinstance(X, str | Path):
            x, y, _ = encode_new(encoding, str(X), with_target=with_target)
            return x, y
        columns: list[dict[str, Any]] = encoding["columns"]
        text = [column["name"] for column in columns if "categories" in column]
        frame = X
        if not is_frame(X):
            if not text or np.ndim(X) != 2 or np.shape(X)[1] != len(columns):
                return self._array(X), None
            frame = import_module("pandas").DataFrame(np.asarray(X, object), columns=[c["name"] for c in columns])
        target: list[str] = encoding["target"] if with_target else []
        table = table_of(frame, text=[*text, *target])
        return encode_table(table, encoding, with_target=with_target)

    def _array(self, X: Any) -> Array:
        """X as an array of numbers with the shape of the source's rows, which flat rows are given."""
        try:
            x = np.asarray(X) if np.asarray(X).dtype.kind in "uifb" else np.asarray(X, np.float64)
        except (TypeError, ValueError):
            raise DataError("X: expected rows of numbers, all of one length; for text use a DataFrame") from None
        encoding = self._trained.encoding
        width = sum(len(column.get("categories") or [0]) for column in encoding["columns"])
        shape = tuple(encoding.get("shape") or (width,))
        if x.ndim == 0 or (x.ndim == 1 and shape != (1,)) or int(np.prod(x.shape[1:])) != int(np.prod(shape)):
            advice = "; one row is X[None]" if x.shape == shape else ""
            raise DataError(f"X: has the shape {x.shape}, but this run takes (n, {', '.join(map(str, shape))}){advice}")
        x = x.reshape(len(x), *shape)
        bad = np.argwhere(~np.isfinite(x))
        if len(bad):
            raise DataError(f"X: row {bad[0][0]} (from 0) holds {x[tuple(bad[0])]}; fill such values in first")
        return x

    def _targets(self, y: Any, rows: int) -> Array:
        """Class numbers for names, or numbers (rows, targets)."""
        values = np.asarray(y)
        if len(np.atleast_1d(values)) != rows:
            raise DataError(f"y: has the shape {values.shape}, but X has {rows} rows; one target a row is needed")
        if self._trained.task.kind == "regression":
            return _numbers(values, rows, len(self._trained.targets))
        if self._trained.task.kind == "multilabel":
            return _numbers(values, rows, len(self.classes))
        known = {name: i for i, name in enumerate(self.classes)}
        names = [text_of(value) for value in values.reshape(rows).tolist()]
        for row, name in enumerate(names):
            if name not in known:
                near = did_you_mean(name, list(known)) or f"; they are {', '.join(f'`{k}`' for k in list(known)[:10])}"
                raise DataError(f"y: row {row} (from 0): there is no class `{name}`{near}")
        return np.array([known[name] for name in names], np.int64)


def load(run: Path | str, runs: Path | str = "runs") -> Run:
    """The run in a folder, or of this name inside `runs`. Raises UserError with the nearest names if there is none."""
    return Run(RunFolder.open(run, Path(runs)).path)


def runs(folder: Path | str = "runs") -> list[Run]:
    """All runs in a folder of runs or of a sweep, by name and number. Raises UserError if there is no such folder."""
    if not Path(folder).exists():
        raise UserError(f"{folder}: there is no such folder of runs; tl.train makes one")
    return [Run(path) for path in find_runs(Path(folder))]


def _numbers(values: Array, rows: int, targets: int) -> Array:
    try:
        found = values.astype(np.float64).reshape(rows, -1)
    except (TypeError, ValueError):
        raise DataError(f"y: expected numbers, got {values.ravel()[:3].tolist()}") from None
    if found.shape[1] != targets or not np.isfinite(found).all():
        raise DataError(
            f"y: expected {targets} finite number{'s'[: targets != 1]} a row; y has the shape {values.shape}"
        )
    return found


def frame(columns: Mapping[str, list[Any]]) -> "DataFrame":
    """The columns of a CSV file of a run or sweep folder; an empty cell is nan."""
    filled = {name: [np.nan] * len(cells) if set(cells) == {None} else cells for name, cells in columns.items()}
    return import_module("pandas").DataFrame(filled)
