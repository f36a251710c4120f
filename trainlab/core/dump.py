"""Plain data as YAML text that our reader reads back to the same values."""

import json
from typing import Any, cast

import yaml

from trainlab.core.errors import UserError
from trainlab.core.problem import clipped, visible
from trainlab.core.scalars import resolve

# libyaml writes the same text in a fifth of the time (0.2 ms a config, and a sweep writes one a trial)
_WIDE = 1 << 30  # characters of a line: it is never broken
_Base: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Base):
    """Puts every text in quotes that would read back as something else, and never writes anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    quoted = not isinstance(resolve(text) if text else None, str)
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="'" if quoted else None)


def _number(_: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = repr(value)
    text = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(text, text)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e", 1)  # YAML 1.1 readers want the point: 1.0e-05
    return yaml.ScalarNode("tag:yaml.org,2002:float", text)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _number)


def dump(value: Any) -> str:
    """YAML text of plain dicts, lists and scalars, in their order; short lists of scalars on one line.

    Raises UserError if a text is no UTF-8, as the name of a file may be.

    >>> print(dump({"lr": 1e-05, "name": "1e-3", "hidden": [64, 32]}), end="")
    lr: 1.0e-05
    name: '1e-3'
    hidden: [64, 32]
    """
    settings: dict[str, Any] = {"sort_keys": False, "default_flow_style": None, "allow_unicode": True, "width": 110}
    try:
        text = cast("str", yaml.dump(value, Dumper=_Dumper, **settings))  # pyright: ignore[reportUnknownMemberType]
        text.encode()  # the dumper in Python accepts what the one in C refuses
    except UnicodeEncodeError as error:
        named = visible(clipped(str(error.object)))
        raise UserError(f"{named}: this is not UTF-8, and a config is; rename the file or folder") from None
    return text


def dump_inline(value: Any) -> str:
    r"""The same on one line, to stand behind a key or a dash.

    >>> dump_inline("1990"), dump_inline({"lr": 0.1, "hidden": [64, 32]}), dump_inline("two\nlines")
    ("'1990'", '{lr: 0.1, hidden: [64, 32]}', '"two\\nlines"')
    """
    settings: dict[str, Any] = {"sort_keys": False, "default_flow_style": True, "allow_unicode": True, "width": _WIDE}
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    text = cast("str", yaml.dump([value], Dumper=_Dumper, **settings))  # pyright: ignore[reportUnknownMemberType]
    return text.strip()[1:-1]
