"""Networks against boosted trees on tables: loss, rank and CPU time of trainlab and its peers on the same splits.

    OMP_NUM_THREADS=1 python benchmarks/tabular.py SETS                    # trainlab, beside the peers of the cache
    OMP_NUM_THREADS=1 python benchmarks/tabular.py SETS --peers PYTHON     # measure the peers, too, with that Python
    OMP_NUM_THREADS=1 python benchmarks/tabular.py SETS --only tabular --set model.dropout=0 --label "no dropout"

SETS is a folder with NAME.csv (empty cell: missing) and NAME.json (name, target, task, categorical) for each set. The
peers' Python needs numpy, pandas, scikit-learn and whatever of xgboost, lightgbm, catboost and pytabkit (with torch) is
to be compared; defaults everywhere, one thread. Results are kept in `--cache` (default tabular.json beside SETS): what
it holds is not measured again, so that only trainlab is rerun after a change (`--again`).
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

from tables.splits import Part, parts, sets
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
ENSEMBLE = 5
METHODS: dict[str, dict[str, Any]] = {
    "tabular": {"model": "tabular"},
    "tabular, members: 8": {"model": "tabular", "train.members": 8},
    "tabular, five averaged": {"model": "tabular"},
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


def measured(part: Part, method: str, changes: Mapping[str, Any]) -> float:
    """The loss of one of trainlab's methods on the test rows of a split."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        data = files(part, folder)
        settings = {**METHODS[method], **changes, "seed": part.split}
        if method == "new csv":
            (folder / "c.yaml").write_text(draft_config(str(folder / "train.csv"), part.target))
            given = {f"data.{key}": data[key] for key in ("test_path", "task", "unknown", "split", "categorical")}
            documents = [read(folder / "c.yaml", {**given, "seed": part.split})]
        else:
            seeds = ENSEMBLE if method.endswith("averaged") else 1
            base = {"name": "run", "data": data}
            documents = [read_plain(base, {**settings, "seed": 100 * i + part.split}) for i in range(seeds)]
        runs = [str(train(document, runs=folder).folder) for document in documents]
        if len(runs) == 1:
            scores = evaluate(runs[0], runs=folder).scores
        else:
            scores = make_ensemble(from_runs(runs, folder), runs=folder, save=False).together.scores["test"]
    if part.task == "regression":
        return float(scores["rmse"])
    return max(1.0 - float(scores["accuracy"]), 0.5 / len(part.test))


def main() -> None:
    """Measure what is asked and not known yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=[])
    parser.add_argument("--only", nargs="*", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", dest="changes")
    parser.add_argument("--label", help="of the methods with --set")
    parser.add_argument("--again", action="store_true", help="measure trainlab again")
    parser.add_argument("--show", nargs="*", default=[], help="further methods of the cache in the table")
    asked = parser.parse_args()
    cache: Path = asked.cache or asked.folder.parent / "tabular.json"
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
                loss = measured(part, method, changes)
                known["scores"][key] = {"loss": loss, "seconds": round(time.process_time() - began, 3)}
                print(f"{key:44s} {loss:10.4g} {known['scores'][key]['seconds']:7.2f} s", flush=True)
                cache.write_text(json.dumps(known, indent=1))
    peers = [label for label in known["versions"] if not label.startswith("trainlab ")]
    print(table(known["scores"], [*peers, *labels, *asked.show]))
    print("\n" + ", ".join(sorted({*known["versions"].values()})))


if __name__ == "__main__":
    main()
