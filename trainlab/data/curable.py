"""A table that cannot be read as it is, but with other settings."""

from typing import Any

from trainlab.core.errors import DataError


class CurableError(DataError):
    """An error that settings cure. `cure`: these settings. `reason`: why, as a comment beside them."""

    def __init__(self, message: str, reason: str, **cure: Any) -> None:
        super().__init__(message)
        self.reason = reason
        self.cure = cure
