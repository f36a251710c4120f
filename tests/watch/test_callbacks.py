"""Callbacks for other frameworks' trainers: a healthy training of each is left alone, a sick one is named."""

import numpy as np
import pytest

pytest.importorskip("torch")
from loops import batches, digits, network, nn, torch, warned

import trainlab as tl
from trainlab.core.errors import UserError

pytestmark = pytest.mark.filterwarnings("ignore")  # of other people's packages
SICK = [({"dead": True}, 1e-3, "dead-relu"), ({}, 1e-7, "lr-too-low"), ({}, 1.0, "lr-too-high")]
QUIET = {"say": lambda finding: None}


def judged(watch, sick):
    """What must be true of a run after this training."""
    table = watch.run.metrics
    assert watch.run.status in ("finished", "failed", "diverged")
    if sick is None:
        assert warned(watch.diagnoses) == []
        assert table["val_accuracy"].iloc[-1] > 0.93
        assert table["val_loss"].iloc[-1] < 0.3
        assert len(table) == 13
        assert set(watch.run.layers["quantity"]) >= {"mean", "std", "dead", "grad_norm", "weight_norm", "update_ratio"}
        assert np.isfinite(watch.run.steps["grad_norm"]).all()
    else:
        assert sick in warned(watch.diagnoses)[:2]


class TestLightning:
    """`LightningWatch` in a `lightning.Trainer`."""

    @staticmethod
    def fit(tmp_path, change, lr, parts=1, **settings):
        """The callback after a training."""
        lightning = pytest.importorskip("lightning")

        class Digits(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = network(**change)

            def forward(self, x):
                return self.net(x)

            def training_step(self, batch, index):
                return nn.functional.cross_entropy(self(batch[0]), batch[1])

            def validation_step(self, batch, index):
                out = self(batch[0])
                self.log("val_loss", nn.functional.cross_entropy(out, batch[1]))
                self.log("val_acc", (out.argmax(1) == batch[1]).float().mean())

            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters(), lr=lr)

        x, y, v, w = digits()
        callback = tl.LightningWatch(name="digits", runs=tmp_path, **QUIET, **settings)
        trainer = lightning.Trainer(
            max_epochs=12, callbacks=[callback], logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, accelerator="cpu", accumulate_grad_batches=parts,
        )  # fmt: skip
        trainer.fit(Digits(), batches(x, y), batches(v, w, shuffle=False))
        return callback

    @pytest.mark.parametrize(("change", "lr", "sick"), [({}, 1e-3, None), *SICK])
    def test_training(self, tmp_path, change, lr, sick):
        """A healthy training is left alone, a sick one is named."""
        judged(self.fit(tmp_path, change, lr), sick)

    def test_accumulated(self, tmp_path):
        """Where gradients are accumulated, a step is the optimizer's, and the loss is undivided."""
        watch = self.fit(tmp_path, {}, 2e-3, parts=3)
        assert warned(watch.diagnoses) == []
        steps = watch.run.steps
        assert len(steps) == 12 * 7
        assert 2.0 < steps["loss"].iloc[0] < 2.8
        assert "softmax_cross_entropy" in str(watch.run.config["loss"])

    def test_exception(self, tmp_path):
        """A training that raises is recorded as failed."""
        lightning = pytest.importorskip("lightning")
        callback = tl.LightningWatch(name="digits", runs=tmp_path, **QUIET)

        class Broken(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = network()

            def training_step(self, batch, index):
                if index == 3:
                    raise ZeroDivisionError("three")
                return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), lr=0.1)

        trainer = lightning.Trainer(
            max_epochs=1, callbacks=[callback], logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, accelerator="cpu",
        )  # fmt: skip
        x, y, *_ = digits()
        with pytest.raises(ZeroDivisionError):
            trainer.fit(Broken(), batches(x, y))
        assert callback.run.status == "failed"

    def test_two_optimizers(self, tmp_path):
        """A module with two optimizers needs a callback for each; adversaries are noticed, each has its own losses."""
        lightning = pytest.importorskip("lightning")

        class Gan(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
                self.maker = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 64))
                self.judge = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))

            def training_step(self, batch, index):
                makes, judges = self.optimizers()
                made, one, none = self.maker(torch.randn(64, 8)), torch.ones(64, 1), torch.zeros(64, 1)
                of = nn.functional.binary_cross_entropy_with_logits
                judges.zero_grad()
                self.manual_backward(
                    of(self.judge(batch[0][:64]), one[: len(batch[0])]) + of(self.judge(made.detach()), none)
                )
                judges.step()
                makes.zero_grad()
                self.manual_backward(7 * of(self.judge(made), one))
                makes.step()

            def configure_optimizers(self):
                return [torch.optim.Adam(net.parameters(), lr=1e-3) for net in (self.maker, self.judge)]

        def fit(*callbacks):
            trainer = lightning.Trainer(
                max_epochs=4, callbacks=list(callbacks), logger=False, enable_checkpointing=False,
                enable_progress_bar=False, enable_model_summary=False, accelerator="cpu",
            )  # fmt: skip
            x, y, *_ = digits()
            trainer.fit(Gan(), batches(x, y))

        with pytest.raises(UserError, match="the module has 2 optimizers; add one callback for each"):
            fit(tl.LightningWatch(runs=tmp_path, **QUIET))
        maker, judge = (tl.LightningWatch(optimizer=i, runs=tmp_path, **QUIET) for i in range(2))
        fit(maker, judge)
        for watch in (maker, judge):
            assert len(watch.run.steps) == 4 * 19
            assert watch.run.config["watch"]["loss_falls"] is False
            assert warned(watch.diagnoses) == []
        first = [watch.run.steps["loss"].iloc[0] for watch in (maker, judge)]
        assert first[0] > 3
        assert first[1] < 2


