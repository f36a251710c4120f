"""SPSS."""

from typing import ClassVar

from trainlab.data.sources._statistics import Statistics


class Spss(Statistics, name="spss"):
    """Rows of an SPSS file (.sav, .zsav, .por).

    A column whose codes all have labels holds these labels; other numbers stay numbers. Values that the file declares
    as missing are missing cells. Needs pyreadstat: pip install "trainlab[statistics]".
    """

    endings: ClassVar[tuple[str, ...]] = (".sav", ".zsav", ".por")
    program: ClassVar[str] = "SPSS"

    def reader(self, ending: str) -> str:
        """pyreadstat's function."""
        return "read_por" if ending == ".por" else "read_sav"
