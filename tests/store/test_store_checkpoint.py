"""Checkpoints: exact, atomic, and clear about what is wrong with a file."""

import math
import subprocess
import sys

import numpy as np
import pytest

from trainlab.core.errors import UserError
from trainlab.store.checkpoint import also, kept, load, numbered, prune, save

TYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]


@pytest.mark.parametrize("order", ["C", "F", "T", "step", "reversed", "broadcast", "big"])
@pytest.mark.parametrize("dtype", TYPES)
def test_arrays_of_any_layout_come_back(tmp_path, dtype, order):
    """Transposed, strided, broadcast and byte-swapped arrays come back with their values, types and shapes."""
    base = np.random.default_rng(0).integers(0, 2 if dtype == "?" else 100, (6, 10)).astype(dtype)
    array = {
        "C": base,
        "F": np.asfortranarray(base),
        "T": base.T,
        "step": base[::2, 1::3],
        "reversed": base[::-1, ::-1],
        "broadcast": np.broadcast_to(base[:, :1], (6, 10)),
        "big": base.astype(np.dtype(dtype).newbyteorder(">")),
    }[order]
    save(tmp_path / "c.safetensors", {"W": array}, {})
    got = load(tmp_path / "c.safetensors")[0]["W"]
    assert got.dtype == np.dtype(dtype)
    assert got.shape == array.shape
    assert np.array_equal(got, array)
    got[...] = 0  # writable, the caller's own


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1, 1, 1)])
def test_small_shapes(tmp_path, shape):
    """Numbers without axes and empty arrays keep their shapes."""
    save(tmp_path / "c", {"x": np.full(shape, 2.5)}, {})
    got = load(tmp_path / "c")[0]["x"]
    assert got.shape == shape
    assert np.array_equal(got, np.full(shape, 2.5))


def test_special_values(tmp_path):
    """nan with its payload, infinities, negative zero and denormals keep every bit."""
    bits = np.array([0x7FF8000000000001, 0x7FF0000000000000, 1 << 63, 1], np.uint64)
    save(tmp_path / "c", {"x": bits.view(np.float64)}, {})
    assert np.array_equal(load(tmp_path / "c")[0]["x"].view(np.uint64), bits)


def test_meta_is_exact(tmp_path):
    """Ints of any size (a PCG64 state), floats, infinities and texts of any script come back."""
    rng = np.random.Generator(np.random.PCG64(7))
    rng.normal(size=3)
    meta = {
        "rng": rng.bit_generator.state,
        "floats": [0.1, 1 / 3, 5e-324, math.inf, -math.inf, -0.0],
        "text": "größe \u2028 \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "none": None,
        "rows": {"metrics.csv": 2**60},
    }
    save(tmp_path / "c", {}, meta | {"nan": math.nan})
    arrays, got = load(tmp_path / "c")
    assert arrays == {}
    assert math.isnan(got.pop("nan"))
    assert got == meta
    assert math.copysign(1, got["floats"][-1]) == -1
    other = np.random.Generator(np.random.PCG64())
    other.bit_generator.state = got["rng"]
    assert np.array_equal(other.normal(size=9), rng.normal(size=9))


@pytest.mark.parametrize("array", [np.array([object()]), np.array(["a"]), np.zeros(2, complex)])
def test_what_cannot_be_kept_is_a_type_error(tmp_path, array):
    """Objects, texts and complex numbers are refused before anything is written."""
    with pytest.raises(TypeError, match="cannot be stored in a checkpoint"):
        save(tmp_path / "c", {"x": array}, {})
    with pytest.raises(TypeError):
        save(tmp_path / "c", {}, {"x": array})
    assert list(tmp_path.iterdir()) == []


