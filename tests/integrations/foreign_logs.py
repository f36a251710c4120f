"""The same five trainings as the tools of others log them: the text of a file for each tool, written after its source.

`RUNS` are made by formulas: a healthy one and four with a fault. A writer takes a run and gives the text.
"""

# ruff: noqa: E501 - lines are as long as those that the tools write

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

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


def writer(function: Callable[[Run], str]) -> Callable[[Run], str]:
    """Registers a writer by its name; `__` stands for the point of the file's name."""
    WRITERS[function.__name__.replace("__", ".")] = function
    return function


def lines(*made: str) -> str:
    return "\n".join(made) + "\n"


def after(e: int, of: int = STEPS) -> int:
    return (e + 1) * of


# ---------------------------------------------------------------------- tables


@writer
def keras_semicolon__csv(run: Run) -> str:
    return lines("epoch;accuracy;loss;val_accuracy;val_loss", *(f"{e};{ta};{t};{va};{v}" for e, t, v, ta, va in run))


@writer
def german_excel__csv(run: Run) -> str:
    rows = (f"{e};{t:.3f};{v:.3f}".replace(".", ",") for e, t, v, _, _ in run)
    return lines("Epoche;train_loss;val_loss".replace("Epoche", "epoch"), *rows)


@writer
def lightning_v2__csv(run: Run) -> str:
    made = ["epoch,lr-Adam,step,train_loss_epoch,train_loss_step,val_acc,val_loss"]
    for e, t, v, _, va in run:
        made += [f"{e},,{e * STEPS + i},,{run.steps[e * STEPS + i]},," for i in range(9, STEPS, 10)]
        made += [f"{e},,{after(e) - 1},,,{va},{v}", f"{e},,{after(e) - 1},{t},,,"]
    return lines(*made)


@writer
def flair__tsv(run: Run) -> str:
    head = "EPOCH\tTIMESTAMP\tBAD_EPOCHS\tLEARNING_RATE\tTRAIN_LOSS\tDEV_LOSS\tDEV_PRECISION\tDEV_RECALL\tDEV_F1\tDEV_ACCURACY"
    return lines(
        head, *(f"{e + 1}\t10:00:{e:02}\t0\t{run.lr}\t{t}\t{v}\t0.5\t0.5\t0.5\t{va}" for e, t, v, _, va in run)
    )


@writer
def hf_notebook__tsv(run: Run) -> str:
    return lines("Step\tTraining Loss\tValidation Loss", *(f"{after(e)}\t{t:.6f}\t{v:.6f}" for e, t, v, _, _ in run))


@writer
def skorch_print__txt(run: Run) -> str:
    rows = (
        f"      {e + 1}        \x1b[36m{t:.4f}\x1b[0m       {va:.4f}        {v:.4f}  0.1234" for e, t, v, _, va in run
    )
    return lines(
        "  epoch    train_loss    valid_acc    valid_loss     dur",
        "-------  ------------  -----------  ------------  ------",
        *rows,
    )


@writer
def fastai_print__txt(run: Run) -> str:
    rows = (f"{e:<10}{t:<12.6f}{v:<12.6f}{1 - va:<12.6f}00:03" for e, t, v, _, va in run)
    return lines("epoch     train_loss  valid_loss  error_rate  time    ", *rows)


@writer
def wandb_panel__csv(run: Run) -> str:
    head = '"Step","soft-sun-3 - train/loss","soft-sun-3 - train/loss__MIN","soft-sun-3 - train/loss__MAX","soft-sun-3 - val/loss"'
    return lines(head, *(f'"{e}","{t}","{t}","{t}","{v}"' for e, t, v, _, _ in run))


@writer
def comet_export__csv(run: Run) -> str:
    made = ["metricName,metricValue,timestamp,step,epoch"]
    for e, t, v, _, _ in run:
        made += [f"train_loss,{t},17000{e},{after(e)},{e}", f"val_loss,{v},17000{e},{after(e)},{e}"]
    return lines(*made)


