"""The cases of the layers' contract tests lie in tests/nn."""

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "nn"))

collect_ignore = [] if find_spec("torch") else ["second_device.py"]  # a device of PyTorch's
