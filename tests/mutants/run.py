"""Damages the package on purpose, one formula at a time, and sees whether a test notices.

    python tests/mutants/run.py              # every area
    python tests/mutants/run.py nn optim     # these areas only
    python tests/mutants/run.py --every 5    # every fifth mutant, as CI does

An area is a file beside this one, `tests/mutants/<area>.py`, with two lists:

    TESTS = ["tests/nn"]                                         # what to run, from the repository's root
    MUTANTS = [("trainlab/nn/layers/dense.py", "dW", "-dW")]     # (file, text in it, what replaces it), once

To add a mutant, add a line. Each one is put into a copy of the package, never into the working tree, the tests run
until the first failure, and the file is mended again. Prints the mutants that survived; exit 1 if there are any, or if
a mutant's text is no longer in its file, or if the tests fail without any mutant.
"""

import argparse
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("trainlab", "tests", "pyproject.toml", "configs", "README.md", "docs")
WORKERS = 2
SECONDS = 300  # a mutant that makes the tests hang is caught too


def copy_of_the_package(folder: Path) -> Path:
    """A tree to damage: what the tests need, without caches."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        elif source.exists():
            shutil.copy(source, folder / name)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "trainlab"], cwd=folder, check=True)
    found = subprocess.run(
        [sys.executable, "-c", "import trainlab; print(trainlab.__file__)"],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    if not found.stdout.startswith(str(folder)):
        sys.exit(f"the tests would run on {found.stdout.strip()} instead of the copy in {folder}")
    return folder


def first_failure(folder: Path, tests: list[str]) -> str | None:
    """The first failing test of the copy, or None if all pass."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "took too long"
    if done.returncode == 0:
        return None
    lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return lines[0] if lines else (done.stdout + done.stderr).strip()[-400:]


def nearest_first(tests: list[str], damaged: str) -> list[list[str]]:
    """The same tests in two portions: the file that names the damaged component most, then all.

    Most mutants die in the first, which costs a fraction of collecting everything.
    """
    files = [f for test in tests for f in ([ROOT / test] if test.endswith(".py") else (ROOT / test).rglob("test_*.py"))]
    stem = Path(damaged).stem.strip("_").replace("_", "[-_]?")
    word = re.compile(rf"(?<![a-z0-9]){stem}(?![a-z0-9])", re.IGNORECASE)
    nearest = max(sorted(files), key=lambda f: len(word.findall(f.read_text())))
    return [[str(nearest.relative_to(ROOT))], tests]


def try_mutant(folder: Path, mutant: tuple[str, str, str], tests: list[str]) -> str:
    """What came of a mutant: `caught`, `survived` or `stale` (its text is not there)."""
    name, old, new = mutant
    file = folder / name
    text = file.read_text() if file.exists() else ""
    if old not in text or old == new:
        return "stale"
    cached = list((file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"))
    for compiled in cached:
        compiled.unlink()  # its time stamp may be as old as the damage
    file.write_text(text.replace(old, new, 1))
    try:
        died = any(first_failure(folder, portion) for portion in nearest_first(tests, name))
        return "caught" if died else "survived"
    finally:
        file.write_text(text)


def run_area(area: str, folders: list[Path], every: int) -> int:
    """Tries every so many-th mutant of an area, prints those that were not caught, and counts them."""
    lists = runpy.run_path(str(Path(__file__).with_name(f"{area}.py")))
    tests, mutants = lists["TESTS"], lists["MUTANTS"][::every]
    start = time.monotonic()
    broken = first_failure(folders[0], tests)
    if broken:
        print(f"{area}: the tests fail without any mutant: {broken}")
        return 1
    free: SimpleQueue[Path] = SimpleQueue()
    for folder in folders:
        free.put(folder)

    def attempt(mutant: tuple[str, str, str]) -> str:
        folder = free.get()
        try:
            return try_mutant(folder, mutant, tests)
        finally:
            free.put(folder)

    with ThreadPoolExecutor(len(folders)) as pool:
        results = list(pool.map(attempt, mutants))
    for (name, old, new), result in zip(mutants, results, strict=True):
        if result != "caught":
            print(f"{result}: {name}: {old!r} -> {new!r}")
    caught = results.count("caught")
    print(f"{area}: {caught} of {len(mutants)} mutants caught, {time.monotonic() - start:.0f} s", flush=True)
    return len(mutants) - caught


def main() -> None:
    """Runs the areas named on the command line, or all."""
    known = sorted(f.stem for f in Path(__file__).parent.glob("*.py") if f.stem != "run")
    parser = argparse.ArgumentParser()
    parser.add_argument("areas", nargs="*")
    parser.add_argument("--every", type=int, default=1, help="try only every so many-th mutant of an area")
    given = parser.parse_args()
    areas = given.areas or known
    unknown = [area for area in areas if area not in known]
    if unknown:
        sys.exit(f"no mutants for {', '.join(unknown)}; there are: {', '.join(known)}")
    with tempfile.TemporaryDirectory() as made:
        folders = [copy_of_the_package(Path(made).resolve() / str(worker)) for worker in range(WORKERS)]
        left = sum(run_area(area, folders, given.every) for area in areas)
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
