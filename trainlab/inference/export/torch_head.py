"""What the outputs of an exported PyTorch module mean: its methods `probabilities` and `predict`, and how those of
several networks become one.
"""

from typing import cast

import numpy as np

from trainlab.inference.ensemble.combining import TIE
from trainlab.inference.ensemble.ensemble import Ensemble
from trainlab.inference.model import Model, TrainedNetwork
from trainlab.nn.loss import Loss
from trainlab.nn.losses import poisson
from trainlab.nn.losses.pinball import Pinball

_POINTS = {  # of outputs, the predicted numbers
    "poisson": f"torch.exp(torch.clamp({{}}, max={poisson.TOP}))",
    "msle": "torch.relu({})",
    "kl_divergence": "torch.softmax({}, 1)",
}
_LOG = ("poisson", "kl_divergence")  # the outputs are the logarithms of the numbers


def head(network: Model) -> str:
    """Source of the methods, indented as in a class."""
    if isinstance(network, Ensemble) and network.method == "vote" and network.task.kind != "regression":
        return _method("predict", _PREDICTS[network.task.kind], ["return self(x).argmax(1)"])
    if network.task.kind == "regression":
        return _method("predict", "The predicted numbers, in the units of the target.", _numbers(network))
    found = _probabilities(network)
    made = [_method("probabilities", "The probability of each class or label.", found)] if found else []
    return "\n\n".join([*made, _method("predict", _PREDICTS[network.task.kind], _labels(network, bool(found)))])


def averaged(network: TrainedNetwork) -> list[str]:
    """Lines that make outputs x of one network of those of `train.members`, side by side, as `Loss.averaged`."""
    members, units = network.net.members, network.loss.units(network.task)
    if members == 1:
        return []
    apart, loss = f"x = x.unflatten(1, ({members}, {units}))  # rows, members, outputs", network.loss.name
    if loss == "poisson":
        return [apart, f"x = torch.log({_POINTS[loss].format('x')}.mean(1))"]
    if isinstance(network.loss, Pinball):
        shape = f"({members}, {network.task.outputs}, {len(network.loss.quantiles)})"
        return [
            f"x = x.unflatten(1, {shape})  # rows, members, targets, quantiles",
            "x = x.sort(3).values.mean(1).flatten(1)",
        ]
    if loss in ("softmax_cross_entropy", "kl_divergence"):
        return [apart, f"x = torch.logsumexp(torch.log_softmax(x, 2), 1) - {np.log(members)}  # log of the mean"]
    if loss == "binary_cross_entropy":
        return [apart, "x = torch.logsumexp(F.logsigmoid(x), 1) - torch.logsumexp(F.logsigmoid(-x), 1)"]
    if loss == "ordinal":
        return [
            apart,
            "above = torch.exp(torch.cumsum(F.logsigmoid(x), 2))  # P(above level k)",
            "p = (F.pad(above, (1, 0), value=1.0) - F.pad(above, (0, 1))).mean(1).clamp(min=1e-38)",
            *_of_levels("x"),
        ]
    return [apart, "x = torch.relu(x).mean(1)" if loss == "msle" else "x = x.mean(1)"]


