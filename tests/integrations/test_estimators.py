"""The scikit-learn estimators: scikit-learn's own checks, and the promises that go beyond them."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_wine, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import parametrize_with_checks

import trainlab as tl

MOONS = make_moons(200, noise=0.1, random_state=0)
SMALL = {"hidden": [8], "epochs": 20, "lr": 0.02, "batch_size": 32, "random_state": 0}


def _stochastic(_):
    """What scikit-learn also leaves out for its own estimators that draw batches (SGDClassifier)."""
    return {"check_sample_weight_equivalence_on_dense_data": "rows left out or repeated change the batches"}


@parametrize_with_checks(
    [tl.TrainlabClassifier(epochs=60), tl.TrainlabRegressor(epochs=60)], expected_failed_checks=_stochastic
)
def test_scikit_learn_has_no_objections(estimator, check):
    """Every check that scikit-learn has for estimators of its kind passes."""
    check(estimator)


def test_weights_are_worth_rows():
    """Without batches, a row of weight 2 is worth two rows and one of weight 0 none, also in a run folder."""
    x, y = MOONS
    weights = np.resize([0, 1, 2], len(x))
    settings = {**SMALL, "optimizer": "lbfgs", "lr": None, "preprocess": None}
    repeated = tl.TrainlabClassifier(**settings).fit(np.repeat(x, weights, axis=0), np.repeat(y, weights))
    weighted = tl.TrainlabClassifier(**settings).fit(x, y, sample_weight=weights)
    plain = tl.TrainlabClassifier(**settings).fit(x, y)
    np.testing.assert_allclose(weighted.predict_proba(x), repeated.predict_proba(x), atol=1e-6)
    assert np.abs(weighted.predict_proba(x) - plain.predict_proba(x)).max() > 1e-3


def test_weights_in_a_run_folder(tmp_path):
    """A fit with `runs` keeps the weights with its rows: the run has the weights of the fit in memory."""
    x, y = MOONS
    weights = np.resize([0.5, 1.5], len(x))
    one = tl.TrainlabClassifier(**SMALL).fit(x, y, sample_weight=weights)
    other = tl.TrainlabClassifier(**SMALL, runs=tmp_path).fit(x, y, sample_weight=weights)
    for name, array in one.weights_.items():
        np.testing.assert_array_equal(other.weights_[name], array)


def test_nothing_is_written(tmp_path, monkeypatch):
    """Without `runs` a fit leaves no file anywhere near."""
    monkeypatch.chdir(tmp_path)
    tl.TrainlabClassifier(**SMALL).fit(*MOONS)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("estimator", "data", "more"),
    [
        (tl.TrainlabClassifier, MOONS, {}),
        (tl.TrainlabClassifier, MOONS, {"early_stopping": True, "n_iter_no_change": 2, "lr": 0.3, "dropout": 0.2}),
        (tl.TrainlabRegressor, load_diabetes(return_X_y=True), {"config": {"schedule": "cosine"}}),
        (tl.TrainlabRegressor, load_diabetes(return_X_y=True), {"config": {"train.average": 0.9}, "norm": "batch"}),
    ],
)
def test_a_run_has_the_same_weights(tmp_path, estimator, data, more):
    """With `runs` a fit leaves a finished run of the same weights, which predicts the same."""
    X, y = data
    alone = estimator(**{**SMALL, **more}).fit(X, y)
    beside = estimator(**{**SMALL, **more}, runs=tmp_path).fit(X, y)
    run = tl.load(beside.run_folder_)

    assert beside.loss_curve_ == alone.loss_curve_
    assert beside.best_epoch_ == alone.best_epoch_ == run.best["epoch"]
    assert all((beside.weights_[name] == a).all() for name, a in alone.weights_.items())
    assert (run.status, len(run.metrics)) == ("finished", alone.n_iter_ + 1)
    np.testing.assert_array_equal(run.predict(X), alone.predict(X))


def test_no_run_comes_of_wrong_settings(tmp_path):
    """Settings that do not fit are a ValueError with the config's own words, and leave no folder behind."""
    wrong = tl.TrainlabClassifier(activation="rely", config={"optimizer.lrr": 1}, runs=tmp_path)

    with pytest.raises(ValueError, match="2 problems") as caught:
        wrong.fit(*MOONS)

    assert str(caught.value) == (
        "TrainlabClassifier: model.activation: unknown activation `rely`; did you mean `relu`?\n"
        "override `optimizer.lrr`: optimizer.lrr: unknown key; did you mean `lr`?\n"
        "2 problems"
    )
    assert list(tmp_path.iterdir()) == []


def test_early_stopping_stops():
    """With early stopping the run ends before its epochs and keeps the weights of the best one."""
    model = tl.TrainlabClassifier(**{**SMALL, "epochs": 500, "lr": 0.1}, early_stopping=True, n_iter_no_change=5)
    model.fit(*MOONS)

    assert model.n_iter_ < 500
    assert model.best_epoch_ <= model.n_iter_
    assert len(model.loss_curve_) == model.n_iter_


