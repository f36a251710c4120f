"""DataFrames with columns of text or categories, as the scikit-learn estimators take them: a column per category.

The encoding is that of tables in files. A category that no training row has is all zeros, so that cross-validation
works with rare categories.
"""

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.data.encoding import Reading, encode_table, learn_encoding
from trainlab.data.frame import is_frame, table_of

_TARGET = "(target)"  # a column that no table of a user has


def has_text(X: Any) -> bool:
    """Whether X is a DataFrame with a column that holds no numbers."""
    if not is_frame(X) or not hasattr(X, "dtypes"):
        return False
    numeric = import_module("pandas").api.types.is_numeric_dtype
    return not all(numeric(kind) for kind in X.dtypes)


def learned(X: Any, *, fills: bool) -> tuple[Array, dict[str, Any]]:
    """The rows of a DataFrame as numbers, and the encoding that made them. fills: missing numbers are filled in later.

    Warns of columns that are left out, such as dates. Raises ValueError for cells that cannot be used.
    """
    try:
        table = table_of(X.assign(**{_TARGET: 0.0}))  # an encoding has a target
        encoding, notes = learn_encoding(table, Reading([_TARGET], "regression", unknown="ignore", fills=fills))
        x = encode_table(table, encoding, with_target=False)[0]
    except UserError as error:
        raise ValueError(str(error)) from error
    if encoding["ignored"]:
        warnings.warn("; ".join(notes), UserWarning, stacklevel=4)
    return x, encoding


def encoded(X: Any, encoding: dict[str, Any], names: Sequence[str]) -> Array:
    """Rows as numbers, encoded as the training rows were. names: of the columns, for an array instead of a DataFrame.

    Raises ValueError for columns or cells that do not fit.
    """
    frame = X if is_frame(X) else import_module("pandas").DataFrame(np.asarray(X, object), columns=[*names])
    text = [column["name"] for column in encoding["columns"] if "categories" in column]
    try:
        return encode_table(table_of(frame, text=text), encoding, with_target=False)[0]
    except UserError as error:
        raise ValueError(str(error)) from error
