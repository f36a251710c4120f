"""Faults of the program around a network: what no list of layers shows, each beside its healthy twin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
from loops import batches, digits, nn, torch, warned

import trainlab as tl
from trainlab.integrations.torch_graph import read_graph

F = nn.functional
ADAM = torch.optim.Adam


class Net(nn.Module):
    """64-48-48-10 with functions where most networks have modules."""

    def __init__(self, *, bend: Callable[..., Any] = F.relu, end: Any = None, drop: float = 0.0, cut: bool = False):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(64, 48), nn.Linear(48, 48), nn.Linear(48, 10)
        self.drop, self.bend, self.end, self.cut = nn.Dropout(drop), bend, end, cut

    def forward(self, x: Any) -> Any:
        """Scores, or what `end` makes of them."""
        x = self.bend(self.b(self.bend(self.a(x))))
        y = self.out(self.drop(x.detach() if self.cut else x))
        return y if self.end is None else self.end(y)


def train(
    folder: Path,
    net: Any,
    *,
    loss: Callable[..., Any] = F.cross_entropy,
    optimizer: Any = None,
    epochs: int = 6,
    reset: bool = True,
    modes: str = "both",
    scheduler: Callable[[Any], Any] | None = None,
    **more: Any,
) -> Any:
    """A loop; modes: `both` as it should be, `train` never evaluates, `eval` never goes back to training."""
    torch.manual_seed(1)
    x, y, xv, yv = digits()
    optimizer = optimizer or ADAM(net.parameters(), lr=2e-3)
    each = scheduler(optimizer) if scheduler else None
    with tl.watch(net, optimizer, runs=folder, epochs=epochs, say=lambda found: None, **more) as watch:
        for epoch in range(epochs):
            if modes == "both" or not epoch:
                net.train()
            for a, b in batches(x, y):
                if reset:
                    optimizer.zero_grad()
                value = loss(net(a), b)
                value.backward()
                optimizer.step()
                if each:
                    each.step()
                watch.step(value)
            if modes != "train":
                net.eval()
            with torch.no_grad():
                out = net(xv)
                watch.epoch(val_loss=loss(out, yv), val_accuracy=(out.argmax(1) == yv).float().mean())
    return watch


def made(**settings: Any) -> Any:
    """A network from a fixed seed."""
    torch.manual_seed(0)
    return Net(**settings)


def head_only(net: Any) -> Any:
    """An optimizer that was made from the last layer, over features that are bad."""
    with torch.no_grad():
        net.a.weight.mul_(0.02)
    return torch.optim.SGD(net.out.parameters(), lr=0.05)


def negatives(scores: Any, labels: Any) -> Any:
    """The mistake of giving probabilities to a loss that takes their logarithms."""
    return F.nll_loss(scores, labels)


SICK = {
    "never-reset": (lambda: made(), {"reset": False}, "stale-gradient"),
    "softmax-twice": (lambda: made(end=lambda y: F.softmax(y, dim=1)), {}, "wrong-loss"),
    "softmax-over-rows": (lambda: made(end=lambda y: F.log_softmax(y, dim=0)), {"loss": F.nll_loss}, "wrong-loss"),
    "no-logarithm": (lambda: made(end=lambda y: F.softmax(y, dim=1)), {"loss": negatives}, "wrong-loss"),
    "relu-on-scores": (lambda: made(end=F.relu), {}, "output-range"),
    "no-activation": (lambda: made(bend=lambda y: y), {}, "missing-nonlinearity"),
    "never-evaluates": (lambda: made(drop=0.5), {"modes": "train"}, "wrong-mode"),
    "never-trains-again": (lambda: made(drop=0.5), {"modes": "eval"}, "wrong-mode"),
    "steps-each-batch": (
        lambda: made(),
        {"scheduler": lambda o: torch.optim.lr_scheduler.StepLR(o, 4, 0.1), "epochs": 12},
        "bad-schedule",
    ),
}


@pytest.mark.parametrize("case", SICK)
def test_a_fault_of_the_program_is_named(case, tmp_path):
    """Its code is among the first two warnings."""
    net, settings, code = SICK[case]
    assert code in warned(train(tmp_path, net(), **settings).diagnoses)[:2]


HEALTHY = {
    "plain": (lambda: made(), {}),
    "dropout": (lambda: made(drop=0.3), {}),
    "log-softmax": (lambda: made(end=lambda y: F.log_softmax(y, dim=1)), {"loss": F.nll_loss}),
    "one-cycle": (lambda: made(), {"scheduler": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 5e-3, 6 * 19)}),
    "no-dropout-no-modes": (lambda: made(), {"modes": "train"}),
}


@pytest.mark.parametrize("case", HEALTHY)
def test_a_sound_program_is_left_alone(case, tmp_path):
    """What stands beside the faults gets no warning."""
    net, settings = HEALTHY[case]
    assert warned(train(tmp_path, net(), **settings).diagnoses) == []


def test_weights_that_nothing_trains_are_named(tmp_path):
    """Layers that the optimizer does not have, and layers that `detach` cuts off, where the network learns badly."""
    net = made()
    left = train(tmp_path, net, optimizer=head_only(net), epochs=4)
    [found] = [d for d in left.diagnoses if d.code == "unchanging-weights"]
    assert found.evidence["outside"] == ["a", "b"]
    net = made(cut=True)
    cut = train(tmp_path, net, optimizer=torch.optim.SGD(net.parameters(), lr=0.01), epochs=4)
    [found] = [d for d in cut.diagnoses if d.code == "unchanging-weights"]
    assert found.evidence["cut"] == ["a", "b"]


def test_weights_of_a_second_optimizer_are_none_that_nothing_trains(tmp_path):
    """The watched one has the head; another one trains the rest."""
    net, (x, y, _, _) = made(), digits()
    torch.manual_seed(0)
    head, body = torch.optim.SGD(net.out.parameters(), lr=1e-4), ADAM([*net.a.parameters(), *net.b.parameters()], 1e-4)
    with tl.watch(net, head, runs=tmp_path, epochs=3, say=lambda found: None) as watch:
        for _ in range(3):
            for a, b in batches(x, y):
                net.zero_grad()
                loss = F.cross_entropy(net(a), b)
                loss.backward()
                head.step()
                body.step()
                watch.step(loss)
            watch.epoch()
    assert "unchanging-weights" not in warned(watch.diagnoses)


def test_a_gradient_that_is_accumulated_on_purpose_is_not_stale(tmp_path):
    """Four backward passes to a step, and the last ones of an epoch are left over."""
    net, (x, y, _, _) = made(), digits()
    optimizer = ADAM(net.parameters(), lr=2e-3)
    with tl.watch(net, optimizer, runs=tmp_path, epochs=8, say=lambda found: None) as watch:
        for _ in range(8):
            optimizer.zero_grad()
            for i, (a, b) in enumerate(batches(x, y)):
                loss = F.cross_entropy(net(a), b)
                (loss / 4).backward()
                if i % 4 == 3:
                    optimizer.step()
                    optimizer.zero_grad()
                watch.step(loss)
            watch.epoch()
    assert "stale-gradient" not in warned(watch.diagnoses)


def test_a_gradient_that_a_closure_computes_is_not_stale(tmp_path):
    """The step begins with what earlier backward passes have left, as Lightning accumulates."""
    net, (x, y, _, _) = made(), digits()
    optimizer = ADAM(net.parameters(), lr=2e-3)

    def backward(a: Any, b: Any) -> Any:
        loss = F.cross_entropy(net(a), b)
        (loss / 2).backward()
        return loss

    with tl.watch(net, optimizer, runs=tmp_path, epochs=3, say=lambda found: None) as watch:
        for _ in range(3):
            for a, b in batches(x, y):
                optimizer.zero_grad()
                backward(a[::2], b[::2])
                watch.step(optimizer.step(lambda a=a, b=b: backward(a[1::2], b[1::2])))
            watch.epoch()
    assert "stale-gradient" not in warned(watch.diagnoses)


def test_a_pass_in_training_mode_beside_a_validation_is_not_one(tmp_path):
    """Dropout left on for an uncertainty, after a validation in evaluation mode."""
    net, (x, y, xv, yv) = made(drop=0.3), digits()
    optimizer = ADAM(net.parameters(), lr=2e-3)
    with tl.watch(net, optimizer, runs=tmp_path, epochs=4, say=lambda found: None) as watch:
        for _ in range(4):
            net.train()
            for a, b in batches(x, y):
                optimizer.zero_grad()
                loss = F.cross_entropy(net(a), b)
                loss.backward()
                optimizer.step()
                watch.step(loss)
            with torch.no_grad():
                net(xv)
                net.eval()
                out = net(xv)
            watch.epoch(val_loss=F.cross_entropy(out, yv))
    assert "wrong-mode" not in warned(watch.diagnoses)


def test_running_statistics_that_lag_are_named(tmp_path):
    """A momentum of 1e-4 where inputs lie around 8: evaluation computes with a mean near 0."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.BatchNorm1d(64, momentum=1e-4), nn.Linear(64, 32), nn.BatchNorm1d(32, momentum=1e-4), nn.ReLU(),
        nn.Linear(32, 10),
    )  # fmt: skip
    x, y, xv, yv = digits()
    optimizer = ADAM(net.parameters(), lr=5e-3)
    with tl.watch(net, optimizer, runs=tmp_path, epochs=6, say=lambda found: None) as watch:
        for _ in range(6):
            net.train()
            for a, b in batches(3 * x + 8, y):
                optimizer.zero_grad()
                loss = F.cross_entropy(net(a), b)
                loss.backward()
                optimizer.step()
                watch.step(loss)
            net.eval()
            with torch.no_grad():
                out = net(3 * xv + 8)
                watch.epoch(val_loss=F.cross_entropy(out, yv), val_accuracy=(out.argmax(1) == yv).float().mean())
    [found] = [d for d in watch.diagnoses if d.code == "train-eval-mismatch"]
    assert found.severity == "warning"
    assert found.evidence["running_mean_off"] > 1


