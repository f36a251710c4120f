"""Overrides into a table with free keys: the path of a sweep's setting has dots of its own."""

from trainlab.search.experiment import read_plain

PLAIN = {"data": "moons", "sweep": {"space": {"optimizer.lr": {"log": [0.001, 0.1]}}}}


def test_a_new_path_of_a_space_is_one_key():
    """`sweep.space.model.dropout` adds a setting, `sweep.space.optimizer.lr` replaces one, and so does a part of it."""
    space = read_plain(
        PLAIN,
        {
            "sweep.space.model.dropout": {"uniform": [0.0, 0.5]},
            "sweep.space.optimizer.lr": {"log": [0.01, 1.0]},
            "sweep.space.optimizer.lr.range": [0.01, 2.0],
            "sweep.space.model.activation": "tanh",
        },
    ).value.sweep.space
    assert list(space) == ["optimizer.lr", "model.dropout", "model.activation"]
    assert space["optimizer.lr"].range == [0.01, 2.0]
    assert space["model.dropout"].range == [0.0, 0.5]
    assert space["model.activation"] == "tanh"


def test_a_space_can_be_begun_by_an_override():
    """Where the config has no sweep at all, an override begins one."""
    sweep = read_plain({"data": "moons"}, {"sweep.space.optimizer.lr": "auto"}).value.sweep
    assert sweep.space == {"optimizer.lr": "auto"}
