"""The plugins of a run or a sweep in its folder: plugins.json with their hashes, and a copy of each file.

    [{"file": "/home/me/my_parts.py", "sha256": "9f86...", "copy": "plugins/my_parts.py",
      "components": {"activation": ["mine"]}}]

The copies say what the numbers were made with. Nothing imports them unless the user gives one with `--plugin`.
"""

import shutil
from pathlib import Path

from trainlab.core.plugins import COPIES, RECORD, active, record
from trainlab.store.strict_json import dumps
from trainlab.store.writing import named_errors, write_atomic


def write_plugins(folder: Path) -> None:
    """Write the active plugins into the folder; nothing where there are none. Raises UserError if that fails."""
    entries = record(folder)
    if not entries:
        return
    with named_errors(folder, "write"):
        (folder / COPIES).mkdir(exist_ok=True)
    for plugin, entry in zip(active(), entries, strict=True):
        write_atomic(folder / entry["copy"], plugin.content)
    write_atomic(folder / RECORD, f"{dumps(entries, indent=2)}\n".encode())


def copy_plugins(folder: Path, into: Path) -> None:
    """Copy what `write_plugins` wrote, if anything, into another folder. Links are left out."""
    copies = folder / COPIES
    inside: list[Path] = list(copies.iterdir()) if copies.is_dir() and not copies.is_symlink() else []
    with named_errors(into, "write"):
        for file in (folder / RECORD, *inside):
            if file.is_file() and not file.is_symlink():
                target = into / file.relative_to(folder)
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(file, target)
