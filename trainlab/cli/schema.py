"""`trainlab schema`: what a config may hold, for editors."""

from trainlab.cli import _terminal


def schema() -> None:
    """Print the JSON Schema of a config: editors complete and check with it.

    Put it beside a config whose first line is `# yaml-language-server: $schema=trainlab.schema.json`.

    Examples:
        trainlab schema > trainlab.schema.json
    """
    from trainlab.core.schema import json_schema
    from trainlab.search.experiment import SweepExperiment

    _terminal.emit(json_schema(SweepExperiment))
