"""Preprocessors: contract tests over all of them, scikit-learn's numbers, and the law of each."""

import numpy as np
import pytest
from making_data import prepared
from sklearn.impute import SimpleImputer

from trainlab.core.component import find, registered
from trainlab.core.errors import DataError
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess import _statistics
from trainlab.data.preprocessing import apply_fitted, fit_all, scale, unscale
from trainlab.data.preprocessor import Preprocessor

ALL = registered(Preprocessor)
PER = ["center", "standardize", "minmax", "robust"]


def make(name, **settings):
    return find(Preprocessor, name).model_validate(settings)


def rows(n=200, d=5, seed=0):
    """Correlated features of very different size and place."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) * 10.0 ** np.arange(-2, d - 2) + np.arange(d) * 3


def images(n=60, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (n, 4, 3, 2)).astype(np.uint8)


def test_every_preprocessor_of_the_contract_exists():
    """All names of the contract are registered, and `fill` beside them."""
    wanted = {"center", "fill", "standardize", "minmax", "robust", "normalize", "pca", "whiten", "zca"}
    assert wanted <= {cls.name for cls in ALL}


@pytest.mark.parametrize("strategy", ["median", "mean", "most_frequent", "constant"])
def test_fill_is_sklearns_imputer(strategy):
    """What is missing or infinite gets its feature's training value, 0 where a feature has no value at all."""
    x = rows().round(1)
    x[3, 1] = x[5, 1] = x[0, 4] = np.nan
    step = make("fill", strategy=strategy, value=7.5)
    want = SimpleImputer(strategy=strategy, fill_value=7.5).fit_transform(x)
    assert step.apply(x, step.fit(x)) == pytest.approx(want)
    x[3, 1], x[:, 2] = -np.inf, np.nan
    got = step.apply(x, step.fit(x))
    assert got[3, 1] == pytest.approx(want[3, 1])
    assert (got[:, 2] == (7.5 if strategy == "constant" else 0)).all()


def test_fill_is_the_median_by_default():
    """An outlier does not move what is put into the other rows."""
    x = np.array([[1.0], [np.nan], [2.0], [600.0]])
    assert make("fill").apply(x, make("fill").fit(x))[1, 0] == 2.0


def test_fill_with_indicators():
    """`indicator: true` adds an input per feature that lacks values in training, 1 where a row lacks its value."""
    x = np.array([[1.0, 5.0], [np.nan, 6.0], [2.0, 7.0]])
    step = make("fill", indicator=True)
    fitted = step.fit(x)
    assert step.apply(x, fitted).tolist() == [[1, 5, 0], [1.5, 6, 1], [2, 7, 0]]
    assert step.apply(np.array([[3.0, np.nan]]), fitted).tolist() == [[3, 6, 0]]


