"""Looks at weights before they are exported, and loads a finished ONNX file as its user will."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from trainlab.core.errors import UserError
from trainlab.inference.export.graph import onnx
from trainlab.inference.model import TrainedNetwork


def require_finite(networks: Sequence[TrainedNetwork]) -> None:
    """Raises UserError if a network has weights that are no numbers, as after a run that diverged."""
    for network in networks:
        for name, values in network.net.params.items():
            if not np.isfinite(values).all():
                raise UserError(
                    f"{name} of the network is not finite: the run diverged, and there is nothing to export"
                )


def load_once(content: bytes) -> str:
    """Load the file's content, run it on rows of zeros, and return the name and version of the program that did.

    ONNX Runtime if it is installed, else the reference evaluator of the package onnx. Raises UserError if the program
    refuses the file.
    """
    row = onnx().load_from_string(content).graph.input[0].type.tensor_type.shape.dim
    x = np.zeros([row[0].dim_value or 2, *(d.dim_value for d in row[1:])], np.float32)
    try:
        runtime = import_module("onnxruntime")
    except ImportError:
        runtime = None
    name = f"ONNX Runtime {runtime.__version__}" if runtime else f"the reference evaluator of onnx {onnx().__version__}"
    try:
        _run(runtime, content, x)
    except Exception as error:  # each program has error classes of its own, and any of them means the same here
        raise UserError(f"{name} cannot run the exported file: {str(error).splitlines()[0][:200]}") from None
    return name


def _run(runtime: Any, content: bytes, x: Any) -> None:
    if runtime is None:
        import_module("onnx.reference").ReferenceEvaluator(onnx().load_from_string(content)).run(None, {"x": x})
        return
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # its warnings are for those who write files, not for those who export them
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    session.run(None, {"x": x})
