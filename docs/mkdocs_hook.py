"""The site's hook: brings in the repository's pages that lie outside docs/, and every file that a page links to.

`make site` runs MkDocs with mkdocs.yml, which names this file. A link keeps its meaning: one to a page of the site
leads to it, one to any other file of the repository leads to a copy of that file.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "findings/README.md": "findings.md",
}
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the page of each kind of component below the settings."""
    kinds = [f"settings/{page.name}" for page in sorted((ROOT / "docs/settings").glob("*.md"))]
    for section in config.nav or []:
        for entry in section.get("Reference", []):
            if "Settings" in entry:
                entry["Settings"] += kinds
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside, and copies of linked files that are no pages."""
    for source, name in PAGES.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    for file in list(files.documentation_pages()):
        for target in sorted(_targets(file.src_uri, file.content_string)):
            if _in_site(target) is None and (ROOT / target).is_file():
                files.append(File.generated(config, f"files/{target}", abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """The page's text with each link led to where its target lies in the site."""
    here = page.file.src_uri

    def moved(match: re.Match[str]) -> str:
        target = _target(here, match[2])
        if target is None or not (ROOT / target).is_file():
            return match[0]
        found = _in_site(target) or f"files/{target}"
        return f"{match[1]}{posixpath.relpath(found, posixpath.dirname(here) or '.')}{match[3] or ''}{match[4]}"

    parts = _CODE.split(markdown)
    return "".join(part if i % 2 else _LINK.sub(moved, part) for i, part in enumerate(parts))


def _targets(here: str, text: str) -> set[str]:
    """The files of the repository that a page links to, as paths from its root."""
    found = (_target(here, match[2]) for match in _LINK.finditer(_CODE.sub("", text)))
    return {target for target in found if target is not None}


def _target(here: str, link: str) -> str | None:
    """What a link of a page means, as a path from the repository's root; None if it leads out of the repository."""
    if ":" in link:
        return None
    source = next((source for source, name in PAGES.items() if name == here), f"docs/{here}")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    return None if target.startswith("..") else target


def _in_site(target: str) -> str | None:
    """The place in the site of a file of the repository, None if it has none."""
    return PAGES.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
