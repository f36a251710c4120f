"""The methods `probabilities` and `predict` of an exported PyTorch module: what the outputs mean."""

from typing import cast

from trainlab.inference.model import TrainedNetwork
from trainlab.nn.losses import poisson
from trainlab.nn.losses.pinball import Pinball

_POINTS = {  # of outputs y, the predicted numbers
    "poisson": f"torch.exp(torch.clamp(y, max={poisson.TOP}))",
    "msle": "torch.relu(y)",
    "kl_divergence": "torch.softmax(y, 1)",
}


def head(network: TrainedNetwork) -> str:
    """Source of the methods, indented as in a class."""
    if network.task.kind == "regression":
        return _method("predict", "The predicted numbers, in the units of the target.", _numbers(network))
    found = _probabilities(network)
    made = [_method("probabilities", "The probability of each class or label.", found)] if found else []
    return "\n\n".join([*made, _method("predict", _PREDICTS[network.task.kind], _labels(network, bool(found)))])


_PREDICTS = {
    "classification": "The index of the class of each row: its place in NAMES.",
    "multilabel": "0 or 1 for each label.",
}


def _method(name: str, doc: str, lines: list[str]) -> str:
    body = "\n".join(f"        {line}" for line in lines)
    return f'    @torch.no_grad()\n    def {name}(self, x):\n        """{doc}"""\n{body}'


def _probabilities(network: TrainedNetwork) -> list[str]:
    """Lines that return the probabilities of rows x; none if the loss defines none."""
    loss = network.loss.name
    if loss in ("softmax_cross_entropy", "kl_divergence"):
        return ["return torch.softmax(self(x), 1)"]
    if loss == "binary_cross_entropy" and network.task.kind == "multilabel":
        return ["return torch.sigmoid(self(x))"]
    if loss == "binary_cross_entropy":
        return ["y = self(x)", "return torch.sigmoid(torch.cat([-y, y], 1))"]
    if loss == "ordinal":
        return [
            "above = torch.exp(torch.cumsum(F.logsigmoid(self(x)), 1))  # P(above level k)",
            "return F.pad(above, (1, 0), value=1.0) - F.pad(above, (0, 1))",
        ]
    return []


def _labels(network: TrainedNetwork, probable: bool) -> list[str]:
    """Lines that return the predicted classes or labels of rows x."""
    threshold = network.decision.threshold
    if network.task.kind == "multilabel":
        return ["return (self.probabilities(x) > 0.5).long()"]
    if threshold is not None:
        positive = network.classes.index(threshold.positive)
        return [
            f"sure = self.probabilities(x)[:, {positive}] >= {threshold.value!r}",
            f"return torch.where(sure, {positive}, {1 - positive})",
        ]
    if network.loss.name == "ordinal":
        return ["above = torch.cumsum(F.logsigmoid(self(x)), 1)", "return (above > -0.6931471805599453).sum(1)"]
    return ["return self.probabilities(x).argmax(1)" if probable else "return self(x).argmax(1)"]


def _numbers(network: TrainedNetwork) -> list[str]:
    """Lines that return the predicted numbers of rows x."""
    lines = ["y = self(x)"]
    if network.loss.name in _POINTS:
        lines.append(f"y = {_POINTS[network.loss.name]}")
    if network.loss.name == "pinball":
        loss = cast(Pinball, network.loss)
        lines.append(f"y = y.unflatten(1, (-1, {len(loss.quantiles)})).sort(2).values[:, :, {loss.middle}]")
    if "target.mean" not in network.fitted:
        return [*lines, "return y"]
    mean, std = (network.fitted[f"target.{name}"].ravel().tolist() for name in ("mean", "std"))
    lines.append(f"return y.double() * torch.tensor({std}) + torch.tensor({mean})")
    return lines
