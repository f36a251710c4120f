"""trainlab.watch on real trainings in PyTorch: who is healthy is left alone, who is sick is named."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from digits_torch import mlp, rows, train  # noqa: E402 - only with PyTorch
from torch import nn  # noqa: E402

import trainlab as tl  # noqa: E402
from trainlab.core.errors import UserError  # noqa: E402
from trainlab.core.problem import ConfigError  # noqa: E402
from trainlab.integrations.logs.diagnosis import judge  # noqa: E402

torch.set_num_threads(1)
ADAM, SGD = torch.optim.Adam, torch.optim.SGD


def fill(layer, weight=None, bias=None, times=1.0):
    if weight is not None:
        layer.weight.fill_(weight)
    if bias is not None:
        layer.bias.fill_(bias)
    layer.weight.mul_(times)


class Images(nn.Module):
    """A network whose activations are functions, not modules, on digits as images."""

    def __init__(self, bias=None):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm = nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16)
        self.first, self.last = nn.Linear(16 * 16, 32), nn.Linear(32, 10)
        if bias is not None:
            nn.init.constant_(self.first.bias, bias)

    def forward(self, x):
        """Scores of ten classes."""
        y = torch.relu(self.norm(self.conv(x.reshape(-1, 1, 8, 8))))
        y = torch.nn.functional.max_pool2d(y, 2).flatten(1)
        return self.last(torch.relu(self.first(y)))


HEALTHY = {
    "adam": (mlp, partial(ADAM, lr=1e-3), {}),
    "adam-without-data": (mlp, partial(ADAM, lr=1e-3), {"data": False}),
    "adamw-often": (mlp, partial(torch.optim.AdamW, lr=2e-3), {"every": 7}),
    "sgd": (mlp, partial(SGD, lr=0.1), {}),
    "nesterov": (mlp, partial(SGD, lr=0.02, momentum=0.9, nesterov=True, weight_decay=1e-4), {"epochs": 30}),
    "tanh": (partial(mlp, nn.Tanh, 4), partial(ADAM, lr=1e-3), {"epochs": 25}),
    "gelu-rmsprop": (partial(mlp, nn.GELU), partial(torch.optim.RMSprop, lr=1e-3), {}),
    "images": (Images, partial(ADAM, lr=2e-3), {"epochs": 8}),
    "log-softmax": (lambda: nn.Sequential(*mlp(), nn.LogSoftmax(dim=1)), partial(ADAM, lr=1e-3), {}),
}
SICK = {
    "lr-much-too-high": (mlp, partial(SGD, lr=10.0), {}, {"diverged", "lr-too-high", "exploding-loss"}),
    "lr-too-high": (mlp, partial(ADAM, lr=1.0), {}, {"lr-too-high"}),
    "lr-too-low": (mlp, partial(ADAM, lr=1e-7), {}, {"lr-too-low"}),
    "lr-zero": (mlp, partial(SGD, lr=0.0), {}, {"unchanging-weights"}),
    "dead": (partial(mlp, change=partial(fill, bias=-30.0)), partial(ADAM, lr=1e-3), {}, {"dead-relu"}),
    "dead-function": (partial(Images, -30.0), partial(ADAM, lr=1e-3), {"epochs": 2}, {"dead-relu"}),
    "saturated": (partial(mlp, nn.Sigmoid, change=partial(fill, times=100)), partial(SGD, lr=1e-2), {},
                  {"saturated-activation"}),
    "all-zero": (partial(mlp, change=partial(fill, weight=0.0)), partial(ADAM, lr=1e-3), {}, {"symmetric-init"}),
    "deep-sigmoid": (partial(mlp, nn.Sigmoid, 8), partial(SGD, lr=0.1), {}, {"vanishing-gradient", "signal-collapse"}),
    "unshuffled": (mlp, partial(ADAM, lr=1e-3), {"shuffle": False, "sort": True}, {"unshuffled"}),
    "unscaled": (mlp, partial(SGD, lr=0.1), {"scale": 100.0}, {"unscaled-input"}),
    "tiny": (mlp, partial(ADAM, lr=1e-3), {"scale": 1e-3}, {"tiny-input"}),
    "softmax-twice": (lambda: nn.Sequential(*mlp(), nn.Softmax(dim=1)), partial(ADAM, lr=1e-3), {}, {"wrong-loss"}),
    "linear": (partial(mlp, nn.Identity), partial(ADAM, lr=1e-3), {}, {"missing-nonlinearity"}),
}  # fmt: skip


@pytest.mark.parametrize("case", HEALTHY)
def test_healthy_is_left_alone(case, tmp_path):
    """A healthy training gets no warning and no error, and its scores are in the run folder."""
    net, optimizer, more = HEALTHY[case]
    made = net()
    watch = train(tmp_path, made, optimizer(made.parameters()), **more)
    assert [d for d in watch.diagnoses if d.severity != "info"] == []
    assert watch.run.best["value"] > 0.93


@pytest.mark.parametrize("case", SICK)
def test_sick_is_named(case, tmp_path):
    """A fault's own code is among the first two warnings."""
    net, optimizer, more, codes = SICK[case]
    made = net()
    watch = train(tmp_path, made, optimizer(made.parameters()), **more)
    assert codes & {d.code for d in [d for d in watch.diagnoses if d.severity != "info"][:2]}


