"""The same five trainings as the tools of others log them: the text of a file for each tool, written after its source.

`runs` are made by formulas: a healthy one and four with a fault. A writer takes a run and gives the text. Most are in
the table foreign_logs.yaml: what the tool writes first, at a step, at the end of an epoch, and last.
"""

# ruff: noqa: E501 - lines are as long as those that the tools write

import json
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

STEPS = 20  # of an epoch


@dataclass(frozen=True)
class Run:
    """Curves of a training on ten classes: a value per epoch, and the loss of each step."""

    train: list[float]
    val: list[float]
    train_acc: list[float]
    val_acc: list[float]
    lr: float

    @property
    def steps(self) -> list[float]:
        """The losses of the steps: on the line between the epochs' means, with some noise."""
        made = []
        before = [2.35, *self.train[:-1]] if self.train[0] < 100 else self.train
        for epoch, (a, b) in enumerate(zip(before, self.train, strict=True)):
            for i in range(STEPS):
                value = a + (b - a) * (i + 1) / STEPS if math.isfinite(a) and math.isfinite(b) else b
                made.append(value * (1 + 0.01 * math.sin(7.0 * (epoch * STEPS + i))))
        return made

    def __iter__(self):
        """(number from 0, train, val, train_acc, val_acc) of each epoch."""
        return iter(
            [(e, *row) for e, row in enumerate(zip(self.train, self.val, self.train_acc, self.val_acc, strict=True))]
        )


def wave(i: int, size: float) -> float:
    """Noise of this size, the same at each call."""
    return size * random.Random(i).gauss(0, 0.7)  # noqa: S311 - no secret depends on it


def runs() -> dict[str, Run]:
    healthy = [0.15 + 2.2 * math.exp(-(e + 0.2) / 3.5) + wave(e, 0.004) for e in range(15)]
    fit = [0.04 + 2.3 * math.exp(-(e + 0.2) / 9) for e in range(40)]
    held = [0.85 + 1.4 * math.exp(-(e + 0.2) / 3) + 0.022 * max(0, e - 10) + wave(e, 0.01) for e in range(40)]
    high = [31.0, *(2.41 + wave(e, 0.05) for e in range(14))]
    return {
        "healthy": Run(
            healthy,
            [v + 0.03 for v in healthy],
            [1 - v / 2.45 for v in healthy],
            [0.985 - v / 2.45 for v in healthy],
            1e-3,
        ),
        "lrlow": Run(
            [2.312 + wave(e, 0.001) for e in range(15)],
            [2.315 + wave(e + 3, 0.0005) for e in range(15)],
            [0.101] * 15,
            [0.098] * 15,
            1e-5,
        ),
        "lrhigh": Run(
            high,
            [2.36 + wave(e, 0.06) for e in range(15)],
            [0.1 + wave(e, 0.008) for e in range(15)],
            [0.1 + wave(e, 0.01) for e in range(15)],
            1.0,
        ),
        "overfit": Run(
            fit,
            held,
            [min(1.0, 1.02 - v / 2.5) for v in fit],
            [0.76 - 0.5 * math.exp(-e / 3) - 0.003 * e for e in range(40)],
            1e-3,
        ),
        "diverged": Run(
            [2.1, 1.7, *([math.nan] * 8)],
            [1.9, 1.6, *([math.nan] * 8)],
            [0.3, 0.4, *([0.1] * 8)],
            [0.33, 0.42, *([0.1] * 8)],
            10.0,
        ),
    }


WRITERS: dict[str, Callable[[Run], str]] = {}


class Moment(NamedTuple):
    """What a tool knows when it writes a line: the epoch from 0 with its scores, or a step of it with its loss."""

    e: int
    t: float
    v: float
    ta: float
    va: float
    lr: float
    epochs: int
    i: int = 0  # of the step in its epoch
    at: int = 0  # of the step in the run
    s: float = 0.0  # the loss of the step `at`
    before: float = 0.0  # that of the step before it

    @property
    def names(self) -> dict[str, Any]:
        """What templates name: its fields, the epoch from 1, the steps at its end, and functions."""
        own = {"n": self.e + 1, "done": (self.e + 1) * STEPS, "exp": lambda x: math.exp(min(x, 50)), "round": round}
        return own | self._asdict()


def from_table(
    head: str = "", at: Iterable[int] = (), step: str = "", epoch: str = "", foot: str = ""
) -> Callable[[Run], str]:
    """A writer by its templates: `head`, for each epoch some of its steps and then its end, `foot`."""
    at_step, at_end = (compile(f"f{template!r}", "foreign_logs.yaml", "eval") for template in (step, epoch))

    def written(run: Run) -> str:
        made, losses = [head] if head else [], [*run.steps, math.nan]
        for row in run:
            now = Moment(*row, run.lr, len(run.train))
            for i in at:
                place = now.e * STEPS + i
                here = now._replace(i=i, at=place, s=losses[place], before=losses[place - 1])
                made.append(eval(at_step, here.names))  # noqa: S307 - templates of our own
            if epoch:
                made.append(eval(at_end, now.names))  # noqa: S307
        return lines(*made, *([foot] if foot else []))

    return written


