"""Logs of other tools: their columns are found, their faults survived, their curves judged."""

import json
import math
import random
from contextlib import suppress

import pytest

from trainlab.core.errors import UserError
from trainlab.integrations.logs.diagnosis import judge
from trainlab.integrations.logs.reader import meaning, read_log

LIGHTNING = "epoch,lr-Adam,step,train_loss,val_acc,val_loss"


def falling(epochs, rate=4.0, floor=0.05, start=2.3):
    return [start * math.exp(-(e + 1) / rate) + floor for e in range(epochs)]


def keras(path, train, val=None, more=""):
    """A log as Keras' CSVLogger writes it: epochs from 0, columns in alphabetical order."""
    val = val or [v + 0.1 for v in train]
    lines = ["epoch,accuracy,loss,val_accuracy,val_loss"]
    lines += [
        f"{e},{max(0, 1 - a / 2.3)},{a},{max(0, 1 - b / 2.3)},{b}"
        for e, (a, b) in enumerate(zip(train, val, strict=True))
    ]
    path.write_text("\n".join(lines) + "\n" + more)
    return path


def codes(found):
    return [d.code for d in found.diagnoses if d.severity != "info"]


@pytest.mark.parametrize(
    ("column", "what"),
    [
        *(
            ("loss", "train_loss"),
            ("Train Loss", "train_loss"),
            ("train/loss", "train_loss"),
            ("trainLoss", "train_loss"),
        ),
        *(
            ("val_loss", "val_loss"),
            ("Validation Loss", "val_loss"),
            ("eval/loss", "val_loss"),
            ("test_loss", "val_loss"),
        ),
        *(("acc", "train_accuracy"), ("val_acc", "val_accuracy"), ("eval_accuracy", "val_accuracy")),
        *(("sparse_categorical_accuracy", "train_accuracy"), ("val_r2", "val_r2"), ("train_loss_epoch", "train_loss")),
        *(("learning_rate", "lr"), ("lr-SGD/pg1", "lr"), ("train/grad_norm", "grad_norm"), ("global_step", "step")),
        *(("seconds", None), ("eval_runtime", None), ("f1", None), ("val_lr", None), ("", None)),
        *((f"the {'average ' * 20}loss", "train_loss"), ("a_" * 100_000, None), ("loss " * 100_000, None)),
    ],
)
def test_names(column, what):
    """A column is known by any of the usual names, and nothing else is taken for one."""
    assert meaning(column) == what


def test_a_healthy_keras_log_is_silent(tmp_path):
    """Falling losses with a small gap: nothing to complain about; epochs count from 1."""
    found = judge(keras(tmp_path / "a.csv", falling(20)), classes=10)
    assert codes(found) == []
    assert (found.epochs, found.steps, found.guessed) == (20, 0, False)
    assert found.chance == pytest.approx(math.log(10))
    assert found.curves[1]["train_loss"] == pytest.approx(falling(1)[0])


def test_sick_keras_logs_are_named(tmp_path):
    """Overfitting, nothing learned and nan are told from the curves alone."""
    val = [*[v + 0.5 for v in falling(6)], *(1.1 + 0.1 * e for e in range(24))]
    assert codes(judge(keras(tmp_path / "a.csv", falling(30, floor=0.01), val)))[0] == "overfitting"
    assert codes(judge(keras(tmp_path / "b.csv", [2.3] * 20), classes=10)) == ["loss-not-decreasing"]
    found = judge(keras(tmp_path / "c.csv", [2.0, 3.0, 1e308, math.inf, math.nan], [math.nan] * 5))
    assert ("diverged", "error") in [(d.code, d.severity) for d in found.diagnoses]


def test_lightning(tmp_path):
    """Train and validation values in different rows of the same step, the rest blank."""
    lines, step = [LIGHTNING], 0
    for epoch in range(10):
        for _ in range(10):
            step += 50
            lines.append(f"{epoch},,{step},{2.3 * math.exp(-step / 1500)},,")
        lines.append(f"{epoch},,{step},,{0.9 - 0.7 * math.exp(-epoch / 3)},{2.3 * math.exp(-step / 1500) + 0.1}")
    (tmp_path / "metrics.csv").write_text("\n".join(lines))
    found = judge(tmp_path / "metrics.csv", classes=10)
    assert (found.epochs, found.steps, codes(found)) == (10, 100, [])
    assert found.log.unused == ["lr-Adam"]
    assert found.curves[-1]["val_loss"] == pytest.approx(2.3 * math.exp(-5000 / 1500) + 0.1)


def test_hugging_face(tmp_path):
    """trainer_state.json: losses by step, evaluations between, a last record that sums the run up."""
    history = []
    for step in range(10, 610, 10):
        history.append({"epoch": step / 200, "step": step, "loss": 2.3 * math.exp(-step / 200) + 0.1, "grad_norm": 1.0})
        if step % 200 == 0:
            history.append({"epoch": step / 200, "step": step, "eval_loss": 0.5, "eval_accuracy": 0.9})
    history.append({"epoch": 3.0, "step": 600, "train_loss": 99.0, "train_runtime": 1.0})
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": history}))
    found = judge(tmp_path / "trainer_state.json")
    assert (found.epochs, found.steps, codes(found)) == (3, 60, [])
    assert [row["val_loss"] for row in found.curves[1:]] == [0.5, 0.5, 0.5]
    assert max(row["train_loss"] for row in found.curves) < 3


