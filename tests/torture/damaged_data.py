"""Damaged data files: every reader either reads one or refuses it by name, within seconds and with little memory.

    python tests/torture/damaged_data.py [COUNT] [SEED]     # COUNT mutants of each file, 600 by default

Writes a small file in each format, changes it (flipped bits, cut ends, repeated, zeroed and swapped pieces, lying
numbers), and reads it in a process of its own with 3 GB of address space. Prints how many were read, refused (a
DataError that names the file), and what was wrong: any other exception, a process that ended, or one that took over 5
seconds of CPU.
Exits with 1 if anything was wrong.
"""

import gzip
import io
import json
import os
import pickle
import resource
import select
import signal
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data"))

import test_data_formats as tables
from making_data import write_images
from sklearn.datasets import dump_svmlight_file

from trainlab.core.component import make
from trainlab.core.errors import UserError
from trainlab.data.source import Source

SECONDS = 5  # of CPU for one file of a few kilobytes
WAIT = 120  # seconds after which it is taken to wait for something: the machine may be busy
MEMORY = 3 << 30  # bytes of address space; libraries alone take 1.5 GB of it
X = np.random.default_rng(0).integers(0, 200, (12, 4, 4)).astype(np.uint8)
Y = np.array([0, 1, 2] * 4, np.uint8)


def _idx(array: np.ndarray[Any, Any]) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return head + array.tobytes()


def _npz(packed: bool) -> bytes:
    made = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(made, x=X, y=Y)
    return made.getvalue()


def _cifar() -> bytes:
    data = np.tile(X.reshape(12, -1), (1, 192))
    return pickle.dumps({b"data": data, b"labels": Y.tolist()}, protocol=2)


def _h5(path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=X, chunks=True, compression="gzip")
        file["y"] = Y


def _mat(path: Path) -> None:
    import scipy.io

    scipy.io.savemat(path, {"x": X.reshape(12, -1).astype(float), "y": Y}, do_compression=True)


def _picture_parquet(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    made: list[dict[str, Any]] = []
    for image in X:
        content = io.BytesIO()
        Image.fromarray(image).save(content, "PNG")
        made.append({"bytes": content.getvalue(), "path": None})
    pq.write_table(pa.table({"image": made, "label": Y.astype(np.int64)}), path)


def _zip(path: Path, content: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)


def files(folder: Path) -> Iterator[tuple[str, Path, Callable[[], Source]]]:
    """Each kind of file, the path of a good one, and the source that reads it."""
    for kind, (name, file, write) in tables.WRITERS.items():
        place = folder / kind.replace(" ", "-")
        place.mkdir()
        write(place / file)
        yield kind, place / file, lambda name=name, path=place / file: make(Source, name, path=str(path), target="y")
    text = tables.text().encode()
    (folder / "raw").mkdir()
    raw = folder / "raw"
    _zip(raw / "a.csv.zip", text)
    (raw / "a.npz").write_bytes(_npz(packed=False))
    (raw / "packed.npz").write_bytes(_npz(packed=True))
    np.save(raw / "a.npy", X)
    np.save(raw / "y.npy", Y)
    (raw / "images").write_bytes(_idx(X))
    (raw / "labels").write_bytes(_idx(Y))
    (raw / "images.gz").write_bytes(gzip.compress(_idx(X)))
    _h5(raw / "a.h5")
    _mat(raw / "a.mat")
    _picture_parquet(raw / "pictures.parquet")
    dump_svmlight_file(X.reshape(12, -1).astype(float), Y.astype(float), str(raw / "a.svm"))
    write_images(raw / "pictures")
    named: list[tuple[str, str, str, dict[str, Any]]] = [
        ("zip", "a.csv.zip", "csv", {"target": "y"}),
        ("npz", "a.npz", "npz", {}),
        ("packed npz", "packed.npz", "npz", {}),
        ("npy", "a.npy", "npy", {"x": str(raw / "a.npy"), "y": str(raw / "y.npy")}),
        ("idx", "images", "idx", {"images": str(raw / "images"), "labels": str(raw / "labels")}),
        ("packed idx", "images.gz", "idx", {"images": str(raw / "images.gz"), "labels": str(raw / "labels")}),
        ("hdf5", "a.h5", "hdf5", {}),
        ("mat", "a.mat", "mat", {}),
        ("pictures in parquet", "pictures.parquet", "parquet_images", {}),
        ("svmlight", "a.svm", "svmlight", {}),
    ]
    for kind, file, name, settings in named:
        given = settings if name in ("idx", "npy") else {"path": str(raw / file), **settings}
        yield kind, raw / file, lambda name=name, given=given: make(Source, name, **given)
    batches = folder / "cifar"
    batches.mkdir()
    for batch in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"):
        (batches / batch).write_bytes(_cifar())
    yield "cifar10", batches / "data_batch_1", lambda: make(Source, "cifar10", path=str(batches))
    picture = next((raw / "pictures").rglob("*.png"))
    yield "picture", picture, lambda: make(Source, "image_folder", path=str(raw / "pictures"))


def mutant(good: bytes, rng: np.random.Generator) -> bytes:
    """A changed copy."""
    data = bytearray(good)
    for _ in range(int(rng.integers(1, 4))):
        at, size = int(rng.integers(len(data) or 1)), int(rng.integers(1, 9))
        match int(rng.integers(7)):
            case 0 if data:
                data[at] ^= 1 << int(rng.integers(8))
            case 1:
                del data[at:]
            case 2:
                data[at : at + size] = b"\xff" * size
            case 3:
                data[at : at + size] = bytes(size)
            case 4:
                data[at:at] = rng.bytes(size)
            case 5:
                data[at:at] = data[max(0, at - 40 * size) : at]
            case _:
                head = int(rng.integers(min(len(data), 128) or 1))
                data[head : head + 1] = rng.bytes(1)
    return bytes(data)


def outcome(path: Path, build: Callable[[], Source]) -> str:
    """`read`, `refused`, or what was wrong."""
    try:
        build().load(np.random.default_rng(0))
    except UserError as error:
        named = path.name in str(error) or str(path.parent) in str(error) or "data." in str(error)
        return "refused" if named else f"refused without a name: {str(error)[:120]}"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:120]}"
    return "read"


