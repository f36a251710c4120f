"""`trainlab export`: a trained network as an ONNX file."""

from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.cli._weights import Weights
from trainlab.inference.export.export import export_onnx


def export(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The folder of a run or an ensemble, or its name in --runs.")
    ],
    onnx: Annotated[Path, typer.Option(metavar="FILE", help="Write an ONNX model here.")],
    weights: Annotated[Weights, typer.Option(help="Which weights of the run.")] = Weights.best,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print inputs and outputs as JSON.")] = False,
) -> None:
    """Write a trained network with its preprocessing as one ONNX file.

    Input `x`: raw rows as the data source gives them (a table's categories one-hot, in the order of training). Outputs:
    `prediction`, the index of the class or the numbers in the target's units, and `probability` of each class.
    Needs the package onnx: pip install 'trainlab[onnx]'.

    Examples:
        trainlab export digits-1 --onnx digits.onnx
        trainlab export runs/digits-ensemble-1 --onnx digits.onnx --json
    """
    with _terminal.answering(as_json):
        model = export_onnx(run, onnx, weights=weights.value, runs=runs)
    shapes = {
        kind: {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
        for kind, values in (("inputs", model.graph.input), ("outputs", model.graph.output))
    }
    if as_json:
        _terminal.emit({"file": str(onnx), "bytes": onnx.stat().st_size, **shapes})
        return
    _terminal.say(f"{onnx}: {onnx.stat().st_size:,} bytes")
    for kind, values in shapes.items():
        for name, shape in values.items():
            _terminal.say(f"  {kind[:-1]:<6}  {name:<11}  ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})")
