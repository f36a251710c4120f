"""Pages of runs and sweeps as a real browser shows them."""

import json
import re

import pytest
from hostile import EVIL, TEXTS, hostile_run, hostile_sweep
from run_folders import make_run

from trainlab.core.config import read_plain
from trainlab.report.html.run_page import run_page
from trainlab.report.html.runs_page import runs_page
from trainlab.report.html.sweep_page import sweep_page
from trainlab.report.pictures import gallery
from trainlab.report.sweep_record import SweepRecord
from trainlab.search.experiment import SweepExperiment
from trainlab.store.reading import read_run
from trainlab.training.train import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two real runs and a made-up sweep, with their pages."""
    root = tmp_path_factory.mktemp("pages")
    for seed in (0, 1):
        config = {"data": "digits", "seed": seed, "model": {"name": "mlp", "hidden": [16], "activation": "tanh"}}
        config |= {"train": {"epochs": 4}, "monitors": {"every": 5}, "optimizer": {"name": "adam", "lr": 3.0}}
        train(read_plain(SweepExperiment, config, "test"), into=root / f"real-{seed + 1}")
    made_up_sweep(root)
    records = [read_run(root / f"real-{n}") for n in (1, 2)]
    (root / "run.html").write_text(run_page(records[0]))
    (root / "runs.html").write_text(runs_page(records))
    (root / "sweep.html").write_text(sweep_page(SweepRecord(root / "made-sweep-1")))
    return root


def made_up_sweep(root):
    """Twenty-four trials whose score depends on the learning rate alone; two diverged."""
    sweep = root / "made-sweep-1"
    (sweep / "trials").mkdir(parents=True)
    space = "{optimizer.lr: {name: log, range: [0.0001, 1]}, model.activation: {name: choice, options: [relu, tanh]}}"
    (sweep / "sweep.yaml").write_text(f"sweep: {{metric: val_accuracy, space: {space}, trials: 26}}\n")
    lines = ["trial,stage,status,optimizer.lr,model.activation,val_accuracy,best_epoch,epochs,seconds,diagnoses,reason"]
    for i in range(1, 25):
        lr = 10 ** (-4 + 4 * ((7 * i) % 24) / 24)
        score = 0.95 - 0.05 * abs(((7 * i) % 24) / 24 * 4 - 2.5)
        row = f"{i},{1 if i < 17 else 2},finished,{lr:.4g},{'relu' if i % 3 else 'tanh'},{score:.4f}"
        lines.append(f"{row},3,{2 if i < 17 else 10},0.5,,")
    lines += [f"{i},2,diverged,0.9,relu,,,1,0.1,diverged,loss is nan at step {i}" for i in (25, 26)]
    (sweep / "trials.csv").write_text("\n".join(lines) + "\n")


def foreign(requests):
    """What a page asked for beside itself and the images inside it."""
    return [r for r in requests if not r.startswith(("data:", "file:"))] + [
        r for r in requests if r.startswith("file:")
    ][1:]


@pytest.fixture
def page(browser, folder):
    """Opens a page and closes it after the test; nothing may have been asked for or complained about."""
    tabs = []

    def opened(name, **window):
        tabs.append(browser.open(folder / f"{name}.html", **window))
        return tabs[-1]

    yield opened
    for tab in tabs:
        assert (tab.console, foreign(tab.requests)) == ([], [])
        tab.close()


@pytest.mark.parametrize("name", ["run", "runs", "sweep"])
def test_every_picture_is_drawn_and_told(page, name):
    """Each picture has marks, a sentence for screen readers and a table with rows; its numbers are folded away."""
    tab = page(name)
    assert tab.drawn() >= 4
    marks = tab.ask(
        "[...document.querySelectorAll('.chart')]"
        ".map(c => c.querySelectorAll('svg .role-mark path, svg .role-mark image').length)"
    )
    assert all(n > 0 for n in marks)
    told = tab.ask("[...document.querySelectorAll('.chart')].map(c => [c.getAttribute('role'), c.ariaLabel.length])")
    assert all(role == "img" and length > 20 for role, length in told)
    rows = tab.ask(
        "[...document.querySelectorAll('figure > details')].map(d => [d.open, d.querySelectorAll('tbody tr').length])"
    )
    assert all(not is_open and count > 0 for is_open, count in rows)


def test_marks_are_where_the_numbers_are(page, folder):
    """The validation line has a point an epoch, and its lowest place is the epoch of the lowest loss."""
    tab = page("run")
    tab.drawn()
    path = tab.ask("document.querySelector('#picture-loss svg path[stroke-dasharray=\"6,3\"]').getAttribute('d')")
    points = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[\d.]+,[\d.]+", path)]
    losses = read_run(folder / "real-1").metrics["val_loss"]
    assert len(points) == len(losses) == 5
    heights = [y for _, y in points]
    assert heights.index(max(heights)) == losses.index(min(losses))


def test_hovering_tells_the_numbers(page):
    """Over the loss a tooltip names epoch and training loss."""
    tab = page("run")
    tab.drawn()
    x, y = tab.ask(
        "(() => { const c = document.querySelector('#picture-loss .chart'); c.scrollIntoView({block: 'center'});"
        "const r = c.querySelector('svg').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
    )
    for dx in range(40):
        tab.mouse("mouseMoved", x + dx, y)
        if tab.ask("!!document.querySelector('#vg-tooltip-element.visible')"):
            break
    assert "training loss" in tab.ask("document.getElementById('vg-tooltip-element').textContent")


def test_the_theme_is_the_readers_and_can_be_switched(page):
    """A dark system gets a dark page; the button makes page and pictures light; Enter on it makes them dark again."""
    tab = page("run", dark=True)
    tab.drawn()
    look = (
        "[getComputedStyle(document.body).backgroundColor,"
        "document.querySelector('#picture-loss svg path[stroke-dasharray=\"6,3\"]').getAttribute('stroke')]"
    )
    dark = tab.ask(look)
    assert dark == ["rgb(15, 18, 23)", "#f39b4a"]
    tab.click("#theme")
    line = "document.querySelector('#picture-loss svg path[stroke-dasharray=\"6,3\"]')"
    tab.wait(f"{line}?.getAttribute('stroke') === '#c4520a'")
    assert tab.ask(look)[0] == "rgb(244, 246, 249)"
    tab.ask("document.getElementById('theme').focus()")
    tab.key("Enter")
    tab.wait("document.documentElement.dataset.theme === 'dark'")


def test_the_axis_can_be_switched(page):
    """The losses are drawn on a logarithmic axis, and on a linear one after a click, with other numbers beside it."""
    tab = page("runs")
    tab.drawn()
    labels = (
        "[...document.querySelectorAll('#picture-runs-train_loss svg .role-axis-label text')].map(t => t.textContent)"
    )
    before = tab.ask(labels)
    tab.click("#picture-runs-train_loss button[value=linear]")
    tab.wait(f"JSON.stringify({labels}) !== {json.dumps(json.dumps(before, separators=(',', ':')))}")
    tab.wait("document.querySelector('[data-chart=runs-train_loss]').dataset.state === 'drawn'")
    assert tab.ask("document.querySelector('#picture-runs-train_loss button[value=linear]').ariaPressed") == "true"


def test_a_brush_keeps_the_lines_that_pass(page):
    """Dragging over the upper part of the score's axis dims the trials that do not pass there."""
    tab = page("sweep")
    tab.drawn()
    lines = "[...document.querySelectorAll('#picture-parallel svg .mark-line path')]"
    opaque = f"{lines}.filter(p => +p.getAttribute('opacity') > 0.5).length"
    assert tab.ask(opaque) == 24
    right, top, bottom = tab.ask(
        "(() => { const c = document.querySelector('#picture-parallel'); c.scrollIntoView({block: 'center'});"
        "const l = [...c.querySelectorAll('svg .mark-line path')].map(p => p.getBoundingClientRect());"
        "return [Math.max(...l.map(r => r.right)),"
        "Math.min(...l.map(r => r.top)), Math.max(...l.map(r => r.bottom))]; })()"
    )
    tab.drag((right - 12, top - 2), (right + 12, top + 0.3 * (bottom - top)))
    tab.wait(f"{opaque} < 24")
    assert 0 < tab.ask(opaque) < 20


