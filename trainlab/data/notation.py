"""How a file writes numbers: decimal and thousands signs, units. Decided over a whole column, never cell by cell."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.table import Texts

_UNIT = re.compile(
    r"\s*([$€£¥]?)\s*([-+]?[\d.,'\s]*\d[\d.,]*(?:[eE][-+]?\d+)?)\s*([%$€£¥]|\s[A-Za-zµ°][A-Za-zµ°/²³]{0,7})?\s*"
)
_COMMA_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_POINT_THOUSANDS = re.compile(r"[-+]?\d{1,3}(\.\d{3}){2,}(,\d+)?|[-+]?\d{1,3}(\.\d{3})+,\d+")
_COMMA_DECIMAL = re.compile(r"[-+]?\d*,\d+")
_IN_PARENTHESES = re.compile(r"\s*\(([^()+-]*)\)\s*")
_SPACE_THOUSANDS = re.compile(r"[-+]?\d{1,3}([ '\u00a0\u202f]\d{3})+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a file's numbers: the user's settings, None where there are none.

    `comma`: a comma inside a number is its decimal sign where every cell of the column agrees.
    `accounting`: (12) means -12.
    """

    decimal: str | None = None
    thousands: str | None = None
    comma: bool = False
    accounting: bool = False


@dataclass(frozen=True, slots=True)
class Notation:
    """How a column writes its numbers. `unit`: what stands before or behind each of them. `negative`: `()` where
    parentheses mean a minus, as in accounts.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    negative: str = ""

    @classmethod
    def of(cls, column: dict[str, Any]) -> "Notation":
        """The notation that the encoding keeps of a column."""
        return cls(
            column.get("decimal", "."), column.get("thousands", ""), column.get("unit", ""), column.get("negative", "")
        )

    def as_dict(self) -> dict[str, str]:
        """What differs from the usual notation."""
        return {k: getattr(self, k) for k in Notation.__slots__ if getattr(self, k) != getattr(USUAL, k)}

    def number(self, text: str) -> float | None:
        """The finite number that a text holds, or None.

        >>> Notation(",", ".").number("1.234,5"), Notation(unit="%").number("45 %"), Notation().number("1,5")
        (1234.5, 45.0, None)
        >>> Notation(negative="()").number("(12)"), Notation().number("(12)")
        (-12.0, None)
        >>> Notation(thousands=",").number("12,34,567"), Notation(thousands=",").number("1,5")
        (1234567.0, None)
        """
        if self.unit:
            text = text.replace(self.unit, "", 1)
        if self.negative and (inner := _IN_PARENTHESES.fullmatch(text)):
            value = self.number(inner[1])
            return None if value is None else 0.0 - value
        if self.thousands and self.thousands in text.strip():
            if not self._grouped(text.strip()):
                return None
            text = text.replace(self.thousands, "")
        if self.decimal != ".":
            if "." in text:
                return None
            text = text.replace(self.decimal, ".")
        return parse_number(text.replace("\u2212", "-"))

    def _grouped(self, text: str) -> bool:
        """Whether the thousands signs stand where they can: three digits behind the last one, two (as in India) or
        three between two, none behind the decimal sign. Else `1,5` would be 15.
        """
        whole, _, rest = text.partition(self.decimal) if self.decimal != self.thousands else (text, "", "")
        if self.thousands in rest:
            return False
        first, *between, last = whole.lstrip("+-\u2212").strip().split(self.thousands)
        return 1 <= len(first) <= 3 and all(len(group) in (2, 3) for group in between) and len(last) == 3

    def numbers(self, column: Texts) -> Array:
        """The number of each known text, nan where it is none."""
        found = [self.number(text) for text in column.known]
        return np.array([np.nan if value is None else value for value in found], np.float64)


USUAL = Notation()


def parse_number(cell: str) -> float | None:
    """The finite number that a cell holds, or None.

    >>> parse_number(" 1e3 "), parse_number("1_000"), parse_number("nan")
    (1000.0, None, None)
    """
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) and "_" not in cell else None


def found_notation(column: Texts, signs: Signs) -> Notation | None:
    """The notation in which every text of the column is a number, or None."""
    tried = [(signs.decimal or ".", signs.thousands or "")]
    if signs.comma and signs.decimal is None and signs.thousands is None:
        tried.append((",", ""))
    unit = _common_unit(column)
    units = [(u, negative) for negative in ("", "()" * signs.accounting) for u in ("", unit)]
    for point, groups in tried:
        for notation in dict.fromkeys(Notation(point, groups, *signs_of) for signs_of in units):
            if all(notation.number(text) is not None for text in column.known):
                return notation
    return None


def notation_advice(column: Texts) -> str | None:
    """What to set where the texts look like numbers in a notation that cannot be known for sure, else None."""
    unit = _common_unit(column)
    bare = [_bare(text) for text in column.known]
    bare = [text.replace(unit, "", 1).strip() if unit else text for text in bare]
    odd = [text for text in bare if parse_number(text) is None]
    if not odd:
        return None
    looks = (
        (_COMMA_THOUSANDS, "`,` as thousands sign", 'thousands: ","'),
        (_POINT_THOUSANDS, "`.` as thousands and `,` as decimal sign", 'thousands: "." and data.decimal: ","'),
        (_COMMA_DECIMAL, "a decimal comma", 'decimal: ","'),
        (_SPACE_THOUSANDS, "blanks or `'` as thousands sign", f'thousands: "{_group_sign(odd[0])}"'),
    )
    for pattern, written, fix in looks:
        if all(pattern.fullmatch(text) for text in odd):
            accounts = " and data.accounting: true" if any(map(_IN_PARENTHESES.fullmatch, column.known)) else ""
            return f"looks like numbers written with {written}: set data.{fix}{accounts}"
    return None


def _common_unit(column: Texts) -> str:
    """The sign or unit that stands at every number of the column, or nothing."""
    units: set[str] = set()
    for text in column.known:
        match = _UNIT.fullmatch(_bare(text))
        if match is None:
            return ""
        units.add(match[1] or (match[3] or "").strip())
        if len(units) > 1:
            return ""
    return units.pop() if units else ""


def _bare(text: str) -> str:
    """The text without parentheses around all of it but its unit: `$(12)` and `($12)` are `$12`."""
    return text.replace("(", "", 1).replace(")", "", 1).strip() if text.count("(") == text.count(")") == 1 else text


def _group_sign(text: str) -> str:
    return next((c for c in text if c in " '\u00a0\u202f"), " ")
