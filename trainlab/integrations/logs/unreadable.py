"""What a file is that no format reads, and how to get a log out of it."""

from collections.abc import Sequence

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
    if source.text.lstrip()[:1] in ("{", "["):
        return "JSON that is cut off or broken; give it whole, or as one record per line"
    return (
        "none of the known formats (`trainlab components log` lists them); give a CSV with a header such as "
        "`epoch,loss,val_loss`, or JSON records"
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
