"""The reference of all settings as Markdown pages, from the classes alone: the same classes give the same text."""

from collections.abc import Iterable

from trainlab.core.component import Component, Settings, registered
from trainlab.core.describe import Described, Page, blocks, describe, kinds
from trainlab.core.place import fields
from trainlab.core.words import value

_HEAD = """# Settings

Everything that a config may hold, made from the classes that read it. A component is written in one of three
spellings that mean the same: its name (`relu`), its name and its first setting (`dense: 128`), or its name and its
settings (`{name: dense, units: 128}`). The first setting is set in bold. `trainlab components NAME` shows the same in
a terminal.
"""


def reference(model: type[Settings]) -> dict[str, str]:
    """Markdown by file name: `config.md` has a config's blocks, `settings/KIND.md` every component of a kind.

    Imports all of them.
    """
    made = {f"settings/{kind.kind}.md": _kind(kind) for kind in kinds(model)}
    parts = [_HEAD, *(_block(path, settings) for path, settings in blocks(model))]
    rows = ["| kind | components |", "|---|---|"]
    for kind in kinds(model):
        page = f"settings/{kind.kind}.md"
        rows.append(f"| [{kind.kind}]({page}) | {' '.join(f'[`{n}`]({page}#{n})' for n in _own(kind))} |")
    parts.append("## Components\n\nA page for each kind:\n\n" + "\n".join(rows) + "\n")
    return {"config.md": "\n".join(parts), **made}


def _own(kind: type[Component]) -> dict[str, type[Component]]:
    """The components of this very kind, by name: an activation is a layer, too, but has its own page."""
    return {cls.name: cls for cls in registered(kind) if cls.kind == kind.kind}


def _block(path: str, settings: type[Settings]) -> str:
    page = describe(settings)
    title = f"## `{path}`" if path else "## The whole file"
    return f"{title}\n\n{page.text}\n\n{_table(page.settings)}"


def _kind(kind: type[Component]) -> str:
    common = fields(kind)
    page = describe(kind)
    lines = [f"# {kind.kind}", "", page.text, ""]
    if common:
        lines += [f"Settings of every {kind.kind}:", "", _table(page.settings)]
    lines += [_component(describe(cls), common) for cls in _own(kind).values()]
    others = sorted({cls.kind for cls in registered(kind)} - {kind.kind})
    if others:
        found = ", ".join(f"[{other}]({other}.md)" for other in others)
        lines += [f"Wherever a {kind.kind} stands, these may stand, too: {found}.", ""]
    return "\n".join(lines)


def _component(page: Page, common: Iterable[str]) -> str:
    own = [setting for setting in page.settings if setting.name not in common or setting.name == page.first]
    table = _table(own, page.first) if own else ""
    return f"## {page.name}\n\n{page.text}\n" + (f"\n{table}" if table else "")


def _table(settings: Iterable[Described], first: str = "") -> str:
    rows = ["| setting | what | default | meaning |", "|---|---|---|---|"]
    for setting in settings:
        name = f"**`{setting.name}`**" if setting.name == first else f"`{setting.name}`"
        rows.append(f"| {name} | {_cell(setting.type)} | {_default(setting)} | {_cell(setting.help)} |")
    return "\n".join(rows) + "\n"


def _default(setting: Described) -> str:
    if setting.required:
        return "must be given"
    if setting.default == {}:
        return "all defaults"
    text = value(setting.default)
    return f"`{_cell(text)}`" if text else "empty"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
