"""MemberInput: the first dense layer of networks that lie side by side."""

from trainlab.nn.layers._members import MemberLayer


class MemberInput(MemberLayer, name="member_input"):
    """y = x W + b: every member of an ensemble inside one network reads all inputs.

    `train.members` puts it in the place of the first dense layer.

    Shapes: x (batch, n_in), W (n_in, members units), b (members units,), y (batch, members units).

    Source: Laurent et al. 2023, "Packed-Ensembles", arXiv:2210.09184, section 3.
    """
