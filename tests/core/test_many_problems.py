"""A config with thousands of problems, and requests for endless work, are answered at once."""

import time

import pytest
from pydantic import ValidationError

from trainlab.core.component import make
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.optim.schedules.cosine_restarts import CosineRestarts
from trainlab.search.distributions.log import Log
from trainlab.search.distributions.normal import Normal
from trainlab.search.distributions.uniform import Uniform
from trainlab.store.writing import write_output
from trainlab.training.experiment import read


def test_twenty_thousand_problems(tmp_path):
    """In one line of 40 KB: each quotes a part of the line, and 200 are shown."""
    path = tmp_path / "c.yaml"
    path.write_text(f"data: {{name: digits, preprocess: [{'0,' * 20_000}0]}}\n")
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert time.process_time() - began < 15  # it took minutes
    lines = str(caught.value).splitlines()
    assert lines[-2:] == ["and 800 more", "1000 problems"]
    assert max(map(len, lines)) < 250


def test_restarts_without_an_end():
    """Each restart is a snapshot: a period of nothing would make more than any disk holds."""
    with pytest.raises(UserError, match="more than 10,000 restarts; make `period` longer"):
        CosineRestarts(period=1e-9).snapshots(1.0)
    assert len(CosineRestarts(period=1.0).snapshots(100)) == 100


@pytest.mark.parametrize(
    ("cls", "settings"),
    [
        (Uniform, {"range": [-1e308, 1e308]}),
        (Log, {"range": [1e-308, 1.0]}),
        (Log, {"range": [1e-3, 1e308]}),
        (Normal, {"params": [0.0, 1e-300]}),
    ],
)
def test_ranges_beyond_what_floats_can_do(cls, settings):
    """Their width would be infinite, or zero."""
    with pytest.raises(ValidationError):
        cls(**settings)


@pytest.mark.parametrize(("low", "high"), [(1e-30, 1e30), (3.0, 3.0000000000000004)])
def test_the_widest_and_the_narrowest_range(low, high):
    """Values stay inside."""
    for cls in (Uniform, Log):
        assert all(low <= cls(range=[low, high]).at(u) <= high for u in (0.0, 0.3, 0.999))


def test_more_layers_than_anybody_trains():
    """A thousand are enough."""
    from trainlab.nn.model import Model

    with pytest.raises(ValidationError):
        make(Model, "mlp", hidden=[1] * 1001)


@pytest.mark.parametrize("text", ["? " * 50_000, "a: " * 100_000, "- " * 100_000, "[" * 100_000, "{" * 100_000])
def test_yaml_that_is_nested_without_an_end(tmp_path, text):
    """PyYAML's parser calls itself for each level."""
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError):
        read(path)


def test_an_output_that_is_a_link_to_itself(tmp_path):
    """There is no file that it could mean."""
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UserError):
        write_output(tmp_path / "loop", b"x")