class TestTransformers:
    """`TransformersWatch` in a `transformers.Trainer`."""

    @staticmethod
    def fit(tmp_path, change, lr, parts=1):
        """The callback after a training."""
        transformers = pytest.importorskip("transformers")

        class Classifier(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = network(**change)

            def forward(self, x, labels=None):
                out = self.net(x)
                return {"loss": nn.functional.cross_entropy(out, labels), "logits": out}

        def rows(x, y):
            return [{"x": a, "labels": b} for a, b in zip(x, y, strict=True)]

        def scores(predicted):
            return {"accuracy": float((predicted.predictions.argmax(1) == predicted.label_ids).mean())}

        x, y, v, w = digits()
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path / "hf"), num_train_epochs=12, per_device_train_batch_size=64, learning_rate=lr,
            per_device_eval_batch_size=600, eval_strategy="epoch", save_strategy="no", report_to=[], use_cpu=True,
            disable_tqdm=True, lr_scheduler_type="constant", gradient_accumulation_steps=parts, seed=0,
        )  # fmt: skip
        callback = tl.TransformersWatch(name="digits", runs=tmp_path, **QUIET)
        trainer = transformers.Trainer(
            Classifier(), arguments, train_dataset=rows(x, y), eval_dataset=rows(v, w), compute_metrics=scores,
            callbacks=[callback],
        )  # fmt: skip
        trainer.train()
        return callback

    @pytest.mark.parametrize(("change", "lr", "sick"), [({}, 1e-3, None), *SICK])
    def test_training(self, tmp_path, change, lr, sick):
        """A healthy training is left alone, a sick one is named."""
        judged(self.fit(tmp_path, change, lr), sick)

    def test_accumulated(self, tmp_path):
        """Where gradients are accumulated, a step is the optimizer's, and the loss is undivided."""
        watch = self.fit(tmp_path, {}, 2e-3, parts=3)
        assert warned(watch.diagnoses) == []
        assert len(watch.run.steps) == 12 * 7
        assert 2.0 < watch.run.steps["loss"].iloc[0] < 2.8


class TestSkorch:
    """`SkorchWatch` in a `skorch.NeuralNetClassifier`."""

    @pytest.mark.parametrize(("change", "lr", "sick"), [({}, 1e-3, None), *SICK])
    def test_training(self, tmp_path, change, lr, sick):
        """A healthy training is left alone, a sick one is named."""
        skorch = pytest.importorskip("skorch")
        helper = pytest.importorskip("skorch.helper")
        x, y, v, w = digits()
        callback = tl.SkorchWatch(name="digits", runs=tmp_path, **QUIET)
        net = skorch.NeuralNetClassifier(
            network(**change), criterion=nn.CrossEntropyLoss, optimizer=torch.optim.Adam, lr=lr, max_epochs=12,
            batch_size=64, iterator_train__shuffle=True, callbacks=[callback], verbose=0,
            train_split=helper.predefined_split(skorch.dataset.Dataset(v.numpy(), w.numpy())),
        )  # fmt: skip
        net.fit(x.numpy(), y.numpy())
        judged(callback, sick)


