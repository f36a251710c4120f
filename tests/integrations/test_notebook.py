"""Python as a notebook has it: callbacks, sweeps, charts that are the numbers of the run, and HTML for both themes."""

import inspect
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import trainlab as tl
from trainlab.report.html import summaries
from trainlab.report.pictures.theme import colors

MOONS = {"data": {"name": "moons", "samples": 200}, "model": {"mlp": [8]}, "train": {"epochs": 4}}
SPACE = {"optimizer.lr": {"log": [1e-4, 1e-1]}, "model.dropout": {"uniform": [0.0, 0.5]}}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a run, moons-1, and a sweep of four trials, moons-sweep-1."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        tl.train(MOONS, quiet=True)
        tl.sweep({**MOONS, "train": {"epochs": 1}}, space=SPACE, trials=4, metric="val_accuracy", workers=1, quiet=True)
    return folder


@pytest.fixture(autouse=True)
def _here(home, monkeypatch):
    monkeypatch.chdir(home)


class Recorder(tl.Callback):
    """Remembers what it is told, and stops after an epoch if asked to."""

    def __init__(self, until=None):
        self.until, self.events, self.losses = until, [], []

    def on_train_begin(self, info):
        """The begin."""
        self.events.append("begin")

    def on_step_end(self, info):
        """The loss of each step."""
        self.losses += info.records[:, 0].tolist()

    def on_epoch_end(self, row):
        """The epoch."""
        self.events.append(row["epoch"])
        if row["epoch"] == self.until:
            self.request_stop("seen enough")

    def on_train_end(self, result):
        """How it ended."""
        self.events.append(result.state)


def test_callbacks_are_told(tmp_path):
    """A callback sees each step and each epoch, epoch 0 included, and the run is that of a training without it."""
    seen = Recorder()
    run = tl.train(MOONS, runs=tmp_path, callbacks=[seen], quiet=True)
    assert seen.events == ["begin", 0, 1, 2, 3, 4, "finished"]
    assert seen.losses == run.steps["loss"].tolist()
    assert run.metrics["val_loss"].tolist() == tl.load("moons-1").metrics["val_loss"].tolist()


def test_a_callback_can_end_the_run(tmp_path):
    """It is no Ctrl-C: the run comes back as interrupted, with the reason, and can be continued to the same numbers."""
    run = tl.train(MOONS, runs=tmp_path, callbacks=[Recorder(until=2)], quiet=True)
    assert (run.status, len(run.metrics)) == ("interrupted", 3)
    assert json.loads((run.folder / "status.json").read_text())["reason"] == "seen enough"
    whole = tl.train(resume=run, runs=tmp_path, quiet=True)
    assert whole.metrics["val_loss"].tolist() == tl.load("moons-1").metrics["val_loss"].tolist()


