"""Paths that begin with `~`, and the user's cache folder."""

import os
import sys
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


def cache_folder() -> Path:
    """Where files lie that can be made again: `trainlab` in the cache folder of the user's system."""
    home = Path.home()
    places = {"darwin": home / "Library" / "Caches", "win32": home / "AppData" / "Local"}
    return Path(os.environ.get("XDG_CACHE_HOME") or places.get(sys.platform, home / ".cache")) / "trainlab"
