"""Weights of the classes, for the losses that take them."""

from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field

from trainlab.core.component import setting
from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.core.types import Array, Task
from trainlab.nn.loss import Loss

Weight = Annotated[float, Field(gt=0)]


class ClassWeighted(Loss):
    """A loss in which the rows of some classes count more than those of others."""

    class_weights: Literal["balanced"] | dict[str, Weight] | list[Weight] | None = setting(
        None,
        "`balanced`: rows / (classes * rows of the class); or weights by name, `{yes: 5}`, 1 for the others; "
        "or a weight for each class, in their order. Where rows have several labels, the weight of a label's ones "
        "(`balanced`: zeros / ones)",
    )

    def units(self, task: Task) -> int:
        """One for each class. Raises UserError for weights that do not fit the classes."""
        weights, names = self.class_weights, _names(task)
        if isinstance(weights, list) and len(weights) != len(names):
            raise UserError(f"loss.class_weights: {len(weights)} weights for {len(names)} classes; give one per class")
        for name in weights if isinstance(weights, dict) else ():
            if name not in names:
                near = nearest(name, names)
                hint = f"did you mean `{near}`?" if near else f"name {listed([f'`{n}`' for n in names])}"
                raise UserError(f"loss.class_weights: `{name}` is no class; {hint}")
        return task.outputs

    def fitted(self, y: Array, task: Task) -> Self:
        """The weights as a list: `balanced` on these training targets, and names in the order of the classes."""
        if self.class_weights is None or isinstance(self.class_weights, list):
            return self
        if isinstance(self.class_weights, dict):
            weights = [self.class_weights.get(name, 1.0) for name in _names(task)]
        elif task.kind == "multilabel":
            ones = np.asarray(y).sum(axis=0)
            weights = ((len(y) - ones) / np.maximum(ones, 1)).clip(1e-3, None).tolist()
        else:
            counts = np.bincount(np.asarray(y, dtype=np.int64), minlength=task.outputs)
            weights = (len(y) / (task.outputs * np.maximum(counts, 1))).tolist()
        return self.model_copy(update={"class_weights": weights})

    @property
    def weights(self) -> list[float] | None:
        """A weight for each class. Raises RuntimeError before `fitted`."""
        if self.class_weights is None or isinstance(self.class_weights, list):  # torch.compile refuses `list | None`
            return self.class_weights
        raise RuntimeError(f"class weights ({self.class_weights}) were not fitted to the training targets")

    def weighted(self, each: Array, classes: Array, dy: Array | None) -> Array:
        """The losses of rows of these classes, and their gradient dy in place, times the weights of the classes."""
        if self.weights is None:
            return each
        by_row = np.array(self.weights, each.dtype)[classes]
        if dy is not None:
            dy *= by_row[:, None]
        return each * by_row

    def torch_weighted(self, torch: Any, each: Any, classes: Any) -> Any:
        """`weighted` in PyTorch."""
        if self.weights is None:
            return each
        return each * torch.as_tensor(self.weights, dtype=each.dtype, device=each.device)[classes]

    def mean_weight(self, classes: Array) -> float:
        """The mean weight of rows of these classes."""
        return float(np.array(self.class_weights)[classes].mean()) if isinstance(self.class_weights, list) else 1.0


def _names(task: Task) -> list[str]:
    return list(task.names or map(str, range(task.outputs)))
