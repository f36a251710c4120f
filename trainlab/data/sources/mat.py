"""MAT: arrays that MATLAB or SciPy saved."""

from collections.abc import Collection

from trainlab.core.errors import DataError
from trainlab.data.matlab_file import CURES, read_matlab
from trainlab.data.paths import existing_file
from trainlab.data.sources._named_arrays import NamedArrays, Stored


class Mat(NamedArrays, name="mat"):
    """Arrays of a .mat file of MATLAB 5 to 7 (or SciPy's savemat); `hdf5` reads those of MATLAB 7.3.

    Rows may be counted along the last axis, as in SVHN's (32, 32, 3, rows): the length of y decides, and a note says
    so. Characters are class names, without the blanks that fill them up. Cells, structs and objects are refused.

    Source: MathWorks, "MAT-File Format", Level 5.
    """

    def read_arrays(self, path: str, wanted: Collection[str]) -> Stored:
        """The wanted arrays, in memory."""
        read = read_matlab(path, existing_file(path), wanted)
        for name, kind in read.refused.items():
            if name in wanted:
                raise DataError(f"{path}: `{name}` is no array of numbers ({kind}); {CURES[kind]}")
        names = dict.fromkeys(read.refused, "") | {name: str(shape) for name, shape in read.found.items()}
        return Stored(path, read.arrays, names, rows_may_be_last=True)
