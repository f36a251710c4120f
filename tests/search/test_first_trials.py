"""`sweep.first`: values of the first trials."""

import pytest

from trainlab.core.problem import ConfigError
from trainlab.search.experiment import read_plain
from trainlab.search.space import SearchSpace

SPACE = {"optimizer.lr": {"log": [1e-4, 1e-1]}, "train.batch_size": {"int": [8, 256]}}


def space_of(first: list[dict[str, float]]) -> SearchSpace:
    """The space of a config with these first trials."""
    return SearchSpace(read_plain({"data": "moons", "sweep": {"space": SPACE, "first": first}}))


def test_they_have_the_given_values():
    """What is named is set, even beyond the range; the rest is drawn, and so are the trials after them."""
    space = space_of([{"optimizer.lr": 0.5}])
    one, two = (space.trial(number).values for number in (1, 2))
    assert one["optimizer.lr"] == 0.5
    assert 8 <= one["train.batch_size"] <= 256
    assert two["optimizer.lr"] < 0.1


def test_a_setting_outside_of_the_space_is_an_error():
    """It is named with its place."""
    with pytest.raises(ConfigError, match="this setting is not in the space"):
        space_of([{"optimizer.b1": 0.5}])
