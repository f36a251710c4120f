"""Every picture of a run, of several runs, of a sweep or of a tune as files, without a browser."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from trainlab.report.pictures import gallery
from trainlab.report.pictures.picture import Picture
from trainlab.report.pictures.tune import pictures as of_tune
from trainlab.report.sweep_record import SweepRecord
from trainlab.report.tune_record import TuneRecord
from trainlab.store.folder import safe_name
from trainlab.store.reading import RunRecord, is_sweep
from trainlab.store.steps import is_tune
from trainlab.store.writing import named_errors, write_output

Kind = Literal["png", "svg"]


def pictures_of(
    given: Sequence[str], runs: Path, records: Sequence[RunRecord], metric: str = "", group_by: Sequence[str] = ()
) -> list[Picture]:
    """The pictures of what was asked for: of one named sweep or tune, of a run if there is one, else of all."""
    if sweep := sweep_named(given, runs):
        return gallery.of_sweep(sweep)
    if tune := tune_named(given, runs):
        return of_tune(tune)
    if len(records) == 1:
        return gallery.of_run(records[0])
    measured = metric if metric.startswith(("train_", "val_", "test_", "test.")) else ""
    return gallery.of_runs(records, measured, group_by)


def sweep_named(given: Sequence[str], runs: Path) -> SweepRecord | None:
    """The sweep, if one is named and nothing else."""
    if len(given) != 1:
        return None
    return next((SweepRecord(place) for place in (Path(given[0]), runs / given[0]) if is_sweep(place)), None)


def tune_named(given: Sequence[str], runs: Path) -> TuneRecord | None:
    """The tune, if one is named and nothing else."""
    if len(given) != 1:
        return None
    return next((TuneRecord(place) for place in (Path(given[0]), runs / given[0]) if is_tune(place)), None)


def write_pictures(pictures: Sequence[Picture], folder: Path, kind: Kind) -> list[Path]:
    """Writes each picture as `NAME.png` or `NAME.svg`, the same names every time.

    Raises UserError if the folder cannot be made or written.
    """
    with named_errors(folder, "write"):
        folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for picture in pictures:
        path = folder / f"{safe_name(picture.name)}.{kind}"
        if path in written:  # two names that differ in unsafe characters only
            path = folder / f"{safe_name(picture.name)}-{len(written)}.{kind}"
        write_output(path, picture.png() if kind == "png" else picture.svg().encode())
        written.append(path)
    return written
