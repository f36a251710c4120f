"""Hostile requests: configs and arguments that are well formed but impossible, or odd. Each is refused or done.

    python tests/torture/hostile_requests.py [COUNT] [--seed N] [--first N]     # all by default

Sizes, periods, folds, trials, epochs and threads that no machine can meet; integers of 5 000 digits; extreme ranges of
distributions; `extends` chains, circles and devices; huge and binary files as configs; options out of their range;
names of files and folders that do not exist, cannot exist, or are something else, also for the tools of `trainlab mcp`.
Wrong are: exit code 1, over 2 s of CPU, over 1 GB of memory.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from damaged_runs import prepare
from harness import Outcome, call, main, outcomes, tried

from trainlab.cli._mcp_tools import tools
from trainlab.core.errors import UserError
from trainlab.store.strict_json import dumps

LONG = "9" * 5000
NUMBERS = [
    "-1",
    "0",
    "1e9",
    "1000000001",
    "10000000000",
    "1e30",
    LONG,
    "1e400",
    "-1e400",
    "nan",
    "inf",
    "0.1",
    "1e-400",
]
SIZES = [
    *("model.hidden", "model.hidden.0", "train.epochs", "train.batch_size", "train.threads", "data.samples", "seed"),
    *("train.checkpoint.every", "train.checkpoint.keep", "data.split.folds", "data.split.val", "optimizer.lr"),
    *("optimizer.b1", "schedule.warmup", "train.early_stopping.patience", "monitors.every", "regularization.l2"),
    *("train.average", "train.clip_norm", "model.dropout", "data.noise", "data.seed", "data.split.fold"),
]
OVERRIDES = [
    *("schedule={name: step, every: 1e-300}", "schedule={name: cyclic, period: 1000000000000}", "loss=hinge"),
    *("schedule={name: cosine_restarts, period: 1.0e-9}", "schedule={name: step, every: 0.0000001, factor: 0.1}"),
    *("schedule={name: cosine_restarts, period: 1, factor: 1.0000000001}", "schedule={name: one_cycle, peak: 1e300}"),
    *("schedule={name: milestones, at: [1e300, 1e-300]}", "schedule={name: exponential, factor: 1e-320}"),
    *(
        "data.augment=[mixup]",
        "data.augment=[{mixup: 1e-300}]",
        "data.augment=[{mixup: 1e300}]",
        "data.faults=[subset]",
    ),
    *("data.faults=[{name: subset, rows: 1}]", "data.faults=[{name: outliers, fraction: 1}]", "data.split={val: 1}"),
    *("data.split={val: 0.99999, test: 0}", "data.split={folds: 1000000, fold: 0}", "data.split={folds: 59, fold: 58}"),
    *(
        "data.preprocess=[{pca: 1000000}]",
        "data.preprocess=[pca, pca, pca]",
        "data.preprocess=[whiten, zca, normalize]",
    ),
    *("data.preprocess=[{name: polynomial, degree: 40}]", "data.preprocess=[{name: quantile, quantiles: 1000000000}]"),
    *("model={name: sequential, layers: []}", "model={name: sequential, layers: [softmax, softmax]}"),
    *("model={name: sequential, layers: [{dense: 1000000000}, {dense: 1000000000}, {dense: output}]}",),
    *("model={name: sequential, layers: [{conv: 3}]}", "model={name: sequential, layers: [{reshape: [2, 1]}]}"),
    *("model={name: mlp, hidden: [" + "1, " * 30_000 + "1]}", "model={name: cnn}", "model.hidden=[" * 50),
    *("model.frozen=[99]", "model.frozen=[-1]", "train.best=val_nothing", "metrics=[f1, f1, f1]", "monitors.off=[all]"),
    *("optimizer=lbfgs", "optimizer={name: lbfgs, memory: 1000000000}", "train.dtype=float16", "train.engine=gpu"),
    *(
        "optimizer={name: sgd, lr: 1e308}",
        "optimizer={name: adam, lr: 1e-320}",
        "extends=c.yaml",
        "plugins=[/dev/zero]",
    ),
    *(
        "plugins=[no.such.module]",
        "name=" + "x" * 100_000,
        "name=../../up",
        "name=\udcff",
        "description=\x00",
        "=",
        "a",
        "",
    ),
    *("model.layers.0.units=1", "data.classes=[a, a]", "calibrate=temperature", "baselines=true", "data.weight=a"),
    *("model.hidden.99999999999999999999=1", "data..name=moons", ".=1", "data.name", "x" * 1_000_000 + "=1"),
]
SPACES = [
    "{optimizer.lr: {log: [1e-308, 1e308]}}",
    "{optimizer.lr: {log: [0, 1]}}",
    "{optimizer.lr: {uniform: [-1e308, 1e308]}}",
    "{optimizer.lr: {normal: [0, 1e308]}}",
    "{train.batch_size: {int: [1, 1000000000]}}",
    "{train.batch_size: {int: [1, 100000000000000000000]}}",
    "{optimizer.lr: {choice: []}}",
    "{optimizer.lr: {choice: [" + "1, " * 30_000 + "1]}}",
    "{optimizer.lr: {log: [1e-3, 1]}, model.dropout: {uniform: [0, 0.5]}, seed: {int: [0, 999999999]}}",
    "{model.hidden.0: {int: [1, 2]}, model.hidden: {choice: [[1]]}}",
    "{no.such.key: {uniform: [0, 1]}}",
    "{optimizer.lr: {log: [nan, inf]}}",
]
STRATEGIES = ["random", "grid", "tpe", "gp", "asha", "hyperband", "halton", "{name: staged}", "none"]
SWEEP_KEYS = [
    "trials: 0",
    "trials: 10000000000",
    f"trials: {LONG}",
    "repeats: 1000000000",
    "folds: 1000000000",
    "folds: 1",
]
PATHS = [
    *(
        "nothing",
        "",
        ".",
        "..",
        "/",
        "/dev/null",
        "/dev/zero",
        "/dev/full",
        "outside",
        "outside/victim",
        "fifo",
        "huge",
    ),
    *(
        "a\x00b",
        "\udcff",
        "x" * 5000,
        "rows.csv",
        "c.yaml",
        "runs",
        "-",
        "~",
        "*",
        "loop",
        "c.yaml/inside",
        "/proc/self/mem",
    ),
]
PATH_COMMANDS = [
    *(["train", "P"], ["check", "P"], ["sweep", "P"], ["lr-range", "P"], ["report", "P"], ["evaluate", "P"]),
    *(["evaluate", "base-1", "--data", "P"], ["predict", "base-1", "--input", "P", "--output", "out.csv"]),
    *(["predict", "base-1", "--input", "rows.csv", "--output", "P"], ["export", "P", "--onnx", "out.onnx"]),
    *(["export", "base-1", "--onnx", "P"], ["diff", "P", "base-1"], ["diagnose", "P"], ["train", "--resume", "P"]),
    *(["report", "--html", "P"], ["report", "--csv", "P"], ["fix", "P"], ["ensemble", "P", "base-1"], ["serve", "P"]),
    *(["report", "--runs", "P"], ["new", "mlp", "-o", "P"], ["import", "P"], ["sweep", "--resume", "P"]),
    *(["components", "--plugin", "P"], ["calibrate", "P"], ["report", "--verify", "P"], ["explain", "P"]),
    *(["tune", "P", "--dry-run"], ["tune", "--resume", "P"], ["tune", "s.yaml", "--from", "P", "--dry-run"]),
    *(["lecture", "P", "--list"], ["lecture", "--chapters", "P", "--list"], ["lecture", "1", "--chapters", "P"]),
    *(["train", "c.yaml", "model.from=P", "--quiet"], ["mcp", "--runs", "P"], ["export", "P", "--to", "tensorboard"]),
]
ASKED = [  # of the tools of `trainlab mcp`: P is each of PATHS
    *(("report", ["P"]), ("findings", ["P"]), ("curves", ["P"]), ("curves", ["base-1", "P"]), ("diagnose", ["P"])),
    *(("explain", ["P"]), ("curves", ["base-1", "steps", ["P"]])),
]
ASKED_NUMBERS = [
    *(("runs", [n]) for n in (-1, 0, 10**400)),
    *(("curves", ["base-1", "metrics", None, n]) for n in (-1, 0, 1, 2, 10**400)),
    *(("diagnose", ["runs/base-1", n]) for n in (-1, 0, 1, 10**400)),
    *(("diagnose", ["runs/base-1", 2, n]) for n in (-1.0, 0.0, 1e308, float("nan"), float("inf"))),
]
OPTIONS = [
    ["report", "--sort", "x" * 10_000],
    ["report", "--sort", "\x1b[2J"],
    *(
        ["report", "--where", rule]
        for rule in ("", "=", "a=", "<1", "x" * 10_000, "optimizer.lr<" + LONG, "a" * 99 + "=[[")
    ),
    *(["evaluate", "base-1", "--threshold", n] for n in NUMBERS),
    *(["ensemble", "--sweep", "base-sweep-1", "--top", n] for n in NUMBERS),
    *(["lr-range", "c.yaml", "--steps", n] for n in ("0", "-1", "1e9", LONG, "nan")),
    *(["serve", "--port", n] for n in ("-1", "65536", LONG, "nan", "")),
    ["serve", "--host", "256.256.256.256"],
    ["serve", "--host", "\x00"],
    *(["sweep", "s.yaml", "--print-trials", "--trials", n] for n in ("0", "-1", "10000000000", LONG, "nan")),
    *(["sweep", "s.yaml", "--dry-run", "--workers", n] for n in ("0", "-1", "10000000000", LONG)),
    ["sweep", "s.yaml", "--scheduler", "tcp://"],
    *(["zoo", "--seeds", n] for n in ("-1", LONG, "nan", "")),
    *(
        ["train", "--resume", "base-1", f"train.epochs={n}"]
        for n in ("0", "1", "-1", "10000000000", LONG, "1e400", "two")
    ),
    ["train", "--resume", "base-1", "optimizer.lr=1"],
    ["train", "--resume", "base-1", "--name", "x"],
    ["train", "c.yaml", "--fail-on", "x"],
    ["train"],
    ["no-such-command"],
    ["--no-such-option"],
    ["report", "base-1", "--classes", "0"],
    ["diagnose", "rows.csv", "--map", "loss=nothing"],
    ["diagnose", "rows.csv", "--map", "=" * 1000],
    ["explain", "x" * 100_000],
    ["components", "x" * 100_000],
    ["predict", "base-1"],
    *(["tune", "s.yaml", "--dry-run", "--budget", n] for n in ("", "0", "-1s", "1e9h", f"{LONG}-trials", "nan-epochs")),
    *(["tune", "s.yaml", "--dry-run", "--workers", n] for n in ("0", "-1", "10000000000", LONG)),
    *(["export", "base-1", "--to", "tensorboard", setting] for setting in ("", "=", "uri=", "x" * 10_000)),
]


@cache
def _all() -> tuple[tuple[str, list[str]], ...]:
    """A command line each; the text is written to h.yaml before."""
    return tuple(_requests())


def _requests() -> Iterator[tuple[str, list[str]]]:
    base = "data: {name: moons, samples: 60}\ntrain: {epochs: 1, threads: 1}\n"
    for i, key in enumerate(SIZES):
        for j, number in enumerate(NUMBERS):
            if (i + j) % 2 == 0 and not (key == "train.epochs" and number == "1e9"):  # possible, in a few days
                yield base, ["check", "h.yaml", f"{key}={number}"]
    for i, override in enumerate(OVERRIDES):
        yield base, ["train" if i % 2 else "check", "h.yaml", override]
    for i, space in enumerate(SPACES):
        for strategy in STRATEGIES[i % 3 :: 3]:
            sweep = f"sweep: {{strategy: {strategy}, trials: 3, space: {space}}}\n"
            yield base + sweep, ["sweep", "h.yaml", "--print-trials"]
    for key in SWEEP_KEYS:
        yield base + f"sweep: {{{key}, space: {SPACES[8]}}}\n", ["sweep", "h.yaml", "--print-trials"]
    for i, path in enumerate(PATHS):
        for command in PATH_COMMANDS[i % 2 :: 2]:
            if path == "fifo" and command[-1] == "P" and command[-2] in ("--output", "--onnx", "--html", "--csv", "-o"):
                continue  # it would wait for a reader, as every program does
            if command[0] == "serve" and path in ("", ".", "..", "/", "outside", "runs"):
                continue  # it would serve
            yield base, [path if part == "P" else part for part in command]
    for command in OPTIONS:
        yield base, command
    yield "extends: h.yaml\n", ["check", "h.yaml"]
    yield "extends: chain-0.yaml\n", ["check", "h.yaml"]
    for target in ("/dev/zero", "fifo", "huge", "outside", "nothing.yaml", "../" * 5000, "\\0", "loop", "rows.csv"):
        yield f'extends: "{target}"\n', ["check", "h.yaml"]
    yield (
        "a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 8)}]\n" for i in range(12)),
        ["check", "h.yaml"],
    )
    for text in (
        "[" * 100_000,
        "{" * 100_000,
        "- " * 100_000,
        "a: " * 100_000,
        "? " * 50_000,
        "!!python/object:os.system x",
    ):
        yield text, ["check", "h.yaml"]
    for text in (
        "\x00",
        "\ufeff",
        "%YAML 9.9\n---\na: 1",
        "a: b: c",
        "\t- a",
        "&a *a",
        "x" * 900_000,
        "a: 1\n" * 200_000,
    ):
        yield text, ["check", "h.yaml"]


@cache
def _questions() -> list[tuple[str, list[Any]]]:
    """A tool of `trainlab mcp` each, and what it is asked."""
    found = [
        (name, json.loads(json.dumps(args).replace('"P"', json.dumps(path)))) for name, args in ASKED for path in PATHS
    ]
    return [*found, *ASKED_NUMBERS]


def _question(name: str, args: list[Any]) -> Outcome:
    def asked() -> str:
        tool = next(made for made in tools(Path("runs")) if made.__name__ == name)
        return json.dumps(json.loads(dumps(tool(*args))))

    found = tried(f"mcp {name}", asked, allowed=(UserError,))
    found.wrong = [f"{args!r:.100}: {text}" for text in found.wrong]
    return found


def _case(number: int) -> Outcome:
    if number >= len(_all()):
        return _question(*_questions()[number - len(_all())])
    text, args = _all()[number]
    shutil.rmtree("runs", ignore_errors=True)
    shutil.copytree("kept", "runs")
    Path("h.yaml").write_text(text)
    if any("\x00" in arg for arg in args):  # no process can be given one
        return Outcome()
    found = call(*args).outcome(args[0], (0, 2, 3, 4))
    found.wrong = [f"{' '.join(args)[:100]!r}: {text}" for text in found.wrong]
    return found


def torture(numbers: Sequence[int], seed: int) -> Outcome:
    """The outcomes of these requests; a seed changes nothing."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        try:
            prepare(Path(place))
            Path("kept").mkdir()
            shutil.move("good-run", "kept/base-1")
            shutil.move("good-sweep", "kept/base-sweep-1")
            shutil.move("good-tune", "kept/base-tune-1")
            os.mkfifo("fifo")
            Path("loop").symlink_to("loop")
            with Path("huge").open("wb") as file:
                file.truncate(3 << 30)
            for i in range(2000):
                Path(f"chain-{i}.yaml").write_text(f"extends: chain-{i + 1}.yaml\n")
            shutil.copytree("kept", "runs", dirs_exist_ok=True)
            most = len(_all()) + len(_questions())
            return outcomes([n for n in numbers if n < most], _case, lambda: call("report"))
        finally:
            os.chdir(here)


if __name__ == "__main__":
    main(torture, len(_all()) + len(_questions()), __doc__ or "")