def test_the_best_can_be_chosen_without_a_mouse(page):
    """A slider beside the lines, outside of what is one image to a screen reader, leaves the best of the trials."""
    tab = page("sweep")
    tab.drawn()
    lines = "[...document.querySelectorAll('#picture-parallel svg .mark-line path')]"
    assert tab.ask("document.querySelector('#picture-parallel [role=img] input') === null")
    slider = "document.querySelector('#picture-parallel .controls input')"
    tab.ask(
        f"(() => {{ const i = {slider}; i.value = 25; i.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
    )
    tab.wait(f"{lines}.filter(p => +p.getAttribute('opacity') > 0.5).length === 6")


def test_a_table_is_sorted_by_its_titles(page):
    """A click on `best` sorts the runs by it, a second one the other way round."""
    tab = page("runs")
    names = "[...document.querySelectorAll('table[data-sortable] tbody tr')].map(r => r.cells[0].textContent)"
    selector = "table[data-sortable] th:nth-child(3) button"
    tab.click(selector)
    first = tab.ask(names)
    tab.click(selector)
    assert (len(first), tab.ask(names)) == (2, first[::-1])


def test_a_prescription_can_be_copied(page):
    """The button beside a command says that it was copied."""
    tab = page("run")
    assert tab.ask("document.querySelectorAll('#diagnoses .command').length") > 0
    tab.click(".command button")
    tab.wait("document.querySelector('.command button').textContent === 'Copied'")


