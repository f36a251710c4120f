#!/usr/bin/env bash
# MLflow with a SQLite store: a NaN metric is the number 0, an infinite one is finite.
#
# Guess:     the column `value` of the table `metrics` is NULL for NaN.
# Behaviour: it is 0.0, and only the column `is_nan` tells; inf becomes 1.7976931348623157e308 with is_nan 0.
#            `latest_metrics` has the same. A reader of `key, value, step` sees a loss that fell to 0.
# Cure:      read `is_nan`, and take +-1.7976931348623157e308 for infinity.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mlflow-skinny==3.17.2 sqlalchemy==2.1.9 alembic==1.18.4
env/bin/python - <<'PY'
import sqlite3

import mlflow

mlflow.set_tracking_uri("sqlite:///store.db")
mlflow.set_experiment("e")
with mlflow.start_run():
    for step, value in enumerate((0.5, float("nan"), float("inf"))):
        mlflow.log_metric("loss", value, step=step)
rows = sqlite3.connect("store.db").execute("select value, step, is_nan from metrics order by step").fetchall()
print(rows)
assert rows == [(0.5, 0, 0), (0.0, 1, 1), (1.7976931348623157e308, 2, 0)]
PY
echo "as described"