def regression(folder: Path, targets: Callable[[Any], Any], **more: Any) -> Any:
    """A regression of one number, with targets in the shape and on the scale that a test wants."""
    torch.manual_seed(0)
    x = torch.randn(640, 8)
    t = x @ torch.randn(8) + 0.1 * torch.randn(640)
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = ADAM(net.parameters(), lr=5e-3, **more)
    with tl.watch(net, optimizer, runs=folder, epochs=8, say=lambda found: None) as watch:
        for _ in range(8):
            for i in range(0, 640, 32):
                optimizer.zero_grad()
                loss = F.mse_loss(net(x[i : i + 32]), targets(t[i : i + 32]))
                loss.backward()
                optimizer.step()
                watch.step(loss)
            watch.epoch()
    return watch


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_shapes_that_are_broadcast_are_a_wrong_loss(tmp_path):
    """Outputs (32, 1) and targets (32,) make 32 x 32 errors; the same shapes do not."""
    assert warned(regression(tmp_path, lambda t: t).diagnoses)[0] == "wrong-loss"
    assert warned(regression(tmp_path, lambda t: t[:, None]).diagnoses) == []


def test_large_targets_are_seen_in_the_first_loss(tmp_path):
    """Without the data: the first squared error is theirs."""
    assert warned(regression(tmp_path, lambda t: 5000 * t[:, None]).diagnoses)[0] == "unscaled-target"


