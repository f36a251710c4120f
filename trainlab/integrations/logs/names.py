"""What a column means, by its name: one table of synonyms for every format.

A name is cut into words. Words of a split (`val`), words that say nothing (`avg`) and the rest, which must be a metric:
a rest that is not in the table makes the column unknown, as `box_loss` is not the loss.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

KNOWN = (
    *("epoch", "step", "train_loss", "val_loss", "train_accuracy", "val_accuracy", "train_r2", "val_r2"),
    *("lr", "grad_norm", "update_ratio", "reg_loss"),
)
SHORT = {"loss": "train_loss", "accuracy": "train_accuracy", "r2": "train_r2", "learning_rate": "lr"}
ALONE = ("lr", "grad_norm", "reg_loss", "update_ratio", "epoch", "step")  # metrics that belong to no split

_LONGEST = 200  # characters of a name; a longer one is a text, and its words would be tried in all ways
_SPLITS = {  # word -> split, and how well it fits where several stand in a log
    **dict.fromkeys(("train", "training", "trn", "tr", "learn", "trainset", "fit"), ("train", 0)),
    **dict.fromkeys(("val", "validation", "valid", "cv", "validating", "validate", "vld", "validset"), ("val", 0)),
    **dict.fromkeys(("dev", "devel", "development"), ("val", 1)),
    **dict.fromkeys(("eval", "evaluation", "evaluating", "evaluate", "holdout"), ("val", 2)),
    **dict.fromkeys(("test", "testing", "tst"), ("val", 3)),
}
_LOSSES = (  # the first ones are better where a log has several
    *("loss", "total_loss", "loss_total", "lm_loss", "nll_loss", "nll", "cross_entropy", "crossentropy", "xent", "ce"),
    *(
        "ce_loss",
        "celoss",
        "bceloss",
        "nllloss",
        "crossentropyloss",
        "loss_ce",
        "cross_entropy_loss",
        "crossentropy_loss",
        "xentropy",
        "logloss",
        "log_loss",
        "mlogloss",
    ),
    *("multi_logloss", "binary_logloss", "multiclass", "multi_class", "language_cross_entropy", "bce", "bce_loss"),
    *("masked_lm_loss", "mlm_loss", "deviance", "cost", "mse_loss", "mse", "mean_squared_error", "l2"),
    *("rmse", "root_mean_squared_error", "l1_loss", "mae", "mean_absolute_error", "l1", "ppl", "perplexity"),
)
_NUMERIC = frozenset(_LOSSES[_LOSSES.index("mse_loss") : _LOSSES.index("ppl")])  # losses of a regression
_ACCURACIES = (
    *("accuracy", "acc", "top1", "acc1", "acc_1", "accuracy_top1", "top1_acc", "top1_accuracy", "acc_top1", "top_1"),
    *("accuracy_top_1", "acc_top_1", "top_1_acc", "top_1_accuracy", "acc_at_1", "accuracy_1", "prec1", "prec_1"),
    *("categorical_accuracy", "binary_accuracy", "sparse_categorical_accuracy", "multiclass_accuracy"),
    *("accuracy_score", "overall_acc", "classification_accuracy", "token_accuracy", "mean_token_accuracy"),
)
_ERRORS = (
    *("error_rate", "merror", "multi_error", "classification_error", "top1_error", "top1_err", "err1", "err_1"),
    *("misclassification_rate", "binary_error", "zero_one_loss"),
)
_STEPS = (  # as `split_words` gives them: plurals made singular
    *("global_step", "step", "num_update", "iteration", "iter", "num_iter", "numiters", "update", "current_step"),
    *(
        "it",
        "step_num",
        "n_iter",
        "num_step",
        "round",
        "tree",
        "number_of_tree",
        "batch",
        "batch_idx",
        "total_timestep",
    ),
)
_METRICS = {
    **{name: ("loss", rank) for rank, name in enumerate(_LOSSES)},
    **{name: ("accuracy", rank) for rank, name in enumerate((*_ACCURACIES, *_ERRORS))},
    **{name: ("step", rank) for rank, name in enumerate(_STEPS)},
    **dict.fromkeys(("r2", "r2_score", "r2score", "r_2", "r_squared"), ("r2", 0)),
    **dict.fromkeys(
        ("lr", "learning_rate", "learningrate", "last_lr", "lr0", "current_lr", "base_lr", "rate"), ("lr", 0)
    ),
    **dict.fromkeys(("current_learning_rate", "learning_rate_0"), ("lr", 0)),
    **dict.fromkeys(("grad_norm", "gradient_norm", "total_norm", "grad_2_norm", "gnorm", "gradnorm"), ("grad_norm", 0)),
    **dict.fromkeys(("global_grad_norm", "grad_l2_norm", "grad"), ("grad_norm", 1)),
    **dict.fromkeys(("reg_loss", "regularization_loss"), ("reg_loss", 0)),
    "update_ratio": ("update_ratio", 0),
    **dict.fromkeys(
        ("epoch", "epoch_num", "epoch_idx", "current_epoch", "ep", "n_epoch", "epoch_number"), ("epoch", 0)
    ),
}
_MOST_WORDS = max(name.count("_") + 1 for name in _METRICS)
_NO_RATE = {"scale", "mult", "multiplier", "factor", "ratio", "decay", "gamma"}  # `lr_scale` is no rate
_VAGUE = {"lr": {"rate"}, "grad_norm": {"grad"}}  # these need a split's word or a console beside them: never alone
_EMPTY = {  # words that say nothing about what is measured
    *("avg", "average", "mean", "overall", "the", "at", "metric", "metrics", "log", "logs", "scalar", "scalars"),
    *(
        "history",
        "results",
        "result",
        "set",
        "data",
        "value",
        "smoothed",
        "running",
        "epoch",
        "step",
        "batch",
        "global",
    ),
    *(
        "end",
        "trainer",
        "default",
        "combined",
        "output",
        "net",
        "raw",
        "s",
        "in",
        "of",
        "stats",
        "summary",
        "subset",
        "is",
    ),
}
_COMPACT = re.compile(r"\b(train|tr|valid|val|test|dev|eval)(loss|acc|accuracy|accuracies|losses|error)\b")
_PLURALS = {
    "losses": "loss", "accs": "acc", "accuracies": "accuracy", "epochs": "epoch", "steps": "step", "lrs": "lr",
    "rates": "rate", "iters": "iter", "iterations": "iteration", "updates": "update", "trees": "tree",
    "timesteps": "timestep", "errors": "error", "costs": "cost", "mses": "mse", "perplexities": "perplexity",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column means: `what` it is (`val_loss`), by which `metric` of which `split` ("" if none is named).

    rank: the smaller, the better a column fits where several mean the same · detail: how it was collected, `epoch` or
    `step`, if the name says so.
    """

    what: str
    metric: str
    split: str
    rank: tuple[int, ...]
    detail: str = ""

    @property
    def inverted(self) -> bool:
        """Whether the column counts errors, so that the accuracy is 1 less it."""
        return self.metric in _ERRORS

    @property
    def logarithm(self) -> bool:
        """Whether the column is a perplexity, whose logarithm is the loss."""
        return self.metric in ("ppl", "perplexity")

    @property
    def of_numbers(self) -> bool:
        """Whether this is the error of predicted numbers."""
        return self.metric in _NUMERIC


