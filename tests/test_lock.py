"""requirements/, from which `make demo`, `make test` and CI install, is what `make lock` makes of pyproject.toml."""

import importlib.util
import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
USED = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
OPTIONAL = PROJECT["project"]["optional-dependencies"]
LOCKED = re.findall(r"--extra ,([a-z0-9 ]+)", (ROOT / "Makefile").read_text())[0]  # others only `.ci/run` installs
EXTRAS = [Requirement(text) for text in chain(*(OPTIONAL[extra] for extra in LOCKED.split()))]
SITE = [Requirement(text) for text in PROJECT["dependency-groups"].pop("site")]
GROUPS = [Requirement(text) for text in chain(*PROJECT["dependency-groups"].values()) if isinstance(text, str)]


def pins(name: str) -> dict[str, Version]:
    """The versions in a file of the lock."""
    lines = [line for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines() if "==" in line]
    named = [line.split(";")[0].strip(" \\").split("==") for line in lines]
    return {canonicalize_name(package): Version(version) for package, version in named}


@pytest.mark.parametrize(("name", "wanted"), [("run", USED), ("dev", [*USED, *EXTRAS, *GROUPS]), ("site", SITE)])
def test_lock_is_fresh(name: str, wanted: list[Requirement]):
    """Each package of pyproject.toml is pinned to a version in its range."""
    pinned = pins(name)
    missing = [str(r) for r in wanted if canonicalize_name(r.name) not in pinned]
    assert missing == [], "run `make lock`"
    assert [str(r) for r in wanted if pinned[canonicalize_name(r.name)] not in r.specifier] == [], "run `make lock`"


def test_lowest_is_the_lower_bounds():
    """lowest.txt has the lower bound of each range, or the first release of that series which can be installed."""
    pinned = pins("lowest")
    bounds = {r: Version(next(iter(r.specifier)).version).release for r in [*USED, *EXTRAS, *GROUPS]}
    other = [str(r) for r, low in bounds.items() if pinned[canonicalize_name(r.name)].release[: len(low)] != low]
    assert other == [], "run `make lock`"


def test_demo_has_the_versions_of_the_tests():
    """run.txt is a part of dev.txt."""
    assert pins("run").items() <= pins("dev").items()


@pytest.mark.parametrize("name", ["run", "dev", "lowest", "site"])
def test_lock_holds_versions_and_hashes_only(name: str):
    """No address of an index stands in it, and every version has hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    entries = text.replace("\\\n", " ").splitlines()
    assert [e for e in entries if e and not e.startswith("#") and "--hash=sha256:" not in e] == []


def test_an_audit_without_a_network_says_so(tmp_path):
    """What pip-audit found is a line each; where it could look nothing up, the last line says so, not `0`."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    audit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(audit)
    skipped = {"name": "b", "skip_reason": "not found"}
    bad = {"name": "a", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
    (tmp_path / "found.json").write_text(json.dumps({"dependencies": [bad, skipped]}))
    (tmp_path / "none.json").write_text(json.dumps({"dependencies": [skipped]}))
    assert audit.report(tmp_path / "found.json") == [
        "a 1.0: CVE-1, fixed in 1.1",
        "1 known vulnerabilities in 1 packages; 1 could not be looked up",
    ]
    assert audit.report(tmp_path / "none.json") == [
        "no advisories can be read here (no network?): none of 1 packages was audited"
    ]
    assert audit.report(tmp_path / "missing.json") == [
        "no advisories can be read here (no network?): the lock was not audited"
    ]
