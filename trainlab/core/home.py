"""Paths that begin with `~`."""

from pathlib import Path


def expanded(path: str | Path) -> Path:
    """The path with `~` or `~name` as a home folder; as it is where no such user is known.

    >>> expanded("~no-such-user/rows.csv").as_posix()
    '~no-such-user/rows.csv'
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
