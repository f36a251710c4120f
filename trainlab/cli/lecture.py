"""`trainlab lecture`: run the chapters of the lecture, check their claims, bind the book."""

import shlex
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from trainlab.cli import _terminal
from trainlab.core.override import values
from trainlab.lecture.book import Verdict, book, verdicts
from trainlab.lecture.chapter import Chapter, read_chapters
from trainlab.lecture.running import run_chapter
from trainlab.store.folder import safe_name
from trainlab.store.writing import write_output

ChaptersArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CHAPTER|KEY=VALUE",
        help="Number or name of a chapter (1, schedules); all if none is given. Settings of all runs, e.g. "
        "train.engine=torch.",
    ),
]
OutOption = Annotated[Path | None, typer.Option(metavar="FILE", help="The book; by default lecture.html in its runs.")]
RunsOption = Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs; the lecture's are in DIR/lecture.")]
FolderOption = Annotated[Path, typer.Option("--chapters", metavar="DIR", help="Folder of the chapters.")]
ShortOption = Annotated[bool, typer.Option("--short", help="Few epochs, to test the chapters; in DIR/lecture-short.")]
SeedOption = Annotated[
    int,
    typer.Option(
        metavar="N", min=0, help="Add N to every seed, to see which claims hold with others; in DIR/lecture-seed-N."
    ),
]
BookOption = Annotated[bool, typer.Option("--book/--no-book", help="Write the book, or only check the claims.")]
ListOption = Annotated[bool, typer.Option("--list", help="List the chapters and end.")]
AsJsonOption = Annotated[bool, typer.Option("--json", help="Print the chapters, with their claims, as JSON.")]


def lecture(
    chapters: ChaptersArgument = None,
    out: OutOption = None,
    runs: RunsOption = Path("runs"),
    folder: FolderOption = Path("configs/lecture"),
    short: ShortOption = False,
    seed: SeedOption = 0,
    book_too: BookOption = True,
    listing: ListOption = False,
    as_json: AsJsonOption = False,
) -> None:
    """Run the chapters of the lecture, check their claims, and bind them into one book.

    Trains the runs and sweeps that are missing (all 13 chapters: some minutes on two cores), resumes what was
    interrupted, and keeps what is there. The numbers and pictures of the book are those of these runs. A claim of the
    lecture that does not hold at this scale is shown as such.

    A setting replaces that of every run; it must be one that all of them have. These runs are in a folder of their own,
    DIR/lecture-KEY=VALUE. The claims were written for the settings of the chapters, so some may come out otherwise.

    Exit code 0 if every claim comes out as the chapter says, 4 if one does not, 130 after Ctrl-C.

    Examples:
        trainlab lecture
        trainlab lecture 3 schedules
        trainlab lecture --list
        trainlab lecture --short --no-book
        trainlab lecture --seed 100
        trainlab lecture 7 train.engine=torch
    """
    settings = [text for text in chapters or [] if "=" in text]
    with _terminal.answering(as_json), _going_on():
        found = read_chapters(folder, [text for text in chapters or [] if "=" not in text])
        if listing:
            made = [(chapter, list[Verdict]()) for chapter in found]
        else:
            parts = ["lecture", *["short"] * short, *[f"seed-{seed}"] * bool(seed), *settings]
            place = runs / safe_name("-".join(parts))
            made = _run(found, place, short, seed, values(settings), book_too, out)
    if as_json:
        _terminal.emit([_facts(chapter, judged) for chapter, judged in made])
    for chapter, judged in [] if as_json else made:
        _terminal.say(f"{chapter.name}: {chapter.plan.title if listing else _summary(judged)}")
        for verdict in judged:
            if not verdict.expected:
                _terminal.say(f"  unexpected: {_told(verdict)}")
    if any(not verdict.expected for _, judged in made for verdict in judged):
        raise typer.Exit(4)


@contextmanager
def _going_on() -> Generator[None]:
    """Say how to go on after a signal that ends the command."""
    try:
        yield
    except KeyboardInterrupt:
        again = shlex.join(["trainlab", *sys.argv[1:]])
        _terminal.note(f"what is trained is kept; to go on from here: {again}")
        raise


def _run(
    found: list[Chapter],
    place: Path,
    short: bool,
    seed: int,
    settings: Mapping[str, Any],
    book_too: bool,
    out: Path | None,
) -> list[tuple[Chapter, list[Verdict]]]:
    """The chapters with their judged claims, after their runs; the book is written."""
    how: dict[str, Any] = {"short": short, "shift": seed, "settings": settings, "tell": _terminal.note}
    all_results = [run_chapter(chapter, place, **how) for chapter in found]
    made = [(results, verdicts(results)) for results in all_results]
    if book_too:
        file = out or place / "lecture.html"
        content = book(made).encode()
        write_output(file, content)
        _terminal.note(f"wrote {file} ({len(content) / 1e6:.1f} MB)")
    return [(results.chapter, judged) for results, judged in made]


def _facts(chapter: Chapter, judged: list[Verdict]) -> dict[str, Any]:
    claims = [
        {"says": v.says, "that": v.claim.that, "holds": v.holds, "expected": v.expected, "numbers": dict(v.numbers)}
        for v in judged
    ]
    return {"chapter": chapter.name, "title": chapter.plan.title, "claims": claims}


def _summary(judged: list[Verdict]) -> str:
    counts = {
        ("holds", "hold"): sum(v.holds is True for v in judged),
        ("does not hold at this scale", "do not hold at this scale"): sum(v.holds is False for v in judged),
        ("undecided", "undecided"): sum(v.holds is None for v in judged),
    }
    return f"{len(judged)} claims: " + ", ".join(f"{n} {words[n > 1]}" for words, n in counts.items() if n)


def _told(verdict: Verdict) -> str:
    numbers = ", ".join(f"{text} = {value}" for text, value in verdict.numbers)
    return f"{verdict.says} [{verdict.claim.that}] is {verdict.holds}: {numbers}"
