"""Writes the small tables of the examples labels.yaml, levels.yaml and numbers.yaml: made up, from a fixed seed.

python configs/tables/make.py
"""

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
ROWS = 400


def write(name: str, columns: dict) -> None:
    """NAME.csv with these columns."""
    with (HERE / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))


def labels(rng: np.random.Generator) -> None:
    """Holiday pictures by three measurements; each has any number of tags."""
    bright, blue, green = (rng.uniform(0, 1, ROWS).round(2) for _ in range(3))
    strengths = {"sea": 8 * blue - 5, "forest": 9 * green - 4 * bright - 3, "night": 4 - 12 * bright}
    tags = {tag: (at + rng.logistic(size=ROWS) > 0).astype(int) for tag, at in strengths.items()}
    write("labels", {"bright": bright, "blue": blue, "green": green, **tags})


def levels(rng: np.random.Generator) -> None:
    """Flats, and what their tenants say of them: one of four levels."""
    size, floor = rng.integers(20, 120, ROWS), rng.integers(0, 9, ROWS)
    traffic, lift = rng.lognormal(7, 1, ROWS).round(), rng.integers(0, 2, ROWS)
    liked = 0.05 * size - 0.9 * np.log(traffic) - 0.5 * floor * (1 - lift) + 0.5 * rng.logistic(size=ROWS)
    names = np.array(["poor", "fair", "good", "great"])
    rating = names[np.searchsorted(np.quantile(liked, [0.2, 0.5, 0.85]), liked)]
    write("levels", {"size": size, "floor": floor, "traffic": traffic, "lift": lift, "rating": rating})


def numbers(rng: np.random.Generator) -> None:
    """A robot's arm of two joints: the place of its hand by the angles in degrees."""
    shoulder, elbow = rng.uniform(0, 180, ROWS).round(1), rng.uniform(-90, 90, ROWS).round(1)
    a, b = np.radians(shoulder), np.radians(shoulder + elbow)
    x, y = 40 * np.cos(a) + 30 * np.cos(b), 40 * np.sin(a) + 30 * np.sin(b)
    place = [(v + rng.normal(0, 0.5, ROWS)).round(1) for v in (x, y)]
    write("numbers", {"shoulder": shoulder, "elbow": elbow, "x": place[0], "y": place[1]})


if __name__ == "__main__":
    for made, seed in ((labels, 1), (levels, 2), (numbers, 3)):
        made(np.random.default_rng(seed))
