"""A run's findings as a report tells them: each code once, the worst first, its prescriptions ready to be typed."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from trainlab.core.dotted import flat
from trainlab.report.compare import shown

SEVERITIES = ("error", "warning", "info")  # the worst first


@dataclass(frozen=True, slots=True)
class Found:
    """All findings of one code and severity. Texts are as the folder has them: whoever shows them escapes them.

    `layers`: all that it was found in · `times`: how often · `patches`: each as the arguments behind
    `trainlab train CONFIG`, quoted for a shell · `first`: the whole first finding, for its evidence.
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

    @property
    def place(self) -> str:
        """When it was found first, and how often."""
        told = [f"{name} {at}" for name, at in (("epoch", self.epoch), ("step", self.step)) if at is not None]
        return ", ".join([*told, *([f"{self.times} times"] if self.times > 1 else [])])


def found(findings: Sequence[Mapping[str, Any]]) -> list[Found]:
    """Findings by code: the worst severity first, and within it those that nothing else led to, then as they came."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for finding in findings:
        groups.setdefault((str(finding.get("code", "?")), str(finding.get("severity", ""))), []).append(finding)
    made = [_group(code, severity, same) for (code, severity), same in groups.items()]
    return sorted(made, key=lambda group: (rank(group.severity), bool(group.because)))


def rank(severity: str) -> int:
    """Its place among the severities, 0 the worst; what is none of them comes last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def typed(patch: Any) -> str:
    """A patch as it is typed behind `trainlab train CONFIG`.

    >>> typed({"optimizer.lr": 0.001, "model.hidden": [64, 32]})
    "optimizer.lr=0.001 'model.hidden=[64, 32]'"
    """
    if not isinstance(patch, dict):
        return str(patch)
    return shlex.join(f"{key}={shown(value)}" for key, value in flat(cast("dict[str, Any]", patch)).items())


def _group(code: str, severity: str, same: list[Mapping[str, Any]]) -> Found:
    first = same[0]
    layers = dict.fromkeys(str(f["layer"]) for f in same if f.get("layer"))
    epoch, step = first.get("epoch"), first.get("step")
    return Found(
        code=code,
        severity=severity,
        message=str(first.get("message") or ""),
        advice=str(first.get("advice") or ""),
        epoch=epoch if isinstance(epoch, int) else None,
        step=step if isinstance(step, int) else None,
        layers=tuple(layers),
        times=len(same),
        because=tuple(map(str, _items(first.get("because")))),
        patches=tuple(map(typed, _items(first.get("patches")))),
        first=first,
    )


def _items(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else []
