#!/usr/bin/env bash
# PyArrow's CSV reader: a column of texts like 0x10 is a column of numbers, and a plus sign makes integers floats.
#
# Guess:     0x10 is text; +1 is the integer 1, or text.
# Behaviour: 0x10, 0xff become the integers 16, 255 (identifiers, colors and hashes of hexadecimal digits with this
#            prefix turn into numbers); +1, 2 become the floats 1.0, 2.0. pandas' own reader leaves 0x10 as text.
# Cure:      column_types for such columns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyarrow==26.0.1
env/bin/python - <<'PY'
import io

import pyarrow as pa
from pyarrow import csv

got = csv.read_csv(io.BytesIO(b"color,change\n0x10,+1\n0xff,2\n"))
print(got.schema.types, got.to_pydict())
assert got.schema.types == [pa.int64(), pa.float64()]
assert got.to_pydict() == {"color": [16, 255], "change": [1.0, 2.0]}
PY
echo "as described"
