"""Preprocessors for tables: numbers of RealMLP's own code and of scikit-learn, and the law of each."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import KBinsDiscretizer

from trainlab.core.component import make as component
from trainlab.core.errors import DataError
from trainlab.data.preprocessing import apply_fitted, fit_all
from trainlab.data.preprocessor import Preprocessor
from trainlab.training.experiment import read_plain
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build


def make(name, **settings):
    return component(Preprocessor, name, **settings)


def rows(n, seed):
    """Correlated features of very different size and place."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)) @ rng.normal(size=(5, 5)) * 10.0 ** np.arange(-2, 3) + np.arange(5) * 3


def test_robust_and_smooth_clip_are_realmlps():
    """Quartiles that are equal, a constant feature and outliers come out as of RealMLP's own code.

    The numbers are those of RobustScaleSmoothClipTransform in dholzmueller/realmlp-td-s_standalone@a8c73f7.
    """
    train = np.array([[1, 5, 0, 7], [2, 5, 0, 7], [4, 5, 0, 7], [8, 5, 3, 7], [16, 9, 0, 7], [-1000, 1, 0, 7]], float)
    want = [
        [-0.3455116, 0.0, 0.0, 0.0],
        [-0.1736215, 0.0, 0.0, 0.0],
        [0.1736215, 0.0, 0.0, 0.0],
        [0.8351881, 0.0, 1.6641006, 0.0],
        [1.8055507, 0.9486833, 0.0, 0.0],
        [-2.9995564, -0.9486833, 0.0, 0.0],
    ]
    chain = [make("robust"), make("smooth_clip")]
    fitted = fit_all(chain, train)
    assert apply_fitted(chain, fitted, train, np.float64) == pytest.approx(np.array(want), abs=1e-7)
    other = apply_fitted(chain, fitted, np.array([[3.0, 6, -1, 8]]), np.float64)
    assert other == pytest.approx(np.array([[0.0, 0.2491364, -0.6507914, 0.0]]), abs=1e-7)


@pytest.mark.parametrize("count", [7, 1000])
def test_quantile_is_scikit_learns(count):
    """Without noise, ranks and their normal quantiles are those of scikit-learn's QuantileTransformer."""
    from sklearn.preprocessing import QuantileTransformer

    train, other = rows(300, seed=1), rows(50, seed=2)
    train[:, 1], other[:, 1] = train[:, 1].round(), other[:, 1].round()  # ties
    theirs = QuantileTransformer(n_quantiles=min(count, 300), output_distribution="normal", subsample=None)
    step = make("quantile", quantiles=count, noise=0.0)
    assert step.apply(other, step.fit(train)) == pytest.approx(theirs.fit(train).transform(other), abs=1e-6)


def test_quantile_spreads_ties():
    """A column with many equal values gets steps at their ranks, and a constant one 0."""
    x = np.column_stack([np.repeat([0.0, 1.0], 500), np.full(1000, 7.0)])
    step = make("quantile")
    got = step.apply(x, step.fit(x))
    assert got[0, 0] < -0.5 < 0.5 < got[-1, 0]
    assert (got[:, 1] == 0).all()
    assert step.fit(x)["quantiles"][:, 1].tolist() == [7.0] * 33


def test_smooth_clip_keeps_the_order_and_its_limit():
    """It is x near 0, rises everywhere, and stays within the limit for the largest numbers too."""
    x = np.array([-1e200, -1e9, -5.0, -1e-3, 0.0, 1e-3, 5.0, 50.0, 1e200])[:, None]
    got = make("smooth_clip", limit=2.0).apply(x, {}).ravel()
    assert (np.diff(got[1:-1]) > 0).all()
    assert np.abs(got).max() <= 2.0
    assert got[3:6] == pytest.approx(x[3:6, 0], rel=1e-6)


