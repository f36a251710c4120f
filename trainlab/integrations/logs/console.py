"""Reads what a training prints: names and numbers in lines, with the epoch, step and split that they belong to.

A number's name is the text before it. A line without an own epoch or step belongs to the last one that was printed;
`Validation:` alone on a line, or in front of numbers, says what the numbers after it are measured on.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainlab.integrations.logs.names import ALONE, explain, split_of, split_words

_NUMBER = re.compile(
    r"(?<![\w.@])(?<!\w-)(?P<value>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf|infinity)\b)"
    r"(?:\s*/\s*(?P<of>\d+)(?![\w.]))?(?P<percent>\s?%)?(?:(?:ms|s|sec|min|h|it/s|s/it)(?![\w/.]))?(?![\w])",
    re.IGNORECASE,
)
_TENSOR = re.compile(r"tensor\(([^,()]+)(?:,[^()]*)?\)")
_IN_BRACKETS = re.compile(r"[(\[](train|training|val|valid|validation|eval|test)[)\]]", re.IGNORECASE)
_HARD = re.compile(r"[\[\](){},;|<>*]|\s{2,}|\t| - |=>|->")
_AFTER = re.compile(
    r"((?:\w+ )?(?:loss|cost|error)) (?:after|at|in|for) (epoch|iteration|step)s?\s*#?(\d+)\s*(?:is|=|:)?",
    re.IGNORECASE,
)
_SCORE = re.compile(r"\bScore at (?=iteration \d+ is)")  # Deeplearning4j calls its loss so
_GLUED = re.compile(r"\b(epoch|step|iter|iteration)\s?[-_#]\s?(\d+)", re.IGNORECASE)  # `epoch-3`, `Epoch #3`
_PAIR = re.compile(r"\s*\[\s*(\d+),\s*(\d+)\]")  # `[3,  200] loss: 1.2` of PyTorch's tutorial
_LEVELS = {
    "info",
    "debug",
    "warning",
    "root",
    "main",
    "logger",
    "trainer",
    "ppdet",
    "engine",
    "tensorflow",
    "lightning",
}
_EVALUATED = re.compile(r"\s*\*|.*Saving dict for|.*Test net output|.*Testing net", re.IGNORECASE)
_SHORT = 8  # words of a line that may be a heading
_LOOKED_AT = 5000  # lines in which unknown names are counted
_OFTEN = 3  # lines with the same name: a metric, not a word of a sentence
_NAME = 40  # characters of one


@dataclass
class _State:
    """What the lines so far say of the next one."""

    epoch: str | None = None
    step: str | None = None
    split: str = ""


@dataclass
class _Line:
    """What one line says."""

    epoch: str | None = None
    step: str | None = None
    place: str | None = None  # `10` of an unnamed `[10/43]`
    split: str = ""
    found: dict[str, Any] = field(default_factory=dict[str, Any])
    last: str = ""  # the metric before, whose mean may follow in brackets
    unknown: bool = False  # a number has a name that is not known
    strange: list[str] = field(default_factory=list[str])  # these names
    wanted: Mapping[str, str] = field(default_factory=dict[str, str])  # words of a name that is kept -> its name


def unknown_names(lines: Sequence[str]) -> list[str]:
    """The names, unknown as metrics, that stand before numbers in line after line: losses first, then the commonest."""
    counts = Counter(
        name
        for text in lines[:_LOOKED_AT]
        for part in _parts(text)
        for name in dict.fromkeys(_scanned(part, "", {}).strange)
    )
    often = [name for name, count in counts.most_common() if count >= _OFTEN and len(name) <= _NAME]
    named = [name for name in often if re.search(r"[A-Za-z]", name)]
    return sorted(named, key=lambda name: "loss" not in split_words(name))


def records_of(lines: Sequence[str], names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """A record for each line with a metric. names: of numbers that count as metrics, too."""
    wanted = {" ".join(split_words(name)): name for name in names}
    state, made = _State(), list[dict[str, Any]]()
    for text in lines:
        for part in _parts(text):
            line = _scanned(part, state.split, wanted)
            if line.epoch is not None and line.epoch != state.epoch:
                state.step = None
            if (line.epoch is not None or line.step is not None) and not line.split:
                state.split = ""
                line = _scanned(part, "", wanted)
            state.epoch = line.epoch if line.epoch is not None else state.epoch
            state.step = line.step if line.step is not None else state.step
            if not line.found:
                _heading(part, line, state)
                continue
            step = line.place if line.place is not None and line.step is None else state.step
            place = {"epoch": state.epoch, "step": step}
            made.append({**{k: v for k, v in place.items() if v is not None}, **line.found})
    return made


def _parts(text: str) -> Iterator[str]:
    """The line as it was left on the screen: of a progress bar the last state that has text."""
    if "\b" in text:
        text = text.replace("\b", "")
    parts = [p for p in text.split("\r") if p.strip()]
    yield from parts[-1:]


def _heading(text: str, line: _Line, state: _State) -> None:
    """A short line with the name of a split, and no numbers but of the epoch, is a heading."""
    if line.split and len(text.split()) <= _SHORT and line.place is None and not line.unknown:
        state.split = line.split


def _scanned(text: str, heading: str, wanted: Mapping[str, str]) -> _Line:
    """The named numbers of a line."""
    if "train_runtime" in text:  # Hugging Face's last line sums the run up
        return _Line()
    text = _TENSOR.sub(r"\1", _IN_BRACKETS.sub(r" \1 ", text))
    text = _SCORE.sub("Loss at ", text)
    text = _AFTER.sub(r"\2 \3: \1", _GLUED.sub(r"\1 \2", _PAIR.sub(r"epoch \1 step \2:", text)))
    line = _Line(split="val" if _EVALUATED.match(text) else "", wanted=wanted)
    done = 0
    for match in _NUMBER.finditer(text):
        before = text[done : match.start()]
        done = match.end()
        line.split = _split_in(before) or line.split
        _take(line, before, match, heading)
    line.split = line.split or _split_in(text[done:])
    return line


def _take(line: _Line, before: str, match: re.Match[str], heading: str) -> None:
    """One number, with the text before it."""
    value, of = match["value"], match["of"]
    name = _name(before)
    words = [w for w in split_words(name) if w not in _LEVELS]
    if not words:
        if of is not None and line.place is None:
            line.place = value
        elif before.strip() == "(" and line.last and of is None and _is_val(line.last):
            line.found[line.last] = value  # the mean so far; of a validation, that is what counts
        return
    if (own := line.wanted.get(" ".join(words))) is not None:
        line.found.setdefault(own, value)
        return
    found = explain(" ".join(words))
    other = explain(line.last) if line.last else None
    if len(words) == 1 and split_of(words[0]) and other is not None and other.split and words[0] not in line.last:
        words = [words[0], *(w for w in split_words(line.last) if split_of(w) is None)]  # `loss train: 2.3, val: 2.1`
        found = explain(" ".join(words))
    if found is None and len(words) == 1 and split_of(words[0]) and match.string[match.end() : match.end() + 2] == " [":
        line.epoch = line.epoch or value  # `Train: 3 [ 10/43]` of timm
        return
    bare = [w for w in words if split_of(w) is None]
    if found is None and bare in (["epoch"], ["step"], ["iter"], ["iteration"]):
        found = explain(bare[0])  # `Validation epoch 3`
    if found is None:
        line.last, line.unknown = "", True
        line.strange.append(name)
        return
    if found.what == "epoch":
        line.epoch = line.epoch if line.epoch is not None else value
    elif found.what == "step":
        line.step = line.step if line.step is not None else value
    else:
        own = "" if found.what in ALONE or found.split else (line.split or heading)
        key = f"{own}/{' '.join(words)}" if own else " ".join(words)
        whole = float(of or 0) if found.what.endswith("accuracy") else 0.0
        number = float(value) / whole if whole else f"{value}%" if match["percent"] else value
        line.found.setdefault(key, number)
        line.last = key


def _is_val(name: str) -> bool:
    found = explain(name)
    return found is not None and found.split == "val"


def _name(before: str) -> str:
    """The name at the end of the text before a number, without the signs between."""
    text = before.rstrip(" \t:=\"'[(~")
    cuts = [m.end() for m in _HARD.finditer(text)]
    return text[cuts[-1] if cuts else 0 :].strip(" \t:=\"'.#")


def _split_in(text: str) -> str:
    """The last word of a text that names a split, as it is written there; empty if there is none."""
    words = [w.strip("[](){}:;,.*=-_'\"|<>#") for w in text.split()]
    return next((w.lower() for w in reversed(words) if w and split_of(w) and w.lower() not in ("set", "data")), "")