@writer
def mlflow_chart__csv(run: Run) -> str:
    made = ["Run,Run ID,metric,step,timestamp,value"]
    made += [f"kind-cat-7,abc,train_loss,{e},17000{e},{t}" for e, t, *_ in run]
    made += [f"kind-cat-7,abc,val_loss,{e},17000{e},{v}" for e, _, v, *_ in run]
    return lines(*made)


@writer
def h2o__csv(run: Run) -> str:
    head = (
        ",timestamp,duration,training_speed,epochs,iterations,samples,training_logloss,training_classification_error,"
    )
    rows = (
        f"{e},2024-05-01 10:00:{e:02},{e} sec,100 obs/sec,{e + 1.0},{e + 1},{e * 99},{t},{1 - ta},{v},{1 - va}"
        for e, t, v, ta, va in run
    )
    return lines(head + "validation_logloss,validation_classification_error", *rows)


@writer
def markdown__md(run: Run) -> str:
    rows = (f"| {e + 1} | {t:.4f} | {v:.4f} | {100 * va:.2f}% |" for e, t, v, _, va in run)
    return lines("| Epoch | Train Loss | Val Loss | Val Acc |", "|---|---|---|---|", *rows)


@writer
def matlab__txt(run: Run) -> str:
    head = "    Iteration    Epoch    TimeElapsed    LearnRate    TrainingLoss    ValidationLoss"
    rule = "    _________    _____    ___________    _________    ____________    ______________"
    rows = (f"{after(e):13}{e + 1:9}       00:00:{e:02}{run.lr:13}{t:16.5g}{v:18.5g}" for e, t, v, _, _ in run)
    return lines(head, rule, *rows)


@writer
def ultralytics__csv(run: Run) -> str:
    head = "                  epoch,         train/box_loss,         train/cls_loss,         train/dfl_loss,  metrics/precision(B),           val/box_loss,           val/cls_loss,           val/dfl_loss,                 lr/pg0"
    rows = (
        f"{e + 1:23},{0.5 * t:23},{0.3 * t:23},{0.2 * t:23},{va:22},{0.5 * v:23},{0.3 * v:23},{0.2 * v:23},{run.lr:23}"
        for e, t, v, _, va in run
    )
    return lines(head, *rows)


@writer
def dvclive__tsv(run: Run) -> str:
    return lines("step\ttrain_loss\tval_loss", *(f"{e}\t{t}\t{v}" for e, t, v, _, _ in run))


@writer
def phase_seconds__csv(run: Run) -> str:
    made = ["phase,epoch,loss,acc,seconds"]
    for e, t, v, ta, va in run:
        made += [f"training,{e},{t},{ta},1.2", f"validation,{e},{v},{va},0.4", f"testing,{e},{v + 0.3},{va},0.4"]
    return lines(*made)


@writer
def pandas_nan__csv(run: Run) -> str:
    made = ["epoch,step,train_loss,val_loss"]
    for e, t, v, _, _ in run:
        made += [f"{e},{after(e)},{t},nan", f"{e},{after(e)},nan,{v}"]
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
        history.append({"epoch": e + 1.0, "eval_accuracy": va, "eval_loss": v, "eval_runtime": 1.0, "step": after(e)})
    history.append({"epoch": 15.0, "step": 99, "total_flos": 1.0, "train_loss": 0.8, "train_runtime": 9.9})
    return json.dumps({"best_metric": None, "epoch": 15.0, "global_step": 99, "log_history": history})


@writer
def deit_log__txt(run: Run) -> str:
    rows = (
        {
            "train_lr": run.lr,
            "train_loss": t,
            "test_loss": v,
            "test_acc1": 100 * va,
            "test_acc5": 99.0,
            "epoch": e,
            "n_parameters": 5,
        }
        for e, t, v, _, va in run
    )
    return lines(*(json.dumps(row) for row in rows))


@writer
def fairseq_json__log(run: Run) -> str:
    made = []
    for e, t, v, _, _ in run:
        train = {
            "epoch": e + 1,
            "train_loss": f"{t:.3f}",
            "train_ppl": "9.1",
            "train_num_updates": str(after(e)),
            "train_lr": "0.001",
        }
        valid = {"epoch": e + 1, "valid_loss": f"{v:.3f}", "valid_ppl": "9.9", "valid_num_updates": str(after(e))}
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
    made = []
    for e, t, v, _, _ in run:
        made.append({"_step": e, "_runtime": 1.0, "_timestamp": 1.7e9, "train": {"loss": t}, "val": {"loss": v}})
    return lines(*(json.dumps(row) for row in made))


