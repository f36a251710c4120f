"""`trainlab mcp`: runs, reports and findings for programs that speak the Model Context Protocol."""

import json
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

import trainlab
from trainlab.cli._mcp_tools import tools
from trainlab.core.errors import UserError
from trainlab.store.strict_json import dumps

_ABOUT = (
    "Runs of trainlab: neural networks that were trained from one YAML file, with findings on what went wrong. `runs` "
    "lists them, `report` and `findings` tell about one, `curves` reads its numbers, `explain` tells what a finding "
    "means and what to do, `diagnose` judges the log of any other training tool. Nothing is changed."
)
_LONGEST = 200  # characters of a file's name in an error


def mcp(
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
) -> None:
    """Serve runs and findings to agents and editors over stdin and stdout, by the Model Context Protocol.

    Tools: runs, report, findings, curves, explain, diagnose. All only read. Another program starts this command and
    ends it; it prints nothing else. Needs the package mcp: pip install 'trainlab[mcp]'.

    Examples:
        trainlab mcp --runs runs
    """
    server(runs).run("stdio")


def server(runs: Path) -> Any:
    """The server. Raises UserError if the package mcp, version 2 or newer, is not installed."""
    try:
        sdk, types = import_module("mcp.server.mcpserver"), import_module("mcp.types")
    except ImportError:
        raise UserError("the package mcp is needed: pip install 'trainlab[mcp]'") from None
    made = sdk.MCPServer("trainlab", instructions=_ABOUT, version=trainlab.__version__)
    for tool in tools(runs):
        reading = types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
        made.add_tool(_answering(tool, sdk), annotations=reading, structured_output=False)
    return made


def _answering(tool: Callable[..., Any], sdk: Any) -> Callable[..., str]:
    """The tool as text in JSON; an error of the user or of a file as the error of a tool, without a traceback."""
    refused = import_module("mcp.server.mcpserver.exceptions").ToolError

    @wraps(tool)
    def answer(*args: Any, **settings: Any) -> str:
        try:
            return json.dumps(json.loads(dumps(tool(*args, **settings), halves=True)))
        except UserError as error:
            raise refused(str(error)) from None
        except OSError as error:
            raise refused(f"{str(error.filename)[:_LONGEST]}: {error.strerror}") from None

    answer.__annotations__ = {**tool.__annotations__, "return": str}
    return answer
