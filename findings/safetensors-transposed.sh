#!/usr/bin/env bash
# safetensors, NumPy: a transposed array comes back with other numbers in its places.
#
# Guess:     save_file copies a transposed or strided array into order, or refuses it.
# Behaviour: it writes the bytes of the memory as they lie, with the shape of the view. No error, no warning.
#            A transposed 2 x 3 array keeps its shape (3, 2), but element [0, 1] of 3.0 comes back as 1.0;
#            every third number of 0..9 comes back as 0, 1, 2, 3. A big-endian array comes back right.
# Cure:      numpy.ascontiguousarray before saving.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.4.6 safetensors==0.8.0
env/bin/python - <<'PY'
import numpy as np
from safetensors.numpy import load_file, save_file

a = np.arange(6, dtype=np.float32).reshape(2, 3)
save_file({"transposed": a.T, "strided": np.arange(10)[::3], "big": a.astype(">f4")}, "a.safetensors")
got = load_file("a.safetensors")
print("saved", a.T.tolist(), "read", got["transposed"].tolist())
print("saved", np.arange(10)[::3].tolist(), "read", got["strided"].tolist())
assert got["transposed"].tolist() == [[0, 1], [2, 3], [4, 5]] != a.T.tolist()
assert got["strided"].tolist() == [0, 1, 2, 3]
assert got["big"].tolist() == a.tolist()
PY
echo "as described"
