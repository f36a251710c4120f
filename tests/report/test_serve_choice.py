"""The front page of `trainlab serve`: filtering, sorting, choosing and comparing, without JavaScript and with it."""

import re
import shutil
import threading
import time
from contextlib import contextmanager
from urllib.parse import quote, urlencode

import pytest
from run_folders import OVERFITTING, PLATEAU, make_run
from serving import ask

from trainlab.report.serve.server import Server
from trainlab.report.serve.site import Site
from trainlab.report.serve.view import View, wanted


def make_folder(folder):
    """Three runs and a sweep of two trials."""
    adam = {"optimizer": {"name": "adam", "lr": 0.001}}
    sgd = {"optimizer": {"name": "sgd", "lr": 0.1}}
    make_run(folder, "low", config=adam, scores=(0.1, 0.2, 0.3), findings=[PLATEAU, OVERFITTING], day=3)
    make_run(folder, "high", config=sgd, scores=(0.1, 0.8, 0.9), day=1)
    make_run(folder, "mid", config=adam, scores=(0.1, 0.5, 0.6), findings=[PLATEAU], day=2, state="diverged")
    for number, score in ((1, 0.4), (2, 0.7)):
        trial = folder / "s-sweep-1" / "trials" / f"000{number}"
        make_run(folder, into=trial, config=sgd, scores=(0.1, 0.2, score))
    (folder / "s-sweep-1" / "trials.csv").write_text("trial,status\n1,finished\n2,finished\n")
    return folder


@contextmanager
def serving(folder):
    """A server over a folder, at a free port."""
    with Server(folder, port=0) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.stop()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for the tests that only read."""
    with serving(make_folder(tmp_path_factory.mktemp("choice") / "runs")) as made:
        yield made


@pytest.fixture
def runs(tmp_path):
    """A folder of one's own."""
    return make_folder(tmp_path / "runs")


def listed(server, query=""):
    """The runs on the front page in their order, and what is said above them."""
    page = ask(server, f"/?{query}")[2]
    return re.findall(r'href="/run/([^"]*)"', page), re.search(r'id="told"[^>]*>([^<]*)<', page)[1]


@pytest.mark.parametrize(
    ("words", "want"),
    [
        ("", ["low-1", "mid-1", "high-1"]),
        ("ADAM", ["low-1", "mid-1"]),
        ("adam diverged", ["mid-1"]),
        ("overfitting", ["low-1"]),
        ("high", ["high-1"]),
        ("optimizer.lr<1e-2", ["low-1", "mid-1"]),
        ("optimizer.name=sgd", ["high-1"]),
        ("val_accuracy>=0.6 adam", ["mid-1"]),
        ("status!=finished", ["mid-1"]),
        ("nothing-like-that", []),
    ],
)
def test_filter(server, words, want):
    """Each word of a filter must be found in a run; KEY=VALUE compares."""
    assert listed(server, urlencode({"filter": words}))[0] == want


def test_a_rule_that_fits_no_run_is_explained(server):
    """A key that no run has is answered in words, with the near name, and as text."""
    page = ask(server, f"/?{urlencode({'filter': 'optimzer.lr<1'})}")[2]
    assert "optimzer.lr&lt;1: no run has `optimzer.lr`; did you mean `optimizer.lr`?" in page


@pytest.mark.parametrize(
    ("sort", "want"),
    [
        ("name", ["high-1", "low-1", "mid-1"]),
        ("-name", ["mid-1", "low-1", "high-1"]),
        ("started", ["high-1", "mid-1", "low-1"]),
        ("best", ["high-1", "mid-1", "low-1"]),
        ("-best", ["low-1", "mid-1", "high-1"]),
        ("state", ["mid-1", "low-1", "high-1"]),
        ("findings", ["low-1", "mid-1", "high-1"]),
        ("nonsense", ["low-1", "mid-1", "high-1"]),
    ],
)
def test_sort(server, sort, want):
    """Best first by a score, the worst findings first, runs without a value last; the newest first without a word."""
    found = listed(server, f"sort={sort}")[0]
    assert found[:1] == want[:1]
    assert found == want or sort == "state"


def test_the_last_sort_counts(server):
    """A button's `sort` comes after that of the form: so it works without JavaScript."""
    assert listed(server, "sort=name&sort=-name")[0] == ["mid-1", "low-1", "high-1"]


def test_chosen_runs_stay(server):
    """A chosen run is on the page whatever the filter, and checked; the title that sorts keeps the choice."""
    names, told = listed(server, "filter=adam&run=high-1&sort=name")
    assert (names, told) == (["high-1", "low-1", "mid-1"], "3 of 3 runs, 1 selected")
    page = ask(server, "/?filter=adam&run=high-1")[2]
    assert re.findall(r'name="run" value="([^"]*)" checked', page) == ["high-1"]


