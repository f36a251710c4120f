"""console: lines that a training prints."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.console import records_of
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.names import meaning
from trainlab.integrations.logs.source import Source

_LEAST = 2  # lines with a loss
_FEW = 3  # lines of a file that is one long progress bar


class Console(LogFormat, name="console"):
    """Lines with names and numbers, as Keras, nanoGPT, MLX-LM, torchtune, Composer, Megatron-LM, fairseq, MMCV,
    PaddlePaddle, Caffe, OpenNMT and loops of one's own print them.

    `epoch 3 step 40: train loss 0.51, val_loss=0.6` gives two losses. A name that is not known as a whole is left out:
    `loss scale: 1.0` is no loss.
    """

    rank: ClassVar[int] = 3

    def recognizes(self, source: Source) -> bool:
        """Two lines with the same loss."""
        records = records_of(_lines(source), source.wanted)
        names = Counter(key for record in records for key in record if _is_loss(key) or key in source.wanted)
        return max(names.values(), default=0) >= _LEAST

    def table(self, source: Source) -> Table:
        """A record for each line with a metric."""
        records = records_of(_lines(source), source.wanted)
        if not any(_is_loss(key) or key in source.wanted for record in records for key in record):
            raise UserError(f"{source.path}: no line in it has a loss; expected lines such as `epoch 1 loss 0.5`")
        return Table(records)


def _lines(source: Source) -> Sequence[str]:
    """The lines; the states of a progress bar are lines where there is nothing else."""
    lines = [line for line in source.text.split("\n") if line.strip()]
    if len(lines) <= _FEW and source.text.count("\r") > _FEW:
        return [line for line in source.text.splitlines() if line.strip()]
    return lines


def _is_loss(key: str) -> bool:
    return meaning(key) in ("train_loss", "val_loss")
