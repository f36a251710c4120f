"""`trainlab lecture`: run the chapters of the lecture, check their claims, bind the book."""

from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.lecture.book import Verdict, book, verdicts
from trainlab.lecture.chapter import read_chapters
from trainlab.lecture.running import run_chapter
from trainlab.store.writing import write_output


def lecture(
    chapters: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHAPTER", help="Number or name of a chapter (1, schedules); all if none is given."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The book; by default lecture.html in its runs.")
    ] = None,
    runs: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the runs; the lecture's are in DIR/lecture.")
    ] = Path("runs"),
    folder: Annotated[Path, typer.Option("--chapters", metavar="DIR", help="Folder of the chapters.")] = Path(
        "configs/lecture"
    ),
    short: Annotated[
        bool, typer.Option("--short", help="Few epochs, to test the chapters; in DIR/lecture-short.")
    ] = False,
    book_too: Annotated[
        bool, typer.Option("--book/--no-book", help="Write the book, or only check the claims.")
    ] = True,
    listing: Annotated[bool, typer.Option("--list", help="List the chapters and end.")] = False,
) -> None:
    """Run the chapters of the lecture, check their claims, and bind them into one book.

    Trains the runs and sweeps that are missing (all 13 chapters: some minutes on two cores), resumes what was
    interrupted, and keeps what is there. The numbers and pictures of the book are those of these runs. A claim of the
    lecture that does not hold at this scale is shown as such.

    Exit code 0 if every claim comes out as the chapter says, 4 if one does not.

    Examples:
        trainlab lecture
        trainlab lecture 3 schedules
        trainlab lecture --list
        trainlab lecture --short --no-book
    """
    found = read_chapters(folder, chapters or [])
    if listing:
        for chapter in found:
            _terminal.say(f"{chapter.name}: {chapter.plan.title}")
        return
    place = runs / ("lecture-short" if short else "lecture")
    made = [
        (results, verdicts(results))
        for results in (run_chapter(c, place, short=short, tell=_terminal.note) for c in found)
    ]
    if book_too:
        file = out or place / "lecture.html"
        content = book(made).encode()
        write_output(file, content)
        _terminal.note(f"wrote {file} ({len(content) / 1e6:.1f} MB)")
    for results, judged in made:
        _terminal.say(f"{results.chapter.name}: {_summary(judged)}")
        for verdict in judged:
            if not verdict.expected:
                _terminal.say(f"  unexpected: {_told(verdict)}")
    if any(not verdict.expected for _, judged in made for verdict in judged):
        raise typer.Exit(4)


def _summary(judged: list[Verdict]) -> str:
    counts = {
        "hold": sum(v.holds is True for v in judged),
        "do not hold at this scale": sum(v.holds is False for v in judged),
        "undecided": sum(v.holds is None for v in judged),
    }
    return f"{len(judged)} claims: " + ", ".join(f"{n} {word}" for word, n in counts.items() if n)


def _told(verdict: Verdict) -> str:
    numbers = ", ".join(f"{text} = {value}" for text, value in verdict.numbers)
    return f"{verdict.says} [{verdict.claim.that}] is {verdict.holds}: {numbers}"