def lines(*made: str) -> str:
    return "\n".join(made) + "\n"


TABLE = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
WRITERS |= {name: from_table(**templates) for name, templates in TABLE.items()}


def writer(function: Callable[[Run], str]) -> Callable[[Run], str]:
    """Registers a writer of another shape by its name; `__` stands for the point of the file's name."""
    WRITERS[function.__name__.replace("__", ".")] = function
    return function


# ---------------------------------------------------------------------- tables


@writer
def german_excel__csv(run: Run) -> str:
    return lines("epoch;train_loss;val_loss", *(f"{e};{t:.3f};{v:.3f}".replace(".", ",") for e, t, v, *_ in run))


@writer
def mlflow_chart__csv(run: Run) -> str:
    made = ["Run,Run ID,metric,step,timestamp,value"]
    made += [f"kind-cat-7,abc,train_loss,{e},17000{e},{t}" for e, t, *_ in run]
    made += [f"kind-cat-7,abc,val_loss,{e},17000{e},{v}" for e, _, v, *_ in run]
    return lines(*made)


# ---------------------------------------------------------------------- JSON


@writer
def hf_trainer_state__json(run: Run) -> str:
    history = []
    for e, _, v, _, va in run:
        for i in range(9, STEPS, 10):
            at = e * STEPS + i + 1
            loss = round(run.steps[at - 1], 4)
            history.append({"epoch": at / STEPS, "grad_norm": 1.0, "learning_rate": run.lr, "loss": loss, "step": at})
        history.append(
            {"epoch": e + 1.0, "eval_accuracy": va, "eval_loss": v, "eval_runtime": 1.0, "step": (e + 1) * STEPS}
        )
    history.append({"epoch": 15.0, "step": 99, "total_flos": 1.0, "train_loss": 0.8, "train_runtime": 9.9})
    return json.dumps({"best_metric": None, "epoch": 15.0, "global_step": 99, "log_history": history})


@writer
def deit_log__txt(run: Run) -> str:
    made = []
    for e, t, v, _, va in run:
        row = {"train_lr": run.lr, "train_loss": t, "test_loss": v, "test_acc1": 100 * va, "test_acc5": 99.0}
        made.append(json.dumps({**row, "epoch": e, "n_parameters": 5}))
    return lines(*made)


@writer
def fairseq_json__log(run: Run) -> str:
    made = []
    for e, t, v, _, _ in run:
        train = {
            "epoch": e + 1,
            "train_loss": f"{t:.3f}",
            "train_ppl": "9.1",
            "train_num_updates": str((e + 1) * STEPS),
            "train_lr": "0.001",
        }
        valid = {
            "epoch": e + 1,
            "valid_loss": f"{v:.3f}",
            "valid_ppl": "9.9",
            "valid_num_updates": str((e + 1) * STEPS),
        }
        stamp = "2024-05-01 10:00:00 | INFO |"
        made += [f"{stamp} train | {json.dumps(train)}", f"{stamp} valid | {json.dumps(valid)}"]
    return lines(*made)


@writer
def lightgbm_evals__json(run: Run) -> str:
    return json.dumps({"training": {"multi_logloss": run.train}, "valid_1": {"multi_logloss": run.val}})


@writer
def sacred__json(run: Run) -> str:
    times = ["2024-05-01T10:00:00"] * len(run.train)
    steps = list(range(len(run.train)))
    series = {"training.loss": run.train, "validation.loss": run.val}
    return json.dumps({k: {"steps": steps, "timestamps": times, "values": v} for k, v in series.items()})


@writer
def ludwig__json(run: Run) -> str:
    def part(loss: list[float], acc: list[float]) -> dict:
        return {"digit": {"accuracy": acc, "loss": loss}, "combined": {"loss": loss}}

    whole = {
        "training": part(run.train, run.train_acc),
        "validation": part(run.val, run.val_acc),
        "test": part(run.val, run.val_acc),
    }
    return json.dumps({"evaluation_frequency": {"frequency": 1, "period": "epoch"}, **whole})


@writer
def wandb_history__jsonl(run: Run) -> str:
    same = {"_runtime": 1.0, "_timestamp": 1.7e9}
    return lines(*(json.dumps({"_step": e, **same, "train": {"loss": t}, "val": {"loss": v}}) for e, t, v, *_ in run))


@writer
def tensorpack__json(run: Run) -> str:
    rows = [
        {
            "epoch_num": e + 1,
            "global_step": (e + 1) * STEPS,
            "train-error-top1": 1 - ta,
            "cost": t,
            "validation_cost": v,
        }
        for e, t, v, ta, _ in run
    ]
    return json.dumps(rows)


@writer
def by_epoch__json(run: Run) -> str:
    return json.dumps({str(e): {"train": {"loss": t}, "val": {"loss": v}} for e, t, v, _, _ in run})


# ---------------------------------------------------------------------- lines