def test_grid_search_over_a_pipeline():
    """The estimator is searched inside a pipeline, and the better setting wins."""
    pipeline = make_pipeline(MinMaxScaler(), tl.TrainlabClassifier(**SMALL))
    grid = {"trainlabclassifier__lr": [1e-6, 0.05], "trainlabclassifier__hidden": [(8,), (16, 8)]}

    search = GridSearchCV(pipeline, grid, cv=3).fit(*MOONS)

    assert search.best_params_["trainlabclassifier__lr"] == 0.05
    assert search.best_score_ > 0.9


def test_scores_on_real_data():
    """Cross-validated, small networks do well on wine and, by R2, on diabetes (linear regression: 0.49)."""
    wine = cross_val_score(tl.TrainlabClassifier(epochs=30, lr=0.01, random_state=0), *load_wine(return_X_y=True), cv=3)
    diabetes = cross_val_score(
        tl.TrainlabRegressor(hidden=[16], epochs=20, lr=0.01, l2=0.1, random_state=0),
        *load_diabetes(return_X_y=True),
        cv=3,
    )

    assert wine.mean() > 0.95
    assert diabetes.mean() > 0.45


def test_a_pickle_predicts_the_same():
    """Pickled and read back, or fitted again from a clone, it is the same network."""
    model = tl.TrainlabClassifier(**SMALL).fit(*MOONS)
    want = model.predict_proba(MOONS[0])

    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(MOONS[0]), want)  # noqa: S301 - ours
    np.testing.assert_array_equal(clone(model).fit(*MOONS).predict_proba(MOONS[0]), want)


def test_the_float_type_is_that_of_the_rows():
    """float32 rows are trained and answered in float32, float64 rows in float64."""
    for dtype in (np.float32, np.float64):
        X = MOONS[0].astype(dtype)
        model = tl.TrainlabClassifier(**SMALL).fit(X, MOONS[1])

        assert {a.dtype for a in model.weights_.values()} == {np.dtype(dtype)}
        assert model.predict_proba(X).dtype == dtype


def test_images_go_into_a_cnn():
    """Rows may be images, for models that take them; other shapes are refused later."""
    digits = load_digits()
    X, y = digits.images[:300, :, :, None], digits.target[:300]
    model = tl.TrainlabClassifier(
        epochs=8,
        lr=0.01,
        preprocess=None,
        random_state=0,
        config={"model": {"cnn": [8]}, "data.preprocess": ["minmax"]},
    )

    assert model.fit(X, y).score(X, y) > 0.9
    with pytest.raises(ValueError, match=re.escape("X has rows of shape (8, 4, 1), but this network was fitted on")):
        model.predict(X[:, :, :4])


def test_several_targets():
    """Targets with columns come back as columns, in their own units."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    Y = np.column_stack([1000 + 50 * X[:, 0], X[:, 1] - X[:, 2]])
    model = tl.TrainlabRegressor(hidden=[16], epochs=40, lr=0.02, random_state=0).fit(X, Y)

    assert model.predict(X).shape == Y.shape
    assert model.score(X, Y) > 0.95


def test_hinge_gives_no_probabilities():
    """Where the loss knows no probabilities, asking for them says so."""
    model = tl.TrainlabClassifier(**SMALL, config={"loss": "hinge"}).fit(*MOONS)

    assert model.score(*MOONS) > 0.8
    with pytest.raises(AttributeError, match="hinge gives no probabilities"):
        model.predict_proba(MOONS[0])


def test_divergence_warns_and_keeps_the_best():
    """A loss that is no longer finite ends the fit with a warning; the weights are finite all the same."""
    X, y = load_diabetes(return_X_y=True)
    model = tl.TrainlabRegressor(hidden=[8, 8], optimizer="sgd", lr=1e6, epochs=50, random_state=0)

    with pytest.warns(ConvergenceWarning, match="training stopped before its end"):
        model.fit(X, y)

    assert np.isfinite(model.predict(X)).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(model).set_params(lr=1e-3).fit(X, y)


def test_the_settings_for_tables():
    """`model="tabular"` takes the recipe's settings for whatever was left at its default, missing numbers included."""
    x, y = load_wine(return_X_y=True)
    x[::7, 3] = np.nan
    network = tl.TrainlabClassifier(model="tabular", epochs=30, random_state=0).fit(x, y)
    made = network.config_
    assert (made["model"]["name"], made["model"]["hidden"], made["optimizer"]["name"]) == (
        "tabular",
        [256, 256],
        "adamw",
    )
    assert (made["train"]["epochs"], made["train"]["batch_size"]) == (30, 32)
    assert network.score(x, y) > 0.95
    numbers, t = load_diabetes(return_X_y=True)
    line = tl.TrainlabRegressor(model="tabular", hidden=[16], random_state=0).fit(numbers, t)
    assert (line.config_["model"]["hidden"], line.config_["data"]["preprocess"][0]["name"]) == ([16], "fill")
    assert line.score(numbers, t) > 0.3


