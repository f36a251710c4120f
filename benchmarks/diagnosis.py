"""How many sick runs are caught, and how many healthy ones bothered, by trainlab and by the tools that read logs.

    python benchmarks/diagnosis.py [--seeds 0] [--env DIR]

Every run of the open zoo is trained once; then each tool gets its CSV files, once the one with a row per epoch and once
the one with a row per step, with the tool's defaults. The tools (from PyPI, in an environment of their own, which this
command makes in DIR or for the time being) see the log only. trainlab stands beside them twice: `trainlab diagnose`,
which sees the same log, and `trainlab train`, which sees data, network and config as well. Printed is a Markdown table.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.integrations.logs.diagnosis import judge
from trainlab.tools.zoo import zoo
from trainlab.tools.zoo.result import Verdict

LEVELS = {"info": 0, "pass": 0, "ok": 0, "warning": 1, "warn": 1, "error": 2, "fail": 2, "critical": 2}
LOGS = ("metrics.csv", "steps.csv")
Judge = Callable[[Path], int | None]  # a log -> 0 nothing, 1 a warning, 2 an error; None: the tool failed on it


@dataclass(frozen=True)
class Tool:
    """A tool of the package index: how it is asked, and where its answer holds severities."""

    name: str
    arguments: tuple[str, ...]
    severity: str

    def levels(self, answer: object) -> list[int]:
        """The levels of all its findings, wherever they stand in its JSON."""
        if isinstance(answer, list):
            return [level for part in answer for level in self.levels(part)]
        if not isinstance(answer, dict):
            return []
        found = answer.get("findings")
        own = [LEVELS[str(f[self.severity]).lower()] for f in found] if isinstance(found, list) else []
        return own + [level for key, part in answer.items() if key != "findings" for level in self.levels(part)]


TOOLS = (
    Tool("runmedic", ("diagnose", "--json"), "severity"),
    Tool("trainproof", ("doctor", "--json"), "level"),
    Tool("trainspotter", ("analyze", "--output", "json"), "severity"),
)


def installed(tool: Tool, folder: Path) -> str:
    """Its version, once it is installed in the environment in this folder; why not, in brackets, if it cannot be."""
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    done = subprocess.run([python, "-m", "pip", "install", "-q", tool.name], capture_output=True, text=True)
    if done.returncode:
        return f"({(done.stderr.strip().splitlines() or ['not installed'])[-1]})"
    asked = f"import importlib.metadata as m; print(m.version({tool.name!r}))"
    return subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def by(tool: Tool, folder: Path, log: Path) -> int | None:
    """What a tool says of a log."""
    command = [str(folder / "bin" / tool.name), *tool.arguments, str(log)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, "NO_COLOR": "1"})
    try:
        return max(tool.levels(json.loads(done.stdout)), default=0)
    except (ValueError, KeyError):
        return None


def by_curves(log: Path) -> int | None:
    """What `trainlab diagnose` says of it."""
    try:
        return max((LEVELS[d.severity] for d in judge(log).diagnoses), default=0)
    except UserError:
        return None


def row(name: str, log: str, levels: Sequence[int | None], verdicts: Sequence[Verdict]) -> str:
    """A row of the table: of the sick and of the healthy, how many got a warning or worse, and an error."""
    cells = [name, log]
    for kind in ("fault", "healthy"):
        own = [level for level, v in zip(levels, verdicts, strict=True) if v.case.kind == kind]
        for least in (1, 2):
            cells.append(f"{sum(level is not None and level >= least for level in own)} of {len(own)}")
    cells.append(str(sum(level is None for level in levels)))
    return f"| {' | '.join(cells)} |"


def table(verdicts: Sequence[Verdict], tools: Sequence[tuple[str, Judge]]) -> list[str]:
    """The whole table."""
    lines = [
        "| tool | sees | sick: warning or error | sick: error | healthy: warning or error | healthy: error | failed |",
        "|---|---|---|---|---|---|---|",
    ]
    own = [max((LEVELS[severity] for _, severity, _ in v.found), default=0) for v in verdicts]
    lines.append(row("`trainlab train`", "everything", own, verdicts))
    for name, ask in tools:
        for log in LOGS:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                levels = list(pool.map(ask, [Path(v.folder) / log for v in verdicts]))
            lines.append(row(name, log, levels, verdicts))
    return lines


def main() -> None:
    """Train, ask, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--env", type=Path, help="where the tools' environment is, or is made")
    parser.add_argument("--only", action="append", default=[], help="only entries with this in their name")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as away:
        env = given.env or Path(away) / "env"
        tools: list[tuple[str, Judge]] = [("`trainlab diagnose`", by_curves)]
        for tool in TOOLS:
            version = installed(tool, env)
            if version.startswith("("):
                print(f"{tool.name} is left out: {version}", file=sys.stderr)
            else:
                tools.append((f"{tool.name} {version}", partial(by, tool, env)))
        runs = Path(away) / "runs"
        cases = [c for c in zoo.cases(zoo.SHIPPED, given.seeds, only=given.only) if c.kind in ("healthy", "fault")]
        verdicts = [v for v in zoo.run(cases, os.cpu_count() or 1, runs) if v.folder]
        print("\n".join(table(verdicts, tools)))


if __name__ == "__main__":
    main()
