"""tiny-input: the inputs are so small that hardly a signal enters."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._patches import preprocess
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class TinyInput(Monitor, name="tiny-input"):
    """The inputs are nearly zero: the first layer's outputs are all bias, and its gradients are tiny.

    Measured as the root mean square of all training inputs, together with the length of a typical row: sparse rows of
    small numbers may be long enough to be heard. Below 0.05, twenty times smaller than a network is made for, and a row
    length under 0.5 the signal and the first layer's gradients shrink by as much, so that layer learns hundreds of
    times more slowly than the others. It happens when data are normalized twice. A norm layer before the first
    nonlinearity takes the scale away: then nothing is said.

    Do: Standardize the inputs, once: `data.preprocess: [standardize]`. Images of bytes are divided by 255 once, not
    twice.

    Picture:

        size of the inputs
        made for   1      ################
        given      0.001  .                 the bias is all that is heard

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.3.
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = (
        "data",
        "structure",
    )

    size: float = setting(0.05, "root mean square of the inputs that is too small", gt=0)
    length: float = setting(0.5, "length of a typical row that is too small", gt=0)

    def look(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data, structure = view.data, view.structure
        if data is None or structure is None or not data.finite or structure.normalizes_input:
            return
        if 0 < data.rms < self.size and data.row_length < self.length and float(data.std.max()) > 0:
            yield self.finding(
                view,
                f"The inputs are {data.rms:.2g} in root mean square, where a network is made for about 1: hardly a "
                "signal enters.",
                "Standardize them, and see whether they are normalized twice.",
                evidence={"rms": data.rms, "row_length": data.row_length, "threshold": self.size},
                patches=preprocess(view, "standardize"),
            )
