#!/usr/bin/env bash
# pandas: read_csv(decimal=",", thousands=".") takes every point out, wherever it stands: dates become numbers.
#
# Guess:     a point counts where thousands can be (1.234); a date or 1.5 stays a text, as it does with decimal="," alone.
# Behaviour: 31.12.2020 is the integer 31122020, version 1.2.3 is 123, 1.5 is 15, in both engines, without a warning.
# Cure:      dtype=str for columns that are no amounts, or parse_dates with date_format for dates; look at dtypes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pandas==3.1.1
printf 'rent;day;version;share\n1.234,50;31.12.2020;1.2.3;1.5\n950,00;01.02.2021;1.2.4;2.25\n' > flats.csv
env/bin/python - <<'PY'
import pandas as pd

for engine in ("c", "python"):
    rows = pd.read_csv("flats.csv", sep=";", decimal=",", thousands=".", engine=engine)
    print(pd.__version__, engine, rows.values.tolist())
    assert rows["day"].tolist() == [31122020, 1022021], "the behaviour has changed"
    assert rows["version"].tolist() == [123, 124] and rows["share"].tolist() == [15, 225]
PY
echo "as described"