def test_sweeps_and_their_trials(server):
    """A sweep has its count and best trial; its trials are listed on wish."""
    page = ask(server, "/")[2]
    row = re.search(r'<tr><th[^>]*><input[^>]*value="s-sweep-1".*?</tr>', page)[0]
    assert re.findall(r"<td[^>]*>([^<]*)<", row) == ["2", "val_accuracy 0.7", "0002"]
    assert listed(server, "trials=on&sort=-best")[0][-2:] == ["s-sweep-1/trials/0002", "high-1"]
    assert "s-sweep-1" not in re.findall(r'value="([^"]*)"', ask(server, "/?filter=mid")[2])


def test_comparison_of_chosen_runs(server):
    """An address with names compares these, a sweep by its best trial, and says what is not there."""
    page = ask(server, "/compare?run=low-1&run=s-sweep-1&run=gone-1")[2]
    names = set(re.findall(r'href="/run/([^"]*)"', page))
    assert names == {"low-1", "s-sweep-1/trials/0002"}
    assert "Not here: gone-1." in page
    assert set(re.findall(r'href="/run/([^"]*)"', ask(server, "/compare")[2])) == {"low-1", "mid-1", "high-1"}


def test_news_of_a_comparison_are_of_its_runs_alone(runs):
    """The version of a comparison changes with its runs, not with others."""
    site, address = Site(runs), wanted("/compare", "run=low-1&run=high-1")
    before = site.version(address)
    (runs / "mid-1" / "diagnoses.jsonl").write_text("")
    assert site.version(address) == before
    (runs / "low-1" / "diagnoses.jsonl").write_text("")
    assert site.version(address) != before


@pytest.mark.parametrize(
    "query", ["run=" + "a" * 30000, "&".join(["run=a"] * 5000), "run=%ff%00&filter=%ff%00", "=&=&"]
)
def test_hostile_queries(server, query):
    """Long, many and unreadable fields are answered with a page."""
    assert ask(server, f"/?{query}")[0] == 200
    assert ask(server, f"/compare?{query}")[0] == 200


def test_hostile_names(runs):
    """Markup and signs of an address in a name are text, and the run can be chosen and compared all the same."""
    names = ['"><img src=x onerror=alert(1)>-1', "a&run=b-1", "ein lauf %2f é-1", "'-1"]
    for name in names:
        make_run(runs, into=runs / name, config={"optimizer": {"name": "<b>&", "lr": 1}})
    with serving(runs) as server:
        page = ask(server, "/?filter=%3Cb%3E%26")[2]
        compared = ask(server, f"/compare?{urlencode([('run', name) for name in [*names, 'low-1']])}")[2]
        page_of_none = ask(server, f"/?{urlencode({'filter': names[0]})}")[2]
    assert all("<img src=x" not in html for html in (page, compared, page_of_none))
    assert "Not here" not in compared
    for name in names:
        assert f'href="/run/{quote(name)}"' in page.replace("&#x27;", "'")
        assert f'href="/run/{quote(name)}"' in compared


def test_view_is_read_and_written():
    """A view comes back from its own address; what the page does not depend on is left out."""
    view = View("a<1 b&c", "-best", trials=True, chosen=("x y", "z"))
    assert View.of(view.query()) == view
    assert wanted("/compare", view.query()) == "/compare?run=x+y&run=z"
    assert wanted("/", "token=abc") == "/"


def test_hundreds_of_runs_are_filtered_in_a_moment(runs):
    """With 250 runs a filtered page is made in a fraction of a second of CPU time once their settings are read."""
    one = make_run(runs, "many", config={"optimizer": {"name": "adam", "lr": 0.5}}).path
    for number in range(2, 251):
        shutil.copytree(one, runs / f"many-{number}")
    site = Site(runs)
    assert "250 of 253 runs" in site.page("/?filter=many").html
    began = time.process_time()
    assert "250 of 253 runs" in site.page(wanted("/", urlencode({"filter": "many optimizer.lr<1"}))).html
    assert time.process_time() < began + 2  # 0.1 s for 500: the settings come from the index


def test_in_a_browser(server, browser):
    """Typing filters, the keyboard sorts and chooses, the choice stays in the address, and the button compares."""
    tab = browser.open(server.address, width=390)
    try:
        tab.wait("document.getElementById('live') !== null", seconds=60)
        assert tab.ask("document.getElementById('compare').disabled")
        assert tab.ask("document.documentElement.scrollWidth") == 390
        tab.ask("document.getElementById('filter').focus()")
        tab.send("Input.insertText", text="adam")
        tab.wait("document.getElementById('told').textContent === '2 of 3 runs'")
        assert tab.ask("document.activeElement.id") == "filter"
        tab.ask("document.getElementById('sort-best').focus()")
        tab.key("Enter")
        tab.wait("document.querySelector('[aria-sort]').textContent === 'best'")
        assert tab.ask("document.activeElement.id") == "sort-best"
        tab.ask("[...document.querySelectorAll('#runs input')].forEach((box) => box.click())")
        assert tab.ask("location.search") == "?filter=adam&run=mid-1&run=low-1&sort=best"
        assert tab.ask("document.getElementById('compare').textContent") == "Compare 2 selected"
        tab.click("#compare")
        tab.wait("location.pathname === '/compare' && document.readyState === 'complete'")
        assert tab.ask("location.search") == "?run=mid-1&run=low-1"
        assert tab.console == []
    finally:
        tab.close()
