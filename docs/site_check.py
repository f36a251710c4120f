"""Builds the site and asks its search what users ask: `make site`. Run by the Python that has MkDocs.

MkDocs itself ends with an error for a broken link or a page that no menu names. Here each question must find its page
among the first five, and no page may load anything from another server.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from math import log
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build/site"
QUESTIONS = {
    "extends": "faq.html",
    "how is the best epoch chosen": "metrics.html",
    "write a plugin": "plugins.html",
    "exit code 4": "faq.html",
    "missing values csv": "data.html",
    "resume a run": "run-folder.html",
    "learning rate too high": "diagnoses.html",
    "dead relu": "diagnoses.html",
    "class weights imbalanced": "faq.html",
    "early stopping patience": "config.html",
    "export onnx": "export.html",
    "watch pytorch loop": "watch.html",
    "tensorboard log": "logs.html",
    "search space log": "sweeps.html",
    "batch norm": "layer.html",
    "dropout": "layer.html",
    "scikit-learn estimator": "python.html",
    "compare runs": "report.html",
    "freeze layers": "transfer.html",
    "unknown key": "faq.html",
    "threshold probability": "evaluate.html",
    "boosted trees": "tables.html",
    "metrics.csv columns": "run-folder.html",
    "what is a checkpoint": "glossary.html",
}


_SMALL = frozenset(
    re.findall(
        r"\w+", "a an and are as at be by do for from has how i in is it its my of on or so the this to what with"
    )
)


def sections() -> list[tuple[str, Counter[str], Counter[str]]]:
    """Of each section of the search index: its page, the words of its title and those of its text."""
    index = json.loads((SITE / "search/search_index.json").read_text(encoding="utf-8"))
    return [(doc["location"].partition("#")[0], words(doc["title"]), words(doc["text"])) for doc in index["docs"]]


def words(text: str) -> Counter[str]:
    """How often each word occurs, without its plural ending and without the small words that a search leaves out."""
    plain = re.sub(r"<[^>]+>", " ", text).lower()
    return Counter(word.rstrip("s") for word in re.findall(r"[a-z0-9]+", plain) if word not in _SMALL)


def found(question: str, index: list[tuple[str, Counter[str], Counter[str]]]) -> list[str]:
    """The first five pages, by how rare the words are that their best section shares with the question.

    As the site's own search does it, a word in a title counts more than one in the text, and long texts count less.
    """
    asked = words(question)
    rare = {w: log(1 + len(index) / (1 + sum(w in title or w in text for _, title, text in index))) for w in asked}
    scores: dict[str, float] = {}
    for page, title, text in index:
        length = 1 + sum(text.values()) / 200
        score = sum(rare[w] * (3 * (w in title) + text[w] / (text[w] + length)) for w in asked)
        scores[page] = max(score, scores.get(page, 0.0))
    return sorted(scores, key=lambda page: -scores[page])[:5]


def main() -> int:
    """Build, ask, look for foreign addresses. Returns the number of faults."""
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    subprocess.run(mkdocs, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True)
    index = sections()
    faults = []
    for question, page in QUESTIONS.items():
        pages = found(question, index)
        if not any(p.endswith(page) for p in pages):
            faults.append(f"`{question}` finds {', '.join(pages)}, not {page}")
    for page in SITE.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*src=\"?(https?:[^\" >]+)", text)
        loaded += re.findall(r"<link[^>]*rel=\"?stylesheet\"?[^>]*href=\"?(https?:[^\" >]+)", text)
        faults += [f"{page.name} loads {address}" for address in loaded]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{SITE.relative_to(ROOT)}: {sum(1 for _ in SITE.rglob('*.html'))} pages; {len(QUESTIONS)} questions asked")
    return len(faults)


if __name__ == "__main__":
    sys.exit(main() > 0)
