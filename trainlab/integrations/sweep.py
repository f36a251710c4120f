"""A sweep in the hands of Python: its trials, the best of them, and its pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainlab.core.errors import UserError
from trainlab.integrations.run import Run, frame
from trainlab.integrations.search_folder import SearchFolder
from trainlab.report.html.pages import write_page
from trainlab.report.html.summaries import sweep_html
from trainlab.report.insights import insights
from trainlab.report.pictures.notebook import sweep_chart
from trainlab.report.pictures.theme import Theme
from trainlab.report.sweep_record import SweepRecord
from trainlab.search.lookup import find_sweep, runs_of_trial

if TYPE_CHECKING:
    from altair import TopLevelMixin
    from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - pandas brings none


class Sweep(SearchFolder):
    """A sweep's folder, given by its path, or by its name inside `runs`. Each access reads it again.

    Raises UserError with the latest names if there is none.
    """

    @property
    def metric(self) -> str:
        """The metric that the trials are ranked by."""
        return self._record.metric

    @property
    def trials(self) -> "DataFrame":
        """trials.csv: a row per trial that has ended, with what was drawn, its score and how it ended."""
        return frame(self._record.table)

    @property
    def best(self) -> dict[str, Any] | None:
        """The best finished trial: `trial`, `metric`, `value`, `epoch`, and the drawn `settings` by their paths; None
        if there is none.
        """
        record = self._record
        if not record.ranked:
            return None
        first = record.ranked[0]
        settings = {
            name: first.values.get(name, record.table[name][_row(record, first.number)]) for name in record.space
        }
        epoch = first.facts.get("best_epoch")
        return {
            "trial": first.number,
            "metric": record.metric,
            "value": first.score,
            "epoch": epoch,
            "settings": settings,
        }

    @property
    def best_run(self) -> Run:
        """The run of the best trial, the first of several. Raises UserError if no trial has finished."""
        best = self.best
        if best is None:
            raise self._no_best()
        return Run(runs_of_trial(self._folder, best["trial"])[0])

    @property
    def importance(self) -> dict[str, float]:
        """How much each setting mattered: its share of the explained variance of the score; empty if that cannot be
        told (with fewer than a dozen trials).
        """
        return dict(insights(self._record).importance.shares)

    def plot(self, name: str = "progress", *, theme: Theme = "light", width: int = 460) -> "TopLevelMixin":
        """A picture of the sweep as an Altair chart, which a notebook shows.

        name: `progress` (the best score so far), `importance`, `parallel`, or the name of another picture of the
        sweep's page. Raises UserError for a name that does not exist, with those that do.
        """
        return sweep_chart(self._record, name, theme, width)

    def report(self, file: Path | str) -> Path:
        """Write the page of the sweep, with all pictures, as one HTML file; its path."""
        write_page(Path(file), [], sweep=self._record)
        return Path(file)

    def __len__(self) -> int:
        return len(self._record.trials)

    def __repr__(self) -> str:
        best = self.best
        told = "" if best is None else f", best {best['metric']} {best['value']:.4g} (trial {best['trial']})"
        count = len(self)
        return f"<Sweep {self.name}: {count} trial{'s'[: count != 1]}{told}>"

    def _repr_html_(self) -> str:
        return sweep_html(self._record)

    def _find(self, folder: Path | str, runs: Path) -> Path:
        return find_sweep(folder, runs)

    def _no_best(self) -> UserError:
        return UserError(f"{self._folder}: no trial of this sweep has finished with a score")

    @property
    def _record(self) -> SweepRecord:
        return SweepRecord(self._folder)


def _row(record: SweepRecord, trial: int) -> int:
    return record.table["trial"].index(trial)