def test_tensorboard(tmp_path):
    """A scalar that TensorBoard exported is the training loss."""
    text = "Wall time,Step,Value\n" + "".join(f"{1.7e9 + i},{10 * i},{2.3 * math.exp(-i / 30)}\n" for i in range(100))
    (tmp_path / "loss.csv").write_text(text)
    found = judge(tmp_path / "loss.csv")
    assert (found.steps, found.epochs, codes(found)) == (100, 20, [])


def test_other_spellings(tmp_path):
    """A BOM, semicolons, decimal commas, quotes, percents and comments are read."""
    text = '\ufeff# made by hand\n"Epoch";"Train Loss";"Acc"\n1;"0,50";"91,5"\n2;"0,25";"95"\n'
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    log = read_log(tmp_path / "a.csv")
    assert [row["train_loss"] for row in log.rows] == [0.5, 0.25]
    assert [row["train_accuracy"] for row in log.rows] == pytest.approx([0.915, 0.95])
    assert log.notes == ["Acc is in percent"]
    (tmp_path / "b.txt").write_text("epoch  loss\n1   0.5\n2   0.25\n")
    assert [row["train_loss"] for row in read_log(tmp_path / "b.txt").rows] == [0.5, 0.25]
    (tmp_path / "c.jsonl").write_text('{"epoch": 1, "loss": 0.5}\n{"epoch": 2, "loss": 0.25}\n{"epo')
    assert [row["train_loss"] for row in read_log(tmp_path / "c.jsonl").rows] == [0.5, 0.25]


def test_restarts_and_repeated_steps(tmp_path):
    """Where the log goes back, rows that were repeated count as last written; a step that stands twice, once."""
    (tmp_path / "a.csv").write_text("step,loss\n10,4\n20,3\n30,9\n20,2\n30,1\n30,0.5\n")
    log = read_log(tmp_path / "a.csv")
    assert [row["train_loss"] for row in log.rows if "train_loss" in row] == [4, 2, 0.5]
    assert len(log.notes) == 2
    (tmp_path / "b.csv").write_text("epoch,batch,loss\n1,1,4\n1,2,3\n2,1,2\n2,2,1\n")
    assert read_log(tmp_path / "b.csv").notes == []


def test_map(tmp_path):
    """--map says what a column is; a wrong one is answered with the nearest name."""
    path = tmp_path / "a.csv"
    path.write_text("epoch,objective,objective/dev\n1,2,2.1\n2,1,1.2\n")
    with pytest.raises(UserError, match="is known as the training loss; name it: --map loss=COLUMN"):
        read_log(path)
    log = read_log(path, ["loss=objective", "val_loss=objective/dev"])
    assert log.columns == {"epoch": "epoch", "train_loss": "objective", "val_loss": "objective/dev"}
    with pytest.raises(UserError) as caught:
        read_log(path, ["loss=objectve"])
    assert str(caught.value) == f"--map loss=objectve: {path} has no column `objectve`; did you mean `objective`?"
    with pytest.raises(UserError, match="did you mean `val_loss`"):
        read_log(path, ["vall_loss=objective"])


@pytest.mark.parametrize(
    "text", ["", "\n\n", "epoch,loss\n", "a,b\n1,2\n", "epoch,loss\n1,none\n", "\0\1\2", "[]", "{}"]
)
def test_what_is_no_log(tmp_path, text):
    """A file without rows, numbers or a loss is a sentence, never a traceback."""
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match=r"a\.csv: "):
        judge(tmp_path / "a.csv")


@pytest.mark.parametrize("seed", range(30))
def test_broken_cells_are_survived(tmp_path, seed):
    """Whatever stands in the cells, the log is judged or refused in words."""
    rng = random.Random(seed)  # noqa: S311 - no secret depends on it
    cells = [
        "",
        "nan",
        "inf",
        "-inf",
        "1e308",
        "-1e308",
        "1e-320",
        "0",
        "-1",
        "abc",
        "0.5",
        "2.3",
        '"',
        "9" * 400,
        "1e999",
    ]
    names = ["epoch", "step", "loss", "val_loss", "acc", "val_acc", "lr", "grad_norm"]
    lines = [",".join(names)]
    for i in range(rng.randint(1, 60)):
        row = [str(i // 5), str(i), str(2.3 / (i + 1)), *(rng.choice(cells) for _ in names[3:])]
        lines.append(",".join(rng.choice(cells) if rng.random() < 0.3 else cell for cell in row))
    (tmp_path / "a.csv").write_text("\n".join(lines))
    with suppress(UserError):
        assert judge(tmp_path / "a.csv").epochs > 0


def test_what_could_not_be_looked_for_is_told(tmp_path):
    """Rules that need the network are skipped, rules that lack columns are told with these."""
    found = judge(keras(tmp_path / "a.csv", falling(20)))
    assert "dead-relu" in found.skipped
    assert "overfitting" in found.ran
    assert found.blind["over-regularized"] == ["reg_loss"]
    assert "overfitting" not in found.blind
