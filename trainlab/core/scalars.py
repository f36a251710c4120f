"""The value of an unquoted YAML word by the core schema of YAML 1.2; that of YAML 1.1 reads `no` as false.

`1e-3` is a number, `no` and `on` are text, `12:30` and `2024-01-01` are text, `0o17` is 15, `0x1f` is 31. A number with
leading zeros (`012`) is text: YAML 1.1 reads it as 10 and YAML 1.2 as 12, and a file must not mean two things.
"""

import re
from typing import Final

MOST: Final = 10**9  # of anything that a config counts: more is a slip of the hand, and fills memory or never ends
_CONSTANTS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_LONGEST = 400  # digits; Python refuses to read integers of more than 4300


def resolve(text: str) -> str | int | float | bool | None:
    """The value of an unquoted word.

    >>> [resolve(word) for word in ("1e-3", "0o17", "no", "012", "~")]
    [0.001, 15, 'no', '012', None]
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) > _LONGEST or text[0] not in "+-.0123456789":
        return text
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def advice(text: str) -> str:
    """The correct spelling of a text that was probably meant as a number; empty if there is none.

    >>> advice("012")
    'a number does not start with 0: write 12'
    """
    if re.fullmatch(r"[-+]?0+[1-9][0-9]*(\.[0-9]*)?", text):
        sign = "-" if text[0] == "-" else ""
        return f"a number does not start with 0: write {sign}{text.lstrip('+-').lstrip('0')}"
    if "_" in text and isinstance(number := resolve(text.replace("_", "")), int | float):
        return f"write {number}"
    if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text):
        return f"a decimal point is a dot: write {text.replace(',', '.')}"
    if isinstance(number := resolve(text.strip()), int | float) and not isinstance(number, bool):
        return "write it without quotes"
    return ""
