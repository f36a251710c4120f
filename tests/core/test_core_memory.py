"""`release` gives freed memory back."""

import ctypes

from trainlab.core.memory import release


def test_release_is_silent_with_every_c_library(monkeypatch):
    """It calls malloc_trim where the C library has it, and does nothing elsewhere."""
    called: list[int] = []

    class WithTrim:
        def malloc_trim(self, pad: int) -> int:
            called.append(pad)
            return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda name: WithTrim())
    release()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    release()

    assert called == [0]
