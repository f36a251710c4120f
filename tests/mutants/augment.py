"""Formulas of `trainlab/data/augment`, each damaged once: (file, what stands there, what it becomes)."""

_A = "trainlab/data/augment"

TESTS = ["tests/data/test_augment.py"]
MUTANTS = [
    (f"{_A}/_places.py", "places % side", "places % (side - 1)"),
    (f"{_A}/_places.py", "np.abs(side - 1 - np.abs(places))", "np.abs(side - np.abs(places))"),
    (f"{_A}/_places.py", 'if outside == "zero"', 'if outside == "edge"'),
    (f"{_A}/_places.py", "round(length * side) if length < 1", "round(length * side) if length < 0"),
    (f"{_A}/flip.py", "< self.chance", "> self.chance"),
    (f"{_A}/flip.py", "x[chosen, :, ::-1] if", "x[chosen, ::-1, ::-1] if"),
    (f"{_A}/crop.py", "(-self.pad, self.pad,", "(0, self.pad,"),
    (f"{_A}/crop.py", "self.pad >= min", "self.pad > min"),
    (f"{_A}/shift.py", "endpoint=True", "endpoint=False"),
    (f"{_A}/noise.py", "noise *= self.std", "noise *= self.std**2"),
    (f"{_A}/color_jitter.py", "1 + self.contrast * c", "1 + self.contrast"),
    (f"{_A}/color_jitter.py", "x += self.brightness * b", "x *= 1 + self.brightness * b"),
    (f"{_A}/color_jitter.py", "x.mean(axis=3, keepdims=True)", "x.mean(axis=(1, 2, 3), keepdims=True)"),
    (f"{_A}/color_jitter.py", "    x += middle", "    x -= middle"),
    (f"{_A}/cutout.py", "hole & covered", "hole | covered"),
    (f"{_A}/cutout.py", "place < start + size", "place <= start + size"),
    (f"{_A}/cutout.py", "- size // 2", ""),
    (f"{_A}/mixup.py", "other *= 1 - share", "other *= share * share"),
    (f"{_A}/mixup.py", "rng.beta(self.alpha, self.alpha, len(x))", "rng.random(len(x))"),
    (f"{_A}/mixup.py", "for a in (x, t)", "for a in (x,)"),
]
