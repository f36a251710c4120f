"""The lecture: every chapter's claims on its short form, the language of claims, what is trained again, the book."""

import math
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainlab.cli.main import load
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.lecture.book import book, verdicts
from trainlab.lecture.chapter import read_chapters
from trainlab.lecture.expression import evaluate, sides
from trainlab.lecture.figures import Figures
from trainlab.lecture.numbers import Numbers
from trainlab.lecture.running import run_chapter
from trainlab.report.sweep_record import SweepRecord
from trainlab.store.reading import RunRecord
from trainlab.store.status import read_status
from trainlab.training.train import train

ROOT = Path(__file__).parents[2]
LECTURE = ROOT / "configs/lecture"
CHAPTERS = read_chapters(LECTURE)
PLAN = """\
title: Small
runs:
  one: {config: moons.yaml}
  two: {config: moons.yaml, set: {optimizer.lr: 0.3}}
  three: {config: moons.yaml, set: {model.from: "run:one", model.freeze: all}}
sweeps:
  search:
    config: moons.yaml
    set: {sweep: {metric: val_accuracy, strategy: random, trials: 3, space: {optimizer.lr: {log: [0.001, 1.0]}}}}
claims:
  - {says: "The loss is {{last(one, train_loss):.2f}}.", that: "last(one, train_loss) < 2"}
  - {says: Black is white., that: "last(one, train_loss) < 0", here: false}
  - {says: A wrong one., that: "epochs(one) == 7"}
  - {says: Later., that: "epochs(one) == 2", short: false}
short: {train.epochs: 1}
"""
MOONS = """\
data: {name: moons, samples: 120}
model: {name: mlp, hidden: [8]}
train: {epochs: 2, batch_size: 32}
"""
TEXT = """\
Two <b>numbers</b>: {{epochs(one)}} epochs, {{until(one, train_loss, 0)}}.

### A picture

{{curves(one, two)}}

| a | b |
|---|---|
| {{state(one)}} | {{trials(search)}} |
"""


@pytest.fixture
def small(tmp_path):
    """A folder with one chapter of three runs and a sweep, and a function that runs it."""
    folder = tmp_path / "chapters/01-small"
    folder.mkdir(parents=True)
    (folder / "chapter.yaml").write_text(PLAN)
    (folder / "moons.yaml").write_text(MOONS)
    (folder / "text.md").write_text(TEXT)

    def run(*, short=False, shift=0):
        told: list[str] = []
        (chapter,) = read_chapters(tmp_path / "chapters")
        results = run_chapter(chapter, tmp_path / "runs", short=short, shift=shift, tell=told.append)
        return results, [Path(line.partition(":")[0]).name for line in told]

    return folder, run


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_claims_of_the_short_form(chapter, tmp_path, monkeypatch):
    """The claims of a chapter that its short form can decide come out as the chapter says, in any folder."""
    monkeypatch.chdir(tmp_path)
    results = run_chapter(chapter, tmp_path, short=True, tell=lambda _: None)
    judged = verdicts(results)

    assert [(v.says, v.numbers) for v in judged if not v.expected] == []
    assert sum(v.holds is not None for v in judged) > 0


def test_the_course_is_complete():
    """Thirteen chapters, each with runs, claims, and a text that asks for numbers and pictures of these runs only."""
    assert [c.name[:2] for c in CHAPTERS] == [f"{i:02d}" for i in range(1, 14)]
    for chapter in CHAPTERS:
        assert chapter.plan.claims, chapter.name
        assert "{{" in chapter.text, chapter.name
        for word in ("The question.", "Try next."):
            assert f"**{word}**" in chapter.text, (chapter.name, word)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("f(relu, val_accuracy) > 1", True),
        ("f(relu, a.b)", "relu a.b"),
        ("f([one, two], x)", "['one', 'two'] x"),
        ("max(1, -2) == 1 and not 2 < 1", True),
        ("1 < 2 < 3 or 1 < 0", True),
        ("2 ** 3 / 4", 2.0),
    ],
)
def test_expressions(text, value):
    """Calls, arithmetic and comparisons; a name inside a call is a text."""

    def f(a, b):
        return 2 if b == "val_accuracy" else f"{a} {b}"

    assert evaluate(text, {"f": f}) == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "relu",
        "(1).real",
        "open(x)",
        "[i for i in x]",
        "f(",
        "lambda: 1",
        "f(1)(2)",
        "1 / 0",
        "'a' + 1",
    ],
)
def test_nothing_else_can_be_written(text):
    """What the language does not have is refused, whatever Python would make of it."""
    with pytest.raises(UserError):
        evaluate(text, {"f": lambda x: x})


def test_sides_of_a_comparison():
    """A claim shows both numbers that it compares."""
    assert sides("f(a) > 2 * f(b) and f(a) < 9", {"f": ord}) == [
        ("f(a)", 97), ("2 * f(b)", 196), ("f(a)", 97), ("9", 9),
    ]  # fmt: skip


