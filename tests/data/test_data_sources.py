"""Built-in and generated sets: contract tests over all of them, and scikit-learn's own numbers."""

import subprocess
import sys

import numpy as np
import pytest
from making_data import prepared, source

from trainlab.core.component import registered
from trainlab.data.source import Source
from trainlab.data.sources.friedman1 import friedman

SELF_CONTAINED = [cls for cls in registered(Source) if not any(f.is_required() for f in cls.model_fields.values())]
SELF_CONTAINED = [cls for cls in SELF_CONTAINED if cls.name != "idx"]  # which needs one of two ways to name files
REAL = ["digits", "iris", "wine", "breast_cancer", "diabetes"]
TABLES = ["csv", "parquet", "feather", "excel", "jsonl", "sqlite", "arff", "stata", "spss", "sas"]
ARRAYS = ["npz", "npy", "hdf5", "mat", "svmlight"]
READERS = [*TABLES, *ARRAYS, "idx", "cifar10", "cifar100", "stl10", "image_folder", "parquet_images"]
GENERATED = ["blobs", "circles", "friedman1", "mnist1d", "moons", "spirals"]


def load(name, seed=0, **settings):
    return source(name, **settings).load(np.random.default_rng(seed))


def test_every_source_of_the_contract_exists():
    """All names of the contract are registered, and no others."""
    assert [cls.name for cls in registered(Source)] == sorted([*REAL, *READERS, *GENERATED])


@pytest.mark.parametrize("cls", registered(Source), ids=lambda cls: cls.name)
def test_every_setting_has_help(cls):
    """Each source and each of its settings says what it is."""
    assert cls.__doc__
    assert [name for name, f in cls.model_fields.items() if not f.description] == []


@pytest.mark.parametrize("cls", SELF_CONTAINED, ids=lambda cls: cls.name)
def test_known_without_loading_is_what_is_loaded(cls):
    """`known` tells the shape and the task that `load` then brings, with sound rows."""
    loaded = cls().load(np.random.default_rng(0))
    x, y = np.asarray(loaded.rows.x, np.float64), loaded.rows.y
    assert (loaded.rows.shape, loaded.task) == cls().known()
    assert np.isfinite(x).all()
    assert len(loaded.task.names) == loaded.task.outputs
    assert len(loaded.rows.features) in (0, x[0].size)
    if loaded.task.kind == "classification":
        assert (y.shape, y.dtype) == ((len(x),), np.int64)
        assert np.unique(y).tolist() == list(range(loaded.task.outputs))
    else:
        assert (y.shape, y.dtype) == ((len(x), loaded.task.outputs), np.float64)


@pytest.mark.parametrize("name", GENERATED)
def test_generated_by_the_seed(name):
    """The same seed makes the same rows, another seed makes others."""
    one, same, other = load(name, 1), load(name, 1), load(name, 2)
    assert np.array_equal(one.rows.x, same.rows.x)
    assert np.array_equal(one.rows.y, same.rows.y)
    assert not np.array_equal(one.rows.x, other.rows.x)


@pytest.mark.parametrize("name", GENERATED)
def test_generated_sizes(name):
    """`samples` rows are made, of all classes equally many up to one."""
    loaded = load(name, samples=47)
    assert len(loaded.rows) == 47
    if loaded.task.kind == "classification":
        counts = np.bincount(loaded.rows.y, minlength=loaded.task.outputs)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("name", REAL)
def test_real_sets_are_scikit_learns(name):
    """x, y, and the names of features and classes are those of scikit-learn's loader."""
    import sklearn.datasets

    theirs = getattr(sklearn.datasets, f"load_{name}")(**({"scaled": False} if name == "diabetes" else {}))
    ours = load(name)
    assert np.array_equal(np.reshape(ours.rows.x, theirs.data.shape), theirs.data)
    assert np.array_equal(ours.rows.y.ravel(), theirs.target)
    if name != "digits":
        assert list(ours.rows.features) == list(theirs.feature_names)
    if name != "diabetes":
        assert list(ours.task.names) == [str(n) for n in theirs.target_names]


