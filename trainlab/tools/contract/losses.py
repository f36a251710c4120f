"""Laws of losses: gradients, rows, what `value` may write, targets, chance level, predictions."""

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.nn.loss import Loss, LossSlot

TASKS = (
    Task("classification", 2, ("a", "b")),
    Task("classification", 3, ("a", "b", "c")),
    Task("regression", 1, ("y1",)),
    Task("regression", 3, ("y1", "y2", "y3")),
    Task("multilabel", 3, ("a", "b", "c")),
    Task("classification", 4, ("a", "b", "c", "d"), ordered=True),
)
_KINDS = sorted({task.kind for task in TASKS})
_ROWS, _H = 6, 1e-6


def fits_a_task(loss: Loss) -> Iterator[str]:
    """It names the tasks that it is for, and can be used for one of each."""
    for kind in loss.tasks:
        if kind not in _KINDS:
            yield f"`tasks` holds `{kind}`; allowed are {', '.join(_KINDS)}"
        elif not any(task.kind == kind for task, _, _, _ in _cases(loss)):
            yield f"`tasks` says {kind}, but `units` or `encode` refuses all of these tasks"
    if not loss.tasks:
        yield '`tasks` is empty: set it to ("classification",), ("regression",) or both'


def gradient(loss: Loss) -> Iterator[str]:
    """Gradients: dy is the slope of the value."""
    for task, y, t, raw in _cases(loss):
        s = LossSlot(y, t, np.full_like(y, np.nan))
        made = loss.fitted(raw, task)
        made.value(s)
        if s.dy is None or not np.isfinite(s.dy).all():
            yield f"dy is not written, or not finite, for a {_named(task)}"
            continue
        slope, rng = s.dy.copy(), np.random.default_rng(1)
        for _ in range(3):
            d = rng.normal(size=y.shape)
            up, down = (made.value(LossSlot(y + sign * _H * d, t, None)) for sign in (1, -1))
            measured, told = (up - down) / (2 * _H), float((slope * d).sum())
            if not abs(measured - told) <= 1e-5 * abs(told) + 1e-7:
                yield f"dy says a slope of {told:.6g}, but it is {measured:.6g}, for a {_named(task)}"
                break


def writes_dy_alone(loss: Loss) -> Iterator[str]:
    """It changes neither y nor t, and gives the same value without dy."""
    for task, y, t, raw in _cases(loss):
        made, kept = loss.fitted(raw, task), (y.copy(), t.copy())
        value = made.value(LossSlot(y, t, np.empty_like(y)))
        if not (np.array_equal(y, kept[0]) and np.array_equal(t, kept[1])):
            yield f"`each` changes y or t, for a {_named(task)}"
        if made.value(LossSlot(y, t, None)) != value:
            yield f"the value is another one without dy, for a {_named(task)}"


def mean_of_rows(loss: Loss) -> Iterator[str]:
    """The value is the mean over the rows, and weights count rows."""
    for task, y, t, raw in _cases(loss):
        made = loss.fitted(raw, task)
        alone = [made.value(LossSlot(y[i : i + 1], t[i : i + 1], None)) for i in range(_ROWS)]
        if not np.isclose(made.value(LossSlot(y, t, None)), np.mean(alone), rtol=1e-10):
            yield f"the value of {_ROWS} rows is not the mean of theirs, for a {_named(task)}"
        weights = np.arange(_ROWS, dtype=np.float64)
        if not np.isclose(made.value(LossSlot(y, t, None, weights)), np.mean(weights * alone), rtol=1e-10):
            yield f"the weights of rows are not multiplied into their losses, for a {_named(task)}"


def answers(loss: Loss) -> Iterator[str]:
    """Predictions, probabilities and the loss at chance have the right form."""
    for task, y, t, raw in _cases(loss):
        found, chance = loss.predict(y, task), loss.chance(t, task)
        want = raw.shape
        if np.shape(found) != want:
            yield f"`predict` gives an array of shape {np.shape(found)}, not {want}, for a {_named(task)}"
        elif task.kind == "classification" and not np.isin(found, range(task.outputs)).all():
            yield f"`predict` gives classes that do not exist, for a {_named(task)}"
        if not np.isfinite(chance):
            yield f"`chance` is {chance}, for a {_named(task)}"
        p = loss.probabilities(y)
        if p is None or task.kind != "classification":  # labels and numbers have shares of another form
            continue
        if p.shape != (_ROWS, task.outputs) or not np.allclose(p.sum(axis=1), 1) or (p < 0).any():
            yield f"`probabilities` are no shares of the classes that sum to 1, for a {_named(task)}"


def back_from_probabilities(loss: Loss) -> Iterator[str]:
    """`outputs_of` gives outputs of these probabilities: the mean of several networks needs it, and so does a guess."""
    for task, y, _, _ in _cases(loss):
        p = loss.probabilities(y)
        if p is None or task.kind == "regression":
            continue
        try:
            again = loss.probabilities(loss.outputs_of(p, task))
        except TypeError:
            yield f"there are `probabilities`, but no `outputs_of` that leads back to outputs, for a {_named(task)}"
            continue
        if again is None or not np.allclose(again, p, atol=1e-6):
            yield f"`outputs_of` gives outputs of other probabilities than it was given, for a {_named(task)}"


def mean_of_members(loss: Loss) -> Iterator[str]:
    """`averaged` gives outputs that predict the mean of what the members of an ensemble predict."""
    for task, y, _, _ in _cases(loss):
        members, weights = np.stack([y, y[::-1], 0.3 - 2 * y], axis=1), np.array([0.5, 0.2, 0.3])
        each = [_predicted(loss, members[:, i], task) for i in range(3)]
        known = [p for p in each if p is not None]
        if not known:
            continue
        got = _predicted(loss, loss.averaged(members, task, weights), task)
        if got is None or not np.allclose(got, np.average(known, axis=0, weights=weights), atol=1e-6):
            yield f"`averaged` gives outputs that do not predict the mean of the members, for a {_named(task)}"


LAWS = {
    "loss": [fits_a_task, gradient, writes_dy_alone, mean_of_rows, answers, back_from_probabilities, mean_of_members]
}


def _predicted(loss: Loss, y: Array, task: Task) -> Array | None:
    """Quantiles, numbers or probabilities; None where a loss for classes has none."""
    if task.kind != "regression":
        return loss.probabilities(y)
    quantiles = loss.quantiles_of(y, task)
    return loss.predict(y, task) if quantiles is None else quantiles


def _cases(loss: Loss) -> list[tuple[Task, Array, Array, Array]]:
    """Tasks that the loss takes, each with outputs, encoded targets and targets of some rows."""
    found: list[tuple[Task, Array, Array, Array]] = []
    for task in TASKS:
        if task.kind not in loss.tasks:
            continue
        for raw in _targets(task):
            with suppress(UserError):
                y = np.random.default_rng(0).normal(size=(_ROWS, loss.units(task)))
                found.append((task, y, loss.encode(raw, task), raw))
                break
    return found


def _targets(task: Task) -> list[Array]:
    """Targets to try one after the other: numbers, numbers above 0, shares of each row."""
    if task.kind == "classification":
        return [np.arange(_ROWS) % task.outputs]
    drawn = np.random.default_rng(2).normal(size=(_ROWS, task.outputs))
    if task.kind == "multilabel":
        return [(drawn > 0).astype(np.float64)]
    above = np.abs(drawn)
    return [drawn, above, above / above.sum(axis=1, keepdims=True)]


def _named(task: Task) -> str:
    return f"{task.kind} with {task.outputs} {'classes' if task.kind == 'classification' else 'targets'}"