def people(rows=240):
    """A table with numbers, text, categories and truth values, and an answer that depends on all but the numbers."""
    rng = np.random.default_rng(0)
    table = {
        "age": rng.integers(18, 80, rows),
        "city": rng.choice(["Seoul", "Busan", "Jeju"], rows),
        "plan": pd.Categorical(rng.choice(["basic", "plus"], rows)),
        "paper": rng.random(rows) > 0.5,
    }
    frame = pd.DataFrame(table)
    answer = (frame["city"] == "Seoul") & (frame["plan"] == "plus") | frame["paper"] & (frame["city"] == "Jeju")
    return frame, np.where(answer, "yes", "no")


def test_columns_of_text():
    """Text and categories become a column each: the network learns what depends on them, in any order of columns."""
    X, y = people()
    model = tl.TrainlabClassifier(epochs=40, lr=0.02, random_state=0).fit(X, y)

    assert model.score(X, y) > 0.97
    assert model.feature_names_in_.tolist() == list(X)
    assert {c["name"]: c.get("categories") for c in model.encoding_["columns"]}["city"] == ["Busan", "Jeju", "Seoul"]
    want = model.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), want)  # noqa: S301 - ours
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        np.testing.assert_array_equal(model.predict_proba(X.to_numpy(object)), want)
    assert cross_val_score(model, X, y, cv=3).mean() > 0.9


def test_a_category_that_no_row_had_is_all_zeros():
    """An unknown category has the prediction of a row with none of the known ones; a missing column is named."""
    X, y = people()
    model = tl.TrainlabClassifier(epochs=5, random_state=0).fit(X, y)
    one, other = X.head(3).assign(city="Daegu"), X.head(3).assign(city="Daejeon")

    np.testing.assert_array_equal(model.predict_proba(one), model.predict_proba(other))
    with pytest.raises(ValueError, match="Feature names seen at fit time, yet now missing"):
        model.predict(X.drop(columns="city"))


def test_missing_cells_and_dates_of_a_table():
    """A missing number is refused with what to do, or filled; a column that is left out is told."""
    X, y = people()
    X.loc[3, "age"] = np.nan
    with pytest.raises(ValueError, match="column `age`: missing value"):
        tl.TrainlabClassifier(epochs=1).fit(X, y)
    model = tl.TrainlabClassifier(epochs=1, preprocess=["fill", "standardize"]).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    dated = X.assign(age=1.0, since=pd.date_range("2020-01-01", periods=len(X)))
    with pytest.warns(UserWarning, match="since"):
        tl.TrainlabClassifier(epochs=1).fit(dated, y)


def test_numbers_from_columns_of_text():
    """The regressor takes them, too."""
    X, _ = people()
    price = X["city"].map({"Seoul": 30.0, "Busan": 20.0, "Jeju": 10.0}) + 5.0 * X["paper"]
    model = tl.TrainlabRegressor(hidden=[16], epochs=40, lr=0.02, random_state=0).fit(X, price)
    assert model.score(X, price) > 0.95


def test_class_weights_are_weights_of_rows():
    """`class_weight` is what scikit-learn makes of it, times the weights of the rows."""
    x, y = MOONS
    settings = {**SMALL, "epochs": 5}
    for weight in ("balanced", {0: 1.0, 1: 4.0}):
        rows = np.linspace(0.5, 1.5, len(x))
        by_class = tl.TrainlabClassifier(**settings, class_weight=weight).fit(x, y, sample_weight=rows)
        by_row = tl.TrainlabClassifier(**settings).fit(x, y, sample_weight=rows * compute_sample_weight(weight, y))
        np.testing.assert_array_equal(by_class.predict_proba(x), by_row.predict_proba(x))
    plain = tl.TrainlabClassifier(**settings).fit(x, y)
    assert by_class.predict_proba(x)[:, 1].mean() > plain.predict_proba(x)[:, 1].mean() + 0.05


def test_a_temperature_in_memory_and_in_a_folder(tmp_path):
    """`calibrate` divides the outputs in both cases; without validation rows it is refused."""
    noisy = make_moons(200, noise=0.5, random_state=0)
    settings = {**SMALL, "early_stopping": True, "validation_fraction": 0.3, "config": {"calibrate": "temperature"}}
    alone = tl.TrainlabClassifier(**settings).fit(*noisy)
    beside = tl.TrainlabClassifier(**settings, runs=tmp_path).fit(*noisy)
    plain = tl.TrainlabClassifier(**{**settings, "config": None}).fit(*noisy)

    assert alone.temperature_ == beside.temperature_ != 1.0
    np.testing.assert_array_equal(alone.predict_proba(noisy[0]), beside.predict_proba(noisy[0]))
    gaps = [np.log(p[:, 1] / p[:, 0]) for p in (plain.predict_proba(noisy[0]), alone.predict_proba(noisy[0]))]
    np.testing.assert_allclose(gaps[1], gaps[0] / alone.temperature_, rtol=1e-6)
    with pytest.raises(ValueError, match="a temperature is fitted on validation rows"):
        tl.TrainlabClassifier(config={"calibrate": "temperature"}).fit(*noisy)
