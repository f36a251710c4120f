"""A tune in the hands of Python: its winner, its test scores, its steps and its pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainlab.core.errors import UserError
from trainlab.integrations.run import Run
from trainlab.integrations.search_folder import SearchFolder
from trainlab.report.html.pages import write_page
from trainlab.report.pictures.notebook import tune_chart
from trainlab.report.pictures.theme import Theme
from trainlab.report.tune_record import TuneRecord
from trainlab.report.tune_text import story, tune_line
from trainlab.tuning.tune import find_tune

if TYPE_CHECKING:
    from altair import TopLevelMixin


class Tune(SearchFolder):
    """A tune's folder, given by its path, or by its name inside `runs`. Each access reads it again.

    Raises UserError with the latest names if there is none.
    """

    @property
    def state(self) -> str:
        """`finished`, `interrupted`, `running`, or `failed` where the check has found an error that the search cannot
        remove.
        """
        return self._record.state

    @property
    def metric(self) -> str:
        """The metric that the trials are compared by."""
        return self._record.metric

    @property
    def winner(self) -> dict[str, Any] | None:
        """The winner: `trial`, `mean`, `low`, `high` and `scores` over its seeds, and the searched `values` by their
        paths; None before it is confirmed.
        """
        return dict(self._record.winner) or None

    @property
    def test(self) -> dict[str, float]:
        """The winner's scores of the test rows, means over its seeds; empty before."""
        return {name: float(one["mean"]) for name, one in self._record.steps.get("test", {}).get("scores", {}).items()}

    @property
    def baselines(self) -> dict[str, dict[str, float]]:
        """What simpler models score on the test rows, by their names."""
        return dict(self._record.steps.get("test", {}).get("baselines", {}))

    @property
    def best_run(self) -> Run:
        """The winner's run with the best score. Raises UserError if there is none."""
        run = self._record.steps.get("end", {}).get("run")
        if not run:
            raise self._no_best()
        return Run(self._folder / run)

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps that are over, with their numbers, verdicts and sentences."""
        return [dict(step) for step in self._record.steps.values()]

    @property
    def story(self) -> str:
        """The steps that are over, as text."""
        return story(self._record)

    def plot(self, name: str = "scores", *, theme: Theme = "light", width: int = 460) -> "TopLevelMixin":
        """A picture of the tune as an Altair chart: `scores` of all trials, or `timeline`, what the budget went to.

        Raises UserError for a name that does not exist, with those that do.
        """
        return tune_chart(self._record, name, theme, width)

    def __repr__(self) -> str:
        return f"<Tune {tune_line(self._record)}>"

    def report(self, file: Path | str) -> Path:
        """Write the page of the tune, with all pictures, as one HTML file; its path."""
        write_page(Path(file), [], tune=self._record)
        return Path(file)

    def _find(self, folder: Path | str, runs: Path) -> Path:
        return find_tune(folder, runs)

    def _no_best(self) -> UserError:
        return UserError(f"{self._folder}: this tune has no winner yet: it is {self.state}")

    @property
    def _record(self) -> TuneRecord:
        return TuneRecord(self._folder)