class TestRecord:
    """`record` with a network of NumPy arrays: as JAX's loops, but with nothing to install."""

    @staticmethod
    def fit(tmp_path, change, lr, in_place=False):
        """The recorder after a training with Adam."""
        x, y, v, w = (t.numpy() for t in digits())
        net = network(**change)
        params = {
            f"dense{i}": {"W": layer.weight.detach().numpy().T.copy(), "b": layer.bias.detach().numpy().copy()}
            for i, layer in enumerate(list(net)[::2], start=1)
        }
        moments = {(k, n): [np.zeros_like(a), np.zeros_like(a)] for k, p in params.items() for n, a in p.items()}

        def forward(x):
            one = np.maximum(0, x @ params["dense1"]["W"] + params["dense1"]["b"])
            two = np.maximum(0, one @ params["dense2"]["W"] + params["dense2"]["b"])
            return one, two, two @ params["dense3"]["W"] + params["dense3"]["b"]

        def loss_of(out, y):
            z = out - out.max(axis=1, keepdims=True)
            logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
            return float(-logs[np.arange(len(y)), y].mean()), np.exp(logs)

        step = 0
        mixing = np.random.default_rng(0)
        with tl.record(
            name="digits", runs=tmp_path, loss="softmax_cross_entropy", classes=10, epochs=12, framework="numpy",
            optimizer={"name": "adam", "lr": lr}, data=(x, y), **QUIET,
        ) as watch:  # fmt: skip
            for _ in range(12):
                for rows in np.array_split(mixing.permutation(len(x)), 19):
                    one, two, out = forward(x[rows])
                    loss, p = loss_of(out, y[rows])
                    d = (p - np.eye(10)[y[rows]]) / len(rows)
                    grads = {"dense3": {"W": two.T @ d, "b": d.sum(axis=0)}}
                    d = (d @ params["dense3"]["W"].T) * (two > 0)
                    grads["dense2"] = {"W": one.T @ d, "b": d.sum(axis=0)}
                    d = (d @ params["dense2"]["W"].T) * (one > 0)
                    grads["dense1"] = {"W": x[rows].T @ d, "b": d.sum(axis=0)}
                    step += 1
                    new = {k: dict(p) for k, p in params.items()}
                    for (k, n), (m, s) in moments.items():
                        g = grads[k][n]
                        m[:], s[:] = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
                        moved = lr * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8)
                        if in_place:
                            params[k][n] -= moved
                        new[k][n] = params[k][n] - (0 if in_place else moved)
                    params = new if not in_place else params
                    watch.step(
                        loss, out, y[rows], lr=lr, params=params, grads=grads, layers={"relu1": one, "relu2": two}
                    )
                out = forward(v)[2]
                watch.epoch(val_loss=loss_of(out, w)[0], val_accuracy=(out.argmax(axis=1) == w).mean())
                if watch.stop:
                    break
        return watch

    @pytest.mark.parametrize(("change", "lr", "sick"), [({}, 1e-3, None), *SICK])
    def test_training(self, tmp_path, change, lr, sick):
        """A healthy training is left alone, a sick one is named."""
        judged(self.fit(tmp_path, change, lr), sick)

    def test_in_place(self, tmp_path):
        """A loop that changes its arrays in place is measured as one that makes new ones."""
        one, two = (self.fit(tmp_path, {}, 1e-3, in_place).run for in_place in (False, True))
        assert np.allclose(one.steps["update_ratio"], two.steps["update_ratio"], rtol=1e-4, equal_nan=True)
        assert np.isfinite(one.steps["update_ratio"].iloc[1:]).all()

    def test_jax(self, tmp_path):
        """A loop of JAX: numbers and arrays are taken as they are."""
        jax = pytest.importorskip("jax")
        x, y, v, w = (t.numpy() for t in digits())
        params = [{"W": p.weight.detach().numpy().T, "b": p.bias.detach().numpy()} for p in list(network())[::2]]

        def outputs(params, x):
            for p in params[:-1]:
                x = jax.nn.relu(x @ p["W"] + p["b"])
            return x @ params[-1]["W"] + params[-1]["b"]

        def loss_of(params, x, y):
            return -jax.nn.log_softmax(outputs(params, x))[jax.numpy.arange(len(y)), y].mean()

        slopes = jax.jit(jax.value_and_grad(loss_of))
        with tl.record(
            name="digits", runs=tmp_path, loss="softmax_cross_entropy", classes=10, epochs=12,
            optimizer={"name": "sgd", "lr": 0.1}, **QUIET,
        ) as watch:  # fmt: skip
            for _ in range(12):
                for rows in np.array_split(np.random.default_rng(0).permutation(len(x)), 19):
                    loss, grads = slopes(params, x[rows], y[rows])
                    params = jax.tree.map(lambda p, g: p - 0.1 * g, params, grads)
                    watch.step(loss, params=params, grads=grads)
                out = np.asarray(outputs(params, v))
                watch.epoch(val_loss=loss_of(params, v, w), val_accuracy=(out.argmax(axis=1) == w).mean())
        assert warned(watch.diagnoses) == []
        assert watch.run.metrics["val_accuracy"].iloc[-1] > 0.93

    def test_unknown_loss(self, tmp_path):
        """A loss that trainlab does not have is refused, with the nearest."""
        with pytest.raises(UserError, match="record: loss: unknown `softmax_crossentropy`; did you mean `softmax_cro"):
            tl.record(loss="softmax_crossentropy", runs=tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_unknown_setting():
    """A setting that `watch` does not have is refused when the callback is made."""
    pytest.importorskip("skorch")
    with pytest.raises(UserError, match="SkorchWatch: unknown setting evry; allowed are name, runs, task,"):
        tl.SkorchWatch(evry=10)
