"""tiny-input: the inputs are close to zero."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._patches import preprocess
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class TinyInput(Monitor, name="tiny-input"):
    """The inputs are nearly zero. The first layer's outputs are then almost only its bias, and its gradients are tiny.

    Measured as the root mean square of all training inputs and as the median length of a row, because sparse rows
    of small numbers may still be long enough. It is a warning if the root mean square is below 0.05, a twentieth of
    what a network expects, and the row length below 0.5. The signal and the first layer's gradients shrink by the
    same factor, so this layer learns hundreds of times more slowly than the others. A common cause is data that are
    normalized twice. A norm layer before the first nonlinearity removes the scale: then it is not reported.

    Do: Standardize the inputs once: `data.preprocess: [standardize]`. Divide byte images by 255 once, not twice.

    Picture:

        size of the inputs
        expected   1      ################
        given      0.001  .                 only the bias is left

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.3.
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = (
        "data",
        "structure",
    )

    size: float = setting(0.05, "root mean square of the inputs that is too small", gt=0)
    length: float = setting(0.5, "length of a typical row that is too small", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data, structure = view.data, view.structure
        if data is None or structure is None or not data.finite or structure.normalizes_input:
            return
        if 0 < data.rms < self.size and data.row_length < self.length and float(data.std.max()) > 0:
            yield self.finding(
                view,
                f"The inputs have a root mean square of {data.rms:.2g}, but a network expects about 1: hardly any "
                "signal enters.",
                "Standardize the inputs, and check whether they are normalized twice.",
                evidence={"rms": data.rms, "row_length": data.row_length, "threshold": self.size},
                patches=preprocess(view, "standardize"),
            )
