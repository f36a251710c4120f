"""NPZ: several NumPy arrays in one file."""

from collections.abc import Collection

from trainlab.data.paths import existing_file
from trainlab.data.sources._named_arrays import NamedArrays, Stored
from trainlab.data.sources._npfile import open_npz


class Npz(NamedArrays, name="npz"):
    """Arrays of a .npz file: x with a row per example, y with class numbers, class names, one-hot rows, or numbers.

    Where the file also holds `x_test` and `y_test`, these are the test rows; `x_val` and `y_val` likewise. Arrays of
    Python objects are refused.
    """

    def read_arrays(self, path: str, wanted: Collection[str]) -> Stored:
        """The wanted arrays, in memory."""
        arrays, names = open_npz(path, existing_file(path), wanted)
        return Stored(path, arrays, dict.fromkeys(names, ""))
