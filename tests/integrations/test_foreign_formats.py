"""Every format that a writer of `foreign_logs` knows is read with the right numbers, and judged right."""

import gzip
import json
import math
import pickle
import sqlite3
import struct
import time

import numpy as np
import pytest
from foreign_logs import WRITERS, refused, runs

from trainlab.core.component import registered
from trainlab.core.errors import UserError
from trainlab.integrations.logs import source
from trainlab.integrations.logs.cells import number_of
from trainlab.integrations.logs.diagnosis import judge
from trainlab.integrations.logs.log_format import LogFormat
from trainlab.integrations.logs.reader import read_log

RUNS = runs()
FAULTS = {
    "lrlow": {"loss-not-decreasing"},
    "lrhigh": {"loss-not-decreasing", "exploding-loss"},
    "overfit": {"overfitting"},
    "diverged": {"diverged"},
}
ONLY_TRAINING = {
    *("detectron2.txt", "torchtune.txt", "titan.log", "sklearn_verbose.txt", "fasttext.txt", "pyg.txt"),
    *("own_loop_steps.txt", "spacy.txt"),
}
WITHOUT_LOSS = {"mmcv.log", "mmengine_text.log"}  # of the validation rows
ROUNDED = 0.02  # logs have as few as two digits


def codes(found):
    return {d.code for d in found.diagnoses if d.severity != "info"}


@pytest.mark.parametrize("name", WRITERS)
def test_a_log_is_read_and_judged_right(tmp_path, name):
    """Validation losses are those that were written, a healthy run is silent, and each fault is named."""
    for kind, run in RUNS.items():
        path = tmp_path / f"{kind}_{name}"
        path.write_text(WRITERS[name](run), newline="")
        found = judge(path)
        if kind == "healthy":
            assert codes(found) == set(), found.diagnoses
        elif kind == "overfit" and name in ONLY_TRAINING | WITHOUT_LOSS:
            assert any("overfitting cannot be seen" in note for note in found.log.notes)
        else:
            assert codes(found) & FAULTS[kind], (kind, found.log)
        if name not in ONLY_TRAINING | WITHOUT_LOSS and kind in ("healthy", "overfit"):
            got = [row["val_loss"] for row in found.log.rows if "val_loss" in row]
            each = {"pytorch_imagenet.txt": slice(1, None, 2), "litgpt.txt": slice(0, None, 2)}  # measured twice
            got = got[each.get(name, slice(None))]
            assert len(got) >= len(run.val) - 1
            assert got == pytest.approx(run.val[: len(got)], abs=ROUNDED)


@pytest.mark.parametrize("name", WRITERS)
def test_training_losses_are_those_that_were_written(tmp_path, name):
    """A training loss per epoch, or those of single steps, in their order; never those of the validation rows."""
    run = RUNS["healthy"]
    (tmp_path / name).write_text(WRITERS[name](run), newline="")
    got = [row["train_loss"] for row in read_log(tmp_path / name).rows if "train_loss" in row]
    scale = 10 if name == "spacy.txt" else 1
    steps = {round(v, 1) for v in run.steps}
    assert got == pytest.approx([scale * v for v in run.train], abs=ROUNDED) or {round(v, 1) for v in got} <= steps


