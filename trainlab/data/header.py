"""Whether the first line of a table holds the names of its columns, a title or a row, judged by the rows below it."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from trainlab.data.curable import CurableError
from trainlab.data.dates import are_dates
from trainlab.data.notation import parse_number
from trainlab.data.table import MISSING

Verdict = Literal["names", "counted", "data", "unclear"]

FEWEST_COUNTED = 3  # numbers that count 0, 1, 2 or 1, 2, 3 are names; fewer of them may be a row
FEWEST_IN_ORDER = 5  # as many numbers in ascending order may be names, such as years or wavelengths
MOST_TITLE_CELLS = 3  # a line with more of them is no title
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


def refuse_title(path: str, number: int, names: list[str], rows: Sequence[tuple[int, list[str]]]) -> None:
    """Raises CurableError where line `number`, whose cells are `names`, is a title: it has few cells, and the names
    stand below it. `rows`: the rows after it, with the line of each.
    """
    width, filled = max((_filled(row) for _, row in rows), default=0), _filled(names)
    below = next((line for line, row in rows if 2 * _filled(row) > width), number)
    wide = len(names) == 1 < len(rows[0][1]) if rows else False
    if wide or (2 * filled < width and filled <= MOST_TITLE_CELLS):
        skip = below - 1 if below > number else number
        raise CurableError(
            f"{path}:{number}: has {filled} cell{'s'[: filled != 1]}, but the next line has {_filled(rows[0][1])}; "
            f"if it is a title, set `skip: {skip}`, the number of lines before the column names",
            "a title stands above the column names",
            skip=skip,
        )


def refuse_second_line_of_names(
    path: str, number: int, names: list[str], rows: Sequence[tuple[int, list[str]]]
) -> None:
    """Raises CurableError where the line below the names continues them, as surveys write it: it begins with an empty
    cell, which the rows below it do not, and holds texts above numbers, below empty names, or found nowhere else.
    """
    if len(rows) < FEWEST_IN_ORDER or len(names) < FEWEST_COUNTED:
        return
    (line, second), *below = rows
    if second[0].strip() or not all(row[0].strip() for _, row in below) or 2 * _filled(second) < len(names):
        return
    if any(parse_number(cell) is not None for cell in second):
        return
    above_numbers = any(
        cell.strip() and _all_numbers({row[i].strip() for _, row in below if i < len(row)})
        for i, cell in enumerate(second)
    )
    once = all(
        cell not in {row[i] for _, row in below if i < len(row)} for i, cell in enumerate(second) if cell.strip()
    )
    if (
        not above_numbers
        and len(_unnamed(names)) < FEWEST_REPEATED
        and not (once and _filled(second) > FEWEST_REPEATED)
    ):
        return
    joined, last = list[str](), ""
    for name, more in zip(names, [*second, *[""] * len(names)], strict=False):
        last = name or last
        joined.append(name or f"{last}: {more.strip()}")
    raise CurableError(
        f"{path}:{line}: this line continues the column names of line {number}; set `header: false`, `skip: {line}`, "
        f"and name all columns under `columns`; `trainlab new csv --from {path}` writes these settings",
        "two lines hold the column names",
        header=False,
        skip=line,
        columns=uniquely_named(joined),
    )


def uniquely_named(names: Sequence[str]) -> list[str]:
    """The names, with their number where two are the same, and `column_2` where there is none.

    >>> uniquely_named(["a", "b", "a", ""])
    ['a (1)', 'b', 'a (3)', 'column_4']
    """
    count = Counter(names)
    return [f"{name} ({i})" if count[name] > 1 and name else name or f"column_{i}" for i, name in enumerate(names, 1)]


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _unnamed(names: Sequence[str]) -> list[int]:
    """The columns without a name between two that have one."""
    named = [i for i, name in enumerate(names) if name]
    return [i for i in range(1, named[-1]) if not names[i]] if named else []