def meaning(column: str) -> str | None:
    """The meaning of a column by its name; None if unknown.

    >>> [meaning(c) for c in ("Train/Loss", "val_acc", "eval_loss", "lr-Adam", "train_loss_step", "seconds")]
    ['train_loss', 'val_accuracy', 'val_loss', 'lr', 'train_loss', None]
    """
    found = explain(column)
    return found.what if found else None


@cache
def explain(column: str) -> Meaning | None:
    """The meaning of a column and how good its name is; None if unknown.

    >>> [explain(c).metric for c in ("accuracy/top1", "valid_0's multi_logloss", "Acc@1", "trainer/global_step")]
    ['accuracy_top1', 'multi_logloss', 'acc_1', 'global_step']
    """
    bare = column.rpartition(" - ")[2]  # `run - train/loss` of W&B's panels
    if len(bare) > _LONGEST or bare.endswith(("__MIN", "__MAX")):
        return None
    words = split_words(bare)
    splits = [_SPLITS[w] for w in words if w in _SPLITS]
    if len({name for name, _ in splits}) > 1:
        return None
    split, fit = min(splits, key=lambda s: s[1], default=("", 0))
    rest = [w for i, w in enumerate(words) if w not in _SPLITS and not (w.isdigit() and i and words[i - 1] in _SPLITS)]
    metric = _metric(rest)
    if metric is None:
        return None
    name, spare = metric
    what, rank = _METRICS[name]
    if name in _VAGUE.get(what, ()) and not splits:
        return None
    if what in ALONE:
        return None if split == "val" else Meaning(what, name, "", (rank, len(spare)))
    detail = next((d for d in ("epoch", "step") if d in spare), "step" if "batch" in spare else "")
    return Meaning(f"{split or 'train'}_{what}", name, split, (fit, 0 if split else 1, rank, len(spare)), detail)


