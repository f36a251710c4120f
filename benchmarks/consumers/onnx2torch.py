"""onnx2torch 1.5.15 with PyTorch 2.13.0."""
# pip: onnx2torch==1.5.15 torch==2.13.0 setuptools<81

import onnx
import torch
from onnx2torch import convert


def run(file, x, names):
    """Outputs by name."""
    model = onnx.load(file)
    found = convert(model)(torch.from_numpy(x))
    found = found if isinstance(found, (list, tuple)) else [found]
    order = [o.name for o in model.graph.output]
    return {name: value.detach().numpy() for name, value in zip(order, found, strict=True)}