def test_only_what_is_missing_is_trained(small):
    """A second call trains nothing, a changed config its run alone, a missing source what is built on it too."""
    folder, run = small
    results, told = run()
    assert told == ["one", "two", "three", "search-sweep-1"]
    assert run()[1] == []
    plan = (folder / "chapter.yaml").read_text()
    (folder / "chapter.yaml").write_text(plan.replace("0.3", "0.2"))
    assert run()[1] == ["two"]
    (results.folder / "one/status.json").unlink()  # killed before it ended
    assert run()[1] == ["one"]
    (folder / "chapter.yaml").write_text(
        plan.replace("one: {config: moons.yaml}", "one: {config: moons.yaml, set: {seed: 3}}")
    )
    assert run()[1] == ["one", "two", "three"]


def test_a_killed_run_is_resumed(small, tmp_path, monkeypatch):
    """A run that is killed while it trains is continued by the next call, not trained from its start."""
    _, run = small

    def killed(document, **more):
        train(document, until=1, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("trainlab.lecture.running.train", killed)
        with pytest.raises(KeyboardInterrupt):
            run()
    started = RunRecord(tmp_path / "runs/01-small/one", "one").status.started
    results, told = run()
    assert told == ["one", "two", "three", "search-sweep-1"]
    assert (results.runs["one"].status.started, results.runs["one"].status.epoch) == (started, 2)


@pytest.mark.parametrize(("chapter", "at"), [("3", "/small"), ("9", "/random-sweep-1"), ("13", "/tuned-tune-1")])
def test_ctrl_c_ends_the_lecture(chapter, at, tmp_path):
    """Ctrl-C in a terminal, which all processes of the command get, ends it with 130 and says how to go on: in a run, a
    sweep and a tune. The same command goes on, trains nothing again that had ended, and comes to its end.
    """
    arguments = ["lecture", chapter, "--short", "--no-book", "--runs", str(tmp_path / "my runs")]
    command = [sys.executable, "-m", "trainlab", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        ended: list[str] = []
        while not (line := process.stderr.readline()).endswith(f"{at}\n"):
            ended.append(line.strip())
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        out, told = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert told.splitlines()[-2:] == [
        f"what is trained is kept; to go on from here: trainlab {shlex.join(arguments)}",
        "interrupted",
    ]
    late = any(  # a small run may have ended before the signal came
        read_status(file).state == "finished" for file in (tmp_path / "my runs").rglob(f"{at[1:]}/status.json")
    )
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stderr
    lines = again.stderr.splitlines()
    assert late or at in lines[0].partition(":")[0]
    assert not set(lines) & set(ended)


def test_a_failed_sweep_is_searched_again(small):
    """A sweep without a score is refused with the reason of its trials, and searched again by the next call."""
    _, run = small
    results, _ = run()
    table = results.folder / "search-sweep-1/trials.csv"
    rows = table.read_text().replace(",finished,", ",failed,").replace(",\n", ",no data\n")
    table.write_text(rows)
    (results.folder / "search-sweep-1/best.yaml").unlink()
    results.sweeps["search"] = SweepRecord(table.parent)
    with pytest.raises(UserError, match="search-sweep-1: no trial has a score; no data"):
        Numbers(results).functions()["score"]("search")
    assert run()[1] == ["search-sweep-1"]


def test_other_seeds(small):
    """With a shift each seed is another one, that of the data too where it is set; the rest stays."""
    folder, run = small
    plain = run()[0].documents["one"].value
    moons = (folder / "moons.yaml").read_text()
    (folder / "moons.yaml").write_text(moons.replace("samples: 120", "samples: 120, seed: 4"))
    shifted = run(shift=100)[0].documents["one"].value
    assert (plain.seed, plain.data.seed) == (0, None)
    assert (shifted.seed, shifted.data.seed) == (100, 104)
    assert shifted.model == plain.model


def test_numbers_of_runs(small):
    """Columns, test scores, weights, layers and sweeps are those of the files."""
    results, _ = small[1]()
    n = Numbers(results)
    record = results.runs["one"]

    assert n.first("one", "train_loss") == record.metrics["train_loss"][0]
    assert n.last("one", "val_accuracy") == record.metrics["val_accuracy"][-1]
    assert n.best("one", "val_loss") == min(record.metrics["val_loss"][1:])
    assert n.until("one", "train_loss", 0.0) == math.inf
    assert n.until("one", "train_loss", 99.0) == 0
    assert n.test("one") == record.status.test["accuracy"]
    assert n.parameters("one") == 2 * 8 + 8 + 8 * 2 + 2
    assert n.shape("one", "dense1") == "8"
    assert n.moved("three", "one", "dense1") == 0
    assert n.moved("three", "one", "dense2") > 0
    assert n.trials("search") == 3
    assert n.score("search") == max(t.score for t in results.sweeps["search"].trials)
    assert n.distinct("search", "optimizer.lr") == 3
    assert 0 < n.initial("one", "relu1") < 10
    assert n.ensemble(["one", "two"]) > 0.3
    with pytest.raises(UserError, match="there is no run called `on`; did you mean `one`"):
        n.last("on", "train_loss")
    with pytest.raises(UserError, match=r"column of metrics\.csv in run one called `val_los`"):
        n.last("one", "val_los")


def test_every_figure_is_a_valid_chart(small):
    """Pictures of runs with two inputs, and those that need no runs."""
    results, _ = small[1]()
    f = Figures(results)
    made = [
        f.curves("one", "two"),
        f.gap("one"),
        f.steps("one"),
        f.start("one"),
        f.clouds("one", "two"),
        f.covariances("one"),
        f.regions("one", "two"),
        f.activations("sigmoid", "prelu", "softplus"),
        f.ravine("sgd", "adam", rates=[0.05, 0.1]),
        f.schedules("cosine", "step"),
        f.range_test("one"),
        f.searches("search", x="optimizer.lr", y="optimizer.lr"),
    ]
    for picture in made:
        picture.chart.to_dict()  # raises where Vega-Lite has no such thing
        assert picture.svg().startswith("<svg")
        assert picture.sentence
        assert picture.table.rows


def test_claims_and_book(small):
    """The book has the numbers and pictures of the runs, and says which claims hold; HTML in a text is shown."""
    results, _ = small[1]()
    judged = verdicts(results)
    assert [v.holds for v in judged] == [True, False, False, True]
    assert [v.expected for v in judged] == [True, True, False, True]

    html = book([(results, judged)])

    assert "2 epochs, never." in html
    assert "&lt;b&gt;numbers&lt;/b&gt;" in html
    assert re.search(r"<td>finished</td>\s*<td>3</td>", html)
    assert html.count("does not hold here") == 2
    assert 'data-chart="01-small-0"' in html
    assert f"The loss is {results.runs['one'].metrics['train_loss'][-1]:.2f}." in html
    assert not re.search(r"(src|href)=\"https?:", html)


def test_the_short_form_leaves_claims_open(small):
    """Runs of the short form are other runs, and a claim that they cannot decide says so."""
    results, told = small[1](short=True)
    assert told[0] == "one"
    assert [v.holds for v in verdicts(results)] == [True, False, False, None]
    assert "too short to tell" in book([(results, verdicts(results))])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("{{epochs(one)}}", "{{epoch(one)}}"), "cannot be computed here"),
        (("{{epochs(one)}}", "{{epochs(none)}}"), "there is no run called `none`"),
        (("{{epochs(one)}}", "{{epochs()}}"), "`epochs()`: TypeError"),
    ],
)
def test_texts_cannot_ask_for_what_is_not_there(change, message, small):
    """A misspelled function or run in a text is an error with its place."""
    folder, run = small
    (folder / "text.md").write_text(TEXT.replace(*change))
    results, _ = run()
    with pytest.raises(UserError) as caught:
        book([(results, [])])
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{folder}/text.md: ")


