"""Which programs run the exported ONNX files, and whether they answer as `trainlab predict` does.

    python benchmarks/onnx_consumers.py CACHE [CONSUMER ...]

Trains small networks (a second each), exports each of them twice (as the command does by itself; and with
`--rows 8 --outputs probability`), and runs the files in every consumer of the folder consumers/, each in an environment
of its own, made once in the folder CACHE. A file counts as right if all its outputs agree: probabilities to 1e-5,
numbers of a regression to 1e-5 of their spread, classes where the two largest probabilities differ by more than 1e-6.
Prints the table of docs/export.md, and the reason for each file that is not right.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.inference.ensemble.ensemble import Ensemble
from trainlab.inference.ensemble.members import from_snapshots
from trainlab.inference.evaluate import predicted
from trainlab.inference.export.export import OnnxOptions, as_onnx
from trainlab.inference.model import TrainedNetwork
from trainlab.store.folder import RunFolder
from trainlab.training.experiment import read_plain
from trainlab.training.train import train

HERE = Path(__file__).resolve().parent / "consumers"
ROWS = 8
CONV = {"name": "conv", "filters": 6, "size": 3, "pad": "same"}
BLOCK = {"name": "residual", "layers": [CONV, "relu"]}


def stack(*layers: Any) -> dict[str, Any]:
    """The model of these layers and a dense one for the outputs."""
    return {"name": "sequential", "layers": [*layers, {"name": "dense", "units": "output"}]}


ACTIVATIONS = ("elu", "gelu", "leaky_relu", "mish", "prelu", "relu", "selu", "sigmoid", "silu", "softplus", "tanh")
NETWORKS: dict[str, dict[str, Any]] = {
    **{name: {"model": {"name": "mlp", "hidden": [16], "activation": name}} for name in ACTIVATIONS},
    "maxout": {"model": stack({"name": "maxout", "units": 8, "pieces": 3})},
    "layer_norm": {"model": stack({"name": "dense", "units": 16}, "layer_norm", "relu")},
    "hinge": {"loss": "hinge"},
    "two classes": {"data": {"name": "breast_cancer", "preprocess": ["standardize"]}, "loss": "binary_cross_entropy"},
    "regression": {"data": {"name": "diabetes", "preprocess": ["robust"], "scale_target": True}},
    "float64": {"train": {"epochs": 2, "dtype": "float64"}},
    "fill": {"data": {"name": "iris", "preprocess": [{"name": "fill"}, "minmax"]}},
    "normalize": {"data": {"name": "iris", "preprocess": ["center", "normalize"]}},
    "whiten": {"data": {"name": "iris", "preprocess": ["whiten"]}},
    "tabular": {"data": {"name": "iris"}, "model": "tabular"},  # eight members
    "tabular, numbers": {"data": {"name": "diabetes", "scale_target": True}, "model": "tabular"},
    "piecewise_linear": {"data": {"name": "iris", "preprocess": [{"name": "piecewise_linear", "bins": 4}]}},
    "members": {"train": {"epochs": 2, "members": 3}, "model": {"name": "mlp", "hidden": [8, 8]}},
    "quantile": {"data": {"name": "iris", "preprocess": ["quantile"]}},
    "gelu, tanh": {"model": {"name": "mlp", "hidden": [16], "activation": {"name": "gelu", "approximate": "tanh"}}},
    "periodic": {"model": stack({"name": "periodic", "frequencies": 4}, "relu")},
    "batch_norm": {"model": stack({"name": "dense", "units": 8}, "batch_norm", {"name": "drop_connect", "units": 6})},
    "average": {"train": {"epochs": 4, "average": 0.9}},
    "temperature": {"calibrate": "temperature"},
    "kl_divergence": {"loss": "kl_divergence"},
    "clips": {"data": {"name": "iris", "preprocess": ["clip", "robust", "smooth_clip"]}},
    "pca": {"data": {"name": "iris", "preprocess": ["center", "zca", {"name": "pca", "keep": 2}]}},
    "parametric": {"model": {"name": "mlp", "hidden": [16], "activation": "parametric"}},
    "clip_output": {
        "data": {"name": "diabetes", "preprocess": ["standardize"]},
        "model": {"name": "mlp", "hidden": [16], "clip_output": True},
        "optimizer": {"name": "adam", "lr": 0.3},
    },
    "prelu of images": {"data": {"name": "digits"}, "model": stack(CONV | {"filters": 8}, "prelu", "flatten")},
    "odd borders": {
        "data": {"name": "digits", "preprocess": [{"name": "standardize", "per": "channel"}]},
        "model": stack(CONV, "layer_norm", {"name": "avg_pool", "size": 3, "stride": 2, "pad": "same"}, "flatten"),
    },
    "cnn": {"data": {"name": "digits"}, "model": "cnn"},
    "cnn, members": {"data": {"name": "digits"}, "model": "cnn", "train": {"epochs": 1, "members": 2}},
    "strides": {
        "data": {"name": "digits"},
        "model": stack(
            {"name": "conv", "filters": 7, "size": [3, 2], "stride": 2, "pad": "same"},
            "silu",
            {"name": "max_pool", "size": 3, "stride": 2, "pad": "same"},
            "flatten",
        ),
    },
    "residual": {
        "data": {"name": "digits"},
        "model": stack(CONV, "batch_norm", "relu", BLOCK, "global_avg_pool"),
    },
    "group_norm": {
        "data": {"name": "digits", "preprocess": [{"name": "normalize", "norm": "l1"}]},
        "model": stack(CONV, {"name": "group_norm", "groups": 2}, "relu", {"name": "avg_pool", "size": 2}, "flatten"),
    },
}

COLUMNS = ["kind", "level", "tags", "number", "count", "area"]
FILLED = {"preprocess": [{"name": "fill", "indicator": True}, "standardize"]}
PINBALL = {"name": "pinball", "quantiles": [0.05, 0.5, 0.95]}
TABLES: dict[
    str, tuple[str | list[str], dict[str, Any], dict[str, Any]]
] = {  # the target, settings of the data, of the rest
    "table": ("kind", FILLED, {}),
    "table, tabular": ("kind", {}, {"model": "tabular"}),
    "table, members": ("kind", FILLED, {"train": {"epochs": 2, "members": 3}}),
    "levels": ("level", FILLED | {"task": "ordinal", "classes": ["low", "middle", "high"]}, {}),
    "levels, tabular": ("level", {"task": "ordinal", "classes": ["low", "middle", "high"]}, {"model": "tabular"}),
    "labels": ("tags", FILLED | {"task": "multilabel"}, {}),
    "labels, tabular": ("tags", {"task": "multilabel"}, {"model": "tabular"}),
    "quantiles": ("number", FILLED | {"scale_target": True}, {"loss": PINBALL}),
    "quantiles, tabular": ("number", {"scale_target": True}, {"loss": PINBALL, "model": "tabular"}),
    "counts": ("count", FILLED | {"task": "regression"}, {"loss": "poisson", "train": {"epochs": 2, "members": 2}}),
    "two numbers": (["number", "area"], FILLED | {"scale_target": True}, {"train": {"epochs": 2, "members": 2}}),
    "dates": ("kind", {"drop": ["a", "b", "shop", *COLUMNS[1:]], "preprocess": ["minmax"]}, {}),
    "rare categories": ("kind", FILLED | {"max_categories": 3, "unknown": "ignore"}, {}),
}


def table(folder: Path) -> Path:
    """A CSV file with numbers, categories, missing cells, and a column for each target."""
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=300).round(3), rng.lognormal(size=300).round(3)
    shop, missing = rng.integers(4, size=300), rng.random(300) < 0.1
    days = np.datetime64("2021-03-01") + rng.integers(900, size=300)
    lines = ["a,b,shop,day," + ",".join(COLUMNS)]
    for i in range(300):
        x, y, s = float(a[i]), float(b[i]), int(shop[i])
        tags = ";".join(name for name, there in (("p", x > 0), ("q", y > 1), ("r", s < 2)) if there) or "plain"
        level = "low" if x < -0.5 else "middle" if x < 0.5 else "high"
        numbers = f"{100 + 20 * x + 5 * s},{int(np.exp(x / 2) * 2)},{1e-3 * y}"
        lines.append(f"{'' if missing[i] else x},{y},shop {s},{days[i]},{'xy'[x + s > 1]},{level},{tags},{numbers}")
    file = folder / "table.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def of_table(file: Path, target: str | list[str], data: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    """The settings of a network of some targets of the table."""
    others = sorted(set(COLUMNS) - {*([target] if isinstance(target, str) else target)})
    return {"data": {"name": "csv", "path": str(file), "target": target, "drop": others, **data}, **rest}


def run_of(folder: Path, settings: dict[str, Any], seed: int = 0) -> RunFolder:
    """A run of two epochs."""
    base: dict[str, Any] = {
        "data": {"name": "iris", "preprocess": ["standardize"]},
        "train": {"epochs": 2},
        "model": "mlp",
    }
    config: dict[str, Any] = {**base, **settings, "seed": seed}
    config["data"] = {"seed": 0, **config["data"]}
    return RunFolder(train(read_plain(config, {}), runs=folder).folder)


def trained(folder: Path, settings: dict[str, Any], seed: int = 0) -> TrainedNetwork:
    """A network after two epochs."""
    return TrainedNetwork.load(run_of(folder, settings, seed))


def folds(file: Path, folder: Path) -> list[TrainedNetwork]:
    """Three networks of counts, each with rows, and so preprocessing, of its own."""
    made = [of_table(file, "count", FILLED | {"task": "regression", "seed": i}, {"loss": "poisson"}) for i in range(3)]
    return [trained(folder, settings, seed) for seed, settings in enumerate(made)]


def networks(folder: Path) -> dict[str, TrainedNetwork | Ensemble]:
    """Every network by name; ensembles among them."""
    file = table(folder.parent)
    given: dict[str, dict[str, Any]] = NETWORKS | {name: of_table(file, *of) for name, of in TABLES.items()}
    made: dict[str, TrainedNetwork | Ensemble] = {name: trained(folder, settings) for name, settings in given.items()}
    start = run_of(folder, {})
    made["transfer"] = trained(folder, {"model": {"name": "mlp", "from": str(start.path), "freeze": "all"}})
    cycles = run_of(folder, {"schedule": "cosine_restarts", "train": {"epochs": 5}})
    members = [trained(folder, {}, seed) for seed in range(3)]
    snapshots = [member.network for member in from_snapshots(cycles.path, folder)]
    equal = np.full(3, 1 / 3)
    made["ensemble"] = Ensemble.of(members, "probabilities", equal)
    made["ensemble that votes"] = Ensemble.of(members, "vote", equal)
    made["ensemble of counts"] = Ensemble.of(folds(file, folder), "probabilities", equal)
    made["snapshots"] = Ensemble.of(snapshots, "logits", np.full(len(snapshots), 1 / len(snapshots)))
    return made


def write(network: TrainedNetwork | Ensemble, folder: Path, name: str) -> None:
    """Both files of a network, and beside each the rows and the answers of `trainlab predict`."""
    own = network.members[0] if isinstance(network, Ensemble) else network
    rows = own.experiment.data.load(np.random.default_rng(0)).rows
    chosen = np.random.default_rng(3).choice(len(rows), ROWS, replace=False)
    x = np.asarray(rows.take(np.sort(chosen)).x, np.float32)
    answers = predicted(network, x)
    want: dict[str, Any] = {"x": x}
    if network.task.kind == "regression":
        want["prediction"] = np.reshape(answers.values, (ROWS, -1))
        if answers.quantiles is not None:
            want["quantiles"] = answers.quantiles
    elif network.task.kind == "multilabel":
        want |= {"prediction": np.asarray(answers.values, np.int64), answers.measure: answers.certainty}
    else:
        want["prediction"] = np.array([network.classes.index(str(v)) for v in answers.values])
        want[answers.measure] = answers.certainty
    plain = OnnxOptions()
    fixed = OnnxOptions(rows=ROWS, outputs="all" if network.task.kind == "regression" else "probability")
    for kind, options in (("plain", plain), ("fixed", fixed)):
        model, _ = as_onnx(network, options)
        kept = {"x", *(o.name for o in model.graph.output)}
        stem = f"{kind}-{name.replace(' ', '_').replace(',', '')}"
        (folder / f"{stem}.onnx").write_bytes(model.SerializeToString())
        np.savez(folder / f"{stem}.npz", **{key: a for key, a in want.items() if key in kept})


def environment(cache: Path, consumer: Path) -> Path:
    """The Python of a consumer's environment, made at the first call. Its second line names the packages."""
    packages = consumer.read_text().splitlines()[1].removeprefix("# pip:").split()
    place = cache / consumer.stem
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
        third = consumer.read_text().splitlines()[2]
        if third.startswith("# npm:"):
            named = third.removeprefix("# npm:").split()
            subprocess.run(
                [shutil.which("npm") or "npm", "install", "--silent", "--prefix", str(place), *named], check=True
            )
        (place / "ready").touch()
    return python


