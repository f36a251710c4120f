"""Stata."""

from typing import ClassVar

from trainlab.data.sources._statistics import Statistics


class Stata(Statistics, name="stata"):
    """Rows of a Stata file (.dta).

    A column whose codes all have labels holds these labels; other numbers stay numbers. Values that the file declares
    as missing are missing cells. Needs pyreadstat: pip install "trainlab[statistics]".
    """

    endings: ClassVar[tuple[str, ...]] = (".dta",)
    program: ClassVar[str] = "Stata"

    def reader(self, ending: str) -> str:
        """pyreadstat's function."""
        return "read_dta"
