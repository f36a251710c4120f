"""Loops of other kinds than a plain network's: the healthy ones are left alone, the sick ones are named."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
from loops import batches, digits, network, nn, torch, warned

import trainlab as tl

F = nn.functional
ADAM = partial(torch.optim.Adam, lr=2e-3)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torch")  # of lazy modules and nested tensors


class Recurrent(nn.Module):
    """Rows of an image one after the other."""

    def __init__(self, kind: Any = nn.LSTM) -> None:
        super().__init__()
        self.cell, self.head = kind(8, 48, batch_first=True), nn.Linear(48, 10)

    def forward(self, x: Any) -> Any:
        """Scores of ten classes, from the last state."""
        return self.head(self.cell(x.reshape(-1, 8, 8))[0][:, -1])


class Transformer(nn.Module):
    """Rows of an image as eight tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.place = nn.Linear(8, 32), nn.Parameter(0.02 * torch.randn(8, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, batch_first=True)
        self.body, self.head = nn.TransformerEncoder(layer, 2), nn.Linear(32, 10)

    def forward(self, x: Any) -> Any:
        """Scores of ten classes, from the mean of the tokens."""
        return self.head(self.body(self.enter(x.reshape(-1, 8, 8)) + self.place).mean(dim=1))


class Bag(nn.Module):
    """The brightness of each pixel as a word: an embedding whose gradient is sparse."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.head = nn.Embedding(64 * 8, 32, sparse=True), nn.Linear(32, 10)

    def forward(self, x: Any) -> Any:
        """Scores of ten classes, from the mean of the words."""
        words = (x * 1.5 + 4).clamp(0, 7).long() + 8 * torch.arange(64)
        return self.head(torch.relu(8 * self.words(words).mean(dim=1)))


class Tied(nn.Module):
    """An autoencoder whose decoder is its encoder, turned around."""

    def __init__(self, bias: float = 0.0) -> None:
        super().__init__()
        self.code, self.back = nn.Linear(64, 32), nn.Parameter(torch.zeros(64))
        nn.init.constant_(self.code.bias, bias)

    def forward(self, x: Any) -> Any:
        """The input again."""
        return torch.relu(self.code(x)) @ self.code.weight + self.back


def lazy() -> Any:
    """Layers that learn the number of their inputs from the first batch."""
    net = nn.Sequential(nn.LazyLinear(64), nn.ReLU(), nn.LazyLinear(10))
    net(torch.zeros(2, 64))
    return net


def frozen() -> Any:
    """A first layer that is not trained."""
    net = network()
    net[0].requires_grad_(False)
    return net


def two_groups(net: Any) -> Any:
    """The last layer learns faster."""
    return torch.optim.Adam([{"params": net[:4].parameters(), "lr": 1e-3}, {"params": net[4].parameters(), "lr": 4e-3}])


def sparse_adam(net: Any) -> Any:
    """Of the embedding alone; SGD trains the rest in a real loop, here the head stays as it is."""
    return torch.optim.SparseAdam([net.words.weight], lr=2e-2)


def normed() -> Any:
    """Weight norm: the weight is computed from two parameters."""
    net = network()
    nn.utils.parametrizations.weight_norm(net[2])
    return net


LOOPS: dict[str, dict[str, Any]] = {
    "lstm": {"make": Recurrent},
    "gru": {"make": partial(Recurrent, nn.GRU)},
    "transformer": {"make": Transformer, "optimizer": partial(torch.optim.AdamW, lr=2e-3), "epochs": 20},
    "sparse-embedding": {"make": Bag, "optimizer": sparse_adam, "epochs": 20},
    "tied-weights": {"make": Tied, "autoencoder": True},
    "lazy": {"make": lazy},
    "bfloat16": {"make": lambda: network().bfloat16(), "cast": torch.bfloat16, "epochs": 15},
    "autocast": {"around": lambda: torch.autocast("cpu", dtype=torch.bfloat16)},
    "accumulation": {"parts": 4, "epochs": 40},
    "compiled": {"make": lambda: torch.compile(network(), backend="eager")},
    "two-groups": {"optimizer": two_groups},
    "frozen-part": {"make": frozen},
    "norm-and-dropout": {"make": lambda: nn.Sequential(
        nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 10))},
    "schedule": {"schedule": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 12 * 19)},
    "clipped": {"clip": 1.0},
    "weight-norm": {"make": normed},
    "smoothed-labels": {"loss": partial(F.cross_entropy, label_smoothing=0.1)},
    "layer-norm-gelu": {"make": lambda: nn.Sequential(
        nn.Linear(64, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 10))},
}  # fmt: skip
SICK: dict[str, tuple[dict[str, Any], set[str]]] = {
    "transformer-lr-too-high": (
        {"make": Transformer, "optimizer": partial(torch.optim.AdamW, lr=0.3)},
        {"lr-too-high", "exploding-loss", "diverged"},
    ),
    "lstm-lr-too-high": ({"make": Recurrent, "optimizer": partial(torch.optim.Adam, lr=0.5)}, {"lr-too-high"}),
    "lstm-climbs-again": ({"make": Recurrent, "optimizer": partial(torch.optim.Adam, lr=0.1)}, {"lr-too-high"}),
    "gru-above-chance": (
        {"make": partial(Recurrent, nn.GRU), "optimizer": partial(torch.optim.Adam, lr=0.5)},
        {"lr-too-high"},
    ),
    "gru-lr-too-low": (
        {"make": partial(Recurrent, nn.GRU), "optimizer": partial(torch.optim.Adam, lr=1e-7)},
        {"lr-too-low"},
    ),
    "accumulated-dead": ({"make": partial(network, dead=True), "parts": 4, "epochs": 20}, {"dead-relu"}),
}


def run(
    runs: Path,
    *,
    make: Callable[[], Any] = network,
    optimizer: Callable[[Any], Any] | None = None,
    loss: Callable[..., Any] = F.cross_entropy,
    autoencoder: bool = False,
    cast: Any = None,
    around: Callable[[], Any] = nullcontext,
    parts: int = 1,
    schedule: Callable[[Any], Any] | None = None,
    clip: float | None = None,
    epochs: int = 12,
) -> Any:
    """Train and give the Watch back."""
    torch.manual_seed(0)
    x, y, v, w = digits()
    net = make()
    if optimizer is None:
        adam = ADAM(p for p in net.parameters() if p.requires_grad)
    else:
        adam = optimizer(net if optimizer in (two_groups, sparse_adam) else net.parameters())
    slower = schedule(adam) if schedule else None

    def of(net: Any, a: Any, b: Any) -> tuple[Any, Any]:
        with around():
            out = net(a if cast is None else a.to(cast))
            return out, F.mse_loss(out, a) if autoencoder else loss(out, b)

    settings = {"task": "regression"} if autoencoder else {}
    with tl.watch(net, adam, name="loop", runs=runs, epochs=epochs, say=lambda _: None, **settings) as watch:
        for _ in range(epochs):
            net.train()
            for i, (a, b) in enumerate(batches(x, y)):
                out, value = of(net, a, b)
                (value / parts).backward()
                if (i + 1) % parts == 0:
                    if clip is not None:
                        nn.utils.clip_grad_norm_(net.parameters(), clip)
                    adam.step()
                    adam.zero_grad()
                    if slower is not None:
                        slower.step()
                watch.step(value, *(() if autoencoder else (out, b)))
            net.eval()
            with torch.no_grad():
                out, value = of(net, v, w)
                right = {} if autoencoder else {"val_accuracy": (out.argmax(dim=1) == w).float().mean()}
            watch.epoch(val_loss=value, **right)
            if watch.stop:
                break
    return watch


@pytest.mark.parametrize("case", LOOPS)
def test_healthy_is_left_alone(case: str, tmp_path: Path):
    """A healthy loop gets no warning and no error, and has learned."""
    watch = run(tmp_path, **LOOPS[case])
    rows = watch.run.metrics
    assert warned(watch.diagnoses) == []
    assert rows["val_loss"].iloc[-1] < 0.5 * rows["train_loss"].iloc[0]


@pytest.mark.parametrize("case", SICK)
def test_sick_is_named(case: str, tmp_path: Path):
    """A fault's own code is among the first two warnings."""
    settings, codes = SICK[case]
    watch = run(tmp_path, **settings)
    assert codes & set(warned(watch.diagnoses)[:2]), watch.diagnoses


def gan(runs: Path, steps: int = 400, broken: bool = False, **settings: Any) -> tuple[Any, Any]:
    """A GAN on a ring of two numbers: the watches of generator and discriminator, which take turns."""
    torch.manual_seed(0)
    maker = nn.Sequential(nn.Linear(4, 32), nn.LeakyReLU(), nn.Linear(32, 2))
    judge = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(), nn.Linear(32, 1))
    makes, judges = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (maker, judge))
    quiet = {"runs": runs, "say": lambda _: None, **settings}
    with (
        tl.watch(maker, makes, name="maker", **quiet) as one,
        tl.watch(judge, judges, name="judge", **quiet) as two,
    ):
        for step in range(steps):
            angle = 2 * np.pi * torch.rand(64, 1)
            real = torch.cat([torch.cos(angle), torch.sin(angle)], dim=1)
            made = maker(torch.randn(64, 4))
            judges.zero_grad()
            loss = F.binary_cross_entropy_with_logits(judge(real), torch.ones(64, 1))
            loss = loss + F.binary_cross_entropy_with_logits(judge(made.detach()), torch.zeros(64, 1))
            loss.backward()
            judges.step()
            two.step(loss)
            makes.zero_grad()
            loss = F.binary_cross_entropy_with_logits(judge(made), torch.ones(64, 1))
            if broken and step == 200:
                loss = loss * float("nan")
            loss.backward()
            makes.step()
            one.step(loss)
            if step % 20 == 19:
                one.epoch()
                two.epoch()
    return one, two