def asked(python: Path, consumer: Path, files: list[Path]) -> list[str]:
    """For each file `right`, or why not. A file that ends the process does not end the others."""
    answers: list[str] = []
    while len(answers) < len(files):
        rest = list(map(str, files[len(answers) :]))
        try:
            done = subprocess.run(
                [str(python), str(HERE / "_worker.py"), str(consumer), *rest],
                capture_output=True, text=True, timeout=30 * len(rest), check=False,
            )  # fmt: skip
            printed, end = done.stdout, f"the process ended with {done.returncode}"
        except subprocess.TimeoutExpired as error:
            printed, end = (error.stdout or b"").decode(), "no answer in time"
        answers += [str(json.loads(line[7:])) for line in printed.splitlines() if line.startswith("ANSWER ")]
        if len(answers) < len(files):
            answers.append(end)
    return answers


def main() -> None:
    """The table, and the reasons."""
    cache = Path(sys.argv[1]).resolve()
    names = sys.argv[2:] or sorted(p.stem for p in HERE.glob("[a-z]*.py"))
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        made = networks(files / "runs")
        for name, network in made.items():
            write(network, files, name)
        print(f"| consumer | as exported ({len(made)} files) | `--rows {ROWS} --outputs probability` |\n|---|---|---|")
        reasons: list[str] = []
        for name in names:
            consumer = HERE / f"{name}.py"
            title = consumer.read_text().splitlines()[0].strip('"#. ')
            python = environment(cache, consumer)
            right = {"plain": 0, "fixed": 0}
            written = sorted(files.glob("*.onnx"))
            for file, answer in zip(written, asked(python, consumer, written), strict=True):
                right[file.stem.split("-")[0]] += answer == "right"
                if answer != "right":
                    reasons.append(f"{name:<14} {file.stem:<28} {answer}")
            print(f"| {title} | {right['plain']} | {right['fixed']} |", flush=True)
    print("\n" + "\n".join(reasons))


if __name__ == "__main__":
    main()