def test_cut_off_at_every_byte(tmp_path):
    """A checkpoint cut off anywhere is refused with its path, never read as something else."""
    path = tmp_path / "c.safetensors"
    save(path, {"W": np.arange(3.0)}, {"step": 1})
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(UserError) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: ")
    path.write_bytes(whole[:-1])
    with pytest.raises(UserError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: the checkpoint is cut off: {len(whole) - 1} bytes of {len(whole)}"
    path.write_bytes(whole[:20])
    with pytest.raises(UserError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}: the checkpoint is cut off: 20 bytes, and its header alone takes {len(whole) - 24}"
    )


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (b"", ": the checkpoint is empty"),
        (b"PK\x03\x04 a zip file, say", ": not a safetensors file"),
        (
            b"\x02\0\0\0\0\0\0\0{}",
            ": a safetensors file, but not a checkpoint of trainlab (its metadata lacks `trainlab`)",
        ),
        (b"\x03\0\0\0\0\0\0\0{x}", ": not a safetensors file"),
    ],
)
def test_a_foreign_file(tmp_path, data, want):
    """What a file is instead of a checkpoint is said."""
    path = tmp_path / "c.safetensors"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        load(path)
    assert str(caught.value) == f"{path}{want}"


def test_a_missing_checkpoint(tmp_path):
    """A missing checkpoint is named."""
    with pytest.raises(UserError) as caught:
        load(tmp_path / "last.safetensors")
    assert str(caught.value) == f"{tmp_path}/last.safetensors: cannot read: No such file or directory"


def test_killed_while_saving(tmp_path):
    """A process killed again and again while it saves leaves a checkpoint that is whole: the old or the new one."""
    path = tmp_path / "last.safetensors"
    save(path, {"W": np.zeros(1000)}, {"step": 0})
    code = f"""
import numpy as np
from pathlib import Path
from trainlab.store.checkpoint import save
print("go", flush=True)
for i in range(10**6):
    save(Path({str(path)!r}), {{"W": np.full(300_000, float(i))}}, {{"step": i}})
"""
    for wait in (0.01, 0.05, 0.1):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(wait)
        child.kill()
        child.communicate()
        arrays, meta = load(path)
        assert (arrays["W"] == meta["step"]).all()


def test_a_full_disk_keeps_the_old_one(tmp_path):
    """When the disk takes no more, the error names the file, the old checkpoint stays and no temporary file."""
    code = f"""
import resource, signal
import numpy as np
from pathlib import Path
from trainlab.core.errors import UserError
from trainlab.store.checkpoint import save
path = Path({str(tmp_path)!r}) / "last.safetensors"
save(path, {{"W": np.zeros(10)}}, {{"step": 1}})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    save(path, {{"W": np.zeros(10_000)}}, {{"step": 2}})
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/last.safetensors: cannot write: File too large\n"
    assert load(tmp_path / "last.safetensors")[1] == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["last.safetensors"]


def test_a_second_name(tmp_path):
    """`best` keeps its checkpoint when `last` moves on, and takes the next one when told so."""
    last, best = tmp_path / "last.safetensors", tmp_path / "best.safetensors"
    save(last, {}, {"step": 1})
    also(last, best)
    save(last, {}, {"step": 2})
    assert load(best)[1] == {"step": 1}
    also(last, best)
    also(last, best)
    assert load(best)[1] == {"step": 2}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.safetensors", "last.safetensors"]


def test_pruning(tmp_path):
    """The newest numbered checkpoints are kept, by number and not by text; `last` and `best` always."""
    for epoch in (1, 2, 9999, 10000):
        save(numbered(tmp_path, epoch), {}, {"epoch": epoch})
    for name in ("last", "best"):
        save(tmp_path / f"{name}.safetensors", {}, {})
    assert list(kept(tmp_path)) == [1, 2, 9999, 10000]
    prune(tmp_path, 2)
    assert list(kept(tmp_path)) == [9999, 10000]
    prune(tmp_path, 0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.safetensors", "last.safetensors"]
    assert kept(tmp_path / "absent") == {}
