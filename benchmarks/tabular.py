"""Networks against boosted trees on tables: loss, rank and CPU time of trainlab and its peers on the same splits.

    OMP_NUM_THREADS=1 python benchmarks/tabular.py SETS                    # trainlab, beside the peers of the cache
    OMP_NUM_THREADS=1 python benchmarks/tabular.py SETS --peers PYTHON     # measure the peers, too, with that Python
    OMP_NUM_THREADS=1 python benchmarks/tabular.py SETS --only tabular --set model.dropout=0 --label "no dropout"
    OMP_NUM_THREADS=1 python benchmarks/tabular.py SETS --leave-out        # what each ingredient of the recipe is worth

SETS is a folder with NAME.csv (empty cell: missing) and NAME.json (name, target, task, categorical) for each set. The
peers' Python needs numpy, pandas, scikit-learn and whatever of xgboost, lightgbm, catboost and pytabkit (with torch) is
to be compared; defaults everywhere, one thread. Results are kept in `--cache` (default tabular.json beside SETS): what
it holds is not measured again, so that only trainlab is rerun after a change (`--again`), and a run that was stopped
goes on. `--leave-out` measures split after split, all rows of the table on each, and prints the table of what is known.
Loss: share of wrong classes, or RMSE. CPU: of reading, fitting and predicting; trainlab's whole run with its folder.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tables.leave_out import BASE, ROWS, changed, leave_out_table
from tables.splits import Part, one_part, parts, sets
from tables.summary import table

from trainlab import __version__
from trainlab.core.override import argument
from trainlab.inference.ensemble.making import make_ensemble
from trainlab.inference.ensemble.members import from_runs
from trainlab.inference.evaluate import evaluate
from trainlab.tools.draft import draft_config
from trainlab.training.experiment import read, read_plain
from trainlab.training.train import train

PEERS = Path(__file__).resolve().parent / "tables" / "peers.py"
ENSEMBLE, AVERAGED = 5, "tabular, five averaged"
METHODS: dict[str, dict[str, Any]] = {
    "tabular": {"model": "tabular"},
    AVERAGED: {"model": "tabular"},
    "new csv": {},
}


def files(part: Part, folder: Path) -> dict[str, Any]:
    """The split as files, and the `data:` that reads them."""
    for name, frame in (("train", part.train), ("test", part.test)):
        frame.to_csv(folder / f"{name}.csv", index=False)
    return {
        "name": "csv",
        "path": str(folder / "train.csv"),
        "test_path": str(folder / "test.csv"),
        "target": part.target,
        "task": part.task,
        "categorical": part.categorical,
        "unknown": "ignore",
        "split": {"val": 0.15, "test": 0.0},
    }


def measured(part: Part, method: str, label: str, changes: Mapping[str, Any]) -> dict[str, float]:
    """The loss of one of trainlab's methods on the test rows of a split, by its label.

    Five networks that are averaged also tell, as their mean, the loss of one.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        data = files(part, folder)
        best = {"train.best": "val_accuracy"} if part.task == "classification" else {}  # the loss of the benchmark
        settings = {**METHODS[method], **best, "baselines": False, **changes}
        if method == "new csv":
            (folder / "c.yaml").write_text(draft_config(str(folder / "train.csv"), part.target))
            given = {f"data.{key}": data[key] for key in ("test_path", "task", "unknown", "split")}
            dropped = getattr(read(folder / "c.yaml").value.data, "drop", [])
            given["data.categorical"] = [name for name in part.categorical if name not in dropped]
            documents = [read(folder / "c.yaml", {**given, **settings, "seed": part.split})]
        else:
            seeds = [100 * i + part.split for i in range(ENSEMBLE if method == AVERAGED else 1)]
            base = {
                "name": "run",
                "data": {**data, "seed": part.split},
            }  # one validation split for all that are averaged
            documents = [read_plain(base, {**settings, "seed": seed}) for seed in seeds]
        runs = [str(train(document, runs=folder).folder) for document in documents]
        single = [_loss(part, evaluate(run, runs=folder).scores) for run in runs]
        if len(runs) == 1:
            return {label: single[0]}
        together = make_ensemble(from_runs(runs, folder), runs=folder, save=False).together
        alone = label.removesuffix(", five averaged")
        return {label: _loss(part, together.scores["test"]), alone: sum(single) / len(single)}


