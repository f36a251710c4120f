"""Checks the kernels more thoroughly than the tests: a long fuzz, other vector widths, sanitizers, valgrind.

    python tests/engine/check_kernels.py             # all four, some 90 seconds on two cores

fuzz        shapes from 1 to 300 in every dimension, both paths compared (kernel_fuzz.py)
widths      contract tests and a fuzz on the builds that this machine can run but does not choose, and on one with
            vectors of 16 numbers, which the compiler puts together from shorter ones: AVX-512 but for its instructions
sanitizers  the kernels built with -fsanitize=address,undefined, under the contract tests of both backends and a fuzz
valgrind    a short fuzz with plain kernels

What a machine lacks (a compiler, libasan, valgrind) is named and skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SANITIZE = ["-g1", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
CONTRACTS = [
    "test_compiled.py",
    "test_kernels_images.py",
    "test_statistics.py",
    "test_kernels_dense.py",
    "../nn/test_nn_compiled.py",
]
WIDE = ["-Og", "-DVL=16", "-Wno-psabi"]  # -Og: the compiler takes long over blocks of sums that it must halve


def main() -> int:
    """Run all; 1 if anything was wrong."""
    compiler = os.environ.get("CC", "cc").split()[0]
    if shutil.which(compiler) is None:
        print(f"no compiler called {compiler} here: there are no kernels to check")
        return 0
    failed = [check.__name__ for check in (fuzz, widths, sanitizers, valgrind) if _run(check)]
    print(f"failed: {', '.join(failed)}" if failed else "nothing wrong with the kernels")
    return bool(failed)


def _run(check: Callable[[], bool]) -> bool:
    print(f"-- {check.__name__}", flush=True)
    began = monotonic()
    wrong = check()
    print(f"-- {check.__name__}: {'FAILED' if wrong else 'done'}, {monotonic() - began:.0f} s", flush=True)
    return wrong


def fuzz() -> bool:
    """The long fuzz, on the kernels that this machine uses."""
    return _python("import kernel_fuzz, sys; sys.exit(kernel_fuzz.main(600) > 0)")


def widths() -> bool:
    """Contract tests and a fuzz on every build that runs here and was not chosen, and on vectors of 16 numbers."""
    from trainlab.engine.compiled.build import KERNELS, fingerprint, library
    from trainlab.engine.compiled.library import load

    installed = load()
    if installed is None:
        print("no kernels are installed: passed over")
        return False
    with tempfile.TemporaryDirectory() as scratch:
        builds = [_built(Path(scratch), WIDE, highest=3)]
        for level in {"v4": ["v3", "v1"], "v3": ["v1"]}.get(installed.level, []):
            builds.append((KERNELS / library(level, fingerprint()), level))
        return any(_python(_contracts(150, 3000), build) for build in builds)


def _contracts(cases: int, first: int) -> str:
    """A program that runs the contract tests and a fuzz."""
    files = [str(HERE / name) for name in CONTRACTS]
    return (
        "import pytest, kernel_fuzz, sys\n"
        f"failed = pytest.main(['-q', '-x', '-s', '-p', 'no:cacheprovider', *{files!r}])\n"
        f"sys.exit(int(failed) or kernel_fuzz.main({cases}, {first}) > 0)"
    )


def sanitizers() -> bool:
    """Contract tests and a fuzz on kernels that watch every access and every sum."""
    compiler = os.environ.get("CC", "cc").split()
    found = [
        subprocess.run(
            [*compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=False
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    if not all(Path(path).is_absolute() for path in found):
        print("libasan or libubsan is not installed: the sanitizers are passed over")
        return False
    preload = {"LD_PRELOAD": ":".join(found), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    with tempfile.TemporaryDirectory() as scratch:
        return _python(_contracts(100, 5000), _built(Path(scratch), SANITIZE), preload)


def valgrind() -> bool:
    """A short fuzz under valgrind, which knows no AVX-512."""
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: passed over")
        return False
    command = ["valgrind", "--quiet", "--error-exitcode=9", "--leak-check=no", "--undef-value-errors=no"]
    command.append(f"--suppressions={HERE / 'valgrind.supp'}")
    code = "import kernel_fuzz, sys; sys.exit(kernel_fuzz.main(6, 9000, most=2000) > 0)"
    with tempfile.TemporaryDirectory() as scratch:
        return _python(code, _built(Path(scratch), ["-g"], highest=3), {"PYTHONMALLOC": "malloc"}, command)


def _python(
    code: str,
    build: tuple[Path, str] | None = None,
    environment: dict[str, str] | None = None,
    under: list[str] | None = None,
) -> bool:
    """Run a program on a build of the kernels (None: the one that is chosen here); whether it failed."""
    head = f"import sys\nsys.path[:0] = [{str(HERE)!r}]\n"
    if build is not None:
        path, level = build
        head += f"import check_kernels\ncheck_kernels.use({str(path)!r}, {level!r})\n"
    environ = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | (environment or {})
    command = [*(under or []), sys.executable, "-c", head + code]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode != 0


def _built(folder: Path, flags: list[str], highest: int = 4) -> tuple[Path, str]:
    """The kernels with these flags, at the best level that this machine and `highest` allow."""
    from trainlab.engine.compiled.build import FLAGS, levels, sources
    from trainlab.engine.compiled.library import load

    installed = load()
    level = installed.level if installed else next(reversed(levels()))
    if level == "v4" and highest < 4:
        level = "v3"
    out = folder / "kernels.so"
    compiler = os.environ.get("CC", "cc").split()
    command = [*compiler, *FLAGS, *levels()[level], *flags, *map(str, sources()), "-o", str(out), "-lm"]
    subprocess.run(command, check=True)
    return out, level


def use(path: str, level: str) -> None:
    """From now on this process computes with this build."""
    from trainlab.engine.compiled import library

    chosen = library.Library(Path(path), level)
    chosen.threads(2)
    library._found = lambda: (chosen, "")


if __name__ == "__main__":
    sys.exit(main())
