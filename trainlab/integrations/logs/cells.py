"""The numbers in the cells of a log: percents, decimal commas, tensors as text, ratios."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)  # one way for each text: in linear time
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_COMMA = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
_NAN, _INF = float("nan"), float("inf")
_WORDS = {"nan": _NAN, "inf": _INF, "infinity": _INF}
_NOT_AVAILABLE = {"na", "n/a", "<na>", "none", "null", "-", "nil"}


def number_of(cell: Any, *, comma: bool = False) -> float | None:
    """The number in a cell; None for a blank, a text or a date. comma: a comma is the decimal sign.

    >>> [number_of(c) for c in (" 0.5 ", "91.2%", "NaN", "1,234.5", "0,25", "tensor(0.5, device='cuda:0')", "-", "")]
    [0.5, 0.912, nan, 1234.5, 0.25, 0.5, None, None]
    >>> number_of("2,303", comma=True), number_of("2,303"), number_of("1.234,5")
    (2.303, 2303.0, 1234.5)
    """
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return _as_float(cell)
    text = str(cell).strip().strip("'\"")
    if match := re.match(r"tensor\(([^,)]+)", text) or re.fullmatch(r"\[([^\[\],]+)\]", text):
        text = match[1]
    if (word := text.lower().lstrip("+-")) in _WORDS:
        return -_WORDS[word] if text.startswith("-") else _WORDS[word]
    scale = 0.01 if text.endswith("%") else 1.0
    text = text.removesuffix("%").strip()
    if not comma and _THOUSANDS.fullmatch(text) and not re.match(r"[+-]?0", text):
        text = text.replace(",", "")
    elif _COMMA.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    return scale * float(text) if _NUMBER.fullmatch(text) else None


def is_missing(cell: Any) -> bool:
    """Whether a cell says that nothing was measured: blank, NA, null.

    >>> [is_missing(c) for c in (None, " ", "NA", "nan", 0)]
    [True, True, True, False, False]
    """
    return cell is None or (isinstance(cell, str) and (not cell.strip() or cell.strip().lower() in _NOT_AVAILABLE))


def decimal_commas(
    records: Sequence[Mapping[str, Any]], names: Iterable[str], *, comma_separates: bool
) -> frozenset[str]:
    """The columns whose numbers have a decimal comma.

    Where commas do not separate the cells, a comma in a number is decimal unless the cell has several of them or a
    point after it. Where they do (the cells are quoted then), one cell that cannot be thousands decides for its column.

    >>> rows = [{"a": "0,123", "b": "1,234"}, {"a": "1,500", "b": "2,000"}]
    >>> [sorted(decimal_commas(rows, "ab", comma_separates=quoted)) for quoted in (True, False)]
    [['a'], ['a', 'b']]
    """
    found: set[str] = set()
    for name in names:
        cells = [c.strip() for r in records if isinstance(c := r.get(name), str) and "," in c]
        if not cells or any(c.count(",") > 1 or re.search(r",\d{3}\.", c) for c in cells):
            continue
        surely = any(not _THOUSANDS.fullmatch(c) or re.match(r"[+-]?0", c) for c in cells if _COMMA.fullmatch(c))
        if surely or not comma_separates:
            found.add(name)
    return frozenset(found)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int of more than 308 digits
        return float("inf")
