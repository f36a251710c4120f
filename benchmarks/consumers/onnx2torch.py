"""onnx2torch 1.5.15 with PyTorch 2.13.0."""
# pip: onnx2torch==1.5.15 torch==2.13.0 setuptools<81

import onnx
import torch

_OPERATIONS = torch.library.Library("torchvision", "DEF")  # torchvision's own need a build for this PyTorch
for name in ("nms", "qnms"):
    _OPERATIONS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def run(file, x, names):
    """Outputs by name."""
    from onnx2torch import convert

    model = onnx.load(file)
    found = convert(model)(torch.from_numpy(x))
    found = found if isinstance(found, (list, tuple)) else [found]
    order = [o.name for o in model.graph.output]
    return {name: value.detach().numpy() for name, value in zip(order, found, strict=True)}
