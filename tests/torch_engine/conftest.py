"""The cases of the layers' contract tests lie in tests/nn."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "nn"))
