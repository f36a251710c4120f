"""Healthy trainings whose curves look odd get no warning and no error from their log alone."""

import json
import math
import random

import pytest

from trainlab.integrations.logs.diagnosis import judge

NOISE = random.Random(5)  # noqa: S311 - no secret depends on it


def noise(size):
    return NOISE.gauss(0, size)


def table(header, rows, line):
    """A CSV with a line for each number."""
    return header + "\n" + "".join(",".join(f"{v:.6g}" for v in line(i)) + "\n" for i in range(rows))


def fine_tuning():
    """Three epochs of a language model: noise of the steps, and a step down with each epoch."""
    rows = [
        {"epoch": s / 500, "step": s, "loss": 1.15 + 0.7 * math.exp(-s / 60) - 0.08 * (s // 500) + noise(0.06)}
        for s in range(10, 1510, 10)
    ]
    return json.dumps({"log_history": rows})


def pretraining():
    """20 000 steps, a long tail that hardly falls."""
    rows = [
        {"step": s, "loss": 3.1 + 7.7 * math.exp(-s / 700) + 0.6 * math.exp(-s / 6000) + noise(0.05), "lr": 3e-4}
        for s in range(0, 20000, 50)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def warm_restarts(e):
    c, b = (1 + math.cos(math.pi * (e % 10) / 10)) / 2, 2 * math.exp(-e / 15) + 0.1
    loss = b + 0.5 * c * b
    return e, 0.1 * c, loss, 1 - 0.4 * loss, loss + 0.1, 0.97 - 0.4 * loss


def imagenet(e):
    f = 0.12 + 0.88 * (1 - math.exp(-(e + 0.2) / 20))
    return e, 6.9 - 5.6 * f, 78 * f, 6.5 - 5.3 * f, 76 * f, 0.1 * 0.1 ** (e // 30)


HEALTHY = {
    "fine-tuning of a language model": fine_tuning(),
    "pretraining": pretraining(),
    "learned in the first epoch, with scores": table(
        "epoch,train_loss,val_loss,val_acc",
        15,
        lambda e: (e, 0.5 if e == 0 else 0.05 / (1 + 0.1 * e), 0.08 + abs(noise(0.004)), 0.97 + noise(0.002)),
    ),
    "targets that are not centered": table(
        "epoch,loss,mae,val_loss,val_mae",
        40,
        lambda e: (
            e,
            29000 * math.exp(-e) + 3300 * (1 - 0.006 * e),
            50,
            29000 * math.exp(-e) + 3400 * (1 - 0.004 * e),
            51,
        ),
    ),
    "warm restarts": table("epoch,lr,loss,acc,val_loss,val_acc", 40, warm_restarts),
    "one class has 90 %": table(
        "epoch,loss,accuracy,val_loss,val_accuracy",
        30,
        lambda e: (e, 0.25 + 0.05 * math.exp(-e / 5), 0.9, 0.27 + 0.04 * math.exp(-e / 5), 0.9),
    ),
    "dropout: training is worse than validation": table(
        "epoch,loss,accuracy,val_loss,val_accuracy",
        30,
        lambda e: (
            *(e, 0.6 + 1.6 * math.exp(-e / 6), 0.8 - 0.6 * math.exp(-e / 6)),
            *(0.3 + 1.7 * math.exp(-e / 6), 0.92 - 0.7 * math.exp(-e / 6)),
        ),
    ),
    "one odd batch": table("step,loss", 600, lambda s: (3 * s + 1, 50 if s == 233 else 0.2 + 2.1 * math.exp(-s / 100))),
    "a thousand classes": table("epoch,train_loss,train_acc,val_loss,val_acc,lr", 90, imagenet),
    "perplexities": table(
        "epoch,train_ppl,valid_ppl", 25, lambda e: (e, 60 + 700 * math.exp(-e / 3), 80 + 720 * math.exp(-e / 3))
    ),
    "a Dice loss below zero": table(
        "epoch,train_loss,val_loss", 50, lambda e: (e, -0.85 + 0.7 * math.exp(-e / 8), -0.8 + 0.68 * math.exp(-e / 8))
    ),
    "a partial likelihood that hardly falls": table(
        "epoch,train_loss,val_loss", 40, lambda e: (e, 4.5 + 0.4 * math.exp(-e / 5), 4.6 + 0.35 * math.exp(-e / 5))
    ),
    "more confident with the same score": table(
        "epoch,loss,accuracy,val_loss,val_accuracy",
        30,
        lambda e: (
            *(e, 0.02 + 2 * math.exp(-e / 3), 1 - 0.7 * math.exp(-e / 2)),
            *(0.25 + 1.8 * math.exp(-e / 2) + 0.006 * e, 0.94 - 0.7 * math.exp(-e / 2)),
        ),
    ),
    "two epochs": "epoch,loss,val_loss\n0,0.9,0.5\n1,0.45,0.42\n",
}


@pytest.mark.parametrize("kind", HEALTHY)
def test_a_healthy_training_is_left_alone(tmp_path, kind):
    """No warning and no error."""
    (tmp_path / "log").write_text(HEALTHY[kind])
    assert [d.message for d in judge(tmp_path / "log").diagnoses if d.severity != "info"] == []
