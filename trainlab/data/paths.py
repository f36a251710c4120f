"""Finding the files that a user names, and saying which name was near when there is none."""

from difflib import get_close_matches
from pathlib import Path

from trainlab.core.errors import DataError
from trainlab.core.home import expanded

_DEBIAN = Path("/usr/share/datasets")  # where Debian's packages `dataset-...` install theirs


def existing_file(path: str) -> Path:
    """The file of this name, relative to the current folder; `~` is the home folder. Raises DataError."""
    found = _existing(path)
    if found.is_dir():
        raise DataError(f"{path}: is a folder, not a file")
    if not found.is_file():
        raise DataError(f"{path}: is a device or a pipe, not a regular file; write the data into a file first")
    return found


def existing_folder(path: str) -> Path:
    """The folder of this name, relative to the current folder; `~` is the home folder. Raises DataError."""
    found = _existing(path)
    if not found.is_dir():
        raise DataError(f"{path}: is a file, not a folder")
    return found


def did_you_mean(name: str, known: list[str]) -> str:
    """`; did you mean ...?` for the nearest known name, or nothing.

    >>> did_you_mean("pirce", ["price", "rooms"])
    '; did you mean `price`?'
    """
    near = get_close_matches(name, known, n=1, cutoff=0.65) or [k for k in known if k.lower() == name.lower()]
    return f"; did you mean `{near[0]}`?" if near else ""


def _existing(path: str) -> Path:
    found = expanded(path)
    if found.exists():
        return found
    if found.is_relative_to(_DEBIAN) and found != _DEBIAN:
        package = f"dataset-{found.relative_to(_DEBIAN).parts[0]}"
        raise DataError(
            f"{path}: no such file or folder; Debian's package `{package}` installs it (`sudo apt install {package}`); "
            "where you have the files elsewhere, name their folder in data.path"
        )
    missing = found
    while not missing.parent.exists():
        missing = missing.parent
    try:
        names = [entry.name for entry in missing.parent.iterdir()]
    except OSError:
        names = []
    near = did_you_mean(missing.name, names)
    if missing != found:
        raise DataError(f"{path}: there is no folder `{missing}`{near}")
    here = f" in {Path.cwd()}" if str(missing.parent) == "." else ""
    raise DataError(f"{path}: no such file or folder{here}{near}")