@writer
def tensorpack__json(run: Run) -> str:
    rows = [
        {"epoch_num": e + 1, "global_step": after(e), "train-error-top1": 1 - ta, "cost": t, "validation_cost": v}
        for e, t, v, ta, _ in run
    ]
    return json.dumps(rows)


@writer
def by_epoch__json(run: Run) -> str:
    return json.dumps({str(e): {"train": {"loss": t}, "val": {"loss": v}} for e, t, v, _, _ in run})


# ---------------------------------------------------------------------- lines


@writer
def keras_verbose2__txt(run: Run) -> str:
    made = []
    for e, t, v, ta, va in run:
        made += [
            f"Epoch {e + 1}/{len(run.train)}",
            f"20/20 - 0s - 5ms/step - accuracy: {ta:.4f} - loss: {t:.4f} - val_accuracy: {va:.4f} - val_loss: {v:.4f}",
        ]
    return lines(*made)


@writer
def keras_bar__txt(run: Run) -> str:
    made = []
    for e, t, v, ta, va in run:
        half = "\x1b[1m10/20\x1b[0m \x1b[32m━━━━\x1b[0m \x1b[1m0s\x1b[0m 1ms/step - accuracy: 0.5000 - loss: 9.9999"
        whole = f"\x1b[1m20/20\x1b[0m \x1b[32m━━━━━━━━\x1b[0m \x1b[1m1s\x1b[0m 5ms/step - accuracy: {ta:.4f} - loss: {t:.4f} - val_accuracy: {va:.4f} - val_loss: {v:.4f}"
        made += [f"Epoch {e + 1}/{len(run.train)}", f"\r{half}\b\b\b\r{whole}"]
    return lines(*made)


@writer
def ignite__log(run: Run) -> str:
    made = []
    for e, t, v, ta, va in run:
        made += [
            f"Training Results - Epoch: {e + 1}  Avg accuracy: {ta:.4f} Avg loss: {t:.4f}",
            f"Validation Results - Epoch: {e + 1}  Avg accuracy: {va:.4f} Avg loss: {v:.4f}",
        ]
    return lines(*made)


@writer
def pytorch_mnist__txt(run: Run) -> str:
    made = []
    for e, _, v, _, va in run:
        for i in range(0, STEPS, 5):
            made.append(f"Train Epoch: {e + 1} [{i * 64}/1280 ({5 * i}%)]\tLoss: {run.steps[e * STEPS + i]:.6f}")
        made.append(f"\nTest set: Average loss: {v:.4f}, Accuracy: {round(va * 1000)}/1000 ({100 * va:.0f}%)\n")
    return lines(*made)


@writer
def pytorch_imagenet__txt(run: Run) -> str:
    made = []
    for e, _, v, ta, va in run:
        for i in range(0, STEPS, 5):
            s = run.steps[e * STEPS + i]
            made.append(
                f"Epoch: [{e}][{i:3}/20]\tTime  0.162 (  0.162)\tData  0.010 (  0.010)\tLoss {s:.4e} ({s:.4e})\tAcc@1 {100 * ta:6.2f} ({100 * ta:6.2f})\tAcc@5  90.00 ( 90.00)"
            )
        made += [
            f"Test: [{i}/2]\tTime  0.1 (  0.1)\tLoss {9.0 if i == 0 else v + 0.5:.4e} ({9.0 if i == 0 else v:.4e})\tAcc@1  10.00 ({100 * va:6.2f})\tAcc@5  90.00 ( 90.00)"
            for i in (0, 1)
        ]
        made.append(f" *   Acc@1 {100 * va:.3f} Acc@5 90.000")
    return lines(*made)


@writer
def pytorch_quickstart__txt(run: Run) -> str:
    made = []
    for e, _, v, _, va in run:
        made += [f"Epoch {e + 1}", "-------------------------------"]
        made += [f"loss: {run.steps[e * STEPS + i]:>7f}  [{i * 64 + 64:>5d}/{1280:>5d}]" for i in range(0, STEPS, 5)]
        made += ["Test Error: ", f" Accuracy: {100 * va:>0.1f}%, Avg loss: {v:>8f} ", ""]
    return lines(*made)


