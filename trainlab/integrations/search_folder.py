"""What a sweep and a tune have in common in the hands of Python: a folder of runs with the best config beside them."""

from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.integrations.run import Run
from trainlab.store.plain_yaml import read_config
from trainlab.store.reading import find_runs


class SearchFolder:
    """A folder of a sweep or a tune, given by its path, or by its name inside `runs`. Each access reads it again."""

    def __init__(self, folder: Path | str, runs: Path | str = "runs") -> None:
        self._folder = self._find(folder, Path(runs))

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder

    @property
    def name(self) -> str:
        """The folder's own name, `NAME-sweep-N` or `NAME-tune-N`."""
        return self._folder.resolve().name

    @property
    def runs(self) -> list[Run]:
        """The runs of all trials, in their order."""
        return [Run(path) for path in find_runs(self._folder)]

    @property
    def best_config(self) -> dict[str, Any]:
        """The whole config of the best trial, for `tl.train`. Raises UserError if there is none (yet)."""
        path = self._folder / "best.yaml"
        if not path.exists():
            raise self._no_best()
        return read_config(path)

    def _find(self, folder: Path | str, runs: Path) -> Path:
        """The folder at a path, or of this name inside `runs`. Raises UserError if there is none."""
        raise NotImplementedError

    def _no_best(self) -> UserError:
        """The error that says why there is no best trial (yet)."""
        raise NotImplementedError
