"""`trainlab schema`: the JSON Schema of a config."""

from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.core.schema import json_schema
from trainlab.search.experiment import SweepExperiment


def schema(
    as_json: Annotated[bool, typer.Option("--json", help="For uniformity: the schema is always JSON.")] = False,
) -> None:
    """Print the JSON Schema of a config, for editors that complete and check it.

    Write it next to a config whose first line is `# yaml-language-server: $schema=trainlab.schema.json`.

    Examples:
        trainlab schema > trainlab.schema.json
    """
    _terminal.emit(json_schema(SweepExperiment))
