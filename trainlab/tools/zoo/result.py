"""What came of the zoo's runs: counted over all, code by code, and against what is expected of the monitors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, isfinite
from typing import Any, Literal

import numpy as np

from trainlab.store.strict_json import dumps

Kind = Literal["healthy", "fault", "shows", "random", "twin"]
Stage = Literal["before", "while", "after"]
GOOD, BAD = 0.03, 0.15  # below the 90th percentile of its data set: at most this is good, more than that bad
WHOLE = 60  # faults from which on it is a whole zoo
NEAR = 0.03  # a cured run is as near as this to its healthy twin


@dataclass(frozen=True, slots=True)
class Case:
    """One run of the zoo: a config as plain data, and what is known about it.

    expect: codes that name its fault · check: it is not trained, but looked at by `check` · cure: whether a config can
    cure it · twin: the config without the fault.
    """

    kind: Kind
    name: str
    seed: int
    raw: Mapping[str, Any]
    expect: tuple[str, ...] = ()
    check: bool = False
    cure: bool = False
    twin: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        """What identifies its config."""
        return dumps(dict(self.raw))


@dataclass(frozen=True, slots=True)
class Cure:
    """What `fix` made of a sick run: the score of the cured one, and the codes whose prescriptions cured it."""

    state: str
    score: float
    reruns: int
    patch: Mapping[str, Any] = field(default_factory=dict[str, Any])
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case. score: the last validation score (nan if it diverged) · found: (code, severity, step) ·
    steps: how many it took · cured: what `fix` made of it, if it was asked · folder: of the run.
    """

    case: Case
    state: str
    score: float
    found: tuple[tuple[str, str, int], ...] = ()
    seconds: float = 0.0
    error: str = ""
    steps: int = 0
    cured: Cure | None = None
    folder: str = ""

    @property
    def alarms(self) -> list[tuple[str, str, int]]:
        """What is more than advice."""
        return [f for f in self.found if f[1] != "info"]

    @property
    def caught(self) -> bool:
        """Whether there is a warning or an error."""
        return bool(self.alarms)

    @property
    def named(self) -> bool:
        """Whether an expected code is among the first two alarms."""
        return any(code in self.case.expect for code, _, _ in self.alarms[:2])

    @property
    def shown(self) -> bool:
        """Whether an expected code was said at all."""
        return any(code in self.case.expect for code, _, _ in self.found)

    @property
    def before(self) -> bool:
        """Whether the first alarm came before the first step."""
        return self.stage == "before"

    @property
    def stage(self) -> Stage | None:
        """When the first alarm came: before the first step, while it trained, after the last step; None if never."""
        if not self.alarms:
            return None
        step = self.alarms[0][2]
        return "before" if step == 0 else "while" if step < self.steps or self.state != "finished" else "after"


@dataclass(slots=True)
class Result:
    """All verdicts. good and bad: the random ones by their outcome; the rest of them is not counted."""

    verdicts: list[Verdict] = field(default_factory=list[Verdict])

    def of(self, kind: Kind) -> list[Verdict]:
        """The verdicts on one kind of case."""
        return [v for v in self.verdicts if v.case.kind == kind]

    def judged(self) -> tuple[list[Verdict], list[Verdict]]:
        """(good, bad) of the random cases."""
        good: list[Verdict] = []
        bad: list[Verdict] = []
        by_data: dict[str, list[Verdict]] = {}
        for v in self.of("random"):
            by_data.setdefault(str(v.case.raw["data"]["name"]), []).append(v)
        for same in by_data.values():
            scores = [v.score for v in same if isfinite(v.score)]
            if not scores:
                bad += same
                continue
            top = float(np.percentile(scores, 90))
            good += [v for v in same if v.score >= top - GOOD]
            bad += [v for v in same if not v.score >= top - BAD]
        return good, bad

    def cures(self) -> list[tuple[Verdict, float, bool]]:
        """(verdict, its twin's score, cured) of each run that can be cured and that its fault did harm.

        A run that is as near to its twin as a cured one has nothing to be cured of.
        """
        twins = {v.case.key: v.score for v in self.verdicts if v.case.kind in ("healthy", "twin")}
        told: list[tuple[Verdict, float, bool]] = []
        for v in self.of("fault"):
            twin = twins.get(dumps(dict(v.case.twin)), float("nan")) if v.case.twin is not None else float("nan")
            if v.cured is not None and isfinite(twin) and not v.score >= twin - NEAR:
                told.append((v, twin, v.cured.score >= twin - NEAR))
        return told

    def summary(self) -> dict[str, Any]:
        """Counts over all, and by code: sick runs it caught, named and cured, healthy ones it bothered."""
        faults, healthy = self.of("fault"), self.of("healthy")
        good, bad = self.judged()
        cures = self.cures()
        stages = [v.stage for v in faults]
        return {
            "faults": len(faults),
            "caught": sum(v.caught for v in faults),
            "named": sum(v.named for v in faults),
            "before_first_step": stages.count("before"),
            "while_training": stages.count("while"),
            "at_the_end": stages.count("after"),
            "curable": len(cures),
            "cured": sum(done for _, _, done in cures),
            "reruns": round(sum(v.cured.reruns for v, _, _ in cures if v.cured) / max(1, len(cures)), 2),
            "shows": len(self.of("shows")),
            "shown": sum(v.shown for v in self.of("shows")),
            "healthy": len(healthy),
            "bothered": sum(v.caught for v in healthy),
            "random": len(self.of("random")),
            "bad": len(bad),
            "bad_caught": sum(v.caught for v in bad),
            "good": len(good),
            "good_bothered": sum(v.caught for v in good),
            "failed": sum(bool(v.error) for v in self.verdicts),
            "codes": self._codes([*faults, *bad], [*healthy, *good]),
        }

    def _codes(self, sick: Sequence[Verdict], sound: Sequence[Verdict]) -> dict[str, dict[str, int]]:
        """For each code that spoke: how often, first, rightly, with a cure, in vain; and when it spoke first."""
        codes: dict[str, dict[str, int]] = {}
        columns = ("caught", "first", "named", "cured", "before", "while", "after", "bothered")

        def count(verdicts: Sequence[Verdict], column: str, holds: Callable[[Verdict, str], bool]) -> None:
            for v in verdicts:
                for code in {c for c, _, _ in v.alarms}:
                    if holds(v, code):
                        codes.setdefault(code, dict.fromkeys(columns, 0))[column] += 1

        count(sick, "caught", lambda _, __: True)
        count(sick, "first", lambda v, code: v.alarms[0][0] == code)
        count([v for v in sick if v.case.kind == "fault"], "named", lambda v, code: code in v.case.expect)
        count([v for v, _, done in self.cures() if done], "cured", lambda v, code: code in (v.cured or _NONE).codes)
        for stage in ("before", "while", "after"):
            count(sick, stage, lambda v, code, stage=stage: v.alarms[0][0] == code and v.stage == stage)
        count(sound, "bothered", lambda _, __: True)
        return dict(sorted(codes.items()))


