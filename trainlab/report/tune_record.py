"""One tune, read from its folder: the steps of tune.jsonl in their order."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.core.metric_names import lower_is_better
from trainlab.report.json_fields import table
from trainlab.store.lock import held
from trainlab.store.steps import CLOCK, FILE, read_steps

Step = Mapping[str, Any]


class TuneRecord:
    """A tune's folder, read lazily; `problem` names what cannot be read."""

    def __init__(self, path: Path, name: str = "") -> None:
        self.path, self.name = path, name or path.resolve().name
        self.problem = ""

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """All lines of tune.jsonl."""
        try:
            return read_steps(self.path / FILE)
        except UserError as error:
            self.problem = str(error)
            return []

    @cached_property
    def steps(self) -> dict[str, Step]:
        """The steps that are over, by name."""
        return {line["step"]: line for line in self.lines if line["step"] != CLOCK}

    @property
    def state(self) -> str:
        """`finished`, `failed` (by the check), `running` or `interrupted`."""
        if "end" in self.steps:
            return "finished"
        if self.steps.get("check", {}).get("failed"):
            return "failed"
        return "running" if held(self.path) else "interrupted"

    @property
    def networks(self) -> int:
        """How many networks the steps that are over have trained."""
        return sum(step["cost"]["runs"] for step in self.steps.values() if "cost" in step)

    @property
    def tested(self) -> Mapping[str, float]:
        """The winner's scores of the test rows that stand first, means over its runs; empty before."""
        step = self.steps.get("test", {})
        return {name: float(step["scores"][name]["mean"]) for name in step.get("shown", ())}

    @property
    def metric(self) -> str:
        """The metric of the search."""
        return str(self.steps.get("plan", {}).get("metric") or "val_loss")

    @property
    def lower(self) -> bool:
        """Whether less is better."""
        return lower_is_better(self.metric)

    @property
    def seconds(self) -> float:
        """How long it has run, the time between sessions left out."""
        return max((float(line["seconds"]) for line in self.lines), default=0.0)

    @property
    def winner(self) -> Step:
        """The winner as `confirm` has found it; empty before."""
        return table(dict(self.steps.get("confirm", {})), "winner")

    @cached_property
    def took(self) -> dict[str, float]:
        """The seconds of each step."""
        ends = [float(step["seconds"]) for step in self.steps.values()]
        begun = [0.0, *ends[:-1]]
        return {name: end - start for name, start, end in zip(self.steps, begun, ends, strict=True)}

    @cached_property
    def results(self) -> Sequence[Mapping[str, Any]]:
        """The finished trials of all rounds, in their order, each with its `round` from 1."""
        rounds = [step for name, step in self.steps.items() if name.startswith("search-")]
        return [{**result, "round": i} for i, step in enumerate(rounds, start=1) for result in step["results"]]