def test_adversaries_are_noticed(tmp_path: Path):
    """Where two watched trainings take turns, no finding says that a loss does not fall, unless it is told to."""
    for watch in gan(tmp_path):
        assert warned(watch.diagnoses) == []
        assert watch.run.config["watch"]["loss_falls"] is False
    told = [set(warned(watch.diagnoses)) for watch in gan(tmp_path, loss_falls=True)]
    assert {"loss-not-decreasing"} & (told[0] | told[1])


def test_the_guess_is_told(tmp_path: Path, capsys: Any):
    """Once for each of the two, with what to pass; not where the user has said it, nor to those who print nothing."""
    gan(tmp_path, say=None)
    told = [line for line in capsys.readouterr().err.splitlines() if "takes turns" in line]
    assert [line.split(",")[0] for line in told] == [
        "trainlab: maker-1 takes turns with judge-1",
        "trainlab: judge-1 takes turns with maker-1",
    ]
    gan(tmp_path, say=None, loss_falls=False)
    gan(tmp_path)
    assert "takes turns" not in capsys.readouterr().err


def test_an_adversary_by_itself(tmp_path: Path):
    """`loss_falls=False` says so from the start, and what does not depend on progress is still found."""
    one, _ = gan(tmp_path, broken=True, loss_falls=False)
    assert "diverged" in warned(one.diagnoses)
    assert one.run.config["watch"]["loss_falls"] is False