def _child(path: Path, build: Callable[[], Source], mutants: list[bytes], first: int, to: int) -> None:
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()  # by other tests before
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    for number in range(first, len(mutants)):
        path.write_bytes(mutants[number])
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # nobody handles it: the process ends
        signal.alarm(WAIT)
        said = outcome(path, build)
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(to, json.dumps([number, said]).encode() + b"\n")
    os._exit(0)


def outcomes(path: Path, build: Callable[[], Source], mutants: list[bytes]) -> list[str]:
    """What became of each mutant; after a process that ended, the next one goes on."""
    good, found = path.read_bytes(), list[str]()
    while len(found) < len(mutants):
        out, to = os.pipe()
        child = os.fork()
        if not child:
            _child(path, build, mutants, len(found), to)
        os.close(to)
        with os.fdopen(out, "rb") as lines:
            for line in lines:
                select.select([], [], [], 0)
                found.append(json.loads(line)[1])
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if len(found) < len(mutants):
            late = {-signal.SIGPROF: f"over {SECONDS} s of CPU", -signal.SIGALRM: f"over {WAIT} s"}
            found.append(late.get(status, f"the process ended with {status}"))
    path.write_bytes(good)
    return found


def torture(count: int, seed: int, kinds: tuple[str, ...] = ()) -> tuple[Counter[str], list[str]]:
    """How many mutants were read and refused, and a line for each that went wrong."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        for kind, path, build in files(Path(place)):
            if kinds and kind not in kinds:
                continue
            rng = np.random.default_rng([seed, *kind.encode()])
            good = path.read_bytes()
            if outcome(path, build) != "read":
                wrong.append(f"{kind}: the good file: {outcome(path, build)}")
                continue
            mutants = [mutant(good, rng) for _ in range(count)]
            for number, said in enumerate(outcomes(path, build, mutants)):
                counts[said if said in ("read", "refused") else "wrong"] += 1
                if said not in ("read", "refused"):
                    wrong.append(f"{kind} {number}: {said}")
    return counts, wrong


def main() -> None:
    """Print the counts; exit with 1 if anything was wrong."""
    count, seed = (int(a) for a in (*sys.argv[1:3], *("600", "0")[len(sys.argv) - 1 :]))
    counts, wrong = torture(count, seed)
    print("\n".join(wrong))
    print(", ".join(f"{name}: {number}" for name, number in counts.most_common()))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