def test_fill_of_older_runs():
    """A checkpoint that learned the mean under its old name still fills in the mean."""
    assert make("fill").apply(np.array([[np.nan]]), {"mean": np.array([4.0])}).tolist() == [[4.0]]


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.name)
@pytest.mark.parametrize("make_x", [rows, images], ids=["rows", "images"])
class TestContract:
    """What holds for every registered preprocessor, on rows of numbers and on images."""

    def test_input_untouched_and_new_array(self, cls, make_x):
        """fit and apply leave x as it was, and x' is another array of finite numbers."""
        x, p = make_x().astype(np.float64), cls()
        before = x.copy()
        out = p.apply(x, p.fit(x))
        assert np.array_equal(x, before)
        assert not np.shares_memory(out, x)
        assert np.isfinite(out).all()
        identity = np.array_equal(out, x)
        assert identity == (cls.name == "fill"), "an identity would pass for nothing, but nothing is missing here"

    def test_rows_are_independent(self, cls, make_x):
        """A row's x' depends on what was fitted and on the row, not on the other rows at hand."""
        x, p = make_x().astype(np.float64), cls()
        fitted = p.fit(x)
        assert p.apply(x[3:4], fitted) == pytest.approx(p.apply(x, fitted)[3:4])

    def test_shape_is_known(self, cls, make_x):
        """`out_shape` tells the shape of x' where it tells one."""
        x, p = make_x().astype(np.float64), cls()
        shape = p.out_shape(x.shape[1:])
        assert shape in (None, p.apply(x, p.fit(x)).shape[1:])

    def test_constant_features_stay_finite(self, cls, make_x):
        """Features without any spread, and all of them, give finite numbers."""
        x, p = make_x().astype(np.float64), cls()
        x[:, 0] = 0.1
        assert np.isfinite(p.apply(x, p.fit(x))).all()
        x[...] = 0.3
        assert np.isfinite(p.apply(x, p.fit(x))).all()

    def test_stored_rows_are_fitted_alike(self, cls, make_x, monkeypatch):
        """Fitting piece by piece on rows that stay where they are stored gives the same arrays."""
        x = make_x()
        whole = cls().fit(x)
        monkeypatch.setattr("trainlab.data.lazy.CHUNK_BYTES", 2000)
        pieces = cls().fit(LazyRows(x))
        assert list(pieces) == list(whole)
        for name in whole:
            assert pieces[name] == pytest.approx(whole[name], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (make("standardize"), "StandardScaler"),
        (make("minmax"), "MinMaxScaler"),
        (make("robust"), "RobustScaler"),
        (make("normalize"), "Normalizer"),
    ],
    ids=lambda p: getattr(p, "name", p),
)
def test_scikit_learns_numbers(ours, theirs):
    """Fitted on some rows and applied to others, x' is scikit-learn's, constant features included."""
    import sklearn.preprocessing

    train, other = rows(seed=1), rows(20, seed=2)
    train[:, 2] = other[:, 2] = 0.1
    want = getattr(sklearn.preprocessing, theirs)().fit(train).transform(other)
    assert ours.apply(other, ours.fit(train)) == pytest.approx(want, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("norm", ["l1", "max"])
def test_normalize_other_norms(norm):
    """The norms l1 and max are scikit-learn's."""
    from sklearn.preprocessing import normalize

    p = make("normalize", norm=norm)
    assert p.apply(rows(), p.fit(rows())) == pytest.approx(normalize(rows(), norm=norm))


@pytest.mark.parametrize(("whiten", "name"), [(False, "pca"), (True, "whiten")])
@pytest.mark.parametrize("keep", [3, 0.95])
def test_pca_and_whiten_are_scikit_learns(whiten, name, keep):
    """By count and by share of variance, coordinates are scikit-learn's up to the sign of an axis.

    Its whitening divides by n - 1 instead of n.
    """
    from sklearn.decomposition import PCA

    train, other = rows(seed=3), rows(20, seed=4)
    want = PCA(n_components=keep, whiten=whiten, svd_solver="full").fit(train).transform(other)
    p = make(name, keep=keep, **({"eps": 0.0} if whiten else {}))
    got = p.apply(other, p.fit(train))
    factor = np.sqrt(199 / 200) if whiten else 1.0
    assert np.abs(got) * factor == pytest.approx(np.abs(want), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", PER)
@pytest.mark.parametrize(
    ("per", "over", "shape"), [("feature", (0,), (4, 3, 2)), ("channel", (0, 1, 2), (2,)), ("all", None, ())]
)
def test_per_feature_channel_and_all(name, per, over, shape):
    """The statistics of images run over rows (the mean image), over rows and places, or over everything."""
    x = images().astype(np.float64)
    p = make(name, per=per)
    fitted = p.fit(x)
    assert {a.shape for a in fitted.values()} == {shape}
    out = p.apply(x, fitted)
    law = {
        "center": (out.mean(axis=over), 0),
        "standardize": (out.std(axis=over), 1),
        "minmax": (np.stack([out.min(axis=over), 1 - out.max(axis=over)]), 0),
        "robust": (np.median(out, axis=over), 0),
    }[name]
    assert law[0] == pytest.approx(np.full(np.shape(law[0]), law[1]), abs=1e-9)


def test_clip_moves_outliers_and_nothing_else():
    """The share of the training values outside of the quantiles moves to them; the others stay as they are."""
    x = rows(1000)
    step = make("clip", low=0.1, high=0.95)
    got = step.apply(x, step.fit(x))
    assert ((got > x).mean(axis=0), (got < x).mean(axis=0)) == (pytest.approx(0.1), pytest.approx(0.05))
    assert (got.min(axis=0), got.max(axis=0)) == (
        pytest.approx(np.quantile(x, 0.1, axis=0)),
        pytest.approx(np.quantile(x, 0.95, axis=0)),
    )
    assert ((got == x).sum(axis=0) == 850).all()


def test_whitened_rows_have_the_identity_as_covariance():
    """whiten and zca make features uncorrelated with variance one."""
    x = rows(500)
    for name in ("whiten", "zca"):
        p = make(name, eps=0.0)
        out = p.apply(x, p.fit(x))
        assert out.T @ out / 500 == pytest.approx(np.eye(5), abs=1e-6)
        assert out.mean(axis=0) == pytest.approx(np.zeros(5), abs=1e-6)


def test_zca_is_the_whitening_that_changes_least():
    """The zca matrix is the symmetric inverse root of the covariance (Kessy et al. 2018)."""
    x = rows(500) / 10.0 ** np.arange(-2, 3)
    matrix = make("zca", eps=0.0).fit(x)["matrix"]
    assert matrix == pytest.approx(matrix.T)
    assert np.linalg.inv(matrix @ matrix) == pytest.approx(np.cov(x.T, bias=True))


def test_eps_tames_directions_without_variance():
    """eps adds this share of the largest variance to every one: x' along an axis of variance v has v / (v + eps V)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 2)) * [10.0, 1.0]
    p = make("whiten", eps=0.01)
    variance = np.sort(np.linalg.eigvalsh(np.cov(x.T, bias=True)))[::-1]
    got = p.apply(x, p.fit(x)).var(axis=0)
    assert got == pytest.approx(variance / (variance + 0.01 * variance[0]))


def test_pca_keeps_what_it_is_asked_to():
    """A share keeps the fewest axes that hold it; all of it keeps every axis with variance."""
    rng = np.random.default_rng(0)
    axes, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    scores = rng.normal(size=(1000, 4))
    scores = (scores - scores.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(scores.T, bias=True)).T)
    x = scores * np.sqrt([8.0, 1.0, 0.9, 0.1]) @ axes.T
    found = {keep: make("pca", keep=keep).fit(x)["axes"].shape[1] for keep in (0.5, 0.79, 0.81, 0.95, 1.0, 3)}
    assert found == {0.5: 1, 0.79: 1, 0.81: 2, 0.95: 3, 1.0: 4, 3: 3}


def test_pca_refuses():
    """More axes than features, numbers that are not finite, and too many features are refused."""
    bad = rows()
    bad[3, 1] = np.nan
    said = []
    for p, x in [
        (make("pca", keep=6), rows()),
        (make("whiten"), bad),
        (make("zca"), np.zeros((2, 20_001))),
    ]:
        with pytest.raises(DataError) as caught:
            p.fit(x)
        said.append(str(caught.value))
    assert said == [
        "data.preprocess: `pca` cannot keep 6 axes of 5 features",
        "data.preprocess: `whiten` needs finite numbers; the training rows hold nan or inf",
        "data.preprocess: `zca` works on up to 20000 features; rows have 20001; use `standardize`",
    ]


def test_one_after_the_other():
    """Each preprocessor is fitted on what its predecessors made, and named by its place."""
    train, other = rows(seed=1), rows(20, seed=2)
    chain = [make("standardize"), make("pca", keep=2), make("standardize")]
    fitted = fit_all(chain, train)
    assert list(fitted) == [
        "0.standardize.mean", "0.standardize.std", "1.pca.mean", "1.pca.axes", "2.standardize.mean",
        "2.standardize.std",
    ]  # fmt: skip
    x, want = train, other
    for p in chain:
        learned = p.fit(x)
        x, want = p.apply(x, learned), p.apply(want, learned)
    got = apply_fitted(chain, fitted, other)
    assert (got.dtype, got.shape) == (np.float32, (20, 2))
    assert got == pytest.approx(want, rel=1e-5)


def test_many_rows_piece_by_piece(monkeypatch):
    """Rows in pieces, in memory or stored, come out as all at once: every piece in its place."""
    x, chain = rows(), [make("standardize"), make("minmax")]
    fitted = fit_all(chain, x)
    whole = apply_fitted(chain, fitted, x, np.float64)
    monkeypatch.setattr("trainlab.data.lazy.CHUNK_BYTES", 5 * 8 * 7)
    assert np.array_equal(apply_fitted(chain, fitted, x, np.float64), whole)
    for form in (x, LazyRows(x)):
        again = fit_all(chain, form)
        assert {name: again[name] == pytest.approx(fitted[name]) for name in fitted} == dict.fromkeys(fitted, True)


def test_rows_that_do_not_fit():
    """Rows of another shape than the training rows are refused."""
    chain = [make("standardize")]
    fitted = fit_all(chain, rows())
    with pytest.raises(DataError) as caught:
        apply_fitted(chain, fitted, rows()[:, :3])
    assert str(caught.value) == (
        "data.preprocess: `standardize`, fitted as mean (5,), std (5,), cannot be applied to rows of shape (3,)"
    )


def test_fitted_on_training_rows_only():
    """Validation and test rows do not move the statistics: the training rows are standardized, the others nearly."""
    parts = prepared("wine", preprocess=["standardize"])
    assert parts.fitted["0.standardize.mean"] == pytest.approx(np.asarray(parts.raw_train).mean(axis=0))
    assert parts.train.x.std(axis=0) == pytest.approx(np.ones(13), rel=1e-5)
    assert parts.val.x.std(axis=0) != pytest.approx(np.ones(13), rel=1e-2)


def test_scaled_targets_come_back():
    """scale_target standardizes the training targets; `unscale` gives the target's own units."""
    raw, scaled = prepared("diabetes", scale_target=False), prepared("diabetes")
    assert scaled.train.y.mean() == pytest.approx(0, abs=1e-12)
    assert scaled.train.y.std() == pytest.approx(1)
    assert unscale(scaled.val.y, scaled.fitted) == pytest.approx(raw.val.y)
    assert scale(raw.test.y, scaled.fitted) == pytest.approx(scaled.test.y)
    assert unscale(raw.val.y, raw.fitted) is raw.val.y
    assert np.array_equal(scaled.raw_y, raw.train.y)


def test_targets_are_scaled_where_they_are_numbers():
    """`scale_target: auto` standardizes numbers and leaves classes as they are."""
    numbers = prepared("diabetes", scale_target="auto")
    assert np.array_equal(numbers.train.y, prepared("diabetes", scale_target=True).train.y)
    classes = prepared("iris", scale_target="auto")
    assert np.array_equal(classes.train.y, prepared("iris").train.y)
    assert "target.mean" not in classes.fitted


def test_percentiles_in_pieces(monkeypatch):
    """Percentiles found for a few columns at a time are NumPy's of all columns at once."""
    monkeypatch.setattr(_statistics, "CHUNK_BYTES", 8 * 30 * 2)  # two columns of 30 rows
    rows = np.random.default_rng(0).normal(size=(30, 5))

    got = _statistics.percentiles(rows, [25, 50, 75], "feature")

    np.testing.assert_array_equal(got, np.percentile(rows, [25, 50, 75], axis=0))