def test_the_l2_of_an_optimizer_is_a_penalty(tmp_path):
    """It is measured, and named where it shrinks the weights to nothing."""
    net = made()
    decayed = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=0.5)
    watch = train(tmp_path, net, optimizer=decayed, epochs=10)
    first, *_, last = watch.run.metrics["reg_loss"]
    assert first > 5 > last
    assert "over-regularized" in warned(watch.diagnoses)[:2]
    net = made()
    light = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    assert warned(train(tmp_path, net, optimizer=light, epochs=10).diagnoses) == []


def test_a_decay_beside_adams_gradient_that_is_too_strong_is_named(tmp_path):
    """A decay of 60 keeps each weight below 1/60, far below a fresh one."""
    net = made()
    strong = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=60.0)
    assert "over-regularized" in warned(train(tmp_path, net, optimizer=strong, epochs=10).diagnoses)[:2]
    net = made()
    usual = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.1)
    assert warned(train(tmp_path, net, optimizer=usual, epochs=10).diagnoses) == []


def test_labels_that_belong_to_no_row_are_named_without_a_training_score(tmp_path):
    """The loss bounds the training accuracy: no more than loss / ln 2 of the rows can be wrong."""
    x, y, xv, yv = digits()
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
    optimizer = ADAM(net.parameters(), lr=3e-3)
    x, y = x[:300], y[:300]
    with tl.watch(net, optimizer, runs=tmp_path, epochs=40, val_rows=len(yv), say=lambda found: None) as watch:
        for _ in range(40):
            for a, b in batches(x[torch.randperm(300, generator=torch.Generator().manual_seed(3))], y):
                optimizer.zero_grad()
                loss = F.cross_entropy(net(a), b)
                loss.backward()
                optimizer.step()
                watch.step(loss)
            with torch.no_grad():
                out = net(xv)
                watch.epoch(val_loss=F.cross_entropy(out, yv), val_accuracy=(out.argmax(1) == yv).float().mean())
    assert warned(watch.diagnoses)[0] in ("corrupt-labels", "overfitting")


