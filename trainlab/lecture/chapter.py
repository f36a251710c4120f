"""A chapter is a folder: chapter.yaml (runs, sweeps, claims), configs, and text.md with numbers of the runs in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.core import config
from trainlab.core.component import Settings, setting
from trainlab.core.errors import UserError
from trainlab.core.problem import nearest


class Planned(Settings):
    """A run or a sweep: a config of the chapter's folder with some settings replaced, by their dotted paths.

    The value `run:NAME` stands for the folder of an earlier run of the chapter, `file:NAME` for a file in its folder.
    """

    config: str = setting("a YAML file in the chapter's folder")
    set: dict[str, Any] = setting({}, "settings that replace the file's")
    short: dict[str, Any] = setting({}, "further ones in the short form, after the chapter's own")


class PlannedTune(Planned):
    """A tune: a config and what may be used for it."""

    budget: str = setting("what may be used, as for `trainlab tune --budget`")
    short_budget: str = setting("the same in the short form")


class Claim(Settings):
    """What the lecture says, and the comparison of measured numbers that shows it."""

    says: str = setting("the claim, a sentence; numbers of the runs in it as `{{...}}`")
    that: str = setting("an expression, such as `best(relu, val_accuracy) > 0.9`")
    here: bool = setting(True, "whether the claim holds at the scale of this book; the book says so where it does not")
    short: bool = setting(True, "whether the short form decides it, too")


class Plan(Settings):
    """chapter.yaml."""

    title: str = setting("the chapter's title")
    runs: dict[str, Planned] = setting({}, "trainings, in order")
    sweeps: dict[str, Planned] = setting({}, "searches, in order")
    tunes: dict[str, PlannedTune] = setting({}, "tunes, in order")
    claims: list[Claim] = setting([], "what must come out")
    short: dict[str, Any] = setting({}, "settings of every run in the short form")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: its folder, its plan and its text (Markdown)."""

    folder: Path
    plan: Plan
    text: str

    @property
    def name(self) -> str:
        """The folder's name, `NN-name`."""
        return self.folder.resolve().name

    def changes(self, planned: Planned, made: Mapping[str, Path], *, short: bool) -> dict[str, Any]:
        """The settings to replace in the config of a run or sweep. made: the folders of the runs so far."""
        wanted = {**planned.set, **(self.plan.short | planned.short if short else {})}
        return {path: self._pointed(value, made) for path, value in wanted.items()}

    def _pointed(self, value: Any, made: Mapping[str, Path]) -> Any:
        kind, colon, name = value.partition(":") if isinstance(value, str) else ("", "", "")
        if colon and kind == "file":
            return str(self.folder / name)
        if not colon or kind != "run":
            return value
        if name not in made:
            raise UserError(f"`{value}`: no earlier run of the chapter is called `{name}`")
        return str(made[name])


def read_chapters(folder: Path, wanted: Sequence[str] = ()) -> list[Chapter]:
    """The chapters of a folder in order; `wanted`: names, numbers or parts of names, all if empty.

    Raises UserError if there is no such folder or chapter, ConfigError for a wrong chapter.yaml.
    """
    found = sorted(path.parent for path in folder.glob("*/chapter.yaml"))
    if not found:
        raise UserError(
            f"{folder}: there are no chapters; they are in configs/lecture of the repository (--chapters DIR)"
        )
    names = [path.name for path in found]
    chosen = [_named(name, names, folder) for name in wanted] or names
    return [_read(path) for path in found if path.name in chosen]


def _named(given: str, names: Sequence[str], folder: Path) -> str:
    number = given.zfill(2) if given.isdecimal() else given
    fits = [name for name in names if number in (name, name.partition("-")[0], name.partition("-")[2])]
    fits = fits or [name for name in names if given in name]
    if len(fits) == 1:
        return fits[0]
    near = nearest(given, [name.partition("-")[2] for name in names])
    hint = f"did you mean `{near}`?" if near else f"there are {', '.join(names)}"
    raise UserError(f"{folder}: {'no' if not fits else 'more than one'} chapter `{given}`; {hint}")


def _read(folder: Path) -> Chapter:
    text = folder / "text.md"
    if not text.is_file():
        raise UserError(f"{text}: no such file; it is the chapter's text")
    return Chapter(folder, config.read(Plan, folder / "chapter.yaml").value, text.read_text(encoding="utf-8"))