@pytest.mark.parametrize("name", ["run", "runs", "sweep"])
def test_it_fits_a_phone(page, name):
    """At 375 pixels nothing sticks out of the page, and the pictures are as narrow."""
    tab = page(name, width=375, height=800)
    tab.drawn()
    assert tab.ask("document.documentElement.scrollWidth") == 375
    assert (
        tab.ask("Math.max(...[...document.querySelectorAll('.chart svg')].map(s => s.getBoundingClientRect().right))")
        <= 375
    )


def test_it_is_small(folder):
    """One run's page is at most 1.5 MB."""
    assert (folder / "run.html").stat().st_size <= 1.5e6


def test_hostile_texts_stay_texts(browser, tmp_path):
    """Names, classes, config, cells, findings and sweeps that are HTML and scripts are shown as they are written."""
    record = read_run(hostile_run(tmp_path).path, EVIL)
    sweep = SweepRecord(hostile_sweep(tmp_path), EVIL)
    pages = {"run": run_page(record), "runs": runs_page([record, record]), "sweep": sweep_page(sweep)}
    for name, text in pages.items():
        (tmp_path / f"{name}.html").write_text(text)
        tab = browser.open(tmp_path / f"{name}.html")
        tab.drawn()
        tab.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        shown = tab.ask("document.body.innerText")
        assert tab.ask("document.querySelector('h1').textContent").startswith(EVIL if name != "runs" else "Runs")
        assert EVIL in shown
        assert tab.ask("[...document.images].filter(i => !i.src.startsWith('data:')).length") == 0
        assert tab.ask("document.querySelectorAll('script:not([type])').length") == 2
        assert (tab.console, foreign(tab.requests)) == ([], [])
        tab.close()
    for text in TEXTS[:3]:
        assert text not in re.sub(r"<(style|script)\b.*?</\1>", "", pages["run"], flags=re.DOTALL)
    assert "\x1b" not in pages["run"]
    assert "\u202e" not in re.sub(r'<script type="application/json".*?</script>', "", pages["run"], flags=re.DOTALL)


def test_a_script_that_slipped_in_would_not_run(browser, tmp_path, folder):
    """The policy of the page lets no script run that is not its own, even one that was put into its source."""
    text = (folder / "sweep.html").read_text().replace("<header>", "<header><script>window.slipped = 1</script>", 1)
    (tmp_path / "changed.html").write_text(text)
    tab = browser.open(tmp_path / "changed.html")
    assert tab.ask("window.slipped === undefined")
    assert any("Content Security Policy" in line for line in tab.console)
    tab.close()


