"""The findings of a run, grouped for reports and for the terminal: each code once, the likeliest cause first."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from trainlab.core.dotted import flat
from trainlab.diagnose.conclusion import TOLD
from trainlab.diagnose.finding import SEVERITIES
from trainlab.report.compare import shown
from trainlab.report.text import clean, severity_color, styled, wrapped

NO_PROBLEMS = "no problems found"
_WORST_FIRST = SEVERITIES[::-1]


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """All findings of one code and severity. Texts are as the run folder has them: callers must escape them.

    `layers`: all layers with the finding · `times`: how often · `patches`: each as the arguments that follow
    `trainlab train CONFIG`, quoted for a shell · `first`: the whole first finding, for its evidence · `confidence`: how
    often it names the fault, None if that is unknown · `withdrawn`: why it no longer holds, empty if it does.
    """

    code: str
    severity: str
    message: str
    advice: str
    epoch: int | None
    step: int | None
    layers: tuple[str, ...]
    times: int
    because: tuple[str, ...]
    patches: tuple[str, ...]
    first: Mapping[str, Any]
    confidence: float | None = None
    withdrawn: str = ""

    @property
    def place(self) -> str:
        """Epoch and step of the first finding, and how often it was found."""
        places = [f"{name} {at}" for name, at in (("epoch", self.epoch), ("step", self.step)) if at is not None]
        places = ["at the start"] if self.step == 0 else places
        return ", ".join([*places, *([f"{self.times} times"] if self.times > 1 else [])])

    @property
    def headline(self) -> str:
        """Severity, code, place and confidence: `warning dead-relu (epoch 1, step 20), confidence 60 %`."""
        return self.said + (f" ({self.place})" if self.place else "") + self.sure

    @property
    def said(self) -> str:
        """Severity and code; a withdrawn finding is history."""
        return f"{'withdrawn' if self.withdrawn else self.severity} {self.code}"

    @property
    def sure(self) -> str:
        """The confidence of a warning or an error, in words after a comma; empty if it is unknown."""
        known = self.confidence is not None and self.severity != "info"
        return f", confidence {self.confidence:.0%}" if known else ""


def grouped(findings: Sequence[Mapping[str, Any]]) -> list[FindingGroup]:
    """The findings by code, in the order in which an ended run left them: warnings and errors first, of these the ones
    without a cause among the others; withdrawn ones last. Without known confidences errors come before warnings.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for finding in findings:
        groups.setdefault((str(finding.get("code", "?")), str(finding.get("severity", ""))), []).append(finding)
    made = [_group(code, severity, same) for (code, severity), same in groups.items()]
    known = {group.code for group in made if not group.withdrawn}
    return sorted(made, key=lambda group: _place(group, known))


def told(groups: Sequence[FindingGroup]) -> tuple[Sequence[FindingGroup], Sequence[FindingGroup]]:
    """The first few that stand, and the others, which are folded."""
    standing = [group for group in groups if not group.withdrawn]
    return standing[:TOLD], [*standing[TOLD:], *(group for group in groups if group.withdrawn)]


def folded(groups: Sequence[FindingGroup]) -> list[str]:
    """The findings that are not told, in two lines at most."""
    more, history = [g for g in groups if not g.withdrawn], [g for g in groups if g.withdrawn]
    lines = [f"and {len(more)} more: {', '.join(group.code for group in more)}"] if more else []
    if history:
        lines.append(f"withdrawn: {', '.join(group.code for group in history)}, as {history[0].withdrawn}")
    return lines


def finding_lines(group: FindingGroup, width: int, *, ascii_only: bool = False, color: bool = False) -> list[str]:
    """A finding on a terminal: its headline, message, layers, causes, advice and patches."""
    parts = [
        group.message,
        f"in {', '.join(group.layers)}" if len(group.layers) > 1 else "",
        f"because of {', '.join(group.because)}" if group.because else "",
        group.advice,
    ]
    head = wrapped(clean(group.headline, ascii_only=ascii_only), width)
    body = [line for text in parts if text for line in wrapped(clean(text, ascii_only=ascii_only), width, "  ")]
    body += [f"  try {clean(patch, ascii_only=ascii_only)}" for patch in group.patches]  # unbroken, to be copied
    return [*(styled(line, severity_color(group.severity), color) for line in head), *body]


def counts(groups: Sequence[FindingGroup]) -> str:
    """How many kinds of findings of each severity there are; empty if there are none.

    >>> counts(grouped([{"code": "diverged", "severity": "error"}, {"code": "plateau", "severity": "info"}]))
    '1 error, 1 piece of advice'
    """
    names = {"error": ("error", "errors"), "warning": ("warning", "warnings")}
    parts: list[str] = []
    for severity in dict.fromkeys(group.severity for group in groups):
        number = sum(group.severity == severity for group in groups)
        one, more = names.get(severity, ("piece of advice", "pieces of advice"))
        parts.append(f"{number} {one if number == 1 else more}")
    return ", ".join(parts)


def rank(severity: str) -> int:
    """The position of a severity, 0 the worst; an unknown one comes last."""
    return _WORST_FIRST.index(severity) if severity in _WORST_FIRST else len(_WORST_FIRST)


def patch_arguments(patch: Any) -> str:
    """A patch as the arguments that follow `trainlab train CONFIG`.

    >>> patch_arguments({"optimizer.lr": 0.001, "model.hidden": [64, 32]})
    "optimizer.lr=0.001 'model.hidden=[64, 32]'"
    """
    if not isinstance(patch, dict):
        return str(patch)
    return shlex.join(f"{key}={shown(value)}" for key, value in flat(cast("dict[str, Any]", patch)).items())


def _place(group: FindingGroup, known: Collection[str]) -> tuple[bool, bool, bool, int]:
    follows = any(cause.split("@")[0] in known for cause in group.because)
    severe = 0 if group.confidence is not None else rank(group.severity)
    return bool(group.withdrawn), group.severity == "info", follows, severe


def _group(code: str, severity: str, same: list[Mapping[str, Any]]) -> FindingGroup:
    first = same[0]
    layers = dict.fromkeys(str(f["layer"]) for f in same if f.get("layer"))
    epoch, step, confidence = first.get("epoch"), first.get("step"), first.get("confidence")
    return FindingGroup(
        code=code,
        severity=severity,
        message=str(first.get("message") or ""),
        advice=str(first.get("advice") or ""),
        epoch=epoch if isinstance(epoch, int) else None,
        step=step if isinstance(step, int) else None,
        layers=tuple(layers),
        times=len(same),
        because=tuple(map(str, _items(first.get("because")))),
        patches=tuple(map(patch_arguments, _items(first.get("patches")))),
        first=first,
        confidence=confidence if isinstance(confidence, int | float) else None,
        withdrawn=str(first.get("withdrawn") or ""),
    )


def _items(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else []
