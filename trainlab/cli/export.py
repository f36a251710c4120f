"""`trainlab export`: a trained network as an ONNX file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.cli._weights import Weights
from trainlab.inference.export.export import OnnxOptions, export_onnx
from trainlab.inference.export.graph import OPSET


class Outputs(StrEnum):
    """Which outputs the file has."""

    all = "all"
    prediction = "prediction"
    probability = "probability"


def export(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The folder of a run or an ensemble, or its name in --runs.")
    ],
    onnx: Annotated[Path, typer.Option(metavar="FILE", help="Write an ONNX model here.")],
    weights: Annotated[Weights, typer.Option(help="Which weights of the run.")] = Weights.best,
    outputs: Annotated[
        Outputs, typer.Option(help="Which outputs: prediction, probability (or score, votes), or both.")
    ] = Outputs.all,
    rows: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Fix the number of rows; without it any number goes.")
    ] = None,
    preprocess: Annotated[
        bool,
        typer.Option("--preprocess/--no-preprocess", help="Whether x is raw rows, or preprocessed ones."),
    ] = True,
    opset: Annotated[int, typer.Option(metavar="N", help="Version of ONNX's operations.")] = OPSET,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print inputs and outputs as JSON.")] = False,
) -> None:
    """Write a trained network with its preprocessing as one ONNX file.

    Input `x`: raw rows as the data source gives them (a table's categories one-hot, in the order of training), as
    float32. Outputs: `prediction`, the index of the class or the numbers in the target's units, and `probability` of
    each class. The file is loaded and run once before it is written. Needs the package onnx: pip install
    'trainlab[onnx]'.

    Examples:
        trainlab export digits-1 --onnx digits.onnx
        trainlab export runs/digits-ensemble-1 --onnx digits.onnx --json
        trainlab export digits-1 --onnx phone.onnx --rows 1 --outputs probability
    """
    with _terminal.answering(as_json):
        options = OnnxOptions(opset, rows, outputs.value, preprocess)
        exported = export_onnx(run, onnx, weights=weights.value, runs=runs, options=options)
    model = exported.model
    shapes = {
        kind: {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
        for kind, values in (("inputs", model.graph.input), ("outputs", model.graph.output))
    }
    for note in exported.notes:
        _terminal.note(note)
    if as_json:
        size, checked = onnx.stat().st_size, exported.checked_with
        told = {"file": str(onnx), "bytes": size, **shapes, "opset": opset, "checked_with": checked}
        _terminal.emit({**told, "notes": list(exported.notes)})
        return
    _terminal.say(f"{onnx}: {onnx.stat().st_size:,} bytes; loaded and run once by {exported.checked_with}")
    for kind, values in shapes.items():
        for name, shape in values.items():
            _terminal.say(f"  {kind[:-1]:<6}  {name:<11}  ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})")
