"""The peers' own environments: made once, beside trainlab's, so that no peer is ever a dependency."""

import subprocess
import sys
import venv
from pathlib import Path

PEERS = {"torch": "torch==2.13.0", "jax": "jax", "sklearn": "scikit-learn"}
BASE = "floor"  # what needs NumPy alone


def prepared(folders: list[Path], peers: list[str]) -> dict[str, Path]:
    """The Python of each peer that is there or could be installed, and of BASE.

    A peer runs in the first environment that has it, and is installed into the first one otherwise: the newest versions
    of two peers may need different Pythons.
    """
    pythons = [folder / "bin" / "python" for folder in folders]
    if not pythons[0].exists():
        print(f"making an environment for the peers in {folders[0]}", flush=True)
        venv.create(folders[0], with_pip=True)
    for python in pythons:
        if not (_imports(python, "numpy") and _imports(python, "threadpoolctl")):
            _pip(python, ["numpy", "threadpoolctl"])
    found = {BASE: pythons[0]}
    for peer in peers:
        has = next((python for python in pythons if _imports(python, peer)), None)
        if has is not None or _install(pythons[0], peer):
            found[peer] = has or pythons[0]
        else:
            print(f"{peer}: could not be installed, left out of the race", flush=True)
    return found


def _install(python: Path, peer: str) -> bool:
    """From the index that pip is set up with."""
    print(f"installing {peer} for the peers", flush=True)
    return _pip(python, [PEERS[peer]]) and _imports(python, peer)


def _pip(python: Path, arguments: list[str]) -> bool:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0


def _imports(python: Path, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