def test_real_sets_do_not_import_scikit_learn():
    """Preparing digits imports neither scikit-learn nor pandas nor SciPy, which take a second."""
    code = (
        "import sys; from trainlab.core.streams import Streams; from trainlab.data.prepare import prepare\n"
        "from trainlab.data.sources.digits import Digits\n"
        "prepare(Digits.model_validate({'preprocess': ['standardize']}), streams=Streams(0))\n"
        "print([m for m in ('sklearn', 'pandas', 'scipy', 'PIL', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_friedman_is_scikit_learns():
    """The function without noise is scikit-learn's make_friedman1, and noise is added with its deviation."""
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(n_samples=50, n_features=7, noise=0.0, random_state=3)
    assert friedman(x) == pytest.approx(y, rel=1e-12)
    rows = load("friedman1", samples=20_000, noise=2.0).rows
    assert (rows.y.ravel() - friedman(rows.x)).std() == pytest.approx(2.0, rel=0.03)
    assert (rows.x.min() >= 0, rows.x.max() < 1) == (True, True)


def test_circles_have_their_radii():
    """Without noise class 0 lies on the circle of radius 1, class 1 on that of radius `factor`."""
    rows = load("circles", noise=0.0, factor=0.3).rows
    assert np.hypot(*rows.x.T) == pytest.approx(np.where(rows.y == 0, 1.0, 0.3))


def test_moons_are_scikit_learns():
    """Without noise every point lies on scikit-learn's half circles."""
    from sklearn.datasets import make_moons

    theirs, labels = make_moons(4000, noise=0.0)
    rows = load("moons", noise=0.0, samples=200).rows
    for c in (0, 1):
        gaps = np.linalg.norm(rows.x[rows.y == c][:, None] - theirs[labels == c][None], axis=2).min(axis=1)
        assert gaps.max() < 2e-3


def test_spirals_have_their_angle():
    """Without noise the angle of a point is 4 r plus a full turn's share of its class."""
    rows = load("spirals", noise=0.0, classes=4).rows
    radius = np.hypot(*rows.x.T)
    angle = np.arctan2(rows.x[:, 0], rows.x[:, 1])
    turns = (angle - 4 * radius - np.pi / 2 * rows.y) / (2 * np.pi)
    assert turns == pytest.approx(np.round(turns), abs=1e-9)


@pytest.mark.parametrize(("features", "kinds"), [(1, 3), (2, 5), (5, 3), (3, 6)])
def test_blobs_spread_by_noise(features, kinds):
    """Each cloud has the deviation `noise` in every direction, and centers do not coincide."""
    rows = load("blobs", features=features, classes=kinds, samples=kinds * 800, noise=0.2).rows
    clouds = [rows.x[rows.y == c] for c in range(kinds)]
    assert [float(c.std(axis=0).mean()) for c in clouds] == pytest.approx([0.2] * kinds, rel=0.1)
    centers = np.array([c.mean(axis=0) for c in clouds])
    gaps = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    assert gaps[~np.eye(kinds, dtype=bool)].min() > 0.9


def test_mnist1d_is_as_hard_as_its_paper_says():
    """A linear model gets about 32 % of MNIST-1D (Greydanus & Kobak 2020, figure 1), far above chance of 10 %."""
    from sklearn.linear_model import LogisticRegression

    rows = load("mnist1d").rows
    linear = LogisticRegression(max_iter=500).fit(rows.x[:4000], rows.y[:4000])
    assert 0.24 < linear.score(rows.x[4000:], rows.y[4000:]) < 0.42
    assert (rows.x.mean(), rows.x.std()) == pytest.approx((0, 1))


def test_mnist1d_smooths_as_scipy():
    """The smooth noise is SciPy's gaussian_filter of deviation 2."""
    from scipy.ndimage import gaussian_filter

    from trainlab.data.sources.mnist1d import _smoothed

    noise = np.random.default_rng(0).normal(size=72)
    assert _smoothed(noise) == pytest.approx(gaussian_filter(noise, 2))


def test_the_same_seed_prepares_the_same_parts():
    """Preparing twice gives equal rows; the split does not change with the preprocessing."""
    one, same, other = prepared("iris"), prepared("iris"), prepared("iris", preprocess=["standardize"])
    assert np.array_equal(one.train.x, same.train.x)
    assert np.array_equal(one.train.lines, other.train.lines)
    assert not np.array_equal(one.train.lines, prepared("iris", seed=1).train.lines)
