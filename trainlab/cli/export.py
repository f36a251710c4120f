"""`trainlab export`: a trained network as an ONNX file or a PyTorch module, or a run in a tracker."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from trainlab.cli import _completion, _terminal
from trainlab.cli._weights import Weights, say_changed
from trainlab.core.errors import UserError
from trainlab.inference.ensemble.ensemble import is_ensemble
from trainlab.inference.export.export import OnnxOptions, export_onnx
from trainlab.inference.export.graph import OPSET
from trainlab.inference.export.torch_module import export_torch
from trainlab.report.replay import replay, tracker_of
from trainlab.store.folder import RunFolder
from trainlab.store.reading import find_runs, is_sweep, read_run
from trainlab.store.steps import is_tune

_NOTHING = "what to export? --onnx FILE or --torch FILE.py writes the network, --to TRACKER logs the run to a tracker"


_To = Annotated[
    str | None,
    typer.Option(
        metavar="TRACKER",
        autocompletion=_completion.trackers,
        help="Log the run to tensorboard, mlflow, wandb, trackio, or the tracker of a plugin: metrics, layers, config, "
        "findings, model.",
    ),
]


class Outputs(StrEnum):
    """Which outputs the file has."""

    all = "all"
    prediction = "prediction"
    probability = "probability"


def export(
    run: _completion.NetworkArgument,
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="With --to: settings of the tracker, e.g. project=digits."),
    ] = None,
    onnx: Annotated[Path | None, typer.Option(metavar="FILE", help="Write an ONNX model here.")] = None,
    torch: Annotated[
        Path | None, typer.Option(metavar="FILE.py", help="Write a PyTorch module here, its weights beside it.")
    ] = None,
    to: _To = None,
    weights: Annotated[Weights, typer.Option(help="Which weights of the run.")] = Weights.best,
    outputs: Annotated[
        Outputs, typer.Option(help="Which outputs: prediction, probability (or score, votes), or both.")
    ] = Outputs.all,
    rows: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Fix the number of rows; without it any number goes.")
    ] = None,
    preprocess: Annotated[
        bool, typer.Option("--preprocess/--no-preprocess", help="Whether x is raw rows, or preprocessed ones.")
    ] = True,
    opset: Annotated[int, typer.Option(metavar="N", help="Version of ONNX's operations.")] = OPSET,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a trained network as one ONNX file or as a PyTorch module, or log a run to a tracker.

    --onnx: input `x` is raw rows as the data source gives them (a table's categories one-hot, in the order of
    training), as float32. Outputs: `prediction`, the index of the class or the numbers in the target's units, and
    `probability` of each class. The file is loaded and run once before it is written. Needs the package onnx: pip
    install 'trainlab[onnx]'.

    --torch: FILE.py is plain source text to go on with by hand, with the preprocessing; its weights are in
    FILE.safetensors. It needs the packages torch and safetensors, and nothing of trainlab.

    --to: what `trackers` of a config logs during training, afterwards. The settings of the tracker are those of the
    run's config; KEY=VALUE changes them. Of a sweep or a tune all runs are logged.

    Examples:
        trainlab export digits-1 --onnx digits.onnx
        trainlab export digits-1 --onnx phone.onnx --rows 1 --outputs probability
        trainlab export digits-1 --torch digits.py
        trainlab export digits-1 --to tensorboard
        trainlab export digits-1 --to mlflow uri=sqlite:///mlflow.db
    """
    with _terminal.answering(as_json):
        _require_something(onnx or torch, to, settings or [])
        told: dict[str, Any] = {}
        if onnx is not None:
            told |= _network(run, onnx, weights, runs, OnnxOptions(opset, rows, outputs.value, preprocess), as_json)
        if torch is not None:
            told |= _module(run, torch, weights, runs, as_json)
        if to is not None:
            told |= _logged(run, to, settings or [], runs, as_json)
        say_changed(run, runs)
    if as_json:
        _terminal.emit(told)


def _require_something(file: Path | None, to: str | None, settings: Sequence[str]) -> None:
    if file is None and to is None:
        raise UserError(_NOTHING)
    if settings and to is None:
        raise UserError(f"{settings[0]}: settings are those of a tracker: add --to TRACKER")


def _module(run: str, file: Path, weights: Weights, runs: Path, as_json: bool) -> dict[str, Any]:
    beside = export_torch(run, file, weights=weights.value, runs=runs)
    if not as_json:
        _terminal.say(f"{file}: a PyTorch module; its weights: {beside} ({beside.stat().st_size:,} bytes)")
    return {"module": str(file), "weights": str(beside)}


def _logged(run: str, to: str, settings: Sequence[str], runs: Path, as_json: bool) -> dict[str, Any]:
    search = next((path for path in (Path(run), runs / run) if is_sweep(path) or is_tune(path)), None)
    if search is not None:
        return _all_logged(search, to, settings, as_json)
    if is_ensemble(Path(run)) or is_ensemble(runs / run):
        raise UserError(f"{run}: an ensemble has no training to log; log the runs of its members")
    where = _log(RunFolder.open(run, runs).path, to, settings, as_json)
    return {"tracker": to, "where": where}


def _all_logged(search: Path, to: str, settings: Sequence[str], as_json: bool) -> dict[str, Any]:
    """Log the runs of a sweep or a tune; those that cannot be logged, or are there already, are told."""
    done: list[dict[str, str]] = []
    refused: list[str] = []
    for path in find_runs(search):
        try:
            done.append({"run": str(path), "where": _log(path, to, settings, as_json)})
        except UserError as error:
            refused.append(str(error))
    if not done:
        raise UserError(refused[0] if refused else f"{search}: there is no run to log")
    for text in refused:
        _terminal.note(text)
    return {"tracker": to, "runs": done, "refused": refused}


def _log(path: Path, to: str, settings: Sequence[str], as_json: bool) -> str:
    record = read_run(path)
    where = replay(record, tracker_of(record, to, settings))
    if not as_json:
        _terminal.say(f"{to}: {where}")
    return where


def _network(run: str, onnx: Path, weights: Weights, runs: Path, options: OnnxOptions, as_json: bool) -> dict[str, Any]:
    exported = export_onnx(run, onnx, weights=weights.value, runs=runs, options=options)
    model = exported.model
    shapes = {
        kind: {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
        for kind, values in (("inputs", model.graph.input), ("outputs", model.graph.output))
    }
    for note in exported.notes:
        _terminal.note(note)
    size, checked = onnx.stat().st_size, exported.checked_with
    if not as_json:
        _terminal.say(f"{onnx}: {size:,} bytes; loaded and run once by {checked}")
        for kind, values in shapes.items():
            for name, shape in values.items():
                _terminal.say(f"  {kind[:-1]:<6}  {name:<11}  ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})")
    told = {"file": str(onnx), "bytes": size, **shapes, "opset": options.opset, "checked_with": checked}
    return {**told, "notes": list(exported.notes)}
