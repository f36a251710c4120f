"""Mutated configs: each is checked and trained, or refused with the place of what is wrong.

    python tests/torture/mutated_configs.py [COUNT] [--seed N] [--first N]     # 20 000 configs by default

A config is drawn from the JSON Schema that `trainlab schema` prints (so a new component takes part at once) or is one
of configs/ and of the templates. Then values are replaced by others that do not fit (numbers of 5 000 digits, 1e400,
lists for tables, half characters), keys are dropped, renamed and swapped, or bytes of its text are changed. `check`
reads each; `train` trains every third for an epoch; `sweep --print-trials` draws trials of those with a sweep; some
have overrides.
Wrong are exit code 1, over 2 s of CPU, over 1 GB of memory.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from damaged_data import files, mutant
from damaged_runs import table
from drawn_configs import Drawn, Schema
from harness import Outcome, call, main, outcomes
from hostile_values import changed, text_of

from trainlab.core.schema import json_schema
from trainlab.search.experiment import SweepExperiment

_REPOSITORY = Path(__file__).resolve().parents[2]
_OVERRIDES = [
    *("optimizer.lr=1e-3", "model.hidden=[2]", "model.layers.0=relu", "data.samples=30", "train.batch_size=8"),
    *("loss=hinge", "x.y.z=1", "optimizer=", "=", "model.layers.99999999999999999999=relu", "train=null", "data=[]"),
    *("metrics.0.name=f1", "seed=" + "9" * 5000, "optimizer.lr=1e400", "sweep=null", "model.hidden.0=\ud800"),
]


@cache
def _schema() -> Schema:
    return json.loads(json.dumps(json_schema(SweepExperiment)))


@cache
def _written() -> list[str]:
    """Configs of the repository on small data, as text."""
    found: list[str] = []
    for path in sorted((_REPOSITORY / "configs").glob("*.yaml")) + sorted(
        (_REPOSITORY / "trainlab/cli/templates").glob("*.yaml")
    ):
        text = path.read_text()
        if "path:" not in text and "plugins" not in text and "mnist1d" not in text:
            found.append(text)
    return found


def config(rng: np.random.Generator, given: dict[str, str]) -> tuple[bytes, Any]:
    """The bytes of a config, and the plain data that they were made of."""
    if rng.random() < 0.25:
        text = _written()[int(rng.integers(len(_written())))]
        made = yaml.safe_load(text)
        made.setdefault("train", {}).update({"epochs": 1, "threads": 1})
    else:
        made = Drawn(_schema(), rng, float(rng.choice([0.0, 0.0, 0.01, 0.05])), given).config()
    raw = "null"
    for _ in range(int(rng.choice([0, 0, 0, 1, 1, 2]))):
        changed_, raw = changed(made, rng)
        text = text_of(changed_, raw)
        if rng.random() < 0.5:  # a value of Python, where there is one, and more changes on top
            try:
                made = json.loads(text)
                raw = "null"
                continue
            except (ValueError, RecursionError):
                pass
        return text.encode(errors="surrogatepass"), changed_
    text = json.dumps(made, indent=1) if rng.random() < 0.5 else _as_yaml(made)
    data = text.encode(errors="surrogatepass")
    return (mutant(data, rng) if rng.random() < 0.15 else data), made


def _as_yaml(made: Any) -> str:
    try:
        return yaml.safe_dump(made, sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, ValueError):
        return json.dumps(made)


def _case(number: int, seed: int, given: dict[str, str]) -> Outcome:
    rng = np.random.default_rng([seed, number])
    data, made = config(rng, given)
    Path("c.yaml").write_bytes(data)
    overrides = list(rng.choice(_OVERRIDES, 2, replace=False)) if rng.random() < 0.15 else []
    total = call("check", "c.yaml", *overrides).outcome("check")
    if number % 3 == 0:
        total.add(call("train", "c.yaml", "--quiet", "train.epochs=1", "train.threads=1", *overrides).outcome("train"))
    if isinstance(made, dict) and made.get("sweep") is not None:
        args = ("c.yaml", "--print-trials", "--trials", "3", *overrides)
        total.add(call("sweep", *args).outcome("sweep --print-trials"))
    shutil.rmtree("runs", ignore_errors=True)
    return total


def _warm() -> None:
    Path("c.yaml").write_text("data: {name: moons, samples: 40}\ntrain: {epochs: 1, threads: 1}\n")
    for args in (["check", "c.yaml"], ["train", "c.yaml", "--quiet", "baselines=true"]):  # imports all that it needs
        call(*args)
    for path in Path("data").rglob("good.*"):
        path.touch()


def torture(numbers: Sequence[int], seed: int) -> Outcome:
    """The outcomes of these cases."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as place:  # noqa: S108
        os.chdir(place)
        try:
            Path("formats").mkdir()
            given = {build().name: str(path) for _, path, build in files(Path("formats"))}
            given |= {name: str(Path(given[name]).parent) for name in ("cifar10",)}
            given["image_folder"] = "formats/raw/pictures"
            Path("rows.csv").write_text(table())
            given["csv"] = "rows.csv"
            return outcomes(numbers, lambda number: _case(number, seed, given), _warm)
        finally:
            os.chdir(here)


if __name__ == "__main__":
    main(torture, 20_000, __doc__ or "")
