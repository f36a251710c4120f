"""The reference of all commands as Markdown, made from their functions: `python -m trainlab.cli._reference`."""

from typing import Any, cast

from trainlab.cli.main import COMMANDS, load

_HEAD = """# Commands

Made from the commands themselves (`python -m trainlab.cli._reference > docs/cli.md`).

Results go to stdout; progress, warnings and errors to stderr. Exit codes: 0 done, 1 a bug in trainlab, 2 bad usage,
config or data, 3 training diverged, 4 a check or `--fail-on` found something, 130 interrupted (by Ctrl-C, or a run or
sweep that can be resumed), 143 or 129 ended by SIGTERM or SIGHUP before there was anything to save.
"""


def reference() -> str:
    """Markdown of every command: its help, its arguments and options, its examples."""
    return "\n".join([_HEAD, *(_command(name, load(name)) for name in COMMANDS)])


def _command(name: str, command: Any) -> str:
    given = [p for p in command.params if not getattr(p, "hidden", False)]
    rows = ["| argument or option | default | meaning |", "|---|---|---|"]
    rows += [f"| {_spelled(p)} | {_default(p)} | {(p.help or '').replace('|', chr(92) + '|')} |" for p in given]
    examples = [line.strip() for line in (command.epilog or "").splitlines()[2:]]
    table = ["", *rows] if given else []
    return "\n".join([f"## trainlab {name}", "", _filled(command.help), *table, "", "```sh", *examples, "```", ""])


def _spelled(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.metavar}`"
    value = param.metavar or _choices(param)
    return f"`{', '.join(param.opts)}{' ' + value if value and not param.is_flag else ''}`"


def _choices(param: Any) -> str:
    """The values of an enumeration; its default is one of them."""
    members: dict[str, Any] = getattr(cast("object", type(param.default)), "__members__", {})
    return "{" + ",".join(str(v) for v in members.values()) + "}" if members else ""


def _default(param: Any) -> str:
    if param.required:
        return "required"
    value = param.default
    return f"`{value}`" if value not in (None, False) and str(value) else ""


def _filled(text: str) -> str:
    """Paragraphs as they stand, without the indentation of the source."""
    return "\n".join(line.strip() for line in text.splitlines())


if __name__ == "__main__":
    print(reference(), end="")
