"""OpenVINO 2026.4.1."""
# pip: openvino==2026.4.1

import openvino


def run(file, x, names):
    """Outputs by name."""
    compiled = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled({"x": x})
    return {name: found[compiled.output(name)] for name in names}
