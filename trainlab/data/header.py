"""Whether the first line of a table holds the names of its columns or a row, judged by the rows below it."""

from itertools import pairwise
from typing import Literal

from trainlab.data.dates import are_dates
from trainlab.data.notation import parse_number
from trainlab.data.table import MISSING

Verdict = Literal["names", "counted", "data", "unclear"]

FEWEST_COUNTED = 3  # numbers that count 0, 1, 2 or 1, 2, 3 are names; fewer of them may be a row
FEWEST_IN_ORDER = 5  # as many numbers in ascending order may be names, such as years or wavelengths
FEWEST_REPEATED = 3  # texts, without a number beside them, that stand again in their columns are a row


def judge(line: list[str], rows: list[list[str]]) -> Verdict:
    """`line`: the cells of the first line. `rows`: the rows after it.

    counted: names that only count the columns, as pandas writes them. unclear: both readings are possible.

    >>> judge(["5.1", "red"], [["4.9", "blue"], ["4.7", "red"]]), judge(["size", "red"], [["4.9", "blue"]])
    ('data', 'names')
    >>> judge(["0", "1", "2"], [["4.9", "3.0", "0.2"]]), judge(["0", "1"], [["1", "0"]])
    ('counted', 'unclear')
    """
    cells = [cell.strip() for cell in line]
    below = [{row[i].strip() for row in rows if i < len(row)} - {""} for i in range(len(cells))]
    values = [parse_number(cell) for cell in cells]
    texts = [i for i, v in enumerate(values) if v is None and cells[i].lower() not in MISSING]
    numbers = [v for v in values if v is not None]
    if any(_all_numbers(below[i]) for i in texts):
        return "names"
    if not texts and numbers:
        return _counted(numbers, unnamed_first=not cells[0])
    strange = [i for i in texts if cells[i] not in below[i] and not (numbers and are_dates([cells[i], *below[i]]))]
    if texts and not strange:
        return "data" if numbers or len(texts) >= FEWEST_REPEATED else "names"
    whole = all(value.is_integer() for value in numbers)
    return "names" if whole or _ascending(numbers) else "unclear"


def _counted(numbers: list[float], *, unnamed_first: bool) -> Verdict:
    """The verdict on a line of numbers only."""
    first = numbers[0]
    by_one = all(value == first + i for i, value in enumerate(numbers))
    if by_one and first in (0, 1):
        return "counted" if unnamed_first or len(numbers) >= FEWEST_COUNTED else "data" if first else "unclear"
    if _ascending(numbers):
        return "counted" if by_one else "unclear"
    return "data"


def _ascending(numbers: list[float]) -> bool:
    return len(numbers) >= FEWEST_IN_ORDER and all(a < b for a, b in pairwise(numbers))


def _all_numbers(cells: set[str]) -> bool:
    there = [cell for cell in cells if cell.lower() not in MISSING]
    return bool(there) and all(parse_number(cell) is not None for cell in there)
