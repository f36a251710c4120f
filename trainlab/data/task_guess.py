"""Classes or a regression: one rule for every file and type, and the sentence about the guess for the user."""

from dataclasses import dataclass

import numpy as np

from trainlab.core.types import Array

MOST_CLASSES = 20  # whole numbers with so many different values are classes
MOST_BALANCED = 50  # with more values, up to this many, they are if about equally frequent or numbered from 0
MOST_PICTURED = 1000  # the same, where the inputs are pictures
FEWEST_ROWS = 10  # of each of them
SINGLES = 10  # more values than this, one of them in one row only, are counts rather than classes


@dataclass(frozen=True, slots=True)
class Guess:
    """Whether a target is classes, and why."""

    classes: bool
    reason: str

    def note(self, name: str) -> str:
        """The text for the user: the guess, its reason, and the setting that changes it."""
        task, other = ("classification", "regression") if self.classes else ("regression", "classification")
        return f"{name}: taken as a {task}, because {self.reason}; set `data.task: {other}` if that is wrong"


def guess_task(values: Array | None, counts: Array, *, pictures: bool = False, integers: bool = False) -> Guess:
    """`values`: the different numbers of the target, None if it holds text; `counts`: rows of each; `integers`: an
    array of this type was stored, so that whole numbers are no accident.

    >>> guess_task(np.array([0.0, 1.0]), np.array([5, 7])).classes
    True
    >>> guess_task(np.arange(90.0), np.arange(10, 100)).reason
    '90 different whole numbers are more than 20 and not equally frequent'
    """
    n = len(counts)
    if values is not None and np.isnan(values).any():  # the other cells will be refused one by one
        values, counts = values[~np.isnan(values)], counts[~np.isnan(values)]
    if values is None:
        return Guess(True, f"it holds {n} different texts")
    if not np.equal(np.mod(values, 1), 0).all():
        return Guess(False, "it holds numbers with decimals")
    if n > SINGLES and counts.min() == 1:
        return Guess(False, f"some of its {n} different whole numbers occur only once")
    if n <= MOST_CLASSES:
        return Guess(True, f"it holds {n} different whole number{'s'[: n != 1]}, up to {MOST_CLASSES} are classes")
    if integers and n <= MOST_BALANCED and counts.min() >= FEWEST_ROWS and np.array_equal(values, np.arange(n)):
        return Guess(True, f"it holds the integers 0 to {n - 1} without a gap")
    balanced = counts.min() >= max(counts.mean() / 2, FEWEST_ROWS)
    if balanced and n <= (MOST_PICTURED if pictures else MOST_BALANCED):
        return Guess(True, f"its {n} different whole numbers are about equally frequent")
    uneven = "" if balanced else " and not equally frequent"
    return Guess(False, f"{n} different whole numbers are more than {MOST_CLASSES}{uneven}")
