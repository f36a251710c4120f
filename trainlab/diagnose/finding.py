"""A finding is to training what a lint rule is to code: a code, a severity, a message, evidence, suggested patches."""

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["info", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")  # mildest first


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    severity: error, as configured this run is worthless; warning, it ends clearly worse than it could; info, advice.
    `because`: earlier findings that led here, as `code@step N` · `patches`: suggested dotted overrides, best first ·
    `layer`: the layer it concerns, if any · `confidence`: how often such a finding names the fault, see
    `diagnose/confidence.py`; None where that is unknown · `withdrawn`: why it no longer holds, empty if it does. A
    withdrawn finding is history: its severity is info · step: None in a log that counts none.
    """

    code: str
    severity: Severity
    message: str
    advice: str
    epoch: int
    step: int | None
    layer: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict[str, Any])
    because: tuple[str, ...] = ()
    patches: tuple[dict[str, Any], ...] = ()
    confidence: float | None = None
    withdrawn: str = ""

    def __repr__(self) -> str:
        """The message in a line: a notebook shows lists of findings, and the evidence is long."""
        return f"<{self.severity} {self.code}, epoch {self.epoch}: {self.message}>"

    def as_dict(self) -> dict[str, Any]:
        """The line of diagnoses.jsonl, keys in the order of the contract."""
        keys = ("code", "severity", "epoch", "step", "layer", "message", "evidence", "because", "advice", "patches")
        values: dict[str, Any] = {key: getattr(self, key) for key in (*keys, "confidence")}
        history = {"withdrawn": self.withdrawn} if self.withdrawn else {}
        return values | {"because": list(self.because), "patches": list(self.patches)} | history

    @classmethod
    def from_dict(cls, line: dict[str, Any]) -> "Finding":
        """The finding that `as_dict` wrote; what another version wrote beside it is left out."""
        known: dict[str, Any] = {"severity": "info", "message": "", "advice": "", "epoch": 0, "step": None}
        known |= {name: line[name] for name in cls.__slots__ if name in line}
        known |= {name: tuple(line.get(name) or ()) for name in ("because", "patches")}
        return cls(**known)
