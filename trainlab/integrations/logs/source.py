"""A file or folder with a log, read once, whatever format looks at it."""

import fnmatch
import gzip
import json
import os
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.store.writing import named_errors

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LARGEST = 1 << 27  # bytes of a log; a million lines take half of it
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


_DEEPEST = 7  # levels of folders below the one that is named
_MOST = 10_000  # files and folders below it that are looked at: a home folder may hold a million


@dataclass(frozen=True)
class Source:
    """A path, and what is there: bytes, text, lines and JSON, each worked out when a format first asks.

    wanted: names of columns that the user maps by hand; a format that leaves out unknown names keeps these.
    """

    path: Path
    wanted: tuple[str, ...] = ()

    @cached_property
    def is_folder(self) -> bool:
        """Whether the path is a folder."""
        return self.path.is_dir()

    @cached_property
    def data(self) -> bytes:
        """The bytes, unpacked if they are gzip's; empty for a folder. Raises UserError if they cannot be read."""
        if self.is_folder:
            return b""
        if self.path.exists() and not self.path.is_file():
            raise UserError(f"{self.path}: is a device or a pipe, not a regular file; write the log into a file first")
        with named_errors(self.path, "read"), self.path.open("rb") as file:
            data = self._bounded(file.read(_LARGEST + 1))
        if not data.startswith(b"\x1f\x8b"):
            return data
        try:
            with gzip.open(self.path) as file:
                return self._bounded(file.read(_LARGEST + 1))
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{self.path}: a broken gzip file: {error}") from None

    def _bounded(self, data: bytes) -> bytes:
        if len(data) > _LARGEST:
            raise UserError(f"{self.path}: over {_LARGEST / 1e6:,.0f} MB; a log of a training is smaller")
        return data

    @cached_property
    def is_text(self) -> bool:
        """Whether the bytes are text of any encoding that people use."""
        return self.data.startswith(_UTF16) or (not self.is_folder and b"\0" not in self.data[:1000])

    @cached_property
    def text(self) -> str:
        """The text without colors; empty if it is no text."""
        if not self.is_text:
            return ""
        encoding = "utf-16" if self.data.startswith(_UTF16) else "utf-8-sig"
        text = self.data.decode(encoding, errors="replace").replace("\0", "")
        return _ANSI.sub("", text) if "\x1b" in text else text

    @cached_property
    def lines(self) -> list[str]:
        """The lines that are not blank."""
        return [line for line in self.text.splitlines() if line.strip()]

    @cached_property
    def json(self) -> Any:
        """The value if the text is one JSON value, else None."""
        if self.text.lstrip()[:1] not in ("{", "["):
            return None
        for text in (self.text, _from_python(self.text)):
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                continue
        return None

    @cached_property
    def json_lines(self) -> list[dict[str, Any]]:
        """The JSON objects that stand one on a line, after any text; empty if most lines hold none."""
        found: list[dict[str, Any]] = []
        opened = 0
        for line in self.lines:
            start = line.find("{")
            if start < 0 or not line.rstrip().endswith("}"):
                opened += start >= 0
                continue
            try:
                value = json.loads(line[start:])
            except (ValueError, RecursionError):
                opened += 1
                continue
            if isinstance(value, dict):
                found.append(cast("dict[str, Any]", value))
        return found if len(found) > opened else []

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of the JSON object, or of all JSON lines."""
        value = self.json
        if isinstance(value, dict):
            return frozenset(cast("dict[str, Any]", value))
        return frozenset(key for record in self.json_lines for key in record)

    @cached_property
    def header(self) -> str:
        """The first line that is not blank, without spaces around it; empty if there is none."""
        return self.lines[0].strip() if self.lines else ""

    def files(self, pattern: str, depth: int = 5) -> list[Path]:
        """The files below a folder whose names match, sorted; linked folders and deeper files are left out."""
        names = fnmatch.filter(self._below[0], pattern)
        return sorted(path for name in names for level, path in self._below[0][name] if level <= depth)

    @property
    def unseen(self) -> str:
        """A sentence if a folder holds more than is looked at; empty for a file."""
        if not self.is_folder or not self._below[1]:
            return ""
        return f"only {_MOST:,} of the files and folders in {self.path} were looked at, the upper ones first"

    @cached_property
    def _below(self) -> tuple[dict[str, list[tuple[int, Path]]], bool]:
        """The files below a folder by name, each with its level, and whether there are more than `_MOST`.

        Looked for once, though every format asks for some; level by level, so that what is near comes first.
        """
        found: dict[str, list[tuple[int, Path]]] = {}
        folders, seen = [self.path], 0
        for level in range(1, _DEEPEST + 1):
            inside: list[Path] = []
            for folder in folders:
                for entry in _entries(folder, first=level == 1):
                    if (seen := seen + 1) > _MOST:
                        return found, True
                    if entry.is_dir(follow_symlinks=False):
                        inside.append(folder / entry.name)
                    elif _is_file(entry):
                        found.setdefault(entry.name, []).append((level, folder / entry.name))
            folders = inside
        return found, False


def _entries(folder: Path, *, first: bool) -> list["os.DirEntry[str]"]:
    """What is in a folder, by name, of more than `_MOST` any; nothing if it cannot be read, unless it is the first."""
    try:
        with os.scandir(folder) as entries:
            return sorted(islice(entries, _MOST + 1), key=lambda entry: entry.name)
    except OSError as error:
        if first:
            raise UserError(f"{folder}: cannot read: {error.strerror or error}") from error
        return []


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself
        return False


def _from_python(text: str) -> str:
    """What Python prints of a dict of lists, as JSON: `{'loss': [0.5, nan]}`. A text that is none stays broken."""
    words = {"None": "null", "True": "true", "False": "false", "nan": "NaN", "inf": "Infinity"}
    plain = re.sub(r"(?:np\.)?(?:float|int)\d+\(([^()]*)\)|(?:tensor|array)\(([^()]*)\)", r"\1\2", text)
    return re.sub(r"\b(None|True|False|nan|inf)\b", lambda m: words[m[1]], plain.replace("'", '"'))
