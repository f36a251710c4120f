"""Dense layers of an ensemble whose networks, its members, lie side by side in one network.

Each member has the same number of columns; those of the first one come first. So `members` networks of 64 units look
like one layer of 64 members units, and activations, dropout and batch norm work on them as on any other.
"""

from dataclasses import replace

from trainlab.core.component import setting
from trainlab.core.types import Count, Shape
from trainlab.nn.layer import Param
from trainlab.nn.layers.dense import Dense


class MemberLayer(Dense):
    """A dense layer for each member. `units`: of one member."""

    members: Count = setting("number of networks that lie side by side")

    def out_shape(self, shape: Shape) -> Shape:
        """(members units,) from (n_in,)."""
        return (self.members * super().out_shape(shape)[0],)

    def params(self, shape: Shape) -> dict[str, Param]:
        """W and, with `bias`, b, those of the members side by side; each member's are drawn as if it were alone."""
        alone = super().params(shape)
        return {
            key: replace(param, shape=(*param.shape[:-1], self.members * param.shape[-1]), networks=self.members)
            for key, param in alone.items()
        }