def test_one_after_the_other_are_no_adversaries(tmp_path: Path):
    """Two trainings, one after the other, are judged by their losses, also if nobody closed the first."""
    x, y, *_ = digits()
    watches = []
    for rate in (1e-3, 1e-7):
        net = network()
        adam = torch.optim.Adam(net.parameters(), lr=rate)
        watch = tl.watch(net, adam, runs=tmp_path, epochs=12, say=lambda _: None)
        watches.append(watch)
        for _ in range(12):
            for a, b in batches(x, y):
                adam.zero_grad()
                loss = F.cross_entropy(net(a), b)
                loss.backward()
                adam.step()
                watch.step(loss)
            watch.epoch()
    for watch in watches:
        watch.close()
    assert warned(watches[0].diagnoses) == []
    assert warned(watches[1].diagnoses)[:1] == ["lr-too-low"]


def test_loss_below_zero(tmp_path: Path):
    """A loss without a known chance level is judged by its own past: a log-likelihood that passes zero is healthy."""
    torch.manual_seed(0)
    x = torch.randn(1024, 8)
    y = x[:, :1] * 0.3 + 0.02 * torch.randn(1024, 1)
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
    adam = torch.optim.Adam(net.parameters(), lr=3e-3)
    with tl.watch(net, adam, runs=tmp_path, epochs=20, task="regression", say=lambda _: None) as watch:
        for _ in range(20):
            for a, b in batches(x, y):
                mean, log_std = net(a).split(1, dim=1)
                loss = (0.5 * ((b - mean) / log_std.exp()) ** 2 + log_std).mean()
                adam.zero_grad()
                loss.backward()
                adam.step()
                watch.step(loss)
            watch.epoch()
    assert watch.run.metrics["train_loss"].iloc[-1] < -1
    assert warned(watch.diagnoses) == []


def test_classes_are_those_of_the_loss(tmp_path: Path):
    """A loss that chooses among the batch's rows begins at ln of their number, whatever the network's width is."""
    torch.manual_seed(0)
    x, *_ = digits()
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
    adam = torch.optim.Adam(net.parameters(), lr=2e-3)
    with tl.watch(net, adam, runs=tmp_path, epochs=12, say=lambda _: None) as watch:
        for _ in range(12):
            for (a,) in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x[:1152]), 64, shuffle=True):
                one, two = (F.normalize(net(a + 0.5 * torch.randn_like(a)), dim=1) for _ in range(2))
                loss = F.cross_entropy(one @ two.T / 0.2, torch.arange(len(a)))
                adam.zero_grad()
                loss.backward()
                adam.step()
                watch.step(loss)
            watch.epoch()
    assert watch.run.config["watch"]["classes"] == 64
    assert warned(watch.diagnoses) == []


@pytest.mark.parametrize(("width", "codes"), [(8, set()), (96, {"missing-nonlinearity"})])
def test_a_linear_autoencoder_is_meant(tmp_path: Path, width: int, codes: set[str]):
    """A waist makes a linear network one of low rank; wide layers make it one that a single layer would be, too."""
    torch.manual_seed(0)
    net, (x, y, _, _) = nn.Sequential(nn.Linear(64, width), nn.Linear(width, 64)), digits()
    optimizer = ADAM(net.parameters())
    with tl.watch(net, optimizer, runs=tmp_path, epochs=4, say=lambda found: None) as watch:
        for _ in range(4):
            for a, _ in batches(x, y):
                optimizer.zero_grad()
                loss = F.mse_loss(net(a), a)
                loss.backward()
                optimizer.step()
                watch.step(loss)
            watch.epoch()
    assert set(warned(watch.diagnoses)) & {"missing-nonlinearity"} == codes