def split_of(value: object) -> str | None:
    """`train` or `val` for the name of a split, as it stands in a cell; None for anything else.

    >>> [split_of(v) for v in ("Training", "opt", "dev_set", "valid_1", "lr")]
    ['train', 'train', 'val', 'val', None]
    """
    words = split_words(str(value))
    if words in (["opt"], ["optimization"]):  # of MACE
        return "train"
    known = {_SPLITS[w][0] for w in words if w in _SPLITS}
    rest = [w for w in words if w not in _SPLITS and not w.isdigit() and w not in _EMPTY]
    return known.pop() if len(known) == 1 and not rest else None


def split_words(name: str) -> list[str]:
    """The words of a name in lower case, plurals made singular.

    >>> split_words("trainLoss"), split_words("Train/Accuracies@1"), split_words("NumIters")
    (['train', 'loss'], ['train', 'accuracy', '1'], ['num', 'iter'])
    """
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    text = _COMPACT.sub(r"\1_\2", text)
    return [_PLURALS.get(w, w) for w in re.split(r"[^a-z0-9]+", text) if w]


def best(names: Iterable[str]) -> dict[str, str]:
    """The column for each meaning: of several, the one whose name fits best, then the first."""
    found: dict[str, tuple[tuple[int, ...], str]] = {}
    for place, name in enumerate(names):
        if (m := explain(name)) is not None:
            # validation is measured once an epoch; of the training loss, the finer one tells more
            coarse = 1 if m.detail == ("step" if m.split == "val" else "epoch") else 0
            rank = (*m.rank[:2], coarse, *m.rank[2:], place)
            if m.what not in found or rank < found[m.what][0]:
                found[m.what] = rank, name
    return {what: found[what][1] for what in KNOWN if what in found}


def _metric(words: list[str]) -> tuple[str, list[str]] | None:
    """The metric that the words name, and the empty words beside it; None if a word is left over."""
    if words[:1] == ["lr"] and len(words) > 1 and not _NO_RATE & set(words):  # lr-Adam, lr-SGD/pg1
        return "lr", words[1:]
    if "_".join(words) in _METRICS:
        return "_".join(words), []
    for size in range(min(len(words) - 1, _MOST_WORDS), 0, -1):
        for first in range(len(words) - size, -1, -1):  # the last words first: `epoch loss`, `step_loss`
            name = "_".join(words[first : first + size])
            spare = words[:first] + words[first + size :]
            if name in _METRICS and all(w in _EMPTY for w in spare):
                if _METRICS[name][0] in ("epoch", "step") and any(
                    "_".join(spare[i:]) in _METRICS for i in range(len(spare))
                ):
                    continue  # `loss_epoch` is a loss
                return name, spare
    return None
