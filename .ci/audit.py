"""Prints what pip-audit found, a line for each vulnerability; the last line is the sum. `python .ci/audit.py FILE`."""

import json
import sys
from pathlib import Path


def report(file: Path) -> list[str]:
    """The lines about a JSON file of pip-audit."""
    try:
        packages = json.loads(file.read_text(encoding="utf-8"))["dependencies"]
    except (OSError, ValueError, KeyError):
        return ["no advisories can be read here (no network?): the lock was not audited"]
    known = [package for package in packages if "skip_reason" not in package]
    if not known:
        return [f"no advisories can be read here (no network?): none of {len(packages)} packages was audited"]
    lines = [
        f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}"
        for package in known
        for found in package["vulns"]
    ]
    skipped = f"; {len(packages) - len(known)} could not be looked up" if len(known) < len(packages) else ""
    return [*lines, f"{len(lines)} known vulnerabilities in {len(known)} packages{skipped}"]


if __name__ == "__main__":
    print("\n".join(report(Path(sys.argv[1]))))
