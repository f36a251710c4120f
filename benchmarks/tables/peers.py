"""Scores of other libraries, defaults everywhere: run by ../tabular.py in an environment that has them.

    python peers.py SETS CACHE.json --splits 3 [--sets NAME ...] [--methods NAME ...]

What the cache holds is not measured again. A method whose library is not installed is left out.
"""

import argparse
import importlib.util
import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from splits import Part, parts, sets

Method = Callable[[Part, int], Any]


def inputs(part: Part) -> tuple[Any, Any]:
    """The columns without the target; categories have one pandas type in both tables."""
    train, test = (frame.drop(columns=part.target) for frame in (part.train, part.test))
    for name in part.categorical:
        train[name] = train[name].astype("category")
        known = test[name].where(test[name].isin(train[name].cat.categories))  # others are missing
        test[name] = known.astype(train[name].dtype)
    return train, test


def codes(part: Part) -> Any:
    """The training targets: numbers, or the index of each class."""
    y = part.train[part.target]
    return y.to_numpy(float) if part.task == "regression" else np.unique(y, return_inverse=True)[1]


def fitted(part: Part, classifier: Any, regressor: Any) -> Any:
    """Predictions of a model that takes pandas' categories."""
    train, test = inputs(part)
    model = regressor if part.task == "regression" else classifier
    return np.asarray(model.fit(train, codes(part)).predict(test)).reshape(len(test))


def hgb(part: Part, seed: int) -> Any:
    """scikit-learn's HistGradientBoosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    settings = {"categorical_features": "from_dtype", "random_state": seed}
    return fitted(part, HistGradientBoostingClassifier(**settings), HistGradientBoostingRegressor(**settings))


def xgboost(part: Part, seed: int) -> Any:
    """XGBoost."""
    from xgboost import XGBClassifier, XGBRegressor

    settings = {"enable_categorical": True, "n_jobs": 1, "random_state": seed}
    return fitted(part, XGBClassifier(**settings), XGBRegressor(**settings))


def lightgbm(part: Part, seed: int) -> Any:
    """LightGBM."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    settings = {"n_jobs": 1, "random_state": seed, "verbose": -1}
    renamed = Part(
        **{
            **part.__dict__,
            "train": part.train.rename(columns=_plain(part)),
            "test": part.test.rename(columns=_plain(part)),
            "categorical": [_plain(part)[name] for name in part.categorical],
            "target": _plain(part)[part.target],
        }
    )
    return fitted(renamed, LGBMClassifier(**settings), LGBMRegressor(**settings))


def catboost(part: Part, seed: int) -> Any:
    """CatBoost."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    train, test = (frame.drop(columns=part.target) for frame in (part.train, part.test))
    for frame in (train, test):
        frame[part.categorical] = frame[part.categorical].fillna("(missing)")
    settings = {"thread_count": 1, "random_seed": seed, "verbose": False, "allow_writing_files": False}
    kind = CatBoostRegressor if part.task == "regression" else CatBoostClassifier
    model = kind(cat_features=part.categorical, **settings).fit(train, codes(part))
    return np.asarray(model.predict(test)).reshape(len(test))


def mlp(part: Part, seed: int) -> Any:
    """scikit-learn's MLP behind a usual pipeline."""
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    train, test = inputs(part)
    numbers = [name for name in train if name not in part.categorical]
    prepared = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), part.categorical),
    )
    scaled = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
    model = scaled if part.task == "regression" else MLPClassifier(random_state=seed)
    return make_pipeline(prepared, model).fit(train, codes(part)).predict(test)


def realmlp(part: Part, seed: int, *, small: bool = False) -> Any:
    """RealMLP-TD of pytabkit."""
    import pytabkit

    kind = "Regressor" if part.task == "regression" else "Classifier"
    model = getattr(pytabkit, f"RealMLP_TD{'_S' if small else ''}_{kind}")(device="cpu", n_threads=1, random_state=seed)
    train, test = inputs(part)
    numbers = [name for name in train if name not in part.categorical]
    middle = train[numbers].median()  # it takes no missing numbers
    train[numbers], test[numbers] = train[numbers].fillna(middle), test[numbers].fillna(middle)
    return np.asarray(model.fit(train, codes(part)).predict(test)).reshape(len(test))


def realmlp_s(part: Part, seed: int) -> Any:
    """RealMLP-TD-S of pytabkit."""
    return realmlp(part, seed, small=True)


METHODS: dict[str, tuple[str, str, Method]] = {
    "HistGradientBoosting": ("sklearn", "scikit-learn", hgb),
    "XGBoost": ("xgboost", "xgboost", xgboost),
    "LightGBM": ("lightgbm", "lightgbm", lightgbm),
    "CatBoost": ("catboost", "catboost", catboost),
    "scikit-learn MLP": ("sklearn", "scikit-learn", mlp),
    "RealMLP-TD-S": ("pytabkit", "pytabkit", realmlp_s),
    "RealMLP-TD": ("pytabkit", "pytabkit", realmlp),
}


def loss(part: Part, predicted: Any) -> float:
    """Share of wrong classes (half a row if there is none), or RMSE; classes are told by index."""
    y = part.test[part.target]
    if part.task == "regression":
        return float(np.sqrt(np.mean((predicted - y.to_numpy(float)) ** 2)))
    known = np.unique(part.train[part.target])
    wrong = known[np.asarray(predicted).astype(int)] != y.to_numpy()
    return float(max(wrong.mean(), 0.5 / len(y)))


def _plain(part: Part) -> dict[str, str]:
    """LightGBM takes no column names with signs of JSON."""
    return {name: f"c{i}" for i, name in enumerate(part.train.columns)}


def main() -> None:
    """Measure what the cache lacks, one thread each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=[])
    parser.add_argument("--methods", nargs="*", default=[])
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    found = json.loads(asked.cache.read_text()) if asked.cache.exists() else {"versions": {}, "scores": {}}
    for label, (module, package, method) in METHODS.items():
        if (asked.methods and label not in asked.methods) or not importlib.util.find_spec(module):
            continue
        found["versions"][label] = f"{package} {version(package)}"
        for path in sets(asked.folder, asked.sets):
            for part in parts(path, asked.splits):
                key = f"{label}/{part.name}/{part.split}"
                if key in found["scores"]:
                    continue
                began = time.process_time()
                predicted = method(part, part.split)
                seconds = time.process_time() - began
                found["scores"][key] = {"loss": loss(part, predicted), "seconds": round(seconds, 3)}
                print(f"{key:44s} {found['scores'][key]['loss']:10.4g} {seconds:7.2f} s", flush=True)
                asked.cache.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