_NONE = Cure("", float("nan"), 0)


def missed(summary: Mapping[str, Any]) -> list[str]:
    """What falls short of what is expected of the monitors, in words; nothing if all is well.

    In a small sample one run may be off where a share is allowed to be. How many are caught before the first step is
    asked of the whole zoo only: some of its parts are seen early, others late.
    """
    s = summary
    told: list[str] = []

    def least(part: str, whole: str, share: float, what: str) -> None:
        short = s[whole] - s[part]
        if s[whole] and short > max(1, floor((1 - share) * s[whole] + 1e-9)):
            told.append(f"{what}: {s[part]} of {s[whole]}, {share:.0%} expected")

    least("caught", "faults", 0.97, "sick runs caught")
    least("named", "faults", 0.90, "named")
    least("cured", "curable", 0.85, "cured")
    least("shown", "shows", 0.90, "codes shown")
    least("bad_caught", "bad", 0.95, "blind: bad caught")
    if s["faults"] >= WHOLE:
        least("before_first_step", "faults", 0.55, "caught before the first step")
    if s["reruns"] > 3:
        told.append(f"runs that a cure took: {s['reruns']} on average, 3 expected at most")
    if s["bothered"]:
        told.append(f"healthy runs bothered: {s['bothered']} of {s['healthy']}, none expected")
    if s["good_bothered"] > max(1, floor(0.05 * s["good"])):
        told.append(f"blind: good bothered: {s['good_bothered']} of {s['good']}, 5 % expected at most")
    if s["failed"]:
        told.append(f"could not run: {s['failed']}")
    return told


def as_data(result: Result) -> dict[str, Any]:
    """The summary and every verdict, as plain data."""
    twins = {(v.case.name, v.case.seed): (twin, done) for v, twin, done in result.cures()}
    rows: list[dict[str, Any]] = []
    for v in sorted(result.verdicts, key=lambda v: (v.case.kind, v.case.name, v.case.seed)):
        twin, done = twins.get((v.case.name, v.case.seed), (None, None)) if v.case.kind == "fault" else (None, None)
        row: dict[str, Any] = {
            "kind": v.case.kind,
            "name": v.case.name,
            "seed": v.case.seed,
            "expect": list(v.case.expect),
            "state": v.state,
            "score": v.score if isfinite(v.score) else None,
            "stage": v.stage,
            "found": [{"code": code, "severity": severity, "step": step} for code, severity, step in v.found],
            "error": v.error or None,
        }
        if v.cured is not None:
            row["fix"] = {
                "state": v.cured.state,
                "score": v.cured.score,
                "twin": twin,
                "cured": done,
                "reruns": v.cured.reruns,
                "patch": dict(v.cured.patch),
                "codes": list(v.cured.codes),
            }
        rows.append(row)
    summary = result.summary()
    return {"summary": summary, "missed": missed(summary), "runs": rows}