@writer
def pytorch_quickstart__txt(run: Run) -> str:
    made = []
    for e, _, v, _, va in run:
        made += [f"Epoch {e + 1}", "-------------------------------"]
        made += [f"loss: {run.steps[e * STEPS + i]:>7f}  [{i * 64 + 64:>5d}/{1280:>5d}]" for i in range(0, STEPS, 5)]
        made += ["Test Error: ", f" Accuracy: {100 * va:>0.1f}%, Avg loss: {v:>8f} ", ""]
    return lines(*made)


@writer
def hf_printed__txt(run: Run) -> str:
    made = []
    for e, _, v, _, va in run:
        for i in (10, 20):
            loss, epoch = round(run.steps[e * STEPS + i - 1], 4), round(e + i / STEPS, 2)
            made.append({"loss": loss, "grad_norm": 1.5, "learning_rate": run.lr, "epoch": epoch})
        made.append({"eval_loss": v, "eval_accuracy": va, "eval_runtime": 1.5, "epoch": e + 1.0})
    return lines(*map(str, made), str({"train_runtime": 9.0, "train_loss": 0.77, "epoch": 15.0}))


@writer
def litgpt__txt(run: Run) -> str:
    return lines(
        *(
            f"Epoch {e + 1} | iter {e * STEPS + i} step {e * STEPS + i} | loss train: {run.steps[e * STEPS + i - 1]:.3f}, val: {'n/a' if e == 0 else f'{run.val[e - 1]:.3f}'} | iter time: 99.12 ms (step)"
            for e, *_ in run
            for i in (10, 20)
        )
    )


@writer
def fasttext__txt(run: Run) -> str:
    n = len(run.steps)
    return (
        "".join(
            f"\rProgress: {100 * i / n:5.1f}% words/sec/thread:   99999 lr: {run.lr * (1 - i / n):9.6f} avg.loss: {s:9.6f} ETA:   0h 0m 0s"
            for i, s in enumerate(run.steps)
        )
        + "\n"
    )


# ---------------------------------------------------------------------- what must be refused: (text, words of the answer)


def refused() -> dict[str, tuple[str, str]]:
    steps = range(1, 30)
    sb3 = "time/iterations,rollout/ep_rew_mean,train/loss,time/total_timesteps\n" + "".join(
        f"{i},{i * 2.5},{0.1 * i},{i * 2048}\n" for i in steps
    )
    rllib = "\n".join(
        json.dumps(
            {
                "training_iteration": i,
                "episode_reward_mean": 2.0 * i,
                "timesteps_total": 4000 * i,
                "info": {"learner": {"total_loss": 1.0}},
            }
        )
        for i in steps
    )
    optuna = "number,value,datetime_start,params_lr,state\n" + "".join(
        f"{i},{1 / i},2024-05-01 10:00:00,0.{i},COMPLETE\n" for i in steps
    )
    two = '"Step","a - train/loss","b - train/loss"\n' + "".join(f'"{i}","{2 / i}","{3 / i}"\n' for i in steps)
    folds = "fold,epoch,train_loss,val_loss\n" + "".join(
        f"{f},{e},{2 / (e + 1)},{2.1 / (e + 1)}\n" for f in range(3) for e in range(9)
    )
    mxnet = "".join(
        f"INFO:root:Epoch[{e}] Train-accuracy=0.{10 + e}\nINFO:root:Epoch[{e}] Validation-accuracy=0.{10 + e}\n"
        for e in range(20)
    )
    kaldi = (
        "LOG (nnet3-train[5.5]:PrintTotalStats():nnet-training.cc:357) Overall average objective function for 'output' is -1.23 over 9 frames.\n"
        * 9
    )
    return {
        "sb3_progress.csv": (sb3, "reinforcement learning"),
        "rllib_result.json": (rllib, "reinforcement learning"),
        "optuna_trials.csv": (optuna, "--map loss=COLUMN"),
        "two_runs.csv": (two, "it holds 2 runs"),
        "folds.csv": (folds, "it holds 3 runs, told apart by `fold`"),
        "mxnet_accuracy.log": (mxnet, "none of the known formats"),
        "kaldi.log": (kaldi, "none of the known formats"),
        "all_results.json": (json.dumps({"epoch": 3.0, "eval_loss": 0.5, "train_loss": 0.7}), "one record only"),
        "scores.json": (json.dumps([0.1 + 0.02 * i for i in range(30)]), "looks like a score"),
        "run-train-tag-epoch_accuracy.csv": (
            "Wall time,Step,Value\n" + "".join(f"1.7e9,{i},0.{10 + i}\n" for i in steps),
            "train_accuracy",
        ),
        "cut_off.json": (json.dumps({"loss": [2.0 / i for i in steps]})[:200], "JSON that is cut off or broken"),
        "page.txt": ("<!DOCTYPE html><html><body>loss 0.5 loss 0.4</body></html>", "a web page"),
        "story.txt": (
            "It was a dark night.\nThe loss was great, and we were 3.\nNobody trained.\n",
            "none of the known formats",
        ),
        "checkpoint.pt": ("PK\x03\x04\x00\x00archive/data.pkl", "a zip archive"),
    }
