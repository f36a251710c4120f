"""Ensembles inside one network: narrower networks, the members, lie side by side and are trained together.

Together their hidden layers are two and a half times as wide as the network that the config describes. Products between
hidden layers cost less than one network's, because each member reads its own units only; so a step takes at most about
twice as long, whatever the number of members. The loss is the mean of the members' losses: every row counts for each.
"""

from collections.abc import Sequence
from typing import Any

from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Shape
from trainlab.engine.graph import Node, build_graph
from trainlab.nn.activation import Activation
from trainlab.nn.activations.softmax import Softmax
from trainlab.nn.layer import Layer
from trainlab.nn.layers._members import MemberLayer
from trainlab.nn.layers.batch_norm import BatchNorm
from trainlab.nn.layers.clip_output import ClipOutput
from trainlab.nn.layers.dense import Dense
from trainlab.nn.layers.dropout import Dropout
from trainlab.nn.layers.group_norm import GroupNorm
from trainlab.nn.layers.layer_norm import LayerNorm
from trainlab.nn.layers.member_dense import MemberDense
from trainlab.nn.layers.member_input import MemberInput
from trainlab.nn.layers.residual import Residual
from trainlab.nn.layers.scale import Scale
from trainlab.nn.loss import LossSlot

_WIDTH = 2.5  # how wide the members' hidden layers are together, as a multiple of what the config says


def members_of(nodes: Sequence[Node]) -> int:
    """The number of networks whose outputs lie side by side at the end; 1 of a plain network.

    Raises ShapeError if layers disagree.
    """
    found = {n.layer.members: n.name for top in nodes for n in top.walk() if isinstance(n.layer, MemberLayer)}
    if len(found) > 1:
        told = " and ".join(f"{name} has {members}" for members, name in found.items())
        raise ShapeError(f"the layers of an ensemble inside one network need one number of members; {told}")
    return next(iter(found), 1)


def with_members(layers: Sequence[Layer], shape: Shape, members: int) -> Sequence[Layer]:
    """The layers of an ensemble: from the first dense layer on every member has its own; it shares those before.

    shape: of one row of the input. Raises ShapeError if a layer cannot be divided among members.
    """
    if members == 1:
        return layers
    nodes = build_graph(layers, shape)
    dense = [at for at, layer in enumerate(layers) if type(layer) is Dense]
    if not dense or any(inner.weights for node in nodes[dense[-1] + 1 :] for inner in node.walk()):
        raise ShapeError("members of an ensemble need a `dense` layer as the last one with weights")
    made = list(layers[: dense[0]])
    for at, node in enumerate(nodes[dense[0] :], dense[0]):
        made.append(_divided(node, members, first=at == dense[0], last=at == dense[-1]))
    return made


def _divided(node: Node, members: int, *, first: bool = False, last: bool = False) -> Layer:
    """The layer that does for every member what this one does for a whole network."""
    layer = node.layer
    if type(layer) is Dense:
        settings: dict[str, Any] = {name: getattr(layer, name) for name in Dense.model_fields}
        if not last:
            settings["units"] = max(1, round(_WIDTH * int(layer.units) / members))
        return (MemberInput if first else MemberDense)(members=members, **settings)
    if isinstance(layer, LayerNorm):
        return GroupNorm(groups=members, eps=layer.eps)
    if isinstance(layer, Residual):
        inner = [[_divided(n, members) for n in branch] for branch in node.branches]
        return layer.model_copy(update=dict(zip(("layers", "shortcut"), inner, strict=False)))
    kept = (Activation, Dropout, BatchNorm, Scale, ClipOutput)
    if not isinstance(layer, kept) or isinstance(layer, Softmax):
        raise ShapeError(f"{node.name} cannot be divided among the members of an ensemble")
    return layer


def loss_slot(members: int, y: Array, t: Array, dy: Array | None, weights: Array | None = None) -> LossSlot:
    """The slot of the mean of the members' losses: every member of a row is a row, in the memory of y and dy.

    y, dy: (rows, members units) · t, weights: of the rows.
    """
    if members == 1:
        return LossSlot(y, t, dy, weights)
    rows = len(y) * members
    wide = None if dy is None else dy.reshape(rows, -1)
    w = None if weights is None else weights.repeat(members)
    return LossSlot(y.reshape(rows, -1), t.repeat(members, axis=0), wide, w)
