"""Plain data as YAML text that our reader reads back to the same values."""

from typing import Any, cast

import yaml

from trainlab.core.scalars import resolve


class _NoAnchors:
    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Dumper(_NoAnchors, yaml.SafeDumper):
    """Quotes every text that an unquoted word would not stand for, and never writes anchors."""


def _text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    quoted = not isinstance(resolve(text) if text else None, str)
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="'" if quoted else None)


def _number(_: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = repr(value)
    text = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(text, text)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e", 1)  # YAML 1.1 readers want the point: 1.0e-05
    return yaml.ScalarNode("tag:yaml.org,2002:float", text)


# libyaml writes the same in a fifth of the time, but for signs beyond the 65536th, which it escapes
_fastest: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_Quick = cast("type[yaml.SafeDumper]", type("_Quick", (_NoAnchors, _fastest), {}))
for _dumper in (_Dumper, _Quick):
    _dumper.add_representer(str, _text)
    _dumper.add_representer(float, _number)


def dump(value: Any) -> str:
    """YAML text of plain dicts, lists and scalars, in their order; short lists of scalars on one line.

    >>> print(dump({"lr": 1e-05, "name": "1e-3", "hidden": [64, 32]}), end="")
    lr: 1.0e-05
    name: '1e-3'
    hidden: [64, 32]
    """
    text = _dump(value, _Quick)
    return _dump(value, _Dumper) if "\\U" in text else text


def _dump(value: Any, dumper: type[yaml.SafeDumper]) -> str:
    return yaml.dump(value, Dumper=dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=110)
