"""Names of the columns in a run folder's CSV files."""

METRICS_OF = {"classification": "accuracy", "regression": "r2", "multilabel": "accuracy"}
STEP_COLUMNS = ("step", "loss", "lr", "grad_norm", "update_ratio")
LAYER_COLUMNS = ("step", "layer", "quantity", "value")


def metric_columns(task: str) -> tuple[str, ...]:
    """The columns of metrics.csv for `classification`, `multilabel` or `regression`, in their order.

    >>> metric_columns("regression")[4:8]
    ('train_loss', 'train_r2', 'val_loss', 'val_r2')
    """
    score = METRICS_OF[task]
    measured = ("train_loss", f"train_{score}", "val_loss", f"val_{score}")
    return ("epoch", "step", "seconds", "lr", *measured, "reg_loss", "grad_norm", "update_ratio")