@writer
def torchvision__txt(run: Run) -> str:
    made = []
    for e, _, v, ta, va in run:
        for i in range(0, STEPS, 5):
            s = run.steps[e * STEPS + i]
            made.append(
                f"Epoch: [{e}]  [{i:2}/20]  eta: 0:00:10  lr: {run.lr}  img/s: 99.5  loss: {s:.4f} ({s:.4f})  acc1: {100 * ta:.4f} ({100 * ta:.4f})  acc5: 90.0 (90.0)  time: 0.1  data: 0.0  max mem: 99"
            )
        made += [
            f"Test:   [0/2]  eta: 0:00:01  loss: {v:.4f} ({v:.4f})  acc1: {100 * va:.4f} ({100 * va:.4f})  acc5: 90.0 (90.0)  time: 0.1",
            f"Test:  Acc@1 {100 * va:.3f} Acc@5 90.000",
        ]
    return lines(*made)


@writer
def timm_console__txt(run: Run) -> str:
    made = []
    for e, _, v, _, va in run:
        made += [
            f"Train: {e} [{i:>4d}/20 ({5 * i:>3.0f}%)]  Loss: {run.steps[e * STEPS + i]:#.3g} ({run.steps[e * STEPS + i]:#.3g})  Time: 0.1s, 99.0/s  LR: {run.lr:.3e}  Data: 0.01"
            for i in range(0, STEPS, 5)
        ]
        made.append(
            f"Test: [   0/1]  Time: 0.1 (0.1)  Loss: {v:>7.3f} ({v:>6.3f})  Acc@1: {100 * va:>7.3f} ({100 * va:>7.3f})  Acc@5: 90.0 (90.0)"
        )
    return lines(*made)


@writer
def mmcv__log(run: Run) -> str:
    made = []
    for e, _, _, _, va in run:
        made += [
            f"2024-05-01 10:00:00,000 - mmcls - INFO - Epoch [{e + 1}][{i}/20]\tlr: {run.lr:.3e}, eta: 0:01:00, time: 0.100, data_time: 0.01, memory: 99, loss: {run.steps[e * STEPS + i - 1]:.4f}"
            for i in (10, 20)
        ]
        made.append(
            f"2024-05-01 10:00:00,000 - mmcls - INFO - Epoch(val) [{e + 1}][20]\taccuracy_top-1: {100 * va:.4f}, accuracy_top-5: 90.0"
        )
    return lines(*made)


@writer
def mmengine_text__log(run: Run) -> str:
    made = []
    for e, _, _, _, va in run:
        made += [
            f"2024/05/01 10:00:00 - mmengine - INFO - Epoch(train)  [{e + 1}][{i:2}/20]  lr: {run.lr:.4e}  eta: 0:00:05  time: 0.0144  data_time: 0.0058  loss: {run.steps[e * STEPS + i - 1]:.4f}"
            for i in (10, 20)
        ]
        made.append(
            f"2024/05/01 10:00:00 - mmengine - INFO - Epoch(val) [{e + 1}][15/15]    accuracy/top1: {100 * va:.4f}  data_time: 0.0136  time: 0.0172"
        )
    return lines(*made)


@writer
def paddleclas__log(run: Run) -> str:
    made = []
    for e, _, v, ta, va in run:
        made += [
            f"[2024/05/01 10:00:00] ppcls INFO: [Train][Epoch {e + 1}/15][Iter: {i}/20]lr(LinearWarmup): {run.lr:.8f}, top1: {ta:.5f}, CELoss: {run.steps[e * STEPS + i]:.5f}, loss: {run.steps[e * STEPS + i]:.5f}, batch_cost: 0.1s, reader_cost: 0.01, ips: 99.0 samples/s, eta: 0:00:09"
            for i in (0, 10)
        ]
        made.append(
            f"[2024/05/01 10:00:00] ppcls INFO: [Eval][Epoch {e + 1}][Avg]CELoss: {v:.5f}, loss: {v:.5f}, top1: {va:.5f}, top5: 0.99"
        )
    return lines(*made)


