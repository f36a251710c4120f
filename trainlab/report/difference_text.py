"""The first differences between two runs, as text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.report.compare import shown
from trainlab.report.difference import Compared, Difference, Parting
from trainlab.report.text import clean, number, styled, wrapped

_MOST = 12  # keys that are shown of a long list
_INDENT = "  "


def difference_lines(found: Difference, *, width: int = 80, ascii_only: bool = False, color: bool = False) -> list[str]:
    """One sentence, then config, steps, layers, epochs, weights and findings, each with its first difference."""
    a, b = found.names
    parts: list[tuple[str, list[str]]] = [
        (_config_head(found), _values(found.config)),
        (_head("steps", found.steps), _partings(found.steps, "step {}", found.tolerance)),
        (_head("layers", found.layers), _partings(found.layers, "step {}, {}", found.tolerance)),
        (_head("epochs", found.epochs), _partings(found.epochs, "epoch {}", found.tolerance)),
        (_head("last weights", found.weights), _partings(found.weights, "{}", found.tolerance)),
        ("findings: " + _diagnoses(found), []),
    ]
    if found.environment and not found.telling:
        parts.insert(1, (f"environment: {_keys(len(found.environment))}", _values(found.environment)))
    lines = _wrap(_verdict(found), width, "", ascii_only)
    lines[0] = styled(lines[0], "bold", color)
    if found.identical:
        return lines
    lines += ["", *_wrap(f"left {a}, right {b}", width, "", ascii_only)]
    for head, body in parts:
        lines += _wrap(head, width, "", ascii_only)
        for line in body:
            lines += _wrap(line, width, _INDENT, ascii_only)
    return lines


def _verdict(found: Difference) -> str:
    a, b = found.names
    if found.identical:
        counts = (
            f"{found.steps.shared} numbers of steps, {found.layers.shared} of layers, {found.epochs.shared} of epochs"
        )
        named = f"; only the {' and '.join(found.config)} of the configs differ" if found.config else ""
        return f"{a} and {b} are identical bit for bit: {counts}, {found.weights.shared} weights{named}."
    first = next(((k, p) for k, p in _in_time(found) if p is not None), None)
    key = found.telling[0] if found.telling else ""
    head = f"{a} and {b} " + (f"differ first in {key}" if key else "have the same config")
    if first is None:
        return f"{head}; all numbers that both have are the same bit for bit."
    place = _place(first[0], first[1].place)
    return f"{head}, {'and' if key else 'but'} their numbers first differ at {place}: {first[1].quantity}."


def _in_time(found: Difference) -> list[tuple[str, Any]]:
    """The comparisons in the order of time: the start, steps, inspections, epochs, the weights at the end."""
    epochs = found.epochs.exact
    start = ("epoch {}", epochs) if epochs is not None and epochs.place == (0,) else ("", None)
    steps, layers = ("step {}", found.steps.exact), ("step {}, {}", found.layers.exact)
    return [start, steps, layers, ("epoch {}", epochs), ("{}", found.weights.exact)]


def _config_head(found: Difference) -> str:
    return f"config: {_keys(len(found.config))}"


def _keys(count: int) -> str:
    return "no key differs" if not count else f"{count} key{'s differ' if count > 1 else ' differs'}"


def _values(table: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = [f"{key}  {_side(sides, 'first')} | {_side(sides, 'second')}" for key, sides in table.items()]
    more = len(lines) - _MOST
    return [*lines[:_MOST], f"and {more} more (--json has them)"] if more > 0 else lines


def _side(sides: Mapping[str, Any], side: str) -> str:
    return ("null" if sides[side] is None else shown(sides[side])) if side in sides else "absent"


def _head(name: str, part: Compared) -> str:
    if part.problem:
        return f"{name}: not compared: {part.problem}"
    if not part.shared:
        return f"{name}: no numbers in common"
    alone = [f"{n} only {side}" for n, side in zip(part.only, ("left", "right"), strict=True) if n]
    end = f" ({', '.join(alone)})" if alone else ""
    if part.exact is None:
        return f"{name}: {part.shared} numbers, the same bit for bit{end}"
    return f"{name}: {part.shared} numbers{end}"


def _partings(part: Compared, place: str, tolerance: float) -> list[str]:
    if part.exact is None:
        return []
    lines = [f"exactly until {_told(part.exact, place, full=True)}"]
    if part.beyond is None:
        lines.append(f"all within {number(tolerance)}, relative")
    elif part.beyond == part.exact:
        lines = [f"first {_told(part.exact, place)}"]
    else:
        lines.append(f"beyond {number(tolerance)}, relative: {_told(part.beyond, place)}")
    return lines


def _told(parting: Parting, place: str, *, full: bool = False) -> str:
    """`step 12: loss 0.5 | 0.25`; with all digits if four do not show the difference."""
    pair = [number(parting.first), number(parting.second)]
    if full or pair[0] == pair[1]:
        pair = [repr(parting.first), repr(parting.second)]
    return f"{_place(place, parting.place)}: {parting.quantity} {pair[0]} | {pair[1]}"


def _place(place: str, values: Sequence[int | str]) -> str:
    text = place.format(*values)
    index = values[place.count("{}") :]
    return f"{text}{list(index)}" if index else text


def _diagnoses(found: Difference) -> str:
    one, two = found.findings
    if one == two:
        return "the same" if one else "none"
    sides = [("only left", [c for c in one if c not in two]), ("only right", [c for c in two if c not in one])]
    told = [f"{side}: {', '.join(codes)}" for side, codes in sides if codes]
    return "; ".join(told) or "the same, in another order"


def _wrap(text: str, width: int, indent: str, ascii_only: bool) -> list[str]:
    return wrapped(clean(text, ascii_only=ascii_only), width, indent, indent + _INDENT)
