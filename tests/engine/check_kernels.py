"""Checks the kernels harder than the tests do: a long fuzz, the sanitizers, valgrind.

    python tests/engine/check_kernels.py             # all three, some 80 seconds on two cores

fuzz        shapes from 1 to 300 in every dimension, both paths compared (kernel_fuzz.py)
sanitizers  the kernels built with -fsanitize=address,undefined, under the contract tests of both paths and a fuzz
valgrind    a short fuzz with plain kernels

What a machine lacks (a compiler, libasan, valgrind) is said, and passed over.
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
CONTRACTS = ["test_compiled.py", "test_kernels_images.py", "test_statistics.py", "test_decimal.py"]


def main() -> int:
    """Run all; 1 if anything was wrong."""
    compiler = os.environ.get("CC", "cc").split()[0]
    if shutil.which(compiler) is None:
        print(f"no compiler called {compiler} here: there are no kernels to check")
        return 0
    failed = [check.__name__ for check in (fuzz, sanitizers, valgrind) if _run(check)]
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
    return _python("import kernel_fuzz, sys; sys.exit(kernel_fuzz.main(600) > 0)", None)


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
    files = [str(HERE / name) for name in CONTRACTS]
    code = (
        "import pytest, kernel_fuzz, sys\n"
        f"failed = pytest.main(['-q', '-x', '-s', '-p', 'no:cacheprovider', *{files!r}])\n"
        "sys.exit(int(failed) or kernel_fuzz.main(100, 5000) > 0)"
    )
    return _python(code, SANITIZE, preload)


def valgrind() -> bool:
    """A short fuzz under valgrind, which knows no AVX-512."""
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: passed over")
        return False
    command = ["valgrind", "--quiet", "--error-exitcode=9", "--leak-check=no", "--undef-value-errors=no"]
    command.append(f"--suppressions={HERE / 'valgrind.supp'}")
    code = "import kernel_fuzz, sys; sys.exit(kernel_fuzz.main(6, 9000, most=2000) > 0)"
    return _python(code, ["-g"], {"PYTHONMALLOC": "malloc"}, command, highest=3)


def _python(
    code: str,
    flags: list[str] | None,
    environment: dict[str, str] | None = None,
    under: list[str] | None = None,
    highest: int = 4,
) -> bool:
    """Run a program on kernels that are built with these flags (None: those that are installed); whether it failed."""
    with tempfile.TemporaryDirectory() as scratch:
        head = f"import sys\nsys.path[:0] = [{str(HERE)!r}]\n"
        if flags is not None:
            path, level = _built(Path(scratch), flags, highest)
            head += f"import check_kernels\ncheck_kernels.use({str(path)!r}, {level!r})\n"
        environ = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | (environment or {})
        command = [*(under or []), sys.executable, "-c", head + code]
        return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode != 0


def _built(folder: Path, flags: list[str], highest: int) -> tuple[Path, str]:
    """The kernels with these flags, at the best level that this machine and `highest` allow."""
    from trainlab.engine.plan.build import FLAGS, levels, sources
    from trainlab.engine.plan.library import load

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
    from trainlab.engine.plan import library

    chosen = library.Library(Path(path), level)
    chosen.threads(2)
    library._found = lambda: (chosen, "")


if __name__ == "__main__":
    sys.exit(main())