def test_an_old_or_damaged_folder_has_a_page(tmp_path):
    """A folder without the small files, with empty ones, or with ones of another shape is shown as far as it goes."""
    folder = make_run(tmp_path)
    assert "Learning" in run_page(read_run(folder.path))
    for content in ("", "[]", "{", '{"layers": 3, "confusion": [[1], [2]], "classes": 1, "worst": [{}], "rows": []}'):
        for path in (folder.network, folder.data, folder.defaults, folder.mistakes, folder.environment):
            path.write_text(content)
        folder.layers.write_text("step,layer,quantity,value\n1,a,dead,nan\n2,,grad_norm,\n")
        assert "Learning" in run_page(read_run(folder.path))
    empty = tmp_path / "empty-1"
    (empty / "checkpoints").mkdir(parents=True)
    assert "half-written" in run_page(read_run(empty))


def test_every_spec_is_valid(folder):
    """Each chart is valid by Vega-Lite's own schema."""
    record = read_run(folder / "real-1")
    charts = gallery.of_run(record) + gallery.of_runs([record, read_run(folder / "real-2")])
    charts += gallery.of_sweep(SweepRecord(folder / "made-sweep-1"))
    names = [picture.name for picture in charts]
    assert len(names) > 15
    for picture in charts:
        picture.chart.to_dict(validate=True)


def test_a_sweep_tells_what_stages_saved_and_what_went_wrong(folder):
    """16 trials of 2 epochs and 8 of 10 are 112 with the two that diverged at once; all 26 at 10 would be 260."""
    pictures = {p.name: p for p in gallery.of_sweep(SweepRecord(folder / "made-sweep-1"))}
    assert pictures["stages"].sentence.endswith("would have been 260: 56.2 % are saved.")
    assert pictures["failures"].table.rows == [["diverged: loss is nan at step #", 2, "25 and 26"]]
    assert pictures["importance"].table.rows[0][0] == "optimizer.lr"


def test_ten_long_runs_are_thinned(tmp_path):
    """Ten runs of 10 000 steps add less than 0.4 MB to a page, so that fifty stay below 3 MB."""
    rows = (f"{s},{1 / s + 0.01 * (s % 7)},0.1,0.5,0.001" for s in range(1, 10_001))
    text = "\n".join(["step,loss,lr,grad_norm,update_ratio", *rows, ""])
    for _ in range(10):
        folder = make_run(tmp_path, losses=[1.0 / (i + 1) for i in range(20)], scores=[0.5] * 20)
        folder.steps.write_text(text)
    records = [read_run(path) for path in sorted(tmp_path.iterdir())]
    alone = len(runs_page(records[:1]))
    assert len(runs_page(records)) - alone < 400_000


def test_moments_play(browser, tmp_path):
    """Decision regions begin with the last epoch, histograms before the first step; slider and button move them."""
    config = {"data": {"name": "moons", "samples": 200}, "train": {"epochs": 4}}
    run = train(read_plain(SweepExperiment, config, "test"), into=tmp_path / "moons-1")
    (tmp_path / "page.html").write_text(run_page(read_run(run.folder)))
    tab = browser.open(tmp_path / "page.html")
    tab.drawn()

    def told(name):
        return tab.ask(f"document.querySelector('[data-frames={name}] output').textContent")

    image = "document.querySelector('#picture-regions svg image').href.baseVal"
    assert (told("regions"), told("histograms-outputs")) == ("epoch 4 (5 of 5)", "before the first step (1 of 2)")
    last = tab.ask(image)
    tab.ask(
        "(() => { const s = document.querySelector('[data-frames=regions] input'); s.value = 0;"
        "s.dispatchEvent(new Event('input')); })()"
    )
    tab.wait(f"{image} !== {json.dumps(last)}")
    assert told("regions") == "before the first step (1 of 5)"
    tab.click("#theme")  # the moment stays where it is in the other theme
    tab.drawn()
    assert told("regions") == "before the first step (1 of 5)"
    tab.click("[data-frames=regions] button")
    tab.wait("document.querySelector('[data-frames=regions] output').textContent === 'epoch 4 (5 of 5)'")
    tab.wait(f"{image} === {json.dumps(last)}")
    assert tab.ask("document.querySelector('[data-frames=regions] button').textContent") == "Play"
    assert (tab.console, foreign(tab.requests)) == ([], [])
    tab.close()
