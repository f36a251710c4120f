"""The different texts of a column as categories or classes: their order, and those that are nearly the same."""

from collections.abc import Collection

from trainlab.data.notation import parse_number


def ordered(texts: Collection[str]) -> list[str]:
    """The different texts of a column: as numbers if all are, else by alphabet.

    >>> ordered(["10", "9"])
    ['9', '10']
    """
    different = sorted(set(texts))
    values = {text: parse_number(text) for text in different}
    return different if None in values.values() else sorted(different, key=lambda text: values[text] or 0.0)


def note_similar(what: str, known: list[str], notes: list[str]) -> None:
    """Adds a note on texts that differ by case only."""
    seen: dict[str, str] = {}
    for text in known:
        other = seen.setdefault(text.lower(), text)
        if other != text:
            notes.append(f"{what}: `{other}` and `{text}` differ by case only and are two different values")