def combined(ensemble: Ensemble) -> list[str]:
    """Lines that return the outputs of an ensemble from its modules `member1`, `member2`, ..., as `combine`."""
    weights, task, loss = ensemble.weights.tolist(), ensemble.task, ensemble.loss.name
    numbers = [f"self.member{i}" for i in range(1, len(weights) + 1)]

    def total(terms: list[str]) -> str:
        return " + ".join(f"{w!r} * {term}" for w, term in zip(weights, terms, strict=True))

    if task.kind == "regression":
        raw, logarithm = ensemble.method == "logits", ensemble.method != "logits" and loss in _LOG
        each = [f"{n}(x).double()" if raw else _point(ensemble.loss, f"{n}(x).double()") for n in numbers]
        units = [_scaled(y, m, "({0} * {1} + {2})") for y, m in zip(each, ensemble.members, strict=True)]
        lines = [f"y = {total(units)}", *(["y = torch.log(y)"] if logarithm else [])]
        return [*lines, f"return {_scaled('y', ensemble, '({0} - {2}) / {1}')}"]
    outputs = total([f"{n}(x).double()" for n in numbers])
    if ensemble.method == "logits":
        return [f"return {outputs}"]
    if ensemble.method == "vote":
        votes = total([f"F.one_hot({n}.predict(x), {task.outputs}).double()" for n in numbers])
        both = ["y = torch.cat([-y, y], 1)"] if ensemble.loss.units(task) == 1 else []
        tie = f"{TIE} * (1 + torch.tanh(y - y.amax(1, keepdim=True)))"
        return [f"y = {outputs}", *both, f"return {votes} + {tie}  # of equal shares the larger output wins"]
    mean = total([f"{n}.probabilities(x).double()" for n in numbers])
    p = f"p = ({mean}).clamp(min={float(np.finfo(np.float64).tiny)!r})"
    if loss == "binary_cross_entropy" and task.kind == "multilabel":
        return [f"{p}.clamp(max=1 - 2**-53)", "return torch.log(p) - torch.log1p(-p)"]
    if loss == "binary_cross_entropy":
        return [p, "return torch.log(p[:, 1:]) - torch.log(p[:, :1])"]
    return [p, *_of_levels("y"), "return y"] if loss == "ordinal" else [p, "return torch.log(p)"]


def _of_levels(name: str) -> list[str]:
    """Lines that give the outputs of `ordinal` from probabilities p of the levels this name."""
    return [
        "above = p.flip(1)[:, :-1].cumsum(1).flip(1)  # P(above level k)",
        f"{name} = torch.log(above) - torch.log(p[:, :-1])",
    ]


def _point(loss: Loss, outputs: str) -> str:
    """The numbers, or the sorted quantiles, that these outputs predict."""
    if isinstance(loss, Pinball):
        return f"{outputs}.unflatten(1, (-1, {len(loss.quantiles)})).sort(2).values.flatten(1)"
    return _POINTS.get(loss.name, "{}").format(outputs)


def _scaled(value: str, model: Model, form: str) -> str:
    """The value in the form of {0} with the deviation {1} and the mean {2} of the target, if it was scaled."""
    if "target.mean" not in model.fitted:
        return value
    each = model.loss.units(model.task) // model.task.outputs  # outputs for a number: its quantiles
    both = (np.repeat(model.fitted[f"target.{name}"].ravel(), each).tolist() for name in ("mean", "std"))
    mean, std = (f"torch.tensor({numbers}, device=x.device)" for numbers in both)
    return form.format(value, std, mean)


_PREDICTS = {
    "classification": "The index of the class of each row: its place in NAMES.",
    "multilabel": "0 or 1 for each label.",
}


def _method(name: str, doc: str, lines: list[str]) -> str:
    body = "\n".join(f"        {line}" for line in lines)
    return f'    @torch.no_grad()\n    def {name}(self, x):\n        """{doc}"""\n{body}'


def _probabilities(network: Model) -> list[str]:
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


def _labels(network: Model, probable: bool) -> list[str]:
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


def _numbers(network: Model) -> list[str]:
    """Lines that return the predicted numbers of rows x."""
    lines = ["y = self(x)"]
    if network.loss.name in _POINTS:
        lines.append(f"y = {_POINTS[network.loss.name].format('y')}")
    if network.loss.name == "pinball":
        loss = cast(Pinball, network.loss)
        lines.append(f"y = y.unflatten(1, (-1, {len(loss.quantiles)})).sort(2).values[:, :, {loss.middle}]")
    if "target.mean" not in network.fitted:
        return [*lines, "return y"]
    mean, std = (network.fitted[f"target.{name}"].ravel().tolist() for name in ("mean", "std"))
    both = (f"{name} = torch.tensor({values}, device=x.device)" for name, values in (("std", std), ("mean", mean)))
    return [*lines, *both, "return y.double() * std + mean"]
