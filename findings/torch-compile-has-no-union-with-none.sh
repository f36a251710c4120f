#!/usr/bin/env bash
# PyTorch: torch.compile says that `list | None` raises a TypeError, which it does not in Python.
# Guess: `isinstance(w, list | None)` traces like `isinstance(w, (list, type(None)))`. What happens: with fullgraph=True
# it is an error, "unsupported operand type(s) for |: 'type' and 'NoneType'"; without it, the graph breaks there without
# a word, and the rest runs in Python. `list | float` traces. Write the tuple, or `w is None or isinstance(w, list)`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet torch==2.13.0 numpy==2.4.6
cat > case.py <<'PY'
import torch


def with_union(x, w):
    return 2 * x if isinstance(w, list | None) else x


def with_tuple(x, w):
    return 2 * x if isinstance(w, (list, type(None))) else x


def with_other_union(x, w):
    return 2 * x if isinstance(w, list | float) else x


def told(f):
    try:
        return torch.compile(f, fullgraph=True, backend="eager")(torch.ones(1), [1.0]).item()
    except Exception as error:
        return next(line for line in str(error).splitlines() if "TypeError" in line).strip()


print(f"PyTorch {torch.__version__}: Python gives {with_union(torch.ones(1), [1.0]).item()}; compiled:")
found = [told(f) for f in (with_union, with_tuple, with_other_union)]
for name, result in zip(("list | None", "(list, type(None))", "list | float"), found):
    print(f"  isinstance(w, {name}): {result}")
raise SystemExit(not ("unsupported operand" in str(found[0]) and found[1:] == [2.0, 2.0]))
PY
environment/bin/python case.py
