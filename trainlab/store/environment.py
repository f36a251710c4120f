"""environment.json: what a run was made with, so that its numbers can be understood, and made again."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs] - it has none

import trainlab
from trainlab.core.errors import UserError
from trainlab.store.forms import Environment
from trainlab.store.json_file import read_json, write_json
from trainlab.store.status import now
from trainlab.store.strict_json import loads

KNOWN_GIT = "TRAINLAB_GIT"  # set for the trials of a sweep: what `git` told of the sweep's folder when it began
PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "pydantic", "safetensors")


def describe(config_folder: Path, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """Versions, platform, BLAS and its threads, the config's git commit, the command line and the time.

    `data` is the fingerprint of the data set.
    """
    return {
        "trainlab": trainlab.__version__,
        "python": platform.python_version(),
        "packages": _versions(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "blas": blas(),
        "git": git(config_folder),
        "command": shlex.join(sys.argv),
        "folder": str(Path.cwd()),
        "time": now(),
        "data": data,
    }


def write_environment(path: Path, description: dict[str, Any]) -> None:
    """Writes what `describe` gave. Raises UserError if the disk refuses."""
    write_json(path, description, indent=2)


def read_environment(path: Path) -> dict[str, Any]:
    """environment.json as a table; empty if it is missing or damaged."""
    try:
        return read_json(path, Environment)
    except UserError:
        return {}


def data_fingerprint(environment: Mapping[str, Any]) -> str | None:
    """The fingerprint of the data that a run was trained with, from its environment; None if it is unknown."""
    data = environment.get("data")
    return cast("dict[str, Any]", data).get("fingerprint") if isinstance(data, dict) else None


def blas() -> list[dict[str, Any]]:
    """Each loaded BLAS library with its version and threads: the same product has other last bits on 1 and 2 threads.

    NumPy must have been imported, or there is none.
    """
    loaded = cast("list[dict[str, Any]]", thread_pools().info())
    kept = ("internal_api", "version", "num_threads", "threading_layer", "architecture")
    return [{k: lib.get(k) for k in kept} for lib in loaded if lib.get("user_api") == "blas"]


def thread_pools() -> ThreadpoolController:
    """The loaded BLAS and OpenMP libraries. Modules load them, so they are looked for again only after an import."""
    return _thread_pools(len(sys.modules))


def git(folder: Path) -> dict[str, Any] | None:
    """The commit that a folder is at, and whether tracked files differ from it; None where there is no git."""
    if KNOWN_GIT in os.environ:
        return loads(os.environ[KNOWN_GIT])
    program = shutil.which("git")
    if program is None:
        return None
    options = ["--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(folder)]
    command = [program, *options, "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=5, check=False)
        if done.returncode == 0:
            lines = done.stdout.splitlines()
            commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), None)
            return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}
    return None


@lru_cache(maxsize=1)
def _thread_pools(_modules: int) -> ThreadpoolController:
    return ThreadpoolController()  # takes a millisecond


@cache
def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = _version(metadata.distribution(package))
    return found


def _version(package: metadata.Distribution) -> str:
    """The version of a package, of whose description only the head is read: the rest is long, and parsed slowly."""
    head, _, _ = (package.read_text("METADATA") or "").partition("\n\n")
    told = [line.removeprefix("Version: ") for line in head.splitlines() if line.startswith("Version: ")]
    return told[0] if told else package.version