@writer
def detectron2__txt(run: Run) -> str:
    return lines(
        *(
            f"[05/01 10:00:00 d2.utils.events]:  eta: 0:10:00  iter: {i}  total_loss: {run.steps[i]:.4g}  loss_cls: 0.1  loss_box_reg: 0.2  time: 0.5  data_time: 0.01  lr: {run.lr}  max_mem: 2000M"
            for i in range(0, len(run.steps), 4)
        )
    )


@writer
def fairseq__log(run: Run) -> str:
    made = []
    for e, t, v, _, _ in run:
        made += [
            f"2024-05-01 10:00:00 | INFO | train_inner | epoch {e + 1:03d}:     {i} / 20 loss={run.steps[e * STEPS + i]:.3f}, ppl=9.1, wps=99, ups=1, wpb=99, bsz=9, num_updates={e * STEPS + i}, lr={run.lr}, gnorm=1.5, train_wall=1, wall=9"
            for i in (5, 15)
        ]
        made.append(
            f"2024-05-01 10:00:00 | INFO | valid | epoch {e + 1:03d} | valid on 'valid' subset | loss {v:.3f} | ppl 9.9 | wps 99 | wpb 9 | bsz 1 | num_updates {after(e)} | best_loss 0.1"
        )
        made.append(
            f"2024-05-01 10:00:00 | INFO | train | epoch {e + 1:03d} | loss {t:.3f} | ppl 9.1 | wps 99 | ups 1 | wpb 99 | bsz 9 | num_updates {after(e)} | lr {run.lr} | gnorm 1.5 | train_wall 1 | wall 9"
        )
    return lines(*made)


@writer
def opennmt__log(run: Run) -> str:
    made = []
    for e, _, v, ta, va in run:
        made += [
            f"[2024-05-01 10:00:00,000 INFO] Step {e * STEPS + i}/9999; acc: {100 * ta:6.2f}; ppl: {math.exp(min(run.steps[e * STEPS + i - 1], 50)):9.2f}; xent: {run.steps[e * STEPS + i - 1]:5.2f}; lr: {run.lr:7.5f}; 999/999 tok/s;     10 sec"
            for i in (10, 20)
        ]
        made += [
            f"[2024-05-01 10:00:00,000 INFO] Validation perplexity: {math.exp(min(v, 50)):.4f}",
            f"[2024-05-01 10:00:00,000 INFO] Validation accuracy: {100 * va:.4f}",
        ]
    return lines(*made)


@writer
def espnet__log(run: Run) -> str:
    return lines(
        *(
            f"[host] 2024-05-01 10:00:00,000 (trainer:338) INFO: {e + 1}epoch results: [train] iter_time=0.002, forward_time=0.1, loss={t:.3f}, acc={ta:.3f}, backward_time=0.1, lr0={run.lr}, train_time=0.5, time=1 minute, total_count={after(e)}, [valid] loss={v:.3f}, acc={va:.3f}, time=2.5 seconds, total_count={e + 1}"
            for e, t, v, ta, va in run
        )
    )


@writer
def caffe__log(run: Run) -> str:
    made = []
    for e, _, v, _, va in run:
        made += [
            f"I0501 10:00:00.000000  1234 solver.cpp:218] Iteration {e * STEPS + i} (99.5 iter/s, 0.1s/10 iters), loss = {run.steps[e * STEPS + i]:.6g}"
            for i in (0, 10)
        ]
        made += [
            f"I0501 10:00:00.000000  1234 solver.cpp:330] Iteration {after(e)}, Testing net (#0)",
            f"I0501 10:00:00.000000  1234 solver.cpp:397]     Test net output #0: accuracy = {va:.4f}",
            f"I0501 10:00:00.000000  1234 solver.cpp:397]     Test net output #1: loss = {v:.6g} (* 1 = {v:.6g} loss)",
        ]
    return lines(*made)


