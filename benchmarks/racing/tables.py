"""What a race found, as Markdown: the tables of race.md, and the one that benchmarks/README.md quotes."""

from racing.workloads import WORKLOADS

Row = dict[str, object]
OURS = "trainlab:train"


def table(rows: list[Row]) -> str:
    """Rows as a Markdown table."""
    heads = list(rows[0])
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(str(row[h]) for h in heads) + " |" for row in rows)])


def summary(rows: list[Row]) -> str:
    """One line a workload: trainlab's best, the best peer, and their ratio."""
    lines = ["| workload | trainlab train, us a step | best peer | us a step | ratio |", "|---|---|---|---|---|"]
    for name in _workloads(rows):
        ours, peer = _fastest(rows, name, OURS), _peer(rows, name)
        if ours and peer:
            lines.append(
                f"| {name}: {WORKLOADS[name.split()[0]].title} | {ours['us_per_step']} (`{ours['contender']}`) | "
                f"`{peer['contender']}` | {peer['us_per_step']} | **{peer['ratio_to_trainlab']}** |"
            )
    return "\n".join(lines)


def quoted(rows: list[Row]) -> str:
    """A column a workload: trainlab's best, the best peer, the bare products, and the ratio."""
    names = _workloads(rows)
    lines: dict[str, list[str]] = {f"`{OURS}`": [], "fastest peer": [], "bare products, PyTorch's": [], "**ratio**": []}
    for name in names:
        ours, peer, floor = _fastest(rows, name, OURS), _peer(rows, name), _fastest(rows, name, "floor:torch")
        told = [_us(ours), f"{_us(peer)} (`{peer['contender']}`)" if peer else "", _us(floor)]
        for cells, cell in zip(
            lines.values(), [*told, f"**{peer['ratio_to_trainlab']}**" if peer else ""], strict=True
        ):
            cells.append(cell)
    heads = ["us a step", *names]
    body = [f"| {title} | " + " | ".join(cells) + " |" for title, cells in lines.items()]
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *body])


def _workloads(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(str(row["workload"]) for row in rows))


def _peer(rows: list[Row], name: str) -> Row | None:
    return next((row for row in rows if row["workload"] == name and row["best_peer"]), None)


def _fastest(rows: list[Row], name: str, kind: str) -> Row | None:
    """The fastest contender whose name begins so."""
    some = [row for row in rows if row["workload"] == name and str(row["contender"]).startswith(kind)]
    return min(some, key=lambda row: float(str(row["us_per_step"])), default=None)


def _us(row: Row | None) -> str:
    if row is None:
        return ""
    us = float(str(row["us_per_step"]))
    return f"{us:.1f}" if us < 100 else f"{us:.0f}"