@pytest.mark.parametrize("name", refused())
def test_what_cannot_be_read_is_named(tmp_path, name):
    """A file that holds no curve of a loss is refused with what it is and a way out."""
    text, words = refused()[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as caught:
        judge(tmp_path / name)
    assert words in str(caught.value)


def test_every_format_has_a_sign_of_its_own(tmp_path):
    """No format takes an empty table, plain prose or a folder without logs."""
    (tmp_path / "a.txt").write_text("nothing to see here\n")
    (tmp_path / "empty").mkdir()
    for name in ("a.txt", "empty"):
        with pytest.raises(UserError):
            judge(tmp_path / name)
    assert len({cls.__doc__ for cls in registered(LogFormat)}) == len(registered(LogFormat)) > 12


def test_a_format_can_be_forced(tmp_path):
    """--format reads a file as one format; a wrong name is answered with the nearest."""
    (tmp_path / "a.txt").write_text(WRITERS["own_loop.txt"](RUNS["healthy"]))
    assert read_log(tmp_path / "a.txt", format_name="console").format == "console"
    with pytest.raises(UserError, match=r"--format consle: no such format; did you mean `console`\?"):
        read_log(tmp_path / "a.txt", format_name="consle")


# ---------------------------------------------------------------------- binary files and folders


def varint(value):
    made = b""
    while value > 127:
        made += bytes([value & 127 | 128])
        value >>= 7
    return made + bytes([value])


def message(*fields):
    """A protocol buffer: ints as varints, floats as 4 bytes, bytes with their length."""
    made = b""
    for number, value in fields:
        if isinstance(value, int):
            made += varint(number << 3) + varint(value)
        elif isinstance(value, float):
            made += varint(number << 3 | 5) + struct.pack("<f", value)
        else:
            made += varint(number << 3 | 2) + varint(len(value)) + value
    return made


def events(scalars):
    """An event file with these (step, tag, value); as_tensor: as TensorFlow 2 writes them."""
    made = [message((3, b"brain.Event:2"))]
    for i, (step, tag, value) in enumerate(scalars):
        tensor = message((1, 1), (2, b""), (5, struct.pack("<f", value)))
        held = message((1, tag.encode()), *([(8, tensor)] if i % 2 else [(2, value)]))
        made.append(message((2, step), (5, message((1, held)))))
    return b"".join(struct.pack("<Q", len(m)) + b"crc0" + m + b"crc1" for m in made)


def test_tensorboard(tmp_path):
    """Event files with plain and tensor scalars; folders of Keras' splits are one run, two runs are refused."""
    run = RUNS["overfit"]
    both = [s for e, t, v, *_ in run for s in ((e, "loss/train", t), (e, "loss/val", v))]
    (tmp_path / "events.out.tfevents.1.host").write_bytes(events(both)[:-5])  # the last record is half written
    found = judge(tmp_path / "events.out.tfevents.1.host")
    assert (found.epochs, codes(found) >= {"overfitting"}) == (40, True)
    for split, values in (("train", run.train), ("validation", run.val)):
        (tmp_path / "keras" / split).mkdir(parents=True)
        file = tmp_path / "keras" / split / "events.out.tfevents.1.host"
        file.write_bytes(events([(e, "epoch_loss", v) for e, v in enumerate(values)]))
    found = judge(tmp_path / "keras")
    assert [row["val_loss"] for row in found.log.rows if "val_loss" in row] == pytest.approx(run.val, abs=1e-6)
    for name in ("a", "b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "events.out.tfevents.1.host").write_bytes(events(both))
    with pytest.raises(UserError, match=r"it holds 2 runs \(a, b\)"):
        judge(tmp_path / "runs")


def test_wandb(tmp_path):
    """A `.wandb` file: LevelDB's blocks, records cut at their borders, items with nested keys."""
    pieces, at = [b":W&B\xbe\xe1\x00"], 7
    for e, t, v, *_ in RUNS["overfit"]:
        items = [
            (1, message((2, part.encode()), (2, b"loss"), (16, str(x).encode())))
            for part, x in (("train", t), ("val", v))
        ]
        record = message(
            (1, e), (2, message(*items, (1, message((1, b"note"), (16, json.dumps("x" * 3000).encode())))))
        )
        while record:
            left = 32768 - at % 32768
            if left < 7:
                pieces.append(b"\0" * left)
                at += left
                left = 32768
            piece, rest = record[: left - 7], record[left - 7 :]
            kind = (1 if not rest else 2) if pieces[-1][-1:] != b"" and not pieces[-1].startswith(b"~") else 4
            pieces.append(b"crc0" + struct.pack("<HB", len(piece), kind) + piece)
            at += 7 + len(piece)
            if rest:
                left = 32768 - at % 32768
                pieces.append(b"crc0" + struct.pack("<HB", len(rest), 4) + rest)
                at += 7 + len(rest)
            record = b""
    (tmp_path / "run-abc.wandb").write_bytes(b"".join(pieces))
    found = judge(tmp_path)
    assert found.log.format == "wandb"
    assert [row["val_loss"] for row in found.log.rows] == pytest.approx(RUNS["overfit"].val)


def test_mlflow(tmp_path):
    """A metric file by its name, the folder of a run, and the database; several runs are refused."""
    run = RUNS["overfit"]
    metrics = tmp_path / "mlruns" / "0" / "abc" / "metrics"
    metrics.mkdir(parents=True)
    for name, values in (("train_loss", run.train), ("val_loss", run.val)):
        (metrics / name).write_text("".join(f"17000000000{e:02} {v} {e}\n" for e, v in enumerate(values)))
    assert "overfitting" in codes(judge(tmp_path / "mlruns"))
    alone = judge(metrics / "val_loss")
    assert dict(alone.log.columns) == {"epoch": "step", "val_loss": "value"}
    assert "overfitting" in codes(alone)
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as db:
        db.executescript("CREATE TABLE runs(a); CREATE TABLE experiments(a);")
        db.execute("CREATE TABLE metrics(key, value, timestamp, run_uuid, step, is_nan)")
        rows = [
            (f"{s}_loss", v, e, "abc", e, 0)
            for s, values in (("train", run.train), ("val", run.val))
            for e, v in enumerate(values)
        ]
        db.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
    db.close()
    assert "overfitting" in codes(judge(path))
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO metrics VALUES ('train_loss', 1.0, 0, 'def', 0, 0)")
    db.close()
    with pytest.raises(UserError, match=r"it holds 2 runs \(abc, def\)"):
        judge(path)


def test_trackio(tmp_path):
    """The database of a project with one run."""
    with sqlite3.connect(tmp_path / "project.db") as db:
        db.execute("CREATE TABLE metrics(id INTEGER PRIMARY KEY, timestamp, run_name, step INTEGER, metrics TEXT)")
        rows = [
            (e, "now", "one", e, json.dumps({"train": {"loss": t}, "val": {"loss": v}}))
            for e, t, v, *_ in RUNS["overfit"]
        ]
        db.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", rows)
    db.close()
    assert "overfitting" in codes(judge(tmp_path / "project.db"))


def test_histories_of_python(tmp_path):
    """A pickled history of plain numbers, NumPy's archives, and a gzipped CSV; a pickle of an object is refused."""
    run = RUNS["overfit"]
    history = {"loss": run.train, "val_loss": [np.float64(v) for v in run.val]}
    (tmp_path / "history.pkl").write_bytes(pickle.dumps(history))
    np.savez(tmp_path / "history.npz", train_loss=run.train, val_loss=run.val)
    np.save(tmp_path / "losses.npy", run.train)
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(WRITERS["dvclive.tsv"](run).encode()))
    for name in ("history.pkl", "history.npz", "log.csv.gz"):
        assert "overfitting" in codes(judge(tmp_path / name)), name
    assert codes(judge(tmp_path / "losses.npy")) == set()
    (tmp_path / "object.pkl").write_bytes(pickle.dumps(pytest.raises))
    with pytest.raises(UserError, match="a pickle that is not plain data"):
        judge(tmp_path / "object.pkl")


def test_catboost_and_allennlp_folders(tmp_path):
    """The two tables of CatBoost are read together, AllenNLP's files by their number."""
    run = RUNS["overfit"]
    info = tmp_path / "catboost_info"
    info.mkdir()
    for name, values in (("learn", run.train), ("test", run.val)):
        text = "iter\tMultiClass\n" + "".join(f"{e}\t{v}\n" for e, v in enumerate(values))
        (info / f"{name}_error.tsv").write_text(text)
    for path in (info, info / "learn_error.tsv", info / "test_error.tsv"):
        assert "overfitting" in codes(judge(path)), path
    for e, t, v, *_ in run:
        (tmp_path / f"metrics_epoch_{e}.json").write_text(
            json.dumps({"epoch": e, "training_loss": t, "validation_loss": v})
        )
    found = judge(tmp_path)
    assert [row["train_loss"] for row in found.log.rows] == run.train


def test_dvclive(tmp_path):
    """The tables of a DVCLive folder are one log; one of them alone is known by its folder."""
    run = RUNS["overfit"]
    for split, values in (("train", run.train), ("eval", run.val)):
        path = tmp_path / "plots" / "metrics" / split / "loss.tsv"
        path.parent.mkdir(parents=True)
        path.write_text("step\tloss\n" + "".join(f"{e}\t{v}\n" for e, v in enumerate(values)))
    assert "overfitting" in codes(judge(tmp_path))
    alone = judge(tmp_path / "plots" / "metrics" / "eval" / "loss.tsv")
    assert alone.log.columns["val_loss"] == "val/loss"
    assert "train_loss" not in alone.log.columns


def test_a_folder_is_searched(tmp_path):
    """The only log in a folder is read, of checkpoints the last; two versions are named."""
    state = WRITERS["hf_trainer_state.json"](RUNS["healthy"])
    for step in (20, 100):
        (tmp_path / "out" / f"checkpoint-{step}").mkdir(parents=True)
        (tmp_path / "out" / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert judge(tmp_path / "out").log.path.parent.name == "checkpoint-100"
    for version in (0, 1):
        (tmp_path / "lightning" / f"version_{version}").mkdir(parents=True)
        (tmp_path / "lightning" / f"version_{version}" / "metrics.csv").write_text(
            WRITERS["lightning_v2.csv"](RUNS["healthy"])
        )
    with pytest.raises(UserError, match=r"2 logs are in it \(version_0/metrics\.csv, version_1/metrics\.csv\)"):
        judge(tmp_path / "lightning")
    assert codes(judge(tmp_path / "lightning" / "version_1")) == set()
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="no log is in this folder"):
        judge(tmp_path / "none")


def test_a_huge_folder_is_searched_in_part(tmp_path, monkeypatch):
    """The upper files come first, and what was not looked at is said, whether a log was found or not."""
    monkeypatch.setattr(source, "_MOST", 30)
    for folder in range(5):
        (tmp_path / f"a{folder}" / "b").mkdir(parents=True)
        for number in range(10):
            (tmp_path / f"a{folder}" / "b" / f"{number}.txt").touch()
    (tmp_path / "loop").symlink_to("loop")
    unseen = f"only 30 of the files and folders in {tmp_path} were looked at, the upper ones first"
    with pytest.raises(UserError) as caught:
        judge(tmp_path)
    assert unseen in str(caught.value)
    (tmp_path / "z.csv").write_text(WRITERS["lightning_v2.csv"](RUNS["healthy"]))
    found = judge(tmp_path).log
    assert found.path == tmp_path / "z.csv"
    assert unseen in found.notes
    assert not any("looked at" in note for note in judge(tmp_path / "z.csv").log.notes)


def test_long_cells_take_no_time():
    """Thousands of digits that are no number in the end are read in one pass."""
    for text in ("9" * 300_000 + "x", "9" * 300_000 + ".", "1." + "9" * 300_000 + "x", "1," * 100_000):
        began = time.process_time()
        number_of(text)
        assert time.process_time() - began < 0.5


def test_steps_are_counted(tmp_path):
    """Rows of every tenth step count ten steps each, so a run of 300 steps that learns nothing is told."""
    (tmp_path / "a.jsonl").write_text(
        "".join(f'{{"step": {10 * i}, "epoch": {i / 10}, "loss": 2.31}}\n' for i in range(1, 31))
    )
    found = judge(tmp_path / "a.jsonl")
    assert codes(found) == {"loss-not-decreasing"}
    assert math.isclose(found.curves[-1]["step"], 300)