@writer
def megatron__log(run: Run) -> str:
    made = []
    for e, _, v, _, _ in run:
        made += [
            f" [2024-05-01 10:00:00] iteration {e * STEPS + i:8}/    9999 | consumed samples:        {i * 64} | elapsed time per iteration (ms): 500.1 | throughput per GPU (TFLOP/s/GPU): 10.0 | learning rate: {run.lr:.6E} | global batch size:    64 | lm loss: {run.steps[e * STEPS + i - 1]:.6E} | loss scale: 1.0 | grad norm: 1.234 | number of skipped iterations:   0 | number of nan iterations:   0 |"
            for i in (10, 20)
        ]
        made.append(
            f" validation loss at iteration {after(e)} | lm loss value: {v:.6E} | lm loss PPL: {math.exp(min(v, 50)):.6E} | "
        )
    return lines(*made)


@writer
def torchtune__txt(run: Run) -> str:
    return lines(
        *(
            f"Step {i + 1} | loss:{s} lr:{run.lr} tokens_per_second_per_gpu:999.5 grad_norm:1.5"
            for i, s in enumerate(run.steps)
        )
    )


@writer
def mlx_lm__txt(run: Run) -> str:
    made = ["Starting training..., iters: 999"]
    for e, _, v, _, _ in run:
        made += [
            f"Iter {e * STEPS + i}: Train loss {run.steps[e * STEPS + i - 1]:.3f}, Learning Rate {run.lr:.3e}, It/sec 0.512, Tokens/sec 99.123, Trained Tokens {i * 99}, Peak mem 9.123 GB"
            for i in (10, 20)
        ]
        made.append(f"Iter {after(e)}: Val loss {v:.3f}, Val took 1.234s")
    return lines(*made)


@writer
def hf_printed__txt(run: Run) -> str:
    made = []
    for e, _, v, _, va in run:
        made += [
            str(
                {
                    "loss": round(run.steps[e * STEPS + i - 1], 4),
                    "grad_norm": 1.5,
                    "learning_rate": run.lr,
                    "epoch": round(e + i / STEPS, 2),
                }
            )
            for i in (10, 20)
        ]
        made.append(str({"eval_loss": v, "eval_accuracy": va, "eval_runtime": 1.5, "epoch": e + 1.0}))
    return lines(*made, str({"train_runtime": 9.0, "train_loss": 0.77, "epoch": 15.0}))


@writer
def titan__log(run: Run) -> str:
    return lines(
        *(
            f"[titan] 2024-05-01 10:00:00,000 - root - INFO - \x1b[31mstep: {i + 1:2}  \x1b[32mloss: {s:7.4f}  \x1b[33mmemory:  9.9GiB(9.9%)  \x1b[34mtps: 999  \x1b[35mmfu: 9.9%\x1b[39m"
            for i, s in enumerate(run.steps)
        )
    )


@writer
def litgpt__txt(run: Run) -> str:
    made = []
    for e, *_ in run:
        made += [
            f"Epoch {e + 1} | iter {e * STEPS + i} step {e * STEPS + i} | loss train: {run.steps[e * STEPS + i - 1]:.3f}, val: {'n/a' if e == 0 else f'{run.val[e - 1]:.3f}'} | iter time: 99.12 ms (step)"
            for i in (10, 20)
        ]
    return lines(*made)


@writer
def lightning_bar__txt(run: Run) -> str:
    return lines(
        *(
            f"Epoch {e}: 100%|██████████| 20/20 [00:01<00:00, 19.9it/s, v_num=0, train_loss={t:.3f}, val_loss={v:.3f}, val_acc={va:.3f}]"
            for e, t, v, _, va in run
        )
    )


@writer
def xgboost_console__txt(run: Run) -> str:
    return lines(*(f"[{e}]\ttrain-mlogloss:{t:.5f}\teval-mlogloss:{v:.5f}" for e, t, v, _, _ in run))


@writer
def lightgbm_console__txt(run: Run) -> str:
    return lines(
        "[LightGBM] [Info] Total Bins 1024",
        *(f"[{e + 1}]\ttraining's multi_logloss: {t:.6f}\tvalid_1's multi_logloss: {v:.6f}" for e, t, v, _, _ in run),
    )