def test_changes_nothing(tmp_path):
    """The watched network ends with the same weights, bit for bit, as the one that nobody watched."""
    weights = []
    for watched in (True, False):
        net = nn.Sequential(*mlp(), nn.Dropout(0.2))
        torch.manual_seed(7)
        train(tmp_path, net, ADAM(net.parameters(), lr=1e-3), epochs=3, every=5, watched=watched)
        weights.append(torch.cat([p.detach().ravel() for p in net.parameters()]))
    assert torch.equal(*weights)


def test_lengths_are_torchs_own(tmp_path):
    """grad_norm is what clip_grad_norm_ measures, update_ratio the step over the weights before it."""
    net = mlp()
    optimizer = ADAM(net.parameters(), lr=1e-3)
    x, y, _, _ = rows()
    want = []
    with tl.watch(net, optimizer, runs=tmp_path) as watch:
        for i in range(0, 640, 64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x[i : i + 64]), y[i : i + 64])
            loss.backward()
            length = torch.nn.utils.clip_grad_norm_(net.parameters(), 1e9)
            before = torch.nn.utils.parameters_to_vector(net.parameters()).detach().clone()
            optimizer.step()
            moved = torch.nn.utils.parameters_to_vector(net.parameters()).detach() - before
            want.append([loss.item(), length.item(), (moved.norm() / before.norm()).item()])
            watch.step(loss)
    got = watch.run.steps[["loss", "grad_norm", "update_ratio"]].to_numpy()
    assert got == pytest.approx(np.array(want), rel=1e-5)


def test_folder_is_a_run_folder(tmp_path):
    """Every file is there, and report, diagnose and diff read the folder of a watched run."""
    made = [mlp(), mlp(change=partial(fill, bias=-30.0))]
    folders = [train(tmp_path, net, ADAM(net.parameters(), lr=1e-3)).folder for net in made]
    names = ("config.yaml", "status.json", "metrics.csv", "steps.csv", "layers.csv", "environment.json")
    assert [name for f in folders for name in names if not (f / name).exists()] == []
    run = tl.load(folders[0])
    assert run.metrics[["epoch", "step"]].iloc[-1].tolist() == [12, 12 * 19]
    assert {"dead", "grad_norm", "mean", "std", "update_ratio", "weight_norm"} <= set(run.layers["quantity"])
    assert {d.code for d in judge(folders[1]).diagnoses} >= {"loss-not-decreasing"}
    assert judge(folders[1]).chance == pytest.approx(np.log(10))
    for words, found in (
        (["report", str(folders[1])], "dead-relu"),
        (["report", "--compare", *map(str, folders)], "val_accuracy"),
        (["diagnose", str(folders[1])], "chance is a loss of 2.303"),
        (["diff", *map(str, folders)], "differ"),
    ):
        told = subprocess.run([sys.executable, "-m", "trainlab", *words], capture_output=True, text=True)
        assert (told.returncode, found in told.stdout) == (0, True), told.stderr


