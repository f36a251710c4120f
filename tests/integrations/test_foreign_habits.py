"""Small logs as people and tools write them: what is read, what is put right, and what a note says."""

import math

import pytest

from trainlab.core.errors import UserError
from trainlab.integrations.logs.diagnosis import judge
from trainlab.integrations.logs.reader import read_log

TRAIN, VAL = [2.3, 1.8, 1.5, 1.2], [2.4, 1.9, 1.6, 1.4]
EPOCHS = list(enumerate(zip(TRAIN, VAL, strict=True), 1))


def each(line):
    """The line for each epoch, with its number and its two losses."""
    return "".join(line.format(e=e, t=t, v=v) for e, (t, v) in EPOCHS)


BOTH = {
    "decimal commas": "epoch;loss;val_loss\n" + each("{e};{t:.3f};{v:.3f}\n").replace(".", ","),
    "quoted decimal commas": "epoch,loss,val_loss\n" + each('{e},"{t:.4f}","{v:.4f}"\n').replace(".", ","),
    "words glued together": "epoch,trainloss,valloss\n" + each("{e},{t},{v}\n"),
    "tr and vl": "Epoch,tr_loss,vld_loss\n" + each("{e},{t},{v}\n"),
    "test after val": "epoch,test_loss,train_loss,val_loss\n" + each("{e},9,{t},{v}\n"),
    "epoch before step": "epoch,val_loss_step,train_loss,val_loss_epoch\n" + each("{e},9,{t},{v}\n"),
    "R's row names": "epoch,loss,val_loss\n" + each("{e},{e},{t},{v}\n"),
    "rich table": "┏━━━┳━━━┳━━━┓\n┃ Epoch ┃ Train Loss ┃ Val Loss ┃\n┡━━━╇━━━╇━━━┩\n" + each("│ {e} │ {t} │ {v} │\n"),
    "PrettyTable": "+---+---+---+\n| Epoch | Train Loss | Val Loss |\n+---+---+---+\n" + each("| {e} | {t} | {v} |\n"),
    "scikit-learn's table": "      Iter       Train Loss   Valid Loss \n" + each("{e:10} {t:16.4f} {v:12.4f}\n"),
    "two tables": "epoch,train_loss\n" + each("{e},{t}\n") + "epoch,val_loss\n" + each("{e},{v}\n"),
    "a column for the split": "epoch,who,loss\n" + each("{e},train,{t}\n{e},valid,{v}\n"),
    "tags one after the other": "step,tag,value\n" + each("{e},train/loss,{t}\n") + each("{e},val/loss,{v}\n"),
    "a list for each split": '{"train": [' + each('{{"epoch": {e}, "loss": {t}}},').rstrip(",") + '], "val": ['
    + each('{{"epoch": {e}, "loss": {v}}},').rstrip(",") + "]}",
    "x and y": '{"train_loss": {"x": [1, 2, 3, 4], "y": [2.3, 1.8, 1.5, 1.2]}, '
    '"val_loss": {"x": [1, 2, 3, 4], "y": [2.4, 1.9, 1.6, 1.4]}}',
    "what Python prints": "{'loss': [2.3, 1.8, np.float64(1.5), 1.2], 'val_loss': [2.4, 1.9, 1.6, 1.4], 'note': None}",
    "means and deviations": '{"train_loss": {"mean": [2.3, 1.8, 1.5, 1.2], "std": [1, 1, 1, 1]}, '
    '"val_loss": [2.4, 1.9, 1.6, 1.4]}',
    "pandas split": '{"columns": ["loss", "val_loss"], "index": [0, 1, 2, 3], '
    '"data": [[2.3, 2.4], [1.8, 1.9], [1.5, 1.6], [1.2, 1.4]]}',
    "loguru": each("2024-05-01 10:00:00 | INFO | __main__:train:42 - Epoch {e} | Train loss: {t} | Val loss: {v}\n"),
    "logging": each("INFO:root:Epoch {e} - loss: {t} - val_loss: {v}\n"),
    "structlog": each("10:00:00 [info     ] epoch_end      epoch={e} train_loss={t} val_loss={v}\n"),
    "tutorial": each("Epoch: {e} \tTraining Loss: {t:.6f} \tValidation Loss: {v:.6f}\n"),
    "glued epochs": each("Epoch-{e} | train: loss={t} acc=0.5 | val: loss={v} acc=0.4\n"),
    "headings": each("Epoch #{e}\ntrain:\n  loss: {t}\nvalidation:\n  loss: {v}\n"),
    "PyTorch's language model": each(
        "| epoch {e:3d} |   200/ 2983 batches | lr 20.00 | ms/batch 35.0 | loss {t:5.2f} | ppl  2058.5\n"
        "| end of epoch {e:3d} | time: 110.31s | valid loss {v:5.2f} | valid ppl   249.5\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("habit", BOTH)
def test_both_losses_are_found(tmp_path, habit):
    """Training and validation losses are read from each of these, with their own numbers and nothing else."""
    (tmp_path / "log").write_text(BOTH[habit])
    log = read_log(tmp_path / "log")
    assert [row["train_loss"] for row in log.rows if "train_loss" in row] == pytest.approx(TRAIN)
    assert [row["val_loss"] for row in log.rows if "val_loss" in row] == pytest.approx(VAL)
    assert judge(tmp_path / "log").epochs == 4


TRAINING = {
    "coursera": "".join(f"Cost after iteration {100 * i}: {t}\n" for i, t in enumerate(TRAIN)),
    "PyTorch tutorial": "".join(f"[{1 + i // 2},  {2000 + i % 2}] loss: {t:.3f}\n" for i, t in enumerate(TRAIN)),
    "one number a line": "".join(f"{t}\n" for t in TRAIN),
    "one column": "loss\n" + "".join(f"{t}\n" for t in TRAIN),
    "loss scale is no loss": each("step {e} | loss: {t} | loss scale: 128.0 | best_loss: 0.1\n"),
    "parts of the loss": "step,box_loss,loss,cls_loss\n" + each("{e},7,{t},8\n"),
}  # fmt: skip


@pytest.mark.parametrize("habit", TRAINING)
def test_the_training_loss_is_found(tmp_path, habit):
    """The training loss is read from each of these."""
    (tmp_path / "log").write_text(TRAINING[habit])
    assert [row["train_loss"] for row in read_log(tmp_path / "log").rows] == pytest.approx(TRAIN)


def test_thousands_and_decimals_are_told_apart(tmp_path):
    """In quoted cells of three digits a comma separates thousands, unless another cell of the column says otherwise."""
    (tmp_path / "a.csv").write_text('epoch,loss\n1,"2,303"\n2,"1,950"\n')
    assert [row["train_loss"] for row in read_log(tmp_path / "a.csv").rows] == [2303, 1950]
    (tmp_path / "b.csv").write_text('epoch,loss\n1,"2,303"\n2,"0,950"\n')
    assert [row["train_loss"] for row in read_log(tmp_path / "b.csv").rows] == [2.303, 0.95]


def test_a_header_within_the_file_holds_from_there_on(tmp_path):
    """Keras appends with other metrics: columns go by the new header; a row of another width is told with its line."""
    text = (
        "epoch,loss,val_loss\n0,2.0,2.1\n1,1.5,1.6\nepoch,accuracy,loss,val_loss\n2,0.6,1.2,1.4\n3,1.1\n4,0.7,1.0,1.3\n"
    )
    (tmp_path / "log.csv").write_text(text)
    log = read_log(tmp_path / "log.csv")
    assert [row["train_loss"] for row in log.rows] == [2.0, 1.5, 1.2, 1.0]
    assert [row["val_loss"] for row in log.rows] == [2.1, 1.6, 1.4, 1.3]
    assert log.notes == ["line 6 left out: it has another number of cells"]


def test_a_training_that_goes_on_is_no_restart(tmp_path):
    """`fit` called twice counts its epochs from 0 again while the loss goes on; a new run from the start replaces."""
    first, more = [2.3, 1.5, 1.0, 0.7], [0.6, 0.5, 0.45]
    text = "epoch,loss,val_loss\n" + "".join(f"{e},{v},{v}\n" for part in (first, more) for e, v in enumerate(part))
    (tmp_path / "log.csv").write_text(text)
    log = read_log(tmp_path / "log.csv")
    assert [row["train_loss"] for row in log.rows] == [*first, *more]
    assert [row["epoch"] for row in log.rows] == list(range(7))
    again = "epoch,loss\n" + "".join(f"{e},{v}\n" for e, v in enumerate([*first, 0.6])) + "0,2.2\n1,1.4\n"
    (tmp_path / "log.csv").write_text(again)
    assert [row["train_loss"] for row in read_log(tmp_path / "log.csv").rows] == [2.2, 1.4]


def test_a_counter_within_epochs_is_no_restart(tmp_path):
    """Batches that are counted from 1 in each epoch make epochs."""
    losses = [2.3 * math.exp(-i / 20) for i in range(40)]
    (tmp_path / "log.csv").write_text("batch,loss\n" + "".join(f"{i % 10 + 1},{v}\n" for i, v in enumerate(losses)))
    found = judge(tmp_path / "log.csv")
    assert (found.epochs, found.steps) == (4, 40)


def test_nan_where_nothing_was_measured_is_a_blank(tmp_path):
    """NA in a validation column is a blank, nan in the training loss is a divergence, blanks at pandas' end are nan."""
    (tmp_path / "a.csv").write_text(
        "epoch,loss,val_loss\n" + "".join(f"{e},{2 / e},{'NA' if e % 3 else 2.1 / e}\n" for e in range(1, 10))
    )
    assert [d.code for d in judge(tmp_path / "a.csv").diagnoses if d.severity != "info"] == []
    (tmp_path / "b.csv").write_text("epoch,loss,val_loss\n0,2.0,2.1\n1,1.5,nan\n2,nan,nan\n3,nan,nan\n")
    assert "diverged" in [d.code for d in judge(tmp_path / "b.csv").diagnoses]
    (tmp_path / "c.csv").write_text("epoch,loss,val_loss\n0,2.0,2.1\n1,1.5,1.6\n2,,\n3,,\n")
    found = judge(tmp_path / "c.csv")
    assert "diverged" in [d.code for d in found.diagnoses]
    assert found.log.notes == ["the last 2 rows hold no number: taken as nan, as pandas writes it"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("run-train-tag-epoch_loss.csv", "train_loss"),
        ("run-validation-tag-epoch_loss.csv", "val_loss"),
        ("val_loss.csv", "val_loss"),
        ("loss_train.csv", "train_loss"),
        ("download.csv", "train_loss"),
    ],
)
@pytest.mark.parametrize("header", ["Wall time,Step,Value", "timestamp,step,value"])
def test_one_column_is_known_by_the_name_of_its_file(tmp_path, name, what, header):
    """TensorBoard's and Neptune's downloads hold one metric, whose name stands in that of the file."""
    (tmp_path / name).write_text(header + "\n" + "".join(f"1.7e9,{i},{v}\n" for i, v in enumerate(TRAIN)))
    log = read_log(tmp_path / name)
    assert [row[what] for row in log.rows] == TRAIN
    assert set(log.columns) == {"epoch", what}


def test_a_column_that_begins_late_is_not_drawn_from_a_guess(tmp_path):
    """Validation from the third epoch on: what lies before has its first value, not one on the way from chance."""
    history = '{"loss": [2.0, 1.5, 1.2, 1.0, 0.9, 0.8], "val_loss": [1.3, 0.9]}'
    (tmp_path / "log.json").write_text(history)
    assert [row["val_loss"] for row in judge(tmp_path / "log.json").curves[1:4]] == [1.3, 1.3, 1.3]


def test_a_score_at_chance_tells_more_than_a_loss_that_falls(tmp_path):
    """A loss that falls from 4000 to 400 with the accuracy of ten classes at chance is judged against chance."""
    rows = "".join(f"{e},{4000 - 450 * e},0.1{e % 2}\n" for e in range(8))
    (tmp_path / "log.csv").write_text("epoch,loss,acc\n" + rows)
    found = judge(tmp_path / "log.csv")
    assert found.chance == pytest.approx(math.log(10))
    assert [d.code for d in found.diagnoses if d.severity != "info"] != []


def test_a_gap_is_no_plateau(tmp_path):
    """A log with one row in 17 epochs lies on the line between its rows."""
    rows = "".join(f"{e},{0.15 + 2.2 * math.exp(-e / 40)}\n" for e in range(0, 171, 17))
    (tmp_path / "log.csv").write_text("epoch,train_loss\n" + rows)
    found = judge(tmp_path / "log.csv")
    assert (found.epochs, [d.code for d in found.diagnoses if d.code == "plateau"]) == (171, [])


def test_metrics_of_fastai_are_those_of_the_validation(tmp_path):
    """Where both losses name their split, a score that names none is the validation's."""
    (tmp_path / "log.csv").write_text(
        "epoch,train_loss,valid_loss,accuracy,time\n0,2.0,1.9,0.5,00:03\n1,1.5,1.4,0.7,00:03\n"
    )
    log = read_log(tmp_path / "log.csv")
    assert log.columns["val_accuracy"] == "accuracy"
    assert log.notes == ["accuracy is taken as a score of the validation rows"]


def test_a_first_row_that_is_a_mean_is_not_the_untrained_network(tmp_path):
    """Epoch 0 at step 0 is the untrained network only if its score is at chance."""
    text = "epoch,step,loss,accuracy\n0,0,{},{}\n1,100,0.9,0.8\n2,200,0.7,0.85\n"
    (tmp_path / "log.csv").write_text(text.format(2.18, 0.44))
    assert judge(tmp_path / "log.csv").epochs == 3
    (tmp_path / "log.csv").write_text(text.format(2.31, 0.1))
    assert judge(tmp_path / "log.csv").epochs == 2


def test_steps_of_one_with_validations_count_epochs(tmp_path):
    """DVCLive, TensorBoard and W&B call epochs steps: the answer says so."""
    (tmp_path / "log.csv").write_text(
        "step,train/loss,val/loss\n" + "".join(f"{e},{2 / e},{2.1 / e}\n" for e in range(1, 30))
    )
    found = judge(tmp_path / "log.csv")
    assert (found.epochs, found.steps) == (29, 0)
    assert "step counts epochs (or rounds): judged by these" in found.log.notes


def test_a_collapse_is_told_with_its_epoch(tmp_path):
    """Back at chance after having learned is a warning."""
    losses = [2.3, 1.6, 1.0, 0.6, 0.4, 0.3, 0.25, 0.22, 2.31, 2.3, 2.32, 2.3]
    (tmp_path / "log.csv").write_text(
        "epoch,loss,acc\n" + "".join(f"{e},{v},{max(0.1, 1 - v / 2.4)}\n" for e, v in enumerate(losses, 1))
    )
    found = next(d for d in judge(tmp_path / "log.csv").diagnoses if d.code == "collapse")
    assert (found.severity, found.evidence["since"]) == ("warning", 9)


def test_overfitting_needs_no_training_score(tmp_path):
    """A training loss that falls while the validation loss climbs is enough, unless the validation score is kept."""
    train = [2.2 * math.exp(-e / 8) for e in range(30)]
    val = [max(0.9, 2.2 - 0.2 * e) + 0.03 * max(0, e - 8) for e in range(30)]
    rows = [f"{e},{t},{v}" for e, (t, v) in enumerate(zip(train, val, strict=True))]
    (tmp_path / "a.csv").write_text("epoch,train_loss,val_loss\n" + "\n".join(rows))
    assert "overfitting" in [d.code for d in judge(tmp_path / "a.csv").diagnoses]
    kept = "\n".join(f"{row},{min(0.9, 0.2 + 0.1 * e)}" for e, row in enumerate(rows))
    (tmp_path / "b.csv").write_text("epoch,train_loss,val_loss,val_acc\n" + kept)
    assert "overfitting" not in [d.code for d in judge(tmp_path / "b.csv").diagnoses]


def test_a_loss_below_zero_is_not_judged_against_zero(tmp_path):
    """A negative log likelihood that falls gets no alarm, and a note says what cannot be told."""
    (tmp_path / "log.csv").write_text(
        "epoch,loss,val_loss\n" + "".join(f"{e},{1 - e / 5},{1.1 - e / 5}\n" for e in range(30))
    )
    found = judge(tmp_path / "log.csv")
    assert [d.code for d in found.diagnoses if d.severity != "info"] == []
    assert any("falls below zero" in note for note in found.log.notes)


def test_xgboost_numbers_its_sets(tmp_path):
    """The first of two numbered sets is the training set where its loss is the lower one; otherwise none is."""
    text = '{{"validation_0": {{"logloss": {}}}, "validation_1": {{"logloss": {}}}}}'
    (tmp_path / "a.json").write_text(text.format([0.6, 0.4, 0.2], [0.65, 0.5, 0.4]))
    assert dict(read_log(tmp_path / "a.json").columns) == {
        "train_loss": "validation_0/logloss",
        "val_loss": "validation_1/logloss",
    }
    (tmp_path / "b.json").write_text(text.format([0.65, 0.5, 0.4], [0.6, 0.4, 0.2]))
    assert "train_loss" not in read_log(tmp_path / "b.json").columns


def test_a_history_of_two_numbers_is_no_log(tmp_path):
    """Lines that each hold another loss are no curve."""
    (tmp_path / "log.txt").write_text("final results\ntrain_loss: 0.5\nval_loss: 0.6\n")
    with pytest.raises(UserError, match="none of the known formats"):
        read_log(tmp_path / "log.txt")


def test_two_losses_tell_nothing_of_a_training(tmp_path):
    """They fall or rise, whatever it does; from three on the end is judged. A loss that is not finite is told."""
    file = tmp_path / "log.csv"
    for rows, told in (
        ("1,2.3\n2,1.2\n", []),
        ("1,2.3\n2,1.2\n3,0.7\n", ["not-converged"]),
        ("1,2\n2,nan\n", ["diverged"]),
    ):
        file.write_text("epoch,loss\n" + rows)
        judged = judge(file)
        assert [d.code for d in judged.diagnoses] == told
        assert any("too few" in note for note in judged.log.notes) == (rows.count("\n") < 3)


def test_a_number_that_is_printed_under_a_name_of_its_own_is_mapped_by_hand(tmp_path):
    """The refusal lists the names, losses first; a name that no line has is an error with the nearest one."""
    file = tmp_path / "out.log"
    lines = "".join(f"INFO Epoch: {e:04d} time: 4.1s avg_loss_tgt: {9 / e:.3f}\n" for e in range(1, 9))
    file.write_text(lines + "[2024-05-08 04:06:12] done\n")
    with pytest.raises(UserError, match=r"numbers for `avg_loss_tgt`, `time`; name the loss: --map loss=NAME"):
        read_log(file)
    log = read_log(file, ["loss=avg_loss_tgt"])
    assert [row["train_loss"] for row in log.rows] == pytest.approx([9 / e for e in range(1, 9)], abs=1e-3)
    assert [row["epoch"] for row in log.rows] == list(range(1, 9))
    with pytest.raises(UserError):
        read_log(file, ["loss=avg_loss_src"])


@pytest.mark.parametrize("time", ["4.1s", "12s", "80.5ms", "3.2s/it", "1.5 s"])
def test_a_unit_belongs_to_its_number(tmp_path, time):
    """What stands behind it is the name of the next one."""
    file = tmp_path / "out.log"
    file.write_text("".join(f"Epoch {e} time: {time} loss: {t} val_loss: {v}\n" for e, (t, v) in EPOCHS))
    log = read_log(file)
    assert [(row["train_loss"], row["val_loss"]) for row in log.rows] == list(zip(TRAIN, VAL, strict=True))


def test_a_bracket_at_the_beginning_of_a_line_is_no_json(tmp_path):
    """A date in brackets begins many logs; a list that breaks off is JSON."""
    file = tmp_path / "out.log"
    file.write_text("[2024-05-08 04:06:12] loading\n[2024-05-08 04:06:13] done\n")
    with pytest.raises(UserError, match="none of the known formats"):
        read_log(file)
    file.write_text('[{"epoch": 1, "loss": 2.3}, {"epoch": 2, "lo')
    with pytest.raises(UserError, match="JSON that is cut off"):
        read_log(file)


ADVERSARIES = {
    "table": "Epoch,Batch,Gen Loss,Disc Loss\n" + "".join(f"0,{i},0.7,1.3\n" for i in range(5)),
    "lines": "".join(f"(epoch: 1, iters: {i}00, time: 0.1) D_A: 0.5 G_A: 0.1 cycle_A: 1.9\n" for i in range(1, 6)),
    "words": "".join(f"[{i}/9] d_loss: 0.5, g_loss: 0.1\n" for i in range(1, 6)),
}


@pytest.mark.parametrize("kind", ADVERSARIES)
def test_the_losses_of_two_adversaries_are_refused(tmp_path, kind):
    """With what they are, and how one of them is judged all the same."""
    file = tmp_path / "gan.csv"
    file.write_text(ADVERSARIES[kind])
    with pytest.raises(UserError, match=r"two adversaries.*--map loss="):
        read_log(file)


def test_the_score_of_deeplearning4j_is_its_loss(tmp_path):
    """Only where it is printed at an iteration."""
    file = tmp_path / "train.log"
    lines = [
        f"06:3{i}:16 [main] INFO o.d.ScoreIterationListener - Score at iteration {i}00 is {2 - i / 9}" for i in range(8)
    ]
    file.write_text("\n".join(lines))
    log = read_log(file)
    assert [row["train_loss"] for row in log.rows] == pytest.approx([2 - i / 9 for i in range(8)])
    assert [row["step"] for row in log.rows] == [100 * i for i in range(8)]


def test_memorized_rows_are_named_where_no_training_score_is_logged(tmp_path):
    """The training loss near zero, the validation loss as it was, the score at a twentieth."""
    file = tmp_path / "history.csv"
    rows = "".join(f"{e},{4.4 * math.exp(-e / 4):.4f},{4.2 + 0.01 * (e % 3)},0.05\n" for e in range(1, 41))
    file.write_text("epoch,train_loss,val_loss,val_accuracy\n" + rows)
    assert "overfitting" in [d.code for d in judge(file).diagnoses if d.severity != "info"]