def test_piecewise_linear_is_interpolation():
    """The bins of a number add up to NumPy's interpolation between scikit-learn's quantiles, constant outside."""
    rng = np.random.default_rng(0)
    train, other = rng.normal(size=(200, 2)), 2 * rng.normal(size=(50, 2))
    encoder = make("piecewise_linear", bins=6, keep=False)
    got = encoder.apply(other, encoder.fit(train))
    newer = {"quantile_method": "linear"} if "quantile_method" in KBinsDiscretizer().get_params() else {}
    binned = KBinsDiscretizer(6, strategy="quantile", **newer).fit(train)  # older releases have no other method
    for i, edges in enumerate(binned.bin_edges_):
        bins = got[:, 6 * i : 6 * i + 6]
        assert bins.sum(axis=1) == pytest.approx(np.interp(other[:, i], edges, np.arange(7)))
        assert bins.min() == 0.0
        assert bins.max() == 1.0
        assert (np.diff(bins, axis=1) <= 0).all()  # a bin is full before the next begins


def test_piecewise_linear_has_an_edge_where_most_rows_are():
    """A value that most rows share is an edge, and the other bins divide the other rows equally."""
    train = np.concatenate([np.zeros(900), np.arange(1, 101)])[:, None]
    encoder = make("piecewise_linear", bins=5, keep=False)
    fitted = encoder.fit(train)
    assert fitted["low"].tolist() == [0, 1, 25.75, 50.5, 75.25]
    assert encoder.apply(np.array([[0.0], [1.0], [38.125], [np.nan]]), fitted).tolist() == [
        [0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [1, 1, 0.5, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_piecewise_linear_of_few_values():
    """A column of few values gets a bin between each two of them, a constant one none."""
    train = np.array([[3.0, 7.0], [1.0, 7.0], [2.0, 7.0], [3.0, 7.0]])
    encoder = make("piecewise_linear")
    assert encoder.apply(train, encoder.fit(train)).tolist() == [
        [3, 7, 1, 1],
        [1, 7, 0, 0],
        [2, 7, 1, 0],
        [3, 7, 1, 1],
    ]


def test_signs():
    """0, 1 and missing are -1, +1 and 0; so is every other value."""
    assert make("signs").apply(np.array([[0.0, 1.0, np.nan, 2.0]]), {}).tolist() == [[-1, 1, 0, 0]]


def table():
    """400 rows: heavy tails, 0 and 1, half of them 0; and numbers that depend on them."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=400) ** 3, rng.integers(0, 2, 400), np.maximum(rng.normal(size=400), 0)])
    x = x.round(2)
    return x, (x[:, 0] > 0.5) * 2.0 + np.sin(x[:, 2] * 3)


# rtdl_num_embeddings.compute_bins (yandex-research/rtdl-num-embeddings@a8fc2502), with 5 bins; the trees with
# min_samples_leaf 64 and min_impurity_decrease 1e-4
OF_NUMBERS = [[-53.68, -0.165, 0.015, 0.51, 28.82], [0.0, 0.5, 1.0], [0.0, 0.015, 0.775, 2.49]]
OF_CLASSES = [[-53.68, 0.51, 28.82], [0.0, 0.5, 1.0], [0.0, 0.305, 0.765, 2.49]]


@pytest.mark.parametrize(("by", "classes", "want"), [("tree", False, OF_NUMBERS), ("tree", True, OF_CLASSES)])
def test_bins_of_trees_are_those_of_the_papers_code(by, classes, want):
    """Edges by a tree on numbers and by a tree on classes."""
    x, y = table()
    encoder = make("piecewise_linear", bins=5, by=by)
    fitted = encoder.fit_to(x, (y > 1).astype(np.int64) if classes else y[:, None])
    for i, edges in enumerate(want):
        own = fitted["column"] == i
        assert fitted["low"][own] == pytest.approx(edges[:-1], abs=1e-6)
        assert (fitted["low"] + fitted["width"])[own] == pytest.approx(edges[1:], abs=1e-6)


def test_a_tree_makes_no_more_bins_than_there_are():
    """On a column that a tree would split everywhere it stops at `bins` leaves."""
    x = np.arange(2000.0)[:, None]
    fitted = make("piecewise_linear", bins=4, by="tree").fit_to(x, x)
    assert fitted["low"] == pytest.approx([0, 499.5, 999.5, 1499.5], abs=1)


def test_a_tree_needs_targets():
    """Without targets there is nothing to grow a tree on; in a run it gets those of the training rows."""
    with pytest.raises(DataError, match=r"^data.preprocess: `piecewise_linear` with `by: tree` needs the targets"):
        make("piecewise_linear", by="tree").fit(np.zeros((5, 1)))
    steps = [{"name": "piecewise_linear", "by": "tree", "keep": False}]
    parts = build(read_plain({"data": {"name": "breast_cancer", "preprocess": steps}})).parts
    alone = make("piecewise_linear", by="tree").fit_to(parts.raw_train, parts.raw_y)
    assert parts.fitted["0.piecewise_linear.low"].tolist() == alone["low"].tolist()
    assert np.bincount(alone["column"]).max() > 1


def test_a_column_without_spread_or_numbers():
    """A constant column and one without any finite number have no bins."""
    x = np.array([[3.0, np.nan], [3.0, np.nan]])
    encoder = make("piecewise_linear", bins=2, keep=False)
    assert encoder.apply(np.array([[7.0, 1.0]]), encoder.fit(x)).shape == (1, 0)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("columns", ["numbers", ["b"]])
def test_bins_are_made_batch_by_batch(tmp_path, keep, columns):
    """Rows in memory hold a place among the bins for each number, and a batch is what `apply` makes of its rows."""
    rng = np.random.default_rng(0)
    path = tmp_path / "t.csv"
    frame = {"a": rng.normal(size=90), "c": rng.choice(["x", "y", "z"], 90), "b": rng.exponential(size=90) // 0.3}
    pd.DataFrame({**frame, "y": rng.normal(size=90)}).to_csv(path, index=False)
    steps = [{"name": "piecewise_linear", "bins": 5, "keep": keep, "columns": columns}]
    parts = build(read_plain({"data": {"name": "csv", "path": str(path), "target": "y", "preprocess": steps}})).parts
    x = parts.train.x
    numbers = 2 if columns == "numbers" else 1
    assert x.stored.shape[1] == 5 + (numbers if keep else 0)
    assert x.shape[1] > 7
    want = apply_fitted([component(Preprocessor, **step) for step in steps], parts.fitted, parts.raw_train)
    assert np.asarray(x[np.array([3, 0, 3])]) == pytest.approx(want[[3, 0, 3]], abs=1e-6)


def test_a_batch_is_widened_by_a_kernel():
    """Both backends read the same batch: after a few epochs they have the same losses, up to rounding."""
    config = {"data": {"name": "wine", "preprocess": ["robust", "piecewise_linear"]}, "train": {"epochs": 3}}
    losses = []
    for engine in ("compiled", "numpy"):
        session = TrainingSession(build(read_plain(config, {"train.engine": engine})), monitored=False)
        session.fit()
        losses.append([row["val_loss"] for row in session.metrics.curves.rows])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_inputs_keep_their_names(tmp_path):
    """The columns that the network gets are named: numbers in front with their bins, categories behind."""
    rows = [f"{i % 7},{'xyz'[i % 3]},{i % 5},{i % 2}" for i in range(60)]
    (tmp_path / "t.csv").write_text("a,c,b,y\n" + "\n".join(rows) + "\n")
    steps = [{"name": "piecewise_linear", "bins": 2}]
    data = {"name": "csv", "path": str(tmp_path / "t.csv"), "target": "y", "preprocess": steps}
    parts = build(read_plain({"data": data})).parts
    assert parts.train.features == ("a", "c=x", "c=y", "c=z", "b")
    numbers = [name.split(">=")[0] for name in parts.inputs[:6]]
    assert numbers == ["a", "b", "a", "a", "b", "b"]
    assert parts.inputs[6:] == ("c=x", "c=y", "c=z")
    assert len(parts.inputs) == parts.train.x.shape[1]
    assert build(read_plain({"data": {**data, "preprocess": []}})).parts.inputs == parts.train.features
