"""What the settings of the backend `torch` say where PyTorch is not asked for, or not there."""

import numpy as np
import pytest

from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.engine import selection
from trainlab.engine.torch import backend
from trainlab.training.experiment import read_plain


@pytest.mark.parametrize("setting", [{"device": "cuda"}, {"compile": True}, {"dtype": "bfloat16"}])
def test_settings_of_pytorch_need_its_engine(setting):
    """They would do nothing elsewhere."""
    with pytest.raises(ConfigError, match="needs `engine: torch`"):
        read_plain({"data": {"name": "digits"}, "train": setting}, source="c")
    read_plain({"data": {"name": "digits"}, "train": {**setting, "engine": "torch"}}, source="c")


def test_without_pytorch_the_engine_is_refused(monkeypatch):
    """The message names the package."""
    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'trainlab\[torch\]'"):
        selection.select("torch", np.dtype("float32"))


def test_a_gpu_is_mentioned_where_it_would_gain(monkeypatch):
    """By `auto`, for a large step, on a machine that has one."""
    monkeypatch.setattr(selection, "has_gpu", lambda: True)
    assert "train.engine=torch may be faster" in selection.gpu_hint("auto", 2e9)
    assert selection.gpu_hint("auto", 1e6) == selection.gpu_hint("numpy", 2e9) == ""
    monkeypatch.setattr(selection, "has_gpu", lambda: False)
    assert selection.gpu_hint("auto", 2e9) == ""