@writer
def catboost_console__txt(run: Run) -> str:
    return lines(
        *(
            f"{e}:\tlearn: {t:.7f}\ttest: {v:.7f}\tbest: {v:.7f} ({e})\ttotal: 160ms\tremaining: 9.45s"
            for e, t, v, _, _ in run
        )
    )


@writer
def sklearn_verbose__txt(run: Run) -> str:
    return lines(*(f"Iteration {e + 1}, loss = {t:.8f}" for e, t, *_ in run))


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


@writer
def estimator__txt(run: Run) -> str:
    made = []
    for e, _, v, _, va in run:
        made += [
            f"INFO:tensorflow:loss = {run.steps[e * STEPS + i]:.6g}, step = {e * STEPS + i} (0.123 sec)"
            for i in (0, 10)
        ]
        made.append(
            f"INFO:tensorflow:Saving dict for global step {after(e)}: accuracy = {va:.6g}, global_step = {after(e)}, loss = {v:.6g}"
        )
    return lines(*made)


@writer
def nnunet__txt(run: Run) -> str:
    made = []
    for e, t, v, _, _ in run:
        stamp = "2024-05-01 10:00:00.000000: "
        made += [
            f"{stamp}Epoch {e}",
            f"{stamp}Current learning rate: {run.lr}",
            f"{stamp}train_loss {t:.4f}",
            f"{stamp}val_loss {v:.4f}",
            f"{stamp}Epoch time: 9.12 s",
        ]
    return lines(*made)


@writer
def pyg__txt(run: Run) -> str:
    return lines(
        *(
            f"Epoch: {e + 1:03d}, Loss: {t:.4f}, Train: {ta:.4f}, Val: {va:.4f}, Test: {va:.4f}"
            for e, t, _, ta, va in run
        )
    )


@writer
def own_loop__txt(run: Run) -> str:
    return lines(
        *(
            f"Epoch [{e + 1}/15], Train Loss: {t:.4f}, Train Acc: {100 * ta:.2f}%, Val Loss: {v:.4f}, Val Acc: {100 * va:.2f}%"
            for e, t, v, ta, va in run
        )
    )


@writer
def own_tensor__txt(run: Run) -> str:
    return lines(
        *(
            f"epoch {e} train_loss=tensor({t:.4f}, grad_fn=<NllLossBackward0>) val_loss=tensor({v:.4f}, device='cuda:0')"
            for e, t, v, _, _ in run
        )
    )


@writer
def own_loop_steps__txt(run: Run) -> str:
    return lines(
        *(
            f"Epoch [{e + 1}/15], Step [{i + 1}/20], Loss: {run.steps[e * STEPS + i]:.4f}"
            for e, *_ in run
            for i in range(0, STEPS, 5)
        )
    )


@writer
def marian__log(run: Run) -> str:
    made = []
    for e, _, v, _, _ in run:
        made.append(
            f"[2024-05-01 10:00:00] Ep. {e + 1} : Up. {after(e)} : Sen. 999 : Cost {run.train[e]:.8f} : Time 9.91s : 999.99 words/s"
        )
        made.append(f"[2024-05-01 10:00:00] [valid] Ep. {e + 1} : Up. {after(e)} : cross-entropy : {v:.4f} : new best")
    return lines(*made)


@writer
def gluoncv__log(run: Run) -> str:
    made = []
    for e, t, v, ta, va in run:
        made += [
            f"[Epoch {e}] training: accuracy={ta:.6f} loss={t:.6f}",
            f"[Epoch {e}] validation: accuracy={va:.6f} loss={v:.6f}",
        ]
    return lines(*made)


@writer
def spacy__txt(run: Run) -> str:
    made = [
        "ℹ Pipeline: ['tok2vec', 'textcat']",
        "E    #       LOSS TOK2VEC  LOSS TEXTCAT  CATS_SCORE  SCORE ",
        "---  ------  ------------  ------------  ----------  ------",
        "  0       0          0.00          0.25        10.0    0.10",
    ]
    made += [
        f"{e:3}  {200 * (e + 1):6}  {0.0:12.2f}  {10 * t:12.2f}  {100 * va:10.2f}  {va:6.2f}" for e, t, _, _, va in run
    ]
    return lines(*made)


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
