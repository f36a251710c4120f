"""MNN 3.6.1 (through its converter)."""
# pip: MNN==3.6.1 numpy==2.4.6

import subprocess
import sys
import tempfile
from pathlib import Path

import MNN

# what mnnconvert does before it installs a package (findings/mnnconvert-installs-a-package.sh)
CONVERT = "import sys, MNN, _tools; _tools.mnnconvert(sys.argv)"


def run(file, x, names):
    """Outputs by name."""
    made = Path(tempfile.mkdtemp(), "a.mnn")
    done = subprocess.run(
        [sys.executable, "-c", CONVERT, "-f", "ONNX", "--modelFile", file, "--MNNModel", str(made)],
        capture_output=True,
        text=True,
    )
    if not made.exists():
        raise RuntimeError("the converter failed: " + (done.stdout + done.stderr).strip().splitlines()[-1])
    module = MNN.nn.load_module_from_file(str(made), ["x"], names)
    given = MNN.expr.placeholder(list(x.shape), MNN.expr.NCHW)
    given.write(x)
    found = module.forward([given])
    return {name: value.read() for name, value in zip(names, found, strict=True)}
