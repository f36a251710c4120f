"""Every example in the README and in docs/ runs or validates, links lead somewhere, generated pages are fresh.

The blocks of a page are gone through in its order, in one folder that starts with a copy of `configs/`:

    ```yaml      a config, or a part of one, which then stands beside `data: digits`; it must validate
    ```python    runs; one that imports PyTorch or Keras, where that is installed. With `# NAME.py` as its first line,
                 it is also saved as that file
    ```console   lines after `$ ` run; `# exit N` tells the exit code, else it is 0. What is shown below a command must
                 be printed by it, line by line; numbers may differ
    ```sh        commands that must parse (the generated reference)
    ```text      anything else
"""

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from trainlab.cli.main import COMMANDS, load
from trainlab.core import plugins
from trainlab.core.config import ConfigError
from trainlab.core.schema import json_schema
from trainlab.search.experiment import SweepExperiment, read

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
RUN = [p for p in PAGES if re.search(r"```(yaml|console|python)", p.read_text())]
LANGUAGES = {"yaml", "python", "console", "sh", "text"}


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def validates(text: str, folder: Path) -> None:
    """Raises ConfigError if this is neither a config nor a part of one."""
    file = folder / "example.yaml"
    if not re.search(r"^(data|extends):", text, re.MULTILINE):
        text = f"data: digits\n{text}"
    file.write_text(text)
    read(file)


def run(command: list[str], folder: Path) -> tuple[int, str]:
    """Exit code and everything that was printed. The package and its script are those of this environment."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "NO_COLOR": "1", "COLUMNS": "100", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    return done.returncode, done.stdout


def told(output: str) -> list[str]:
    """Lines without their numbers and without the width of their gaps."""
    return [" ".join(re.sub(r"\d+(\.\d+)?(e-?\d+)?", "#", line).split()) for line in output.splitlines()]


def runs_here(text: str) -> bool:
    """Whether the frameworks are installed that this Python block imports."""
    return all(find_spec(name) for name in re.findall(r"^import (torch|keras|lightning)$", text, re.MULTILINE))


def play(text: str, folder: Path) -> None:
    """Run a console block, and compare what it shows with what is printed."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        command, _, comment = line.partition("  #")
        want = int(comment.split()[-1]) if "exit" in comment else 0

        code, output = run(shlex.split(command), folder)

        assert code == want, f"$ {line}\n{output}"
        lines = told(output)
        assert [s for s in told(shown) if s and s not in lines] == [], f"$ {line}\n{output}"


@pytest.mark.parametrize("page", RUN, ids=lambda p: p.name)
def test_examples_run(page: Path, tmp_path: Path):
    """The examples of a page run in its order."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    assert {language for language, _ in blocks(page)} <= LANGUAGES
    for language, text in blocks(page):
        if language == "yaml":
            validates(text, tmp_path)
        elif language == "python" and runs_here(text):
            code, output = run([sys.executable, "-c", text], tmp_path)
            assert code == 0, output
            if name := re.match(r"# (\w+\.py)\n", text):
                (tmp_path / name[1]).write_text(text)
        elif language == "console":
            play(text, tmp_path)


def test_wrong_examples_are_noticed(tmp_path: Path):
    """A wrong key, a wrong exit code and a line that is not printed each fail."""
    with pytest.raises(ConfigError):
        validates("train: {epoch: 3}\n", tmp_path)
    with pytest.raises(AssertionError):
        play("$ trainlab train nowhere.yaml\n", tmp_path)
    with pytest.raises(AssertionError):
        play("$ trainlab --version\nnever printed\n", tmp_path)


def test_generated_pages_are_fresh():
    """The generated pages are what the classes say now; `make docs` writes them anew."""
    fresh = runpy.run_path(str(ROOT / "docs/generate.py"))["pages"]()
    there = {name for name in fresh if (ROOT / "docs" / name).is_file()}

    assert there == {*fresh}, "run `make docs`"
    assert {f"settings/{page.name}" for page in ROOT.glob("docs/settings/*")} <= {*fresh}, "run `make docs`"
    stale = [name for name in fresh if (ROOT / "docs" / name).read_text(encoding="utf-8") != fresh[name]]
    assert stale == [], "run `make docs`"


def test_llms_txt_names_every_page():
    """llms.txt has a link to every page of docs/ and every command, and each leads somewhere."""
    text = (ROOT / "docs/llms.txt").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", text)
    headings = {slug(title) for title in re.findall(r"^#+ (.*)$", (ROOT / "docs/cli.md").read_text(), re.MULTILINE)}

    assert {page.name for page in ROOT.glob("docs/*.md")} <= {file for file, _ in links}
    assert {anchor for _, anchor in links if anchor} == {f"trainlab-{name}" for name in COMMANDS} <= headings
    assert all((ROOT / "docs" / file).is_file() for file, _ in links)


def test_commands_in_reference_parse():
    """Every example of the reference of commands names a command and options that exist."""
    for language, text in blocks(ROOT / "docs/cli.md"):
        assert language == "sh"
        for line in text.splitlines():
            program, name, *arguments = shlex.split(line.partition(" > ")[0].partition(" | ")[0])
            assert program == "trainlab"
            load(name).make_context(name, arguments)


def test_commands_in_messages_exist():
    """No text in the package sends the user to a command that does not exist."""
    known = {*COMMANDS, "--help", "--version", "--install-completion"}
    named = {
        (command, str(file.relative_to(ROOT)))
        for file in [
            *ROOT.glob("trainlab/**/*.py"),
            *ROOT.glob("configs/**/*.*"),
            *ROOT.glob("trainlab/cli/templates/*"),
        ]
        for command in re.findall(r"`trainlab ([a-z-]+)", file.read_text())
    }

    assert {pair for pair in named if pair[0] not in known} == set()


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_resolve(page: Path):
    """Every link inside the repository leads to a file, and to a heading in it where it names one."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert anchor in map(slug, headings), target


def test_menu_names_every_page():
    """Each page of docs/ stands in the site's menu (mkdocs.yml); those of docs/settings come into it by themselves."""
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    pages = {page.name for page in ROOT.glob("docs/*.md")}

    assert pages - {*re.findall(r"[\w-]+\.md", menu)} == set()


@pytest.mark.parametrize("file", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda f: f.stem)
def test_configs(file: Path):
    """A config validates, names the schema for editors, and that schema accepts it; one with a plugin has its own."""
    import jsonschema
    import yaml

    head = file.read_text().splitlines()[0]
    schema = json.loads((ROOT / "docs/trainlab.schema.json").read_text())

    if read(file).value.plugins:
        schema = json_schema(SweepExperiment)
        plugins.give([])
    else:
        assert head == "# yaml-language-server: $schema=../docs/trainlab.schema.json"
    # an editor reads YAML 1.2, where 1e-3 is a number; PyYAML does not
    text = re.sub(r"(?<=[ \[])(\d+)e(-?\d+)", r"\1.0e\2", file.read_text())
    text = re.sub(r"(\d+\.\d+e)(\d)", r"\1+\2", text)
    jsonschema.validate(yaml.safe_load(text), schema)