class Blurred(torch.utils.data.Dataset):
    """Rows with noise that is new at each reading, or not."""

    def __init__(self, x: Any, y: Any, noise: float) -> None:
        self.x, self.y, self.noise = x, y, noise

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> tuple[Any, Any]:
        return self.x[i] + self.noise * torch.randn(64), self.y[i]


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_validation_that_is_augmented_is_named(noise, tmp_path):
    """A row is not what it was when it is read again; training rows may change."""
    x, y, xv, yv = digits()
    data, val_data = Blurred(x, y, 0.3), Blurred(xv, yv, noise)
    watch = train(tmp_path, made(), data=data, val_data=val_data)
    assert ("split-mismatch" in warned(watch.diagnoses)) == bool(noise)


def test_what_a_graph_shows():
    """The loss, its classes and what goes into it, also after the backward pass; nothing of an unknown one."""
    x, y = torch.randn(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    first, last = nn.Linear(4, 5), nn.Linear(5, 3)
    scores = last(first(x))
    loss = F.cross_entropy(scores, y)
    loss.backward()
    facts = read_graph(loss.grad_fn)
    assert (facts.name, facts.classes, facts.mean, facts.squashed, facts.linear) == (
        "softmax_cross_entropy", 3, True, "", 2,
    )  # fmt: skip
    assert read_graph(F.cross_entropy(last(F.gelu(first(x))), y).grad_fn).linear == 0
    assert read_graph(F.cross_entropy(last(first(x) * first(x)), y, reduction="sum").grad_fn).mean is False
    waist = nn.Sequential(nn.Linear(4, 1), nn.Linear(1, 3))
    assert read_graph(F.cross_entropy(waist(x), y).grad_fn).linear == 0, "a waist is a plan"
    odd = read_graph((scores.detach().requires_grad_() ** 2).mean().grad_fn)
    assert (odd.name, odd.linear) == ("", 0)
    sigmoid = F.binary_cross_entropy_with_logits(torch.sigmoid(scores), torch.ones(6, 3))
    assert read_graph(sigmoid.grad_fn).squashed == "sigmoid"


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_the_absolute_error_is_a_loss_of_numbers(tmp_path):
    """`l1_loss` has no node of its own in the graph; its shapes may be broadcast, too."""
    x, t = torch.randn(6, 3), torch.randn(6, 1)
    net = nn.Linear(3, 1)
    whole = read_graph(F.l1_loss(net(x), t).grad_fn)
    assert (whole.name, whole.mean, whole.spread) == ("mae", True, None)
    assert read_graph(F.l1_loss(net(x), t[:, 0]).grad_fn).spread == ((6, 1), (6, 6))
    assert read_graph(F.l1_loss(net(x), t, reduction="sum").grad_fn).mean is False
    assert read_graph((net(x) - t).square().mean().grad_fn).name == ""


def test_gradients_that_a_closure_computes_are_measured(tmp_path):
    """L-BFGS has none before its first step: that is no gradient that is not finite."""
    net, (x, y, _, _) = made(bend=torch.tanh), digits()
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.5, max_iter=4)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        return loss

    with tl.watch(net, optimizer, runs=tmp_path, epochs=5, say=lambda found: None) as watch:
        for _ in range(5):
            watch.step(optimizer.step(closure))
            watch.epoch()
    assert "diverged" not in warned(watch.diagnoses)
    assert (watch.run.steps["grad_norm"] > 0).all()