def test_chapters_by_number_and_name():
    """A chapter is named by its number or a part of its name; a wrong one gets the nearest."""
    assert [c.name for c in read_chapters(LECTURE, ["3", "schedules"])] == ["03-initialization", "07-schedules"]
    assert [c.name for c in read_chapters(LECTURE, ["babysit"])] == ["05-babysitting"]
    with pytest.raises(UserError, match="no chapter `transfers`; did you mean `transfer`"):
        read_chapters(LECTURE, ["transfers"])
    with pytest.raises(UserError, match="there are no chapters"):
        read_chapters(ROOT / "docs")


def test_a_wrong_plan_is_refused_with_its_line(small):
    """chapter.yaml is checked like a config."""
    folder, run = small
    (folder / "chapter.yaml").write_text(PLAN.replace("title", "titel"))
    with pytest.raises(ConfigError, match=r"chapter\.yaml:1:1: titel: unknown key; did you mean `title`"):
        run()


def test_the_command(small, tmp_path, capsys):
    """`trainlab lecture` writes the book, and exits with 4 where a claim comes out otherwise."""
    folder, _ = small
    arguments = ["--chapters", str(folder.parent), "--runs", str(tmp_path / "r")]
    code = load("lecture").main(arguments, standalone_mode=False)
    shown = capsys.readouterr()
    assert code == 4
    assert "01-small: 4 claims: 2 hold, 2 do not hold at this scale" in shown.out
    assert "unexpected: A wrong one." in shown.out
    assert (tmp_path / "r/lecture/lecture.html").is_file()

    load("lecture").main([*arguments, "train.epochs=1", "small", "--no-book"], standalone_mode=False)
    capsys.readouterr()
    run = RunRecord(tmp_path / "r/lecture-train.epochs=1/01-small/one", "one")
    assert run.config["train"]["epochs"] == 1

    with pytest.raises(ConfigError, match=r"train\.epoch: unknown key; did you mean `epochs`"):
        load("lecture").main([*arguments, "train.epoch=1"], standalone_mode=False)
    assert not (tmp_path / "r/lecture-train.epoch=1").exists()

    load("lecture").main([*arguments, "--list"], standalone_mode=False)
    assert capsys.readouterr().out == "01-small: Small\n"
