"""The settings in the table "I have ..., what do I write?" of docs/data.md, each read from the file and tried."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from making_data import source

DOCUMENT = Path(__file__).parents[2] / "docs" / "data.md"
ELSEWHERE = ("a table with a column", "arrays in an HDF5", "arrays in an older .mat", "training and test arrays in")
ELSEWHERE += ("lines `LABEL", "MNIST,", "EMNIST", "Kuzushiji", "MedMNIST", "SVHN", "CIFAR-10", "STL-10", "pictures")
ELSEWHERE += ("outliers, or",)  # preprocessors
NAMES = [f"r{i % 7}" for i in range(40)]


def snippets():
    """Each row of the table that is tried here: its first words, and the settings in its backticks."""
    table = DOCUMENT.read_text().split("what do I write?\n")[1].split("\nFrom Python")[0]
    for line in table.splitlines()[3:]:
        if line.startswith("| ") and not line.startswith(tuple(f"| {start}" for start in ELSEWHERE)):
            have, write = line.strip("| ").split(" | ", 1)
            for text in re.findall(r"`([^`]+)`", write):
                if ":" in text and not text.startswith("trainlab"):
                    bare = text.strip().removeprefix("{").removesuffix("}") if text.startswith("{") else text
                    yield have, yaml.safe_load("{" + bare.replace("..., ", "") + "}")


def write_csv(path="t.csv", before=""):
    """A table with columns for the settings in the document; the target takes numbers."""
    parts = ("train", "val", "test")
    rows = [f"{i}.5,{NAMES[i]},2024-01-{i // 2 + 1:02},{parts[i % 3]},{i % 5},{i}.25\n" for i in range(40)]
    Path(path).write_text(before + "a,patient,date,part,c,price\n" + "".join(rows))


def write_parts():
    for part in ("train", "val", "test"):
        write_csv(f"{part}.csv")
    write_csv()


def write_numbers():
    rows = "".join(f"1.{i:03},5;{i}\n" for i in range(40))
    Path("t.csv").write_text(f"a;price\n{rows}")


def write_unheaded():
    Path("t.csv").write_text("".join(f"{i}.5,{i % 3},{i},{i % 7},{'xy'[i % 2]}\n" for i in range(40)))


def write_wavelengths():
    rows = "".join(f"{i},1,{i % 4},2.5,3,{i % 2}\n" for i in range(40))
    Path("t.csv").write_text("400,405,410,415,420,425\n" + rows)


def write_accounts():
    Path("t.csv").write_text("a,price\n" + "".join(f"({i}),5.{i}\n{i},5.{i}\n" for i in range(1, 40)))


def write_one_hot():
    rows = "".join(f"{i},{int(i % 3 == 0)},{int(i % 3 == 1)},{int(i % 3 == 2)}\n" for i in range(40))
    Path("t.csv").write_text("a,cat,dog,emu\n" + rows)


def write_gaps():
    cells = ("", "unknown", "-999")
    Path("t.csv").write_text("a,price\n" + "".join(f"{cells[i % 3] if i < 3 else i},{i}.5\n" for i in range(40)))


def write_no_targets():
    Path("t.csv").write_text("a,price\n" + "".join(f"{i},{'' if i % 4 == 0 else i + 0.5}\n" for i in range(40)))


def write_arrays():
    x, y = np.random.default_rng(0).normal(size=(30, 784)).astype(np.float32), np.arange(30) % 2 + 1
    np.savez("d.npz", x=x, y=y)
    np.save("x.npy", x)
    np.save("y.npy", y)


def parts_of(loaded):
    return len(loaded.rows), loaded.val and len(loaded.val), loaded.test and len(loaded.test)


CSV = {"name": "csv", "path": "t.csv", "target": "price"}
NPZ = {"name": "npz", "path": "d.npz"}
CASES = {
    "the same for training": (write_parts, CSV, lambda got: parts_of(got) in ((40, 40, 40), (14, 13, 13))),
    "several rows per": (write_csv, CSV, lambda got: got.rows.groups is not None or got.rows.time is not None),
    "rows that count more": (write_csv, CSV, lambda got: got.rows.weights[:6].tolist() == [0, 1, 2, 3, 4, 0]),
    "no line of column": (
        write_unheaded,
        {"name": "csv", "path": "t.csv"},
        lambda got: got.task.names == ("x", "y") and len(got.rows) == 40,
    ),
    "a title above": (
        lambda: write_csv(before="Prices of 2024\nin thousands\n"),
        CSV,
        lambda got: "a" in got.rows.features and len(got.rows) == 40,
    ),
    "totals or sources": (
        lambda: Path("t.csv").write_text(
            "a,price\n" + "".join(f"{i},{i}.5\n" for i in range(40)) + "Total\nSource:\nus\n"
        ),
        CSV,
        lambda got: len(got.rows) == 40,
    ),
    "names that stand twice": (
        lambda: Path("t.csv").write_text("a,a,price\n" + "".join(f"{i},{i % 7},{i}.5\n" for i in range(40))),
        CSV,
        lambda got: got.rows.features == ("a", "b"),
    ),
    "a file that is not UTF-8": (
        lambda: Path("t.csv").write_bytes(
            ("시,price\n" + "".join(f"서울{i % 2},{i}.5\n" for i in range(40))).encode("cp949")
        ),
        CSV,
        lambda got: got.rows.features == ("시=서울0", "시=서울1"),
    ),
    "classes with a single row": (
        lambda: Path("t.csv").write_text(
            "a,price\n" + "".join(f"{i},{'once' if i == 3 else i % 2}\n" for i in range(40))
        ),
        CSV,
        lambda got: got.task.names == ("0", "1") and len(got.rows) == 39,
    ),
    "names that are numbers": (
        write_wavelengths,
        {"name": "csv", "path": "t.csv", "target": "425"},
        lambda got: got.rows.features == ("400", "405", "410", "415", "420"),
    ),
    "numbers such as (12)": (write_accounts, CSV, lambda got: got.rows.x[:2, 0].tolist() == [-1, 1]),
    "a column of 0 and 1": (
        write_one_hot,
        {"name": "csv", "path": "t.csv"},
        lambda got: got.task.names == ("cat", "dog", "emu"),
    ),
    "numbers such as 1": (write_numbers, CSV, lambda got: got.rows.x[7, 0] == 1007.5),
    "texts that mean": (write_gaps, CSV, lambda got: np.isnan(got.rows.x[:, 0]).sum() == 3),
    "missing numbers": (
        lambda: Path("t.csv").write_text("a,price\n" + "".join(f"{i or ''},{i}.5\n" for i in range(40))),
        CSV,
        lambda got: np.isnan(got.rows.x[:, 0]).sum() == 1,
    ),
    "rows without a target": (write_no_targets, CSV, lambda got: len(got.rows) == 30),
    "numbers that are no amounts": (
        lambda: Path("t.csv").write_text("zip,price\n" + "".join(f"{1000 + i % 4},{i}.5\n" for i in range(40))),
        CSV,
        lambda got: got.rows.features == tuple(f"zip={1000 + i}" for i in range(4)),
    ),
    "categories that": (write_csv, CSV, lambda got: "patient=r1" in got.rows.features),
    "arrays in one .npz": (write_arrays, {}, lambda got: got.rows.shape == (784,)),
    "a table that is larger": (
        lambda: pd.DataFrame({"a": [0.5, 1.0, 2.5, 3.5], "y": list("abab")}).to_parquet("a.parquet"),
        {},
        lambda got: isinstance(got.rows.x, np.memmap),
    ),
    "arrays in .npy": (write_arrays, {}, lambda got: isinstance(got.rows.x, np.memmap)),
    "rows of 784": (write_arrays, NPZ, lambda got: got.rows.shape == (28, 28, 1)),
    "labels that are numbers": (write_arrays, NPZ, lambda got: got.task.names == ("cat", "dog")),
}


@pytest.mark.parametrize(("have", "settings"), list(snippets()), ids=lambda value: str(value)[:40])
def test_documented_settings(have, settings, own_folder):
    """Each of the settings reads a small file of the kind that its row describes."""
    (case,) = [case for start, case in CASES.items() if have.startswith(start)]
    write, base, right = case
    write()
    settings = base | settings
    name = settings.pop("name")
    assert right(source(name, **settings).load(np.random.default_rng(0)))


def test_every_case_is_documented():
    """No case outlives its row in the document."""
    rows = [have for have, _ in snippets()]
    assert [start for start in CASES if not any(have.startswith(start) for have in rows)] == []
