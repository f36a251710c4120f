#!/usr/bin/env bash
# DVCLive: metrics.json and the TSV files of one run do not agree.
#
# Guess:     a metric that is logged twice in a step counts once, and metrics.json has the step of its numbers.
# Behaviour: the TSV holds both rows with the same step. metrics.json holds the value of step 1 beside "step": 0, since the
#            step is written by next_step() only; the value is the float32 number in full digits (0.10000000149011612)
#            where the TSV says 0.1; and infinity is the text "inf" there.
# Cure:      read the TSV, the last row of a step; call next_step() after the last one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check dvclive==3.49.1 numpy==2.4.6
env/bin/python - <<'PY'
import json
import os
from pathlib import Path

import numpy as np

os.environ["DVC_NO_ANALYTICS"] = "1"
from dvclive import Live

with Live("live", save_dvc_exp=False, dvcyaml=None) as live:
    live.log_metric("loss", 9.0)
    live.log_metric("loss", 2.0)
    live.log_metric("top", float("inf"))
    live.next_step()
    live.log_metric("loss", np.float32(0.1))
table = Path("live/plots/metrics/loss.tsv").read_text().split("\n")
summary = json.loads(Path("live/metrics.json").read_text())
print(table, summary)
assert table == ["step\tloss", "0\t9.0", "0\t2.0", "1\t0.1", ""]
assert summary == {"loss": 0.10000000149011612, "top": "inf", "step": 0}
PY
echo "as described"
