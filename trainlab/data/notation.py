"""How a file writes numbers: decimal and thousands signs, units. Decided over a whole column, never cell by cell.

The rule: a column is numbers if there is one notation in which all of its cells are numbers, and no second one in which
they are other numbers. `1,234` alone may be 1.234 or 1234, so such a column is refused until the user says which.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.table import Texts

_MINUS = "\u2212\u2013\ufe63\uff0d"  # signs that are printed for a minus
_WIDTHS = {" ": "\u00a0\u2009\u202f", "'": "\u2019"}  # other forms of a thousands sign
_SAME = str.maketrans({other: sign for sign, others in _WIDTHS.items() for other in others})
_MONEY = "$€£¥₹₩₽₺₫฿₴₦₪₱"
_CODES = "USD|EUR|GBP|CHF|JPY|KRW|CNY|INR|BRL|PLN|SEK|NOK|DKK|CAD|AUD|Rs\\.?|kr\\.?"
_AFFIXED = re.compile(
    rf"([-+{_MINUS}]?)\s*([A-Za-z]{{0,3}}[{_MONEY}]|(?:{_CODES})(?=[\s\d]))?\s*"
    rf"([-+{_MINUS}]?[.,]?\d(?:[\d.,'\s]*[\d.,])?(?:[eE][-+]?\d+)?)(\s*)((?:[%‰°{_MONEY}]|[^\W\d_])\D{{0,20}})?"
)
_SHORT_UNITS = frozenset("kKMBTgtmsLlhWVJN%‰°" + _MONEY)  # of one letter: others, as in 1A and 2A, are codes
_LOOKS = {  # decimal and thousands signs
    (".", ","): "`,` as thousands sign",
    (",", ""): "a decimal comma",
    (",", "."): "`.` as thousands and `,` as decimal sign",
    (".", " "): "blanks or `'` as thousands sign",
    (".", "'"): "blanks or `'` as thousands sign",
    (",", " "): "blanks as thousands sign and a decimal comma",
    (",", "'"): "`'` as thousands sign and a decimal comma",
}
_GROUPS = re.compile(r"[-+]?[1-9]\d{0,2}([.,]\d{3})+")
_SIGN_APART = re.compile(rf"^([-+{_MINUS}])\s+")
_NEGATIVE = re.compile(r"\(([^()+-]*)\)|([^()+-]*)-")


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a file's numbers: the user's settings, None where there are none.

    `comma`: a comma inside a number may be its decimal sign, as in files whose cells are separated by `;`.
    `commas`: some column of the file has decimal commas for certain.
    `accounting`: (12) and 12- mean -12.
    """

    decimal: str | None = None
    thousands: str | None = None
    comma: bool = False
    accounting: bool = False
    commas: bool = False

    @property
    def is_set(self) -> bool:
        """Whether the user says how numbers are written."""
        return self.decimal is not None or self.thousands is not None

    @property
    def pair(self) -> tuple[str, str]:
        """The decimal and the thousands sign that are set; a point between thousands means a decimal comma."""
        return self.decimal or ("," if self.thousands == "." else "."), self.thousands or ""

    @property
    def plain(self) -> bool:
        """Whether a cell such as `1.234` is this number as it stands."""
        return self.pair[0] == "."


