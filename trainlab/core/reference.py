"""The reference of all settings as Markdown, from the classes alone: the same classes give the same text."""

from collections.abc import Iterable

from trainlab.core.component import Component, Settings, registered
from trainlab.core.describe import Described, Page, blocks, describe, kinds
from trainlab.core.place import fields
from trainlab.core.words import value

_HEAD = """# Settings

Everything that a config may hold, made from the classes that read it. A component is written in one of three
spellings that mean the same: its name (`relu`), its name and its first setting (`dense: 128`), or its name and its
settings (`{name: dense, units: 128}`). The first setting is set in bold.
"""


def reference(model: type[Settings]) -> str:
    """Markdown of a config's blocks and of every component that it can name. Imports all of them."""
    parts = [_HEAD, *(_block(path, settings) for path, settings in blocks(model))]
    parts += [_kind(kind) for kind in kinds(model)]
    return "\n".join(parts)


def _block(path: str, settings: type[Settings]) -> str:
    page = describe(settings)
    title = f"## `{path}`" if path else "## The whole file"
    return f"{title}\n\n{page.text}\n\n{_table(page.settings)}"


def _kind(kind: type[Component]) -> str:
    common = fields(kind)
    page = describe(kind)
    lines = [f"## {kind.kind}", "", page.text, ""]
    if common:
        lines += [f"Settings of every {kind.kind}:", "", _table(page.settings)]
    own = [cls for cls in registered(kind) if cls.kind == kind.kind]
    lines += [_component(describe(cls), common) for cls in own]
    others = [cls.name for cls in registered(kind) if cls.kind != kind.kind]
    if others:
        lines += [f"And, described further below: {', '.join(f'`{name}`' for name in others)}.", ""]
    return "\n".join(lines)


def _component(page: Page, common: Iterable[str]) -> str:
    own = [setting for setting in page.settings if setting.name not in common or setting.name == page.first]
    table = _table(own, page.first) if own else ""
    return f"### {page.name}\n\n{page.text}\n" + (f"\n{table}" if table else "")


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
