"""What a file is that no format reads, and how to get a log out of it."""

import re
from collections.abc import Sequence

from trainlab.integrations.logs.console import unknown_names
from trainlab.integrations.logs.names import split_words
from trainlab.integrations.logs.source import Source

_SIGNS = (  # how the bytes begin -> what it is, and the way out
    (b"\x89HDF", "an HDF5 file, as Keras saves weights in; give the History: json.dump(history.history, file)"),
    (b"PAR1", "a Parquet file; write a CSV: pandas.read_parquet(path).to_csv('log.csv')"),
    (b"ARROW1", "an Arrow file; write a CSV: pandas.read_feather(path).to_csv('log.csv')"),
    (b"PK", "a zip archive, as a checkpoint of PyTorch or a spreadsheet is; export the curves as CSV or JSON"),
    (b"GGUF", "a model; give the log of its training"),
    (b"%PDF", "a PDF; give the numbers as CSV or JSON"),
    (b"\x89PNG", "a picture; give the numbers as CSV or JSON"),
    (b"\xff\xd8", "a picture; give the numbers as CSV or JSON"),
)
_JSON = re.compile(r"\s*(?:\{|\[\s*(?:[{\[\"\]]|-?\d[\d.eE+-]*\s*,))")  # not `[2024-05-08 12:00] epoch 1`
_MAKERS = {"gen", "generator", "g"}
_JUDGES = {"disc", "discriminator", "d", "critic"}
_REWARDS = {"reward", "rewards", "return", "returns", "episodic", "episode", "rew"}


def what_it_is(source: Source) -> str:
    """A sentence on a file that no format recognizes."""
    known = next((what for sign, what in _SIGNS if source.data.startswith(sign)), None)
    if known is not None:
        return known
    if source.data.startswith(b"SQLite format 3"):
        return (
            "a database that is neither MLflow's nor trackio's (a study of Optuna holds trials, not curves); export "
            "the metrics as CSV"
        )
    if not source.is_text:
        return "not a text file; give a CSV or JSON log"
    if source.text.lstrip().startswith(("<!DOCTYPE", "<html", "<?xml", "<")):
        return "a web page; give the numbers as CSV or JSON"
    if _JSON.match(source.text):
        return "JSON that is cut off or broken; give it whole, or as one record per line"
    printed = unknown_names(source.text.split("\n"))
    if found := adversaries_in(printed) or rewards_in(printed):
        return found
    if printed:
        shown = ", ".join(f"`{name}`" for name in printed[:12])
        return (
            "none of the known formats (`trainlab components log` lists them), and no line in it has a known loss; its "
            f"lines have numbers for {shown}; name the loss: --map loss=NAME"
        )
    return (
        "none of the known formats (`trainlab components log` lists them); give a CSV with a header such as "
        "`epoch,loss,val_loss`, or JSON records"
    )


def adversaries_in(names: Sequence[str]) -> str:
    """What to say of the log of a GAN; empty if it is none."""
    sides = [next((n for n in names if words & set(split_words(n))), None) for words in (_MAKERS, _JUDGES)]
    if None in sides:
        return ""
    return (
        f"a log of two adversaries (`{sides[0]}`, `{sides[1]}`): their losses need not fall, so that they are not "
        "judged; one of them is judged as that of a supervised training with --map loss=COLUMN"
    )


def rewards_in(names: Sequence[str]) -> str:
    """What to say of the log of a reinforcement learning; empty if it is none."""
    found = [n for n in names if _REWARDS & set(split_words(n))]
    if not found:
        return ""
    return (
        f"a log of reinforcement learning (`{found[0]}`): rewards are not judged, and its losses need not fall; one "
        "loss is judged as that of a supervised training with --map loss=COLUMN"
    )
