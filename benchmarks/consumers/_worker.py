"""Runs files in one consumer, in the consumer's environment: python _worker.py CONSUMER.py FILE.onnx ..."""

import importlib.util
import json
import sys

sys.path.pop(0)  # this folder: its files have the names of the packages that they import

import numpy as np


def differing(want, got):
    """`right`, or the first output that differs."""
    probability = want.get("probability", want.get("votes", want.get("score")))
    for name, expected in want.items():
        if name not in got:
            return f"output {name} is missing; there are {sorted(got)}"
        found = np.asarray(got[name])
        if found.size != expected.size:
            return f"{name} has shape {found.shape} instead of {expected.shape}"
        found = found.reshape(expected.shape)
        if name == "prediction" and expected.dtype.kind == "i":
            clear = np.ones(expected.shape, bool)
            if probability is not None and expected.ndim == 2:
                clear = np.abs(probability - 0.5) > 1e-6
            elif probability is not None and "votes" not in want:
                top = np.sort(probability, axis=1)
                clear = top[:, -1] - top[:, -2] > 1e-6
            wrong = int(np.count_nonzero((found != expected) & clear))
            if wrong:
                return f"{wrong} of {expected.size} classes differ"
            continue
        limit = 1e-5 * (1 if name == "probability" else max(1.0, float(np.abs(expected).max())))
        gap = float(np.max(np.abs(found.astype(np.float64) - expected)))
        if not gap <= limit:
            return f"{name} differs by {gap:.2g}"
    return "right"


def main():
    """Prints ANSWER and the answer as JSON, for each file."""
    spec = importlib.util.spec_from_file_location("consumer", sys.argv[1])
    consumer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(consumer)
    for file in sys.argv[2:]:
        want = dict(np.load(file.removesuffix(".onnx") + ".npz"))
        x = want.pop("x")
        try:
            answer = differing(want, consumer.run(file, x, list(want)))
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            answer = f"{type(error).__name__}: {lines[-1] if len(lines) < 3 else lines[0]}"[:160]
        print("ANSWER", json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
