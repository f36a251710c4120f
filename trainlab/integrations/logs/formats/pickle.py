"""pickle: a pickled history of plain numbers."""

import io
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.flatten import flatten
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source

_NUMPY = {("numpy", "dtype"), *((f"numpy.{core}.multiarray", "scalar") for core in ("core", "_core"))}


class Pickle(LogFormat, name="pickle"):
    """A pickle of plain data, as `pickle.dump(history.history, file)` writes it: dicts, lists, numbers, texts.

    A pickle can run any program when it is loaded. So only plain data and NumPy's numbers are loaded, and one that
    asks for anything else is refused.
    """

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """The first byte of a pickle of protocol 2 or later, and its last one."""
        return source.data[:1] == b"\x80" and source.data[1:2] in b"\x02\x03\x04\x05" and source.data.endswith(b".")

    def table(self, source: Source) -> Table:
        """The flattened data."""
        try:
            value = _Plain(io.BytesIO(source.data)).load()
        except Exception as error:  # a broken pickle may raise anything
            raise UserError(
                f"{source.path}: a pickle that is not plain data ({error}); write JSON: "
                "json.dump(history.history, file)"
            ) from None
        return flatten(value)


class _Plain(pickle.Unpickler):
    """Loads plain data and NumPy's numbers only."""

    def find_class(self, module: str, name: str, /) -> Callable[..., Any]:
        """Refuses every class but those of a NumPy number, which hold bytes and a type."""
        if (module, name) == ("numpy", "dtype"):
            import numpy as np

            return np.dtype
        if (module, name) in _NUMPY:
            return _number
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _number(kind: Any, content: Any = b"") -> float:
    """A NumPy number from its type and bytes; never one of objects, whose bytes are a pickle again."""
    import numpy as np

    if np.dtype(kind).hasobject or not isinstance(content, bytes):
        raise pickle.UnpicklingError("it holds objects")
    return float(np.frombuffer(content, dtype=kind)[0])