@pytest.mark.parametrize("words", [["train", "--resume"], ["evaluate"], ["check"]])
def test_cannot_be_trained_by_us(words, tmp_path):
    """What needs the network or its data is refused in one sentence."""
    net = mlp()
    folder = train(tmp_path, net, ADAM(net.parameters(), lr=1e-3), epochs=1).folder
    target = folder / "config.yaml" if words == ["check"] else folder
    told = subprocess.run([sys.executable, "-m", "trainlab", *words, str(target)], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(f"{folder}: this run was watched, another program trained it: trainlab has neither")


def test_accumulated_gradients(tmp_path):
    """A step is what the optimizer makes: its loss is the mean of the batches since the last one."""
    net = mlp()
    optimizer = SGD(net.parameters(), lr=0.1)
    x, y, _, _ = rows()
    losses = []
    with tl.watch(net, optimizer, runs=tmp_path) as watch:
        for i in range(12):
            loss = nn.functional.cross_entropy(net(x[64 * i : 64 * i + 64]), y[64 * i : 64 * i + 64])
            (loss / 4).backward()
            losses.append(loss.item())
            if i % 4 == 3:
                optimizer.step()
                optimizer.zero_grad()
            watch.step(loss)
    assert watch.run.steps["loss"].tolist() == pytest.approx(np.reshape(losses, (3, 4)).mean(axis=1).tolist())


def test_numbers(tmp_path):
    """A squared error is a regression: R2 from outputs and targets, chance the variance of the targets."""
    torch.manual_seed(0)
    x = torch.randn(512, 5)
    y = 3 * x[:, :1] - 2 * x[:, 1:2] ** 2 + 1
    net = nn.Sequential(nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = ADAM(net.parameters(), lr=1e-2)
    with tl.watch(net, optimizer, runs=tmp_path, data=(x, y)) as watch:
        for _ in range(100):
            for i in range(0, 512, 64):
                optimizer.zero_grad()
                out = net(x[i : i + 64])
                loss = nn.functional.mse_loss(out, y[i : i + 64])
                loss.backward()
                optimizer.step()
                watch.step(loss, out, y[i : i + 64])
            whole = net(x).detach()
            r2 = 1 - ((whole - y) ** 2).mean() / y.var(correction=0)
            watch.epoch(val_r2=r2)
        with pytest.raises(UserError, match="accuracy does not fit a regression; pass r2, or set task='classif"):
            watch.epoch(val_accuracy=0.5)
    metrics = watch.run.metrics
    assert metrics["val_r2"].iloc[-1] == pytest.approx(float(r2))
    assert metrics["train_r2"].iloc[-1] == pytest.approx(float(r2), abs=0.05)
    assert [d.code for d in watch.diagnoses if d.severity != "info"] == []


def test_closure(tmp_path):
    """An optimizer that evaluates the loss several times a step (LBFGS) is watched as well."""
    net = mlp(depth=1)
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.5, max_iter=5)
    x, y, _, _ = rows()

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        return loss

    with tl.watch(net, optimizer, runs=tmp_path) as watch:
        for _ in range(6):
            watch.step(optimizer.step(closure))
            watch.epoch()
    losses = watch.run.metrics["train_loss"]
    assert losses.iloc[-1] < 0.5 * losses.iloc[0]


def test_half_precision(tmp_path):
    """Under autocast to bfloat16 lengths are numbers, and nothing is found."""
    net = mlp()
    optimizer = ADAM(net.parameters(), lr=1e-3)
    x, y, _, _ = rows()
    with tl.watch(net, optimizer, runs=tmp_path) as watch:
        for _ in range(5):
            for i in range(0, 1200, 64):
                optimizer.zero_grad()
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    loss = nn.functional.cross_entropy(net(x[i : i + 64]), y[i : i + 64])
                loss.backward()
                optimizer.step()
                watch.step(loss)
            watch.epoch()
    assert np.isfinite(watch.run.steps.to_numpy()).all()
    assert [d for d in watch.diagnoses if d.severity != "info"] == []


class Sentences(nn.Module):
    """Word numbers through an embedding, a recurrent layer and attention: inputs that are no floats, tuples."""

    def __init__(self):
        super().__init__()
        self.words, self.rnn = nn.Embedding(20, 16), nn.GRU(16, 16, batch_first=True)
        self.attention, self.last = nn.MultiheadAttention(16, 2, batch_first=True), nn.Linear(16, 4)

    def forward(self, x):
        """Scores of four classes."""
        y, _ = self.rnn(self.words(x))
        y, _ = self.attention(y, y, y)
        return self.last(y.mean(dim=1))


def test_other_networks(tmp_path):
    """Word numbers as inputs, recurrent layers and attention do not disturb the watch."""
    torch.manual_seed(0)
    net = Sentences()
    optimizer = ADAM(net.parameters(), lr=3e-3)
    x = torch.randint(0, 20, (640, 6))
    y = x[:, 0] % 4
    with tl.watch(net, optimizer, runs=tmp_path, every=10) as watch:
        for _ in range(8):
            for i in range(0, 640, 64):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(net(x[i : i + 64]), y[i : i + 64])
                loss.backward()
                optimizer.step()
                watch.step(loss)
            watch.epoch()
    assert [d for d in watch.diagnoses if d.severity != "info"] == []
    assert set(watch.run.layers["layer"]) >= {"words", "rnn", "last"}


def test_broken_loop(tmp_path):
    """An error in the loop is the loop's: the run is `failed`, and the network carries no hooks any more."""
    net = mlp()
    optimizer = ADAM(net.parameters(), lr=1e-3)
    with pytest.raises(ZeroDivisionError), tl.watch(net, optimizer, runs=tmp_path) as watch:
        raise ZeroDivisionError("mine")
    with pytest.raises(KeyboardInterrupt), tl.watch(net, optimizer, runs=tmp_path) as other:
        raise KeyboardInterrupt
    states = [json.loads((w.folder / "status.json").read_text()) for w in (watch, other)]
    assert [(s["state"], s["reason"]) for s in states] == [
        ("failed", "ZeroDivisionError: mine"),
        ("interrupted", "KeyboardInterrupt"),
    ]
    hooks = [h for m in net.modules() for h in (m._forward_hooks, m._forward_pre_hooks) if h]
    assert (hooks, len(optimizer._optimizer_step_pre_hooks), len(optimizer._optimizer_step_post_hooks)) == ([], 0, 0)


def test_diverged(tmp_path):
    """A loss that is not finite ends the watch's interest; `stop` says so, and so does the status."""
    net = mlp()
    watch = train(tmp_path, net, SGD(net.parameters(), lr=1e4))
    status = json.loads((watch.folder / "status.json").read_text())
    assert (watch.stop, status["state"], status["exit_code"]) == (True, "diverged", 3)
    assert status["step"] < 60


def test_misuse(tmp_path):
    """What cannot be watched is refused with what is allowed, before a folder is made."""
    net, other = mlp(), mlp()
    good = ADAM(net.parameters(), lr=1e-3)
    for wrong, text in (
        (lambda: tl.watch(net, "adam", runs=tmp_path), "watch: the optimizer is a str; it can watch a torch.optim.Opt"),
        (lambda: tl.watch(other, good, runs=tmp_path), "watch: the optimizer trains none of the model's params; make"),
        (lambda: tl.watch(net, good, runs=tmp_path, task="sort"), "watch: task: unknown `sort`; allowed are "),
        (lambda: tl.watch(net, good, runs=tmp_path, classes=1), "watch: classes: 1 is too few; allowed are numbers"),
        (lambda: tl.watch(net, good, runs=tmp_path, chance=-1.0), "watch: chance: -1.0 is no loss; allowed are num"),
    ):
        with pytest.raises(UserError) as error:
            wrong()
        assert str(error.value).startswith(text)
    with pytest.raises(ConfigError, match="dead_relu: unknown key; did you mean `dead-relu`"):
        tl.watch(net, good, runs=tmp_path, monitors={"dead_relu": {}})
    assert list(tmp_path.iterdir()) == []


def test_settings_as_in_a_config(tmp_path):
    """`monitors` takes a config's words; `auto` is the watch's own distance of looks. A run without a step is whole."""
    net = mlp()
    monitors = {"every": "auto", "off": ["plateau"]}
    with tl.watch(net, ADAM(net.parameters()), runs=tmp_path, monitors=monitors) as watch:
        pass
    found = watch.run.config["monitors"]
    assert (found["every"], found["off"], watch.run.status) == (50, ["plateau"], "finished")


def test_misuse_in_the_loop(tmp_path):
    """Scores in percent, calls after the end, and an optimizer that never steps are told of."""
    net = mlp()
    optimizer = ADAM(net.parameters(), lr=1e-3)
    watch = tl.watch(net, optimizer, runs=tmp_path)
    for _ in range(199):
        watch.step(1.0)
    with pytest.warns(UserWarning, match=r"step\(\) was called 200 times and the watched optimizer made no step"):
        watch.step(1.0)
    with pytest.raises(UserError, match="watch: val_accuracy is 97; it is a share of the rows: from 0 to 1"):
        watch.epoch(val_accuracy=97)
    watch.close()
    with pytest.raises(UserError, match=r"watch: step\(\) was called after the end of the run"):
        watch.step(1.0)


class Augmented(torch.utils.data.Dataset):
    """Rows that are read one by one, each with noise of its own."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i] + torch.randn(64), int(self.y[i])


def test_reads_other_peoples_data(tmp_path):
    """A data set that augments on the fly is looked at without moving the random state of the training."""
    x, y, _, _ = rows(sort=True)
    loader = torch.utils.data.DataLoader(Augmented(x.clip(-3, 3), y), batch_size=64)
    net = mlp()
    optimizer = ADAM(net.parameters(), lr=1e-3)
    said = []
    with tl.watch(net, optimizer, runs=tmp_path, data=loader, say=said.append) as watch:
        loss = nn.functional.cross_entropy(net(x[:64]), y[:64])
        loss.backward()
        optimizer.step()
        before = torch.get_rng_state()
        watch.step(loss)
        assert torch.equal(torch.get_rng_state(), before)
    assert [d.code for d in said if d.severity != "info"] == ["unshuffled"]


def test_printed(tmp_path, capsys):
    """By default a finding is printed to stderr, with what to do."""
    net = mlp(change=partial(fill, bias=-30.0))
    optimizer = ADAM(net.parameters(), lr=1e-3)
    x, y, _, _ = rows()
    with tl.watch(net, optimizer, runs=Path(tmp_path)) as watch:
        loss = nn.functional.cross_entropy(net(x[:64]), y[:64])
        loss.backward()
        optimizer.step()
        watch.step(loss)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("trainlab: warning dead-relu (epoch 0, step 0): 100% of the 64 units of 1 (ReLU) are zero")
