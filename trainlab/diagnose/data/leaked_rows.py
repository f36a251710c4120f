"""leaked-rows: validation rows that are also training rows."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count
from trainlab.data.lazy import LazyRows, is_large
from trainlab.data.widening import narrow_rows
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View

_BUDGET = 20_000_000  # numbers of each split that are compared
_STORED = 2_000_000  # the same, where they are read from a large file
_WORDS = 1 << 16  # of 8 bytes, that are worked on at once


class LeakedRows(Monitor, name="leaked-rows"):
    """The validation split contains copies of training rows. It then rewards memorizing, and its score is too good.

    Measured as the share of validation rows that equal some training row in all inputs. Data with few distinct rows
    contain duplicates by chance, so the share must exceed `share` plus twice the share of duplicates within the
    training split.

    Do: Remove duplicates before splitting, and split by group where rows belong together (patients, users, days).
    The scores so far are too good: do not choose a model by them.

    Picture:

        training    A B C D E F
        validation  B X E
                    ^   ^ memorized, not predicted

    Source: Kaufman et al. 2012, "Leakage in Data Mining"; Barz & Denzler 2020, "Do We Train on Test Data?".
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)

    share: float = setting(0.05, "share of copies that is too high, beyond duplicates by chance", ge=0, lt=1)
    most: Count = setting(50_000, "rows of each split that are compared")

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data = view.data
        if data is None or data.parts.val is None or not data.finite or data.parts.train.shape != data.parts.val.shape:
            return
        train, val = (self._fingerprints(part.x) for part in (data.parts.train, data.parts.val))
        known = set(train)
        inside = 1.0 - len(known) / max(1, len(train))
        share = sum(row in known for row in val) / max(1, len(val))
        share = min(1.0, share * len(data.parts.train) / max(1, len(train)))  # as if all training rows were compared
        if share > self.share + 2 * inside:
            yield self.finding(
                view,
                f"{share:.0%} of the validation rows are copies of training rows.",
                "Remove duplicates before splitting, and split by group where rows belong together.",
                evidence={"share": share, "duplicates_in_training": inside, "threshold": self.share},
            )

    def _fingerprints(self, x: Array | LazyRows) -> list[int]:
        """Of the first rows, as many as are compared."""
        x = narrow_rows(x)
        budget = _STORED if is_large(x) else _BUDGET
        return _fingerprints(x, min(len(x), self.most, budget // max(1, int(np.prod(x.shape[1:])))))


def _fingerprints(x: Array | LazyRows, n: int) -> list[int]:
    """A number for each of the first n rows by its bytes: its mixed words, each times its own factor, summed modulo
    2^64.

    Two different rows have the same number with a probability of about 2^-60.
    """
    width = int(np.prod(x.shape[1:])) * x.dtype.itemsize
    size = next(n for n in (8, 4, 2, 1) if width % n == 0)
    odd = np.frombuffer(np.random.default_rng(0).bytes(8 * (1 + width // size)), np.uint64) | np.uint64(1)
    found, step = list[int](), max(1, _WORDS // max(1, width // size))
    for start in range(0, n, step):
        rows = x[start : min(start + step, n)]
        words: Array = np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.dtype(f"u{size}"))
        piece = words.astype(np.uint64)
        piece ^= piece >> 29  # so that a number's sign, the highest bit, counts in all others
        piece *= odd[0]
        piece ^= piece >> 32
        found += np.einsum("ij,j->i", piece, odd[1:]).tolist()
    return found
