"""SAS."""

from typing import ClassVar

from trainlab.data.sources._statistics import Statistics


class Sas(Statistics, name="sas"):
    """Rows of a SAS file (.sas7bdat, or a transport file .xpt).

    A column whose codes all have labels holds these labels; other numbers stay numbers. Values that the file declares
    as missing are missing cells. Needs pyreadstat: pip install "trainlab[statistics]".
    """

    endings: ClassVar[tuple[str, ...]] = (".sas7bdat", ".xpt")
    program: ClassVar[str] = "SAS"

    def reader(self, ending: str) -> str:
        """pyreadstat's function."""
        return "read_xport" if ending == ".xpt" else "read_sas7bdat"
