"""numpy: .npy and .npz files."""

import io
from typing import Any, ClassVar

import numpy as np

from trainlab.core.errors import UserError
from trainlab.integrations.logs.flatten import flatten
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source


class Numpy(LogFormat, name="numpy"):
    """NumPy's `.npy` with one curve, or `.npz` with an array for each curve: `np.savez("log.npz", loss=losses)`."""

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """NumPy's first bytes, or a zip archive of such files."""
        return source.data.startswith(b"\x93NUMPY") or (source.data.startswith(b"PK") and b".npy" in source.data[:200])

    def table(self, source: Source) -> Table:
        """The arrays as columns."""
        try:
            loaded: Any = np.load(io.BytesIO(source.data), allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return flatten(loaded.tolist())
            return flatten({name: loaded[name].tolist() for name in loaded.files})
        except ValueError as error:
            raise UserError(f"{source.path}: {error}; write numbers, or JSON: json.dump(history, file)") from None
