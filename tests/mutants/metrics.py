"""Formulas of `trainlab/nn/metrics` and the rule for the best epoch, each damaged once."""

_M = "trainlab/nn/metrics"

TESTS = ["tests/nn/test_nn_metrics.py", "tests/core/test_core_best.py", "tests/training/test_best.py"]
MUTANTS = [
    ("trainlab/nn/ranking.py", "np.argsort(-score", "np.argsort(score"),
    ("trainlab/nn/ranking.py", "(1.0 - truth) * weights", "weights"),
    (f"{_M}/f1.py", "2.0 * true + false + missed", "2.0 * true + false"),
    (f"{_M}/precision.py", "true, true + false", "true, true + missed"),
    (f"{_M}/recall.py", "true, true + missed", "true, true + false"),
    (f"{_M}/roc_auc.py", "(up[1:] + up[:-1]) / 2.0", "up[1:]"),
    (f"{_M}/average_precision.py", "true / true[-1])) * precision", "true / both)) * precision"),
    (
        f"{_M}/balanced_accuracy.py",
        "right.sum(axis=0)[known > 0] / known[known > 0]",
        "right.sum(axis=0) / known.sum()",
    ),
    (f"{_M}/log_loss.py", "np.clip(p, _EPS, 1.0 - _EPS)", "np.clip(p, 1e-3, 1.0)"),
    (f"{_M}/brier.py", "2.0 if p.shape[1] == 2 else 1.0", "1.0"),
    (f"{_M}/calibration_error.py", "np.abs(off).sum()", "abs(off.sum())"),
    (f"{_M}/top_k.py", "[:, ::-1][:, : self.k]", "[:, : self.k]"),
    (f"{_M}/cohen_kappa.py", '"quadratic": apart**2', '"quadratic": apart'),
    (f"{_M}/matthews.py", "right * all_rows - ", "right * all_rows + "),
    (f"{_M}/median_ae.py", "below < half", "below <= half"),
    (f"{_M}/_per_target.py", "np.where(left > 0, 0.0, 1.0)", "1.0"),
    (f"{_M}/explained_variance.py", "_variance(t - y, w)", "_variance(y, w)"),
    (f"{_M}/pinball.py", "(self.alpha - 1.0) * (t - y)", "self.alpha * (y - t)"),
    (
        f"{_M}/_per_class.py",
        "truth.shape[1])\n            truth, given = truth.reshape",
        "1)\n            truth, given = truth.reshape",
    ),
    ("trainlab/nn/metric.py", "not len(rows.t) or not rows.finite", "not len(rows.t)"),
    ("trainlab/core/best.py", 'or not than["epoch"]', ""),
    ("trainlab/core/best.py", "_loss(row) < _loss(than)", "True"),
    ("trainlab/core/best.py", 'self.ties == "last" or ', ""),
    ("trainlab/training/best.py", "parts.imbalance >= IMBALANCED", "False"),
    ("trainlab/training/epoch_metrics.py", 'if row["epoch"] and value is not None', "if value is not None"),
    ("trainlab/optim/stopping.py", "self.start_epoch - 1", "self.start_epoch"),
    ("trainlab/engine/measuring.py", "unscale(numbers.reshape(len(y), -1), fitted)", "numbers.reshape(len(y), -1)"),
]
