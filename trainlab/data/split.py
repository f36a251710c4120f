"""Which rows are for training, for validation and for the test: stratified, by group or by time; shares or folds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import SplitSettings


@dataclass(frozen=True, slots=True)
class Index:
    """Row numbers of the three parts, ascending (by time: in its order)."""

    train: Array
    val: Array
    test: Array


def split(
    loaded: Loaded, settings: SplitSettings, rng: np.random.Generator, *, own: bool = False
) -> tuple[Rows, Rows | None, Rows | None]:
    """Train, validation and test rows. A share of 0 gives None; rows that the source keeps for a part
    itself replace that part's share.

    `own`: no other code needs the loaded rows any more, so the splits may use their memory.
    Raises DataError where a part would have no rows, or a class only one row.
    """
    test_share = 0.0 if loaded.test is not None else settings.test
    val_share = 0.0 if loaded.val is not None else settings.val
    if loaded.val is not None and settings.folds is not None:
        raise DataError("data.split.folds: the source has validation rows of its own, which folds would replace")
    if settings.folds is not None and settings.fold is not None:
        index = fold_indices(loaded, settings.folds, settings.fold, test_share, settings.stratify, rng)
    else:
        index = indices(loaded, (val_share, test_share), settings.stratify, rng)
    parts = index.train, index.val, index.test
    train, val, test = loaded.rows.part(*parts) if own else [loaded.rows.take(part) for part in parts]
    return train, (loaded.val or (val if len(val) else None)), (loaded.test or (test if len(test) else None))


def indices(loaded: Loaded, shares: tuple[float, float], stratify: bool, rng: np.random.Generator) -> Index:
    """The rows of each part, for these shares of validation and test rows. Raises DataError if one would be empty."""
    rows, n = loaded.rows, len(loaded.rows)
    if rows.groups is not None and rows.time is not None:
        test, val, train = _last_groups(rows.groups, rows.time, (shares[1], shares[0]))
        index = Index(train, val, test)
    elif rows.groups is not None:
        index = _by_group(rows.groups, shares, rng)
    elif rows.time is not None:
        index = _cut(np.argsort(rows.time, kind="stable"), shares)
    elif stratify and loaded.task.kind == "classification":
        index = _stratified(rows.y, loaded.task.names, shares, rng)
    else:
        index = _cut(rng.permutation(n), shares, ordered=False)
    for name, part, share in zip(("val", "test"), (index.val, index.test), shares, strict=True):
        if share and not len(part):
            what = f"{n} rows" if rows.groups is None else f"{len(np.unique(rows.groups))} groups of rows"
            raise DataError(
                f"data.split.{name}: a share of {share:g} of {what} leaves none; raise it, or set it to 0 to do without"
            )
    if not len(index.train):
        raise DataError(f"data.split: no rows are left to train on, of {n}; lower `val` and `test`")
    return index


def fold_indices(loaded: Loaded, folds: int, fold: int, test: float, stratify: bool, rng: np.random.Generator) -> Index:
    """The rows of each part where fold number `fold` of `folds` is for validation.

    The test rows are drawn first, and they and the folds are the same whichever fold is asked for. Folds differ by one
    row at most (whole groups by more). Rows with a time are cut into folds + 1 blocks in its order: block fold + 1 is
    for validation, those before it for training, so that nothing is learned from the future.
    Raises DataError if there are fewer rows or groups than folds.
    """
    whole = indices(loaded, (0.0, test), stratify, rng)
    kept, rows = whole.train, loaded.rows.take(whole.train)
    if rows.time is not None:
        blocks = np.array_split(kept, folds + 1)
        if rows.groups is not None:
            shares = [1 / (folds + 1)] * folds
            blocks = [kept[block] for block in reversed(_last_groups(rows.groups, rows.time, shares))]
        if not len(blocks[-1]):
            raise DataError(f"data.split.folds: {len(kept)} rows cannot be cut into {folds + 1} blocks of time")
        return Index(np.concatenate(blocks[:fold]), blocks[fold], whole.test)
    if rows.groups is not None:
        fold_of = _group_folds(rows.groups, folds, rng)
    elif stratify and loaded.task.kind == "classification":
        fold_of = _class_folds(rows.y, loaded.task.names, folds, rng)
    else:
        fold_of = np.empty(len(kept), np.int64)
        fold_of[rng.permutation(len(kept))] = np.arange(len(kept)) % folds
    if len(np.unique(fold_of)) < folds:
        raise DataError(f"data.split.folds: {len(kept)} rows cannot be cut into {folds} folds; ask for fewer")
    mine = fold_of == fold - 1
    return Index(kept[~mine], kept[mine], whole.test)


def _group_folds(groups: Array, folds: int, rng: np.random.Generator) -> Array:
    """The fold of each row: groups in random order, the largest first, each to the fold with the fewest rows so far."""
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < folds:
        raise DataError(f"data.split.folds: {len(names)} groups of rows cannot be cut into {folds} folds")
    sizes, given = np.bincount(group), np.zeros(folds, np.int64)
    fold_of = np.empty(len(names), np.int64)
    shuffled = rng.permutation(len(names))
    for g in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        fold_of[g] = np.argmin(given)
        given[fold_of[g]] += sizes[g]
    return fold_of[group]


def _class_folds(y: Array, names: tuple[str, ...], folds: int, rng: np.random.Generator) -> Array:
    """The fold of each row: the rows of a class go to the folds one by one, after the last fold of the class before."""
    _no_single_rows(y, names)
    fold_of, next_fold = np.empty(len(y), np.int64), 0
    for c in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == c))
        fold_of[rows] = (next_fold + np.arange(len(rows))) % folds
        next_fold += len(rows)
    return fold_of


def _cut(order: Array, shares: tuple[float, float], ordered: bool = True) -> Index:
    """The order cut into train, validation and test, from its start to its end."""
    n = len(order)
    n_val, n_test = (round(n * share) for share in shares)
    parts = order[: n - n_val - n_test], order[n - n_val - n_test : n - n_test], order[n - n_test :]
    return Index(*parts) if ordered else Index(*map(np.sort, parts))


def _last_groups(groups: Array, time: Array, shares: Sequence[float]) -> list[Array]:
    """Whole groups, ordered by their last time and taken from the end until each share is reached; then the rest."""
    names, group = np.unique(groups, return_inverse=True)
    last = np.full(len(names), -np.inf)
    np.maximum.at(last, group, time)
    sizes, part_of = np.bincount(group), np.full(len(names), len(shares))
    part, taken = 0, 0
    for g in np.argsort(-last, kind="stable"):
        while part < len(shares) and taken >= round(sum(shares[: part + 1]) * len(groups)):
            part += 1
        part_of[g] = part
        taken += sizes[g]
    in_time = np.argsort(time, kind="stable")
    return [in_time[part_of[group[in_time]] == part] for part in range(len(shares) + 1)]


def _by_group(groups: Array, shares: tuple[float, float], rng: np.random.Generator) -> Index:
    """Whole groups in random order go to the part that lacks most of its share."""
    names, group = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group)
    wanted = np.array([1 - sum(shares), *shares]) * len(groups)
    wanted[1:][np.array(shares) == 0] = -np.inf
    part_of = np.empty(len(names), np.int64)
    for g in rng.permutation(len(names)):
        part = int(np.argmax(wanted))
        part_of[g] = part
        wanted[part] -= sizes[g]
    part_of_row = part_of[group]
    return Index(*(np.flatnonzero(part_of_row == part) for part in range(3)))


def _stratified(y: Array, names: tuple[str, ...], shares: tuple[float, float], rng: np.random.Generator) -> Index:
    """Each class gives its share, rounded so that the parts' sizes come out; one row of it stays in training."""
    counts = np.bincount(y, minlength=len(names))
    if any(shares):
        _no_single_rows(y, names)
    n_test = _shared_out(counts, shares[1], np.maximum(counts - 1, 0), counts)
    n_val = _shared_out(counts, shares[0], np.maximum(counts - 1 - n_test, 0), counts - n_test)
    part = np.zeros(len(y), np.int8)
    for c in range(len(counts)):
        rows = rng.permutation(np.flatnonzero(y == c))
        part[rows[: n_test[c]]] = 2
        part[rows[n_test[c] : n_test[c] + n_val[c]]] = 1
    return Index(*(np.flatnonzero(part == p) for p in range(3)))


def _no_single_rows(y: Array, names: tuple[str, ...]) -> None:
    """Raises DataError if a class has one row only."""
    counts = np.bincount(y)
    for c in np.flatnonzero(counts == 1):
        raise DataError(
            f"data: class `{names[c] if names else c}` has one row only (number {int(np.flatnonzero(y == c)[0]) + 1}), "
            "which cannot be in training and validation both; add rows of it, leave it out, or set "
            "`split: {stratify: false}`"
        )


def _shared_out(counts: Array, share: float, most: Array, left: Array) -> Array:
    """How many rows each class gives: its exact share rounded down, and one more where the remainder is largest (of
    equal ones, where most rows are left), until the sizes come out.
    """
    exact = counts * share
    given = np.minimum(np.floor(exact).astype(np.int64), most)
    for c in np.lexsort((-left, given - exact)):
        if given.sum() < round(counts.sum() * share) and given[c] < most[c]:
            given[c] += 1
    return given
