"""The `sweep` block of a config: search space, strategy, number of trials, metric."""

from functools import partial
from typing import Annotated, Any, Literal, cast

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import Settings, make, setting
from trainlab.core.types import Count
from trainlab.search.distribution import Distribution
from trainlab.search.executors.limits import Limits
from trainlab.search.strategy import Stage, Strategy

Constant = bool | int | float | str | list[Any] | None


class SweepSettings(Settings):
    """A search for better settings, for `trainlab sweep`; `trainlab train` reads its metric only.

    The score of a trial is the metric in its best epoch; with `repeats` or `folds`, the mean over its runs. Every trial
    uses the config's seed (plus one for each further repeat), so trials differ in their settings alone; put `seed` into
    the space to vary it, too.
    """

    metric: str = setting(
        "best",
        "a column of metrics.csv, losses are minimized and scores maximized; best: the one that decides which epoch is "
        "the best, which is val_loss here unless the config names another or classes are imbalanced",
    )
    space: Annotated[dict[str, Distribution | Literal["auto"] | Constant], Field(min_length=1)] | Literal["auto"] = (
        setting(
            "dotted path of a setting: what it is drawn from; auto: the setting's own range; a plain value: only that; "
            "instead of the table, auto: the settings that matter in most trainings"
        )
    )
    strategy: Strategy = Field(
        default_factory=partial(make, Strategy, "random"), description="how the trials are chosen"
    )
    trials: Count = setting(20, "how many trials; by default the sum over the stages, if there are any")
    stages: list[Stage] = setting([], "for `staged`: trials and epochs, from coarse to fine")
    first: list[dict[str, Any]] = setting(
        [], "values that the first trials have, by dotted path; the settings that are left out are drawn"
    )
    repeats: Count = setting(1, "runs of each trial, with successive seeds: its score is their mean")
    folds: int | None = setting(
        None, "cross-validation: runs of each trial (and repeat), one for each fold; see data.split", ge=2
    )
    stop_bad_trials: bool = setting(
        True, "end a trial at a finding of severity error; if it is among the best tenth, it continues to its end"
    )
    max_failed: int | None = setting(
        None, "end the sweep when more trials than this have failed (crashed or exceeded a limit); null: never", ge=0
    )
    test: bool = setting(True, "score each trial's best weights on the test rows; false: they stay unseen")
    limits: Limits = setting(Limits(), "time and memory that a trial may use; a trial that exceeds one fails")

    @model_validator(mode="before")
    @classmethod
    def _sum_of_stages(cls, value: Any) -> Any:
        """Without `trials`, the stages determine the number."""
        if not isinstance(value, dict):
            return value
        table = cast("dict[str, Any]", value)
        stages: Any = table.get("stages")
        if "trials" in table or not isinstance(stages, list) or not stages:
            return table
        counts: list[Any] = [cast("dict[str, Any]", s).get("trials") for s in stages if isinstance(s, dict)]  # pyright: ignore[reportUnknownVariableType] - not validated yet
        known = [n for n in counts if isinstance(n, int)]
        return {**table, "trials": sum(known)} if len(known) == len(counts) and sum(known) > 0 else table

    @model_validator(mode="after")
    def _stages_are_used(self) -> "SweepSettings":
        if self.stages and self.strategy.name != "staged":
            raise PydanticCustomError(
                "stages", "`stages` are for `strategy: staged`, not for `{name}`", {"name": self.strategy.name}
            )
        asked = sum(stage.trials for stage in self.stages)
        if asked > self.trials:
            raise PydanticCustomError(
                "stages",
                "the stages have {asked} trials, but `trials` is {trials}; leave `trials` out, or change them",
                {"asked": asked, "trials": self.trials},
            )
        return self

    @property
    def settings(self) -> dict[str, "Distribution | Constant"]:
        """The space by dotted paths; empty where it is `auto`, until it is made from the experiment."""
        return {} if self.space == "auto" else dict(self.space)

    @property
    def runs(self) -> int:
        """How many run folders a trial holds."""
        return self.repeats * (self.folds or 1)
