"""Codes that several monitors name as their possible causes, the likeliest first."""

STUCK_AT_START = (
    *("symmetric-init", "constant-feature", "bad-values", "unscaled-input", "outlier-input", "tiny-input"),
    "signal-explosion",
)
STUCK_IN_TRAINING = ("momentum-too-high", "bad-schedule", "lr-too-high", "exploding-loss")

LOW_SCORE = (
    *("constant-feature", "class-imbalance", "corrupt-labels", "unscaled-input", "tiny-input", "unscaled-target"),
    *("split-mismatch", "unshuffled", "tiny-split", "wrong-loss", "output-range", "missing-nonlinearity"),
    *("symmetric-init", "signal-collapse", "signal-explosion", "train-eval-mismatch", "lr-too-high", "lr-too-low"),
    *("unchanging-weights", "bad-schedule", "momentum-too-high", "vanishing-gradient", "dead-relu"),
    *("saturated-activation", "over-regularized", "exploding-loss"),
    *("wrong-optimizer", "not-converged"),
)
