"""The rows of a log put right: blanks written as nan, percents, errors, perplexities, restarts, what a step counts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from trainlab.integrations.logs.names import ALONE, explain

Row = dict[str, float]

_INF = float("inf")
_VALIDATED = ("val_loss", "val_accuracy", "val_r2")
_LATEST = 1e15  # no run has had so many steps
_VAGUE = ("step", "global_step", "round", "tree", "number_of_tree", "current_step")  # may count epochs
_EPOCHS = 200  # more steps of one that no validation accompanies are steps


@dataclass
class Rows:
    """The rows of a log by meaning (`train_loss`), and notes on what was put right."""

    rows: list[Row]
    columns: dict[str, str]
    notes: list[str]

    def put_right(self, unit: str) -> None:
        """All corrections, in their order. unit: what a step counts, if the format knows."""
        self.rows = [r for row in self.rows if (r := {k: v for k, v in row.items() if _possible(k, v)})]
        self._blanks()
        self._units()
        self._restarts()
        self._step_as_epoch(unit)

    def _named(self, what: str) -> str:
        return self.columns.get(what, what)

    # ------------------------------------------------------------------ nan

    def _blanks(self) -> None:
        """Nan that says `not measured` is taken away; rows that pandas left blank at the end become nan."""
        for what in self.columns:
            if what in ("epoch", "step", "train_loss"):
                continue
            values = [row.get(what) for row in self.rows]
            known = [i for i, v in enumerate(values) if v is not None and not math.isnan(v)]
            gone = [i for i, v in enumerate(values) if v is not None and math.isnan(v)]
            steady = known and known[-1] == len(known) - 1 and len(known) > 1  # measured in each row until then
            if what == "val_loss" and steady and gone and gone[0] == len(known):
                self.notes.append(f"{self._named(what)} is nan from row {gone[0] + 1} on")
            for i in gone:
                del self.rows[i][what]
        self._alternating()
        self._blank_end()
        self.rows = [row for row in self.rows if row]

    def _alternating(self) -> None:
        """A training loss that is nan just where the validation loss is not was not measured there."""
        nan = [row for row in self.rows if math.isnan(row.get("train_loss", 0.0))]
        finite = [row for row in self.rows if math.isfinite(row.get("train_loss", math.nan))]
        beside, shared = (sum(any(k in row for k in _VALIDATED) for row in rows) for rows in (nan, finite))
        if nan and finite and beside >= 0.9 * len(nan) and shared <= 0.1 * len(finite):
            for row in nan:
                del row["train_loss"]

    def _blank_end(self) -> None:
        """Rows at the end without any metric, below rows that all have a training loss: pandas
        writes nan as a blank.
        """
        filled = [any(k not in ALONE for k in row) for row in self.rows]
        last = max((i for i, there in enumerate(filled) if there), default=-1)
        if 0 < last < len(self.rows) - 1 and all("train_loss" in row for row in self.rows[: last + 1]):
            blank = self.rows[last + 1 :]
            for row in blank:
                row["train_loss"] = math.nan
            self.notes.append(f"the last {len(blank)} rows hold no number: taken as nan, as pandas writes it")

    # ------------------------------------------------------------------ units

    def _units(self) -> None:
        """Accuracies as shares from 0 to 1, errors as accuracies, perplexities as losses."""
        for what, column in self.columns.items():
            found = explain(column)
            values = [v for row in self.rows if (v := row.get(what)) is not None and math.isfinite(v)]
            if what.endswith("accuracy") and values and 1.0 < max(values) <= 100.0:
                self.notes.append(f"{column} is in percent")
                self._each(what, lambda v: v / 100)
            if found is not None and what.endswith("accuracy") and found.inverted:
                self.notes.append(f"{column} counts errors: the accuracy is 1 less it")
                self._each(what, lambda v: 1 - v)
            if found is not None and what.endswith("loss") and found.logarithm:
                self.notes.append(f"{column} is a perplexity: the loss is its logarithm")
                self._each(what, lambda v: math.log(v) if v > 0 and math.isfinite(v) else v)

    def _each(self, what: str, change: Callable[[float], float]) -> None:
        for row in self.rows:
            if what in row:
                row[what] = change(row[what])

    # ------------------------------------------------------------------ order

    def _restarts(self) -> None:
        """Parts that begin again: a counter within epochs, a training that goes on, or rows that a restart repeated."""
        steps = {row["step"] for row in self.rows if "step" in row}
        if len(steps) == 1 and len(self.rows) > 2:
            self.rows = [{k: v for k, v in row.items() if k != "step"} for row in self.rows]
            self.columns.pop("step", None)
        parts = _parts(self.rows)
        if len(parts) == 1:
            kept = parts[0]
        elif "epoch" not in self.columns and _counts_within(parts):
            kept = [
                ({**row, "epoch": float(i)}, (float(i), at[1])) for i, part in enumerate(parts, 1) for row, at in part
            ]
            self.columns["epoch"] = self._named("step")
            self.notes.append(f"{self._named('step')} begins again {len(parts) - 1} times: each time a new epoch")
        else:
            kept = self._joined(parts)
        repeated = _last_of_equal(kept)
        if repeated:
            one = "1 step is" if repeated == 1 else f"{repeated} steps are"
            self.notes.append(f"{one} logged twice: the last ones count")
        self.rows = [row for row, _ in kept if row]

    def _joined(self, parts: "list[Part]") -> "Part":
        """The parts one after the other: as a training that goes on, or as restarts, whose rows count as last
        written.
        """
        kept, restarts, more = list(parts[0]), 0, 0
        for part in parts[1:]:
            here, first = part[0][1], kept[0][1]
            if here <= first and _goes_on(kept, part):
                shift = [_after(kept[-1][1][i], first[i], i == 0) for i in (0, 1)]
                moved = [({k: v + _by(k, shift) for k, v in row.items()}, _moved(at, shift)) for row, at in part]
                kept, more = [*kept, *moved], more + 1
                continue
            restarts += 1
            kept = [item for item in kept if item[1] < here]
            kept += part
        if restarts:
            times = f"{restarts} times" if restarts > 1 else "once"
            self.notes.append(f"the log goes back {times}, taken as a restart: the last of repeated rows count")
        if more:
            times = f"{more} times" if more > 1 else "once"
            self.notes.append(f"its numbers begin again {times} while the loss goes on: the same training, counted on")
        return kept

    def _step_as_epoch(self, unit: str) -> None:
        """Steps of one, with a validation beside each or so few that they must be epochs, count epochs."""
        if "step" not in self.columns:
            return
        name = self._named("step")
        if "epoch" in self.columns:
            both = [row for row in self.rows if "epoch" in row and "step" in row]
            if len(both) > 1 and all(row["epoch"] == row["step"] for row in both):
                self._drop("step")
            return
        found = explain(name)
        steps = sorted({row["step"] for row in self.rows if "step" in row})
        rows = max(1, sum("train_loss" in row for row in self.rows))
        validated = sum("val_loss" in row or "val_accuracy" in row for row in self.rows)
        by_one = len(steps) > 1 and float(np.median(np.diff(steps))) == 1.0
        vague = found is None or found.metric in _VAGUE
        counts = by_one and (validated >= 0.8 * rows or (vague and len(steps) <= _EPOCHS))
        if unit == "epoch" or (not unit and counts):
            self.rows = [{("epoch" if k == "step" else k): v for k, v in row.items()} for row in self.rows]
            self.columns["epoch"] = self.columns.pop("step")
            self.notes.append(f"{name} counts epochs (or rounds): judged by these")

    def _drop(self, what: str) -> None:
        self.rows = [{k: v for k, v in row.items() if k != what} for row in self.rows]
        self.columns.pop(what)


Place = tuple[float, float]
Part = list[tuple[Row, Place]]


def _parts(rows: Sequence[Row]) -> list[Part]:
    """The rows with their places (epoch, step), cut where they go back and measure again what they had measured.

    Rows that go back without that, as those of a metric that was written after another, go to their place.
    """
    parts: list[Part] = [[]]
    place: Place = (-_INF, -_INF)
    latest: dict[str, Place] = {}
    for row in rows:
        here = row.get("epoch", place[0]), row.get("step", place[1])
        if "epoch" in row and "step" not in row and row["epoch"] > place[0]:
            here = row["epoch"], -_INF
        metrics = [k for k in row if k not in ALONE]
        back = here < place and any(latest.get(k, (-_INF, -_INF)) > here for k in metrics)
        if back:
            parts.append([])
            latest.clear()
        for k in metrics:
            latest[k] = max(here, latest.get(k, here))
        place = here if back else max(place, here)
        parts[-1].append((row, here))
    return [sorted(part, key=lambda item: item[1]) for part in parts if part]


def _counts_within(parts: Sequence[Part]) -> bool:
    """Whether a step counts within an epoch: it begins again at the same number, and the loss goes on."""
    firsts = {part[0][1][1] for part in parts}
    again = sum(_goes_on(a, b) for a, b in pairwise(parts))
    return len(firsts) == 1 and (len(parts) > 3 or again == len(parts) - 1)


def _goes_on(before: Part, after: Part) -> bool:
    """Whether the first loss of a part is near the last one of the part before, and not where that one began."""
    old = [row["train_loss"] for row, _ in before if math.isfinite(row.get("train_loss", math.nan))]
    new = [row["train_loss"] for row, _ in after if math.isfinite(row.get("train_loss", math.nan))]
    return len(old) > 1 and bool(new) and abs(new[0] - old[-1]) < 0.5 * abs(old[0] - old[-1])


def _after(last: float, first: float, is_epoch: bool) -> float:
    """How much is added to numbers that begin again, so that they follow the last one."""
    if not (math.isfinite(last) and math.isfinite(first)):
        return 0.0
    return last + (1 - first if is_epoch or first == 0 else 0)


def _by(column: str, shift: Sequence[float]) -> float:
    return {"epoch": shift[0], "step": shift[1]}.get(column, 0.0)


def _moved(at: Place, shift: Sequence[float]) -> Place:
    return at[0] + shift[0], at[1] + shift[1]


def _last_of_equal(part: Part) -> int:
    """Takes the training loss out of rows whose step stands again in the next row that has one; how many."""
    repeated = 0
    last: tuple[Row, Place] | None = None
    for row, at in part:
        if "train_loss" not in row:
            continue
        if last is not None and last[1] == at and "step" in row and "step" in last[0]:
            last[0].pop("train_loss")
            repeated += 1
        last = row, at
    return repeated


def _possible(what: str, value: float) -> bool:
    """Whether a value is possible for its meaning: epochs and steps are finite and not negative."""
    return what not in ("epoch", "step") or 0 <= value < _LATEST