@dataclass(frozen=True, slots=True)
class Notation:
    """How a column writes its numbers. `unit`: what stands before or behind each of them, with a blank between the two.
    `negative`: `()` where (12) and 12- are negative, as in accounts.
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
        for sign in self.unit.split():
            text = text.replace(sign, "", 1)
        text = _SIGN_APART.sub(r"\1", text.strip()) if self.unit else text.strip()
        if self.negative and (inside := _NEGATIVE.fullmatch(text)):
            value = self.number(inside[1] or inside[2] or "")
            return None if value is None else 0.0 - value
        text = _with_ascii_minus(text)
        thousands = self.thousands.translate(_SAME)
        if thousands in _WIDTHS:
            text = text.translate(_SAME)
        if thousands and thousands in text:
            if not self._grouped(text, thousands):
                return None
            text = text.replace(thousands, "")
        if self.decimal != ".":
            if "." in text:
                return None
            text = text.replace(self.decimal, ".")
        return parse_number(text)

    def _grouped(self, text: str, thousands: str) -> bool:
        """Whether the thousands signs stand where they can: three digits behind the last one, two (as in India) or
        three between two, none behind the decimal sign. Else `1,5` would be 15.
        """
        whole, _, rest = text.partition(self.decimal) if self.decimal != thousands else (text, "", "")
        if thousands in rest:
            return False
        groups = whole.lstrip("+-").strip().split(thousands)
        between = groups[1:-1]
        if groups[0].startswith("0"):
            return False  # 0.123 has no thousands
        return 1 <= len(groups[0]) <= 3 == len(groups[-1]) and all(len(group) in (2, 3) for group in between)

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
    """The notation in which every text of the column is a number, or None, also where there are two such notations."""
    unit = common_unit(column)
    units = [(u, negative) for negative in ("", "()" * signs.accounting) for u in ("", unit)]
    for point, groups in _to_try(column, signs, unit):
        for notation in dict.fromkeys(Notation(point, groups, *signs_of) for signs_of in units):
            if all(notation.number(text) is not None for text in column.known):
                return notation
    return None


def _to_try(column: Texts, signs: Signs, unit: str) -> list[tuple[str, str]]:
    """Decimal and thousands signs that the column may be written with: those that are set, then others that its cells
    can only be read with.
    """
    tried = [signs.pair] if signs.is_set else []
    if not may_be_groups(column, ".", unit) or not (signs.is_set or signs.commas):
        tried.append((".", ""))
    if signs.comma and ((signs.commas and not signs.is_set) or not may_be_groups(column, ",", unit)):
        tried.append((",", ""))
    return tried


def may_be_groups(column: Texts, sign: str, unit: str) -> bool:
    """Whether this sign, in all cells that have it, may stand between thousands."""
    found = False
    for text in column.known:
        bare = _without_unit(text, unit)
        if sign in bare and not _GROUPS.fullmatch(bare):
            return False
        if sign not in bare and sum(map(str.isdigit, bare)) > 3:
            return False
        found |= sign in bare
    return found


def has_decimal_commas(column: Texts) -> bool:
    """Whether the numbers of a column can only be read with a decimal comma."""
    notation = found_notation(column, Signs(comma=True))
    return notation is not None and notation.decimal == ","


def notation_advice(column: Texts, signs: Signs) -> str | None:
    """What to set where the texts look like numbers in a notation that cannot be known for sure, else None."""
    unit = common_unit(column)
    if may_be_groups(column, ".", unit) and all(Notation(unit=unit).number(text) is not None for text in column.known):
        example = next(bare for text in column.known if "." in (bare := _without_unit(text, unit)))
        return (
            f'`{example}` can be {example.replace(".", "")} or {float(example):g}: set data.thousands: "." and '
            'data.decimal: ",", or data.decimal: "."'
        )
    for (decimal, thousands), written in _LOOKS.items():
        plain, account = (Notation(decimal, thousands, unit, negative) for negative in ("", "()"))
        if any(account.number(text) is None for text in column.known):
            continue
        fixes = [f'data.thousands: "{thousands}"'] * bool(thousands) + ['data.decimal: ","'] * (decimal == ",")
        if any(plain.number(text) is None for text in column.known):
            fixes.append("data.accounting: true")
        other = signs.comma and thousands == "," and may_be_groups(column, ",", unit)
        either = ', or with a decimal comma: data.decimal: ","' * other
        return f"looks like numbers written with {written}: set {' and '.join(fixes)}{either}"
    return None


def common_unit(column: Texts) -> str:
    """The sign or unit that stands at every number of the column, or nothing."""
    unit = _unit_of(column.known[0]) if column.known else None
    return unit if unit and all(_unit_of(text) == unit for text in column.known) else ""


def several_units(column: Texts) -> list[str]:
    """The units of a column whose cells are all numbers, but not all of one unit."""
    found = set[str]()
    for text in column.known:
        if (unit := _unit_of(text)) is None:
            return []
        found.add(unit)
    return sorted(found) if len(found) > 1 else []


def _unit_of(text: str) -> str | None:
    """What stands before and behind the number that a text is, or None if it is no number."""
    match = _AFFIXED.fullmatch(_bare(text).translate(_SAME).strip())
    if match is None:
        return None
    unit = (match[5] or "").strip()
    attached = not match[4] and len(unit) == 1 and unit not in _SHORT_UNITS
    return None if attached or "_" in unit else f"{match[2] or ''} {unit}".strip()


def _without_unit(text: str, unit: str) -> str:
    text = _bare(text).translate(_SAME)
    for sign in unit.split():
        text = text.replace(sign, "", 1).strip()
    return _with_ascii_minus(_SIGN_APART.sub(r"\1", text))


def _with_ascii_minus(text: str) -> str:
    return f"-{text[1:]}" if text and text[0] in _MINUS else text


def _bare(text: str) -> str:
    """The text without parentheses around all of it but its unit, or a minus behind: `$(12)` and `$12-` are `$12`."""
    text = text.removesuffix("-")
    return text.replace("(", "", 1).replace(")", "", 1).strip() if text.count("(") == text.count(")") == 1 else text
