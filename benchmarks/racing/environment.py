"""The peers' own environment: made once, beside trainlab's, so that no peer is ever a dependency."""

import subprocess
import sys
import venv
from pathlib import Path

PEERS = {"torch": "torch==2.13.0", "jax": "jax", "sklearn": "scikit-learn"}


def prepared(folder: Path, peers: list[str]) -> tuple[Path, list[str]]:
    """Its Python, with the peers installed; and the peers that could be, the others reported."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"making an environment for the peers in {folder}", flush=True)
        venv.create(folder, with_pip=True)
    if not (_imports(python, "numpy") and _imports(python, "threadpoolctl")):
        _pip(python, ["numpy", "threadpoolctl"])
    found = []
    for peer in peers:
        if _imports(python, peer) or _install(python, peer):
            found.append(peer)
        else:
            print(f"{peer}: could not be installed, left out of the race", flush=True)
    return python, found


def _install(python: Path, peer: str) -> bool:
    """From the index that pip is set up with."""
    print(f"installing {peer} for the peers", flush=True)
    return _pip(python, [PEERS[peer]]) and _imports(python, peer)


def _pip(python: Path, arguments: list[str]) -> bool:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0


def _imports(python: Path, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
