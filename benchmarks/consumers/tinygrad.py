"""tinygrad 0.14.0 (its device PYTHON)."""
# pip: tinygrad==0.14.0 numpy==2.4.6 onnx==1.23.2

import os
from pathlib import Path

os.environ["DEV"] = "PYTHON"  # its device CPU needs clang

from tinygrad import Tensor
from tinygrad.nn.onnx import OnnxRunner


def run(file, x, names):
    """Outputs by name."""
    found = OnnxRunner(Path(file))({"x": Tensor(x)})
    return {name: found[name].numpy() for name in names}
