"""Compiles the kernels: one shared library for each level of the processor. Needs only a C compiler.

    python trainlab/engine/compiled/build.py [folder]

The install runs it (setup.py imports it by path, so it uses only the standard library). A library's name holds a hash
of the sources, so a stale one is never loaded.
"""

import hashlib
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

KERNELS = Path(__file__).parent.parent / "kernels"
FLAGS = [
    *("-std=gnu11", "-O3", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden"),
    *("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros"),  # no -ffast-math: it would hide nan and inf
]
X86 = {
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
    "v3": ["-march=x86-64-v3"],
    "v1": ["-march=x86-64"],
}


def levels() -> dict[str, list[str]]:
    """The levels for this kind of processor, with their compiler flags."""
    return X86 if platform.machine().lower() in ("x86_64", "amd64") else {"any": []}


def sources(folder: Path = KERNELS) -> list[Path]:
    """The C files."""
    return sorted(folder.glob("*.c"))


def fingerprint(folder: Path = KERNELS) -> str:
    """A hash of the sources and the compiler flags."""
    made_of = hashlib.sha256(" ".join(FLAGS + [f for flags in levels().values() for f in flags]).encode())
    for file in sorted([*folder.glob("*.c"), *folder.glob("*.h")]):
        made_of.update(file.name.encode() + b"\0" + file.read_bytes())
    return made_of.hexdigest()[:12]


def library(level: str, stamp: str) -> str:
    """The file name of a library."""
    return f"kernels-{level}-{stamp}.so"


def build(out: Path, folder: Path = KERNELS, extra: Sequence[str] = ()) -> list[Path]:
    """Compile every level into `out` and remove stale libraries there. Returns the libraries that could be compiled."""
    from concurrent.futures import ThreadPoolExecutor  # finding a library must not load it

    stamp = fingerprint(folder)
    compiler = shlex.split(os.environ.get("CC", "cc"))

    def compile_one(level: str) -> Path | None:
        """The library of a processor level, compiled if it is not there; None if that fails, which stderr explains."""
        target = out / library(level, stamp)
        if target.exists() and not extra:
            return target
        partial = target.with_suffix(f".{os.getpid()}")
        files = [str(file) for file in sources(folder)]
        command = [*compiler, *FLAGS, *levels()[level], *extra, *files, "-o", str(partial), "-lm"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            print(f"no kernels for {level}: {error}", file=sys.stderr)
            return None
        if done.returncode:
            print(f"no kernels for {level}: {shlex.join(command)}\n{done.stderr[:4000]}", file=sys.stderr)
            partial.unlink(missing_ok=True)
            return None
        if done.stderr:
            print(done.stderr[:4000], file=sys.stderr)
        partial.replace(target)
        return target

    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = [path for path in pool.map(compile_one, levels()) if path is not None]
    for old in out.glob("kernels-*.so"):
        if stamp not in old.name:
            old.unlink()
    return made


if __name__ == "__main__":
    for path in build(Path(sys.argv[1]) if len(sys.argv) > 1 else KERNELS):
        print(path)