def _loss(part: Part, scores: Mapping[str, float]) -> float:
    """The share of wrong classes (half a row if there is none), or the RMSE."""
    if part.task == "regression":
        return float(scores["rmse"])
    return max(1.0 - float(scores["accuracy"]), 0.5 / len(part.test))


def leave_out(asked: argparse.Namespace, cache: Path) -> None:
    """Measure the rows of the table of ingredients that are not known yet, split after split, and print it.

    The seed of a fit is the number of its split, so that the error holds both draws.
    """
    known = json.loads(cache.read_text()) if cache.exists() else {"scores": {}}
    paths = sets(asked.folder, asked.sets)
    tasks = {path.stem: json.loads(path.read_text())["task"] for path in paths}
    for split in range(asked.first, asked.first + asked.splits):
        for row in [BASE, *ROWS]:
            if asked.rows and row not in [BASE, *asked.rows]:
                continue
            for path in paths:
                key = f"{row}/{path.stem}/{split}"
                if key in known["scores"]:
                    continue
                part = one_part(path, split)
                changes = changed(row, part)
                if changes is None:
                    continue
                began = time.process_time()
                loss = measured(part, "tabular", row, changes)[row]
                known["scores"][key] = {"loss": loss, "seconds": round(time.process_time() - began, 3)}
                print(key.ljust(64), f"{loss:10.4g} {known['scores'][key]['seconds']:7.2f} s", flush=True)
                cache.write_text(json.dumps(known, indent=1))
    print(leave_out_table(known["scores"], tasks))


def main() -> None:
    """Measure what is asked and not known yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=[])
    parser.add_argument("--only", nargs="*", choices=list(METHODS), default=[AVERAGED, "tabular", "new csv"])
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", dest="changes")
    parser.add_argument("--label", help="of the methods with --set")
    parser.add_argument("--again", action="store_true", help="measure trainlab again")
    parser.add_argument("--leave-out", action="store_true", help="what each ingredient of the recipe is worth")
    parser.add_argument("--first", type=int, default=6, help="first split of --leave-out: nothing was chosen by 6 to 8")
    parser.add_argument("--rows", nargs="*", default=[], choices=list(ROWS), help="of --leave-out")
    parser.add_argument("--show", nargs="*", default=[], help="further methods of the cache in the table")
    asked = parser.parse_args()
    cache: Path = asked.cache or asked.folder.parent / "tabular.json"
    if asked.leave_out:
        leave_out(asked, asked.cache or asked.folder.parent / "leave_out.json")
        return
    if asked.peers:
        command = [asked.peers, str(PEERS), str(asked.folder), str(cache), "--splits", str(asked.splits)]
        subprocess.run([*command, "--sets", *asked.sets] if asked.sets else command, check=True)
    known = json.loads(cache.read_text()) if cache.exists() else {"versions": {}, "scores": {}}
    changes: dict[str, Any] = {}
    for text in asked.changes:
        override, wrong = argument(text)
        if override is None:
            raise SystemExit("\n".join(map(str, wrong)))
        changes[".".join(key for key, _ in override.parts)] = override.value.plain()
    labels = [f"trainlab {asked.label or method}" for method in asked.only]
    for method, label in zip(asked.only, labels, strict=True):
        known["versions"][label] = f"trainlab {__version__}"
        for path in sets(asked.folder, asked.sets):
            for part in parts(path, asked.splits):
                key = f"{label}/{part.name}/{part.split}"
                if key in known["scores"] and not asked.again:
                    continue
                began = time.process_time()
                losses = measured(part, method, label, changes)
                seconds = time.process_time() - began
                for name, loss in losses.items():
                    share = seconds if name == label else seconds / ENSEMBLE
                    row = {"loss": loss, "seconds": round(share, 3)}
                    known["scores"][f"{name}/{part.name}/{part.split}"] = row
                    print(f"{name}/{part.name}/{part.split}".ljust(44), f"{loss:10.4g} {share:7.2f} s", flush=True)
                cache.write_text(json.dumps(known, indent=1))
    peers = [label for label in known["versions"] if not label.startswith("trainlab ")]
    print(table(known["scores"], [*peers, *labels, *asked.show]))
    print("\n" + ", ".join(sorted({*known["versions"].values()})))


if __name__ == "__main__":
    main()