@pytest.mark.parametrize(
    ("given", "want"),
    [([Recorder], "got the class Recorder: make an instance"), ([print], "got builtin_function_or_method")],
)
def test_what_is_no_callback(tmp_path, given, want):
    """A class, or anything else that is no callback, is refused before a folder is made."""
    with pytest.raises(tl.UserError, match=want):
        tl.train(MOONS, runs=tmp_path, callbacks=given, quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_is_its_folder():
    """Trials, best trial, its run and its config agree with each other and with the files of the sweep."""
    sweep = tl.Sweep("moons-sweep-1")
    trials = sweep.trials
    assert len(sweep) == len(trials) == 4
    best = trials.sort_values(["val_accuracy", "trial"], ascending=[False, True]).iloc[0]
    assert sweep.best["trial"] == best["trial"]
    assert sweep.best["value"] == best["val_accuracy"]
    assert sweep.best["settings"] == {path: best[path] for path in SPACE}
    assert sweep.best_run.config["optimizer"]["lr"] == sweep.best_config["optimizer"]["lr"] == best["optimizer.lr"]
    assert [run.best["value"] for run in sweep.runs] == trials["val_accuracy"].tolist()
    assert repr(sweep) == f"<Sweep moons-sweep-1: 4 trials, best val_accuracy {best['val_accuracy']:.4g} " + (
        f"(trial {best['trial']})>"
    )


def test_a_sweep_of_arrays_and_a_resume(tmp_path):
    """Arrays are searched as files are; more trials continue the sweep; the seed draws the same ones."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    config = {"data": {"x": x, "y": (x[:, 0] > 0).astype(int)}, "train": {"epochs": 1}}
    settings = {"space": {"optimizer.lr": {"log": [1e-3, 1e-1]}}, "workers": 1, "quiet": True}
    short = tl.sweep(config, trials=2, runs=tmp_path, **settings)
    more = tl.sweep(resume=short, trials=3, quiet=True, workers=1)
    whole = tl.sweep(config, trials=3, runs=tmp_path, **settings)
    assert more.folder == short.folder
    assert more.trials["optimizer.lr"].tolist() == whole.trials["optimizer.lr"].tolist()
    again = tl.train(whole.best_config, runs=tmp_path, quiet=True)
    assert again.best["value"] == pytest.approx(whole.best_run.best["value"])


def test_the_block_of_a_file_is_replaced(tmp_path):
    """`trials` and `space` replace what the config's block says; the rest of the block stays."""
    (tmp_path / "moons.yaml").write_text(
        "data: {name: moons, samples: 100}\ntrain: {epochs: 1}\n"
        "sweep: {metric: val_accuracy, trials: 9, space: {optimizer.lr: {log: [1e-3, 1]}}}\n"
    )
    sweep = tl.sweep(tmp_path / "moons.yaml", trials=1, runs=tmp_path, workers=1, quiet=True, train__batch_size=32)
    assert (len(sweep), sweep.metric) == (1, "val_accuracy")
    assert sweep.best_config["train"]["batch_size"] == 32


@pytest.mark.parametrize(
    ("call", "want"),
    [
        (lambda: tl.sweep(), "which config"),
        (lambda: tl.sweep(MOONS, quiet=True), "sweep"),
        (lambda: tl.sweep(MOONS, space={"optimizer.lrr": "auto"}, quiet=True), "lrr"),
        (lambda: tl.sweep(MOONS, resume="moons-sweep-1"), "resume uses the sweep's own config"),
        (lambda: tl.sweep(resume="moons-sweep-1", metric="val_loss"), "resume uses the sweep's own config"),
        (lambda: tl.Sweep("nothing"), "no sweep `nothing`: runs holds moons-sweep-1"),
        (lambda: tl.load("moons-1").plot("val_los"), "nothing is called `val_los`; did you mean `val_loss`?"),
        (lambda: tl.load("moons-1").plot("roc", "val_loss"), "`roc` is a picture of its own: plot it alone"),
        (lambda: tl.Sweep("moons-sweep-1").plot("progres"), "did you mean `progress`?"),
    ],
)
def test_what_cannot_be_done(call, want):
    """Each wrong call is a UserError that says what is wrong."""
    with pytest.raises(tl.UserError) as caught:
        call()
    assert want in str(caught.value)


def test_a_chart_of_columns_has_their_numbers():
    """The named columns are drawn over the epochs, those of steps.csv over the steps, in the theme's colors."""
    run = tl.load("moons-1")
    spec = run.plot("train_loss", "val_loss", theme="dark").to_dict()
    rows = json.loads(spec["data"]["values"])
    got = [row["y"] for row in rows if row["column"] == "val_loss"]
    assert got == pytest.approx(run.metrics["val_loss"].tolist(), rel=1e-4)
    assert [row["x"] for row in rows if row["column"] == "train_loss"] == [0, 1, 2, 3, 4]
    assert spec["config"]["background"] == colors("dark")["background"]
    steps = json.loads(run.plot("loss").to_dict()["data"]["values"])
    assert [row["y"] for row in steps] == pytest.approx(run.steps["loss"].tolist(), rel=1e-4)
    both = run.plot("val_loss", "loss").to_dict()
    assert [chart["encoding"]["x"]["title"] for chart in both["hconcat"]] == ["epoch", "step"]


@pytest.mark.parametrize("name", [None, "confusion", "roc", "reliability", "learning-rate"])
def test_pictures_of_a_run_are_charts(name):
    """Without a name: loss and score; with one: this picture of the page. Vega-Lite accepts each."""
    chart = tl.load("moons-1").plot(*([name] if name else []))
    spec = chart.to_dict()  # validates
    assert ("hconcat" in spec) == (name is None)
    assert '"container"' not in json.dumps(spec)


def test_pictures_of_a_sweep_are_charts():
    """`plot` draws the progress, and any other picture of the sweep's page."""
    sweep = tl.Sweep("moons-sweep-1")
    for name in ("progress", "parallel"):
        assert sweep.plot(name).to_dict()["title"]["text"]


class Balanced(HTMLParser):
    """Checks that every tag is closed, and collects texts and colors."""

    def __init__(self):
        super().__init__()
        self.open, self.words, self.colors = [], [], set()

    def handle_starttag(self, tag, attrs):
        """A tag opens."""
        self.open.append(tag)
        for name, value in attrs:
            if name in ("style", "stroke"):
                self.colors |= set(re.findall(r"#[0-9a-f]{6}", value))

    def handle_endtag(self, tag):
        """The last open tag closes."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Text."""
        self.words.append(data)


def luminance(color):
    """Source: WCAG 2.2, relative luminance."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """Source: WCAG 2.2, contrast ratio."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_html_is_small_and_readable_in_both_themes():
    """Well-formed, without script, under 10 kB; every color has a contrast of 3 to 1 with white and with dark grey."""
    run, sweep = tl.load("moons-1"), tl.Sweep("moons-sweep-1")
    for shown in (run, sweep):
        html = shown._repr_html_()
        page = Balanced()
        page.feed(html)
        assert page.open == []
        assert shown.name in page.words
        assert "<script" not in html
        assert len(html) < 10_000
        assert [c for c in page.colors if min(contrast(c, "#ffffff"), contrast(c, "#1e1e1e")) < 3] == []
    for color in (*summaries._TONES.values(), *summaries._STATES.values(), summaries._BAD):
        assert min(contrast(color, "#ffffff"), contrast(color, "#1e1e1e")) >= 3
    assert "best val_accuracy" in run._repr_html_()
    assert "4 finished" in sweep._repr_html_()


def test_everything_public_has_types_and_words():
    """Each public function, class and method has a docstring, and a type for each parameter and result."""
    public = [getattr(tl, name) for name in ("train", "sweep", "load", "runs", "Run", "Sweep", "Callback")]
    for thing in public:
        assert thing.__doc__, thing
        members = vars(thing).items() if inspect.isclass(thing) else [(thing.__name__, thing)]
        for name, member in members:
            function = member.fget if isinstance(member, property) else member
            if name.startswith("_") or not inspect.isfunction(function):
                continue
            assert function.__doc__, name
            signature = inspect.signature(function)
            assert signature.return_annotation is not inspect.Signature.empty, name
            typed = [
                p.annotation is not inspect.Parameter.empty for p in signature.parameters.values() if p.name != "self"
            ]
            assert all(typed), name
