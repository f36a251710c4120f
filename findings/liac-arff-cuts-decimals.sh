#!/usr/bin/env bash
# liac-arff: 3.7 in a column of type INTEGER is 3.
#
# Guess:     an error, or 3.7 (Weka reads INTEGER as NUMERIC).
# Behaviour: the decimals are cut off: 3.7 becomes 3 and -3.7 becomes -3. No error, no warning.
# Cure:      read INTEGER as NUMERIC.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check liac-arff==2.5.0
env/bin/python - <<'PY'
import arff

text = "@relation t\n@attribute a integer\n@attribute b numeric\n@data\n3.7,3.7\n-3.7,-3.7\n"
got = arff.loads(text)["data"]
print(got)
assert got == [[3, 3.7], [-3, -3.7]]
PY
echo "as described"
