"""JSON that every reader accepts: nan and the infinities, which JSON lacks, are the texts "nan", "inf", "-inf"."""

import json
import math
import re
from typing import Any, cast

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_HALVES = re.compile("[\ud800-\udfff]")
_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def dumps(value: Any, *, indent: int | None = None, halves: bool = False) -> str:
    """The value as JSON text, floats to the shortest text that reads back exactly.

    halves: keep halves of surrogate pairs, which stand in file names that are not UTF-8. No file can hold them: without
    it they become escapes.

    >>> dumps({"loss": float("nan"), "lr": 0.1, "steps": [1, 2]})
    '{"loss": "nan", "lr": 0.1, "steps": [1, 2]}'
    """
    try:  # the usual case: all numbers are finite
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False, default=_unarrayed)
    except ValueError:
        text = json.dumps(_spell(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return text if halves or text.isascii() else _HALVES.sub(lambda half: rf"\\u{ord(half[0]):x}", text)


def loads(text: str | bytes) -> Any:
    """The value of JSON text, with the texts "nan", "inf" and "-inf" as numbers. Raises ValueError as `plain`."""
    return spelled_out(plain(text))


def plain(text: str | bytes) -> Any:
    """The value of JSON text as it is written. Raises ValueError, which names the place, if the text is not JSON."""
    try:
        value = json.loads(text)
        if _SURROGATE.search(text if isinstance(text, str) else text.decode(errors="replace")):  # half of a pair alone?
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half of a surrogate pair, which is no character") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"wrong at line {error.lineno}, column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise ValueError("not UTF-8") from error
    except ValueError as error:  # Python reads no integers of more than 4300 digits
        raise ValueError("a number has too many digits") from error


def _unarrayed(value: Any) -> Any:
    """An array or a number of NumPy's, known without importing it, as plain data."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no plain data")


def _spell(value: Any) -> Any:
    if isinstance(value, float):
        number = float(value)
        return number if math.isfinite(number) else float.__repr__(number)
    if isinstance(value, dict):
        return {str(k): _spell(v) for k, v in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_spell(v) for v in cast("list[Any]", value)]
    return _spell(value.tolist()) if hasattr(value, "tolist") else value


def spelled_out(value: Any) -> Any:
    """Plain data with the texts "nan", "inf" and "-inf" as numbers."""
    if isinstance(value, str):
        return _NUMBERS.get(value, value)
    if isinstance(value, dict):
        return {k: spelled_out(v) for k, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [spelled_out(v) for v in cast("list[Any]", value)]
    return value
