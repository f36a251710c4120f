"""A tune as text: a line in an overview, and its story step by step."""

from trainlab.report.text import clean, counted, number
from trainlab.report.tune_record import Step, TuneRecord


def tune_line(tune: TuneRecord) -> str:
    """How a tune stands: its state, the winner's score, the test rows, how many networks were trained."""
    parts = [tune.state]
    if tune.problem:
        return f"{tune.name}: {tune.problem}"
    if winner := tune.winner:
        seeds = counted(len(winner["scores"]), "seed")
        parts.append(f"{tune.metric} {number(winner['mean'])} over {seeds}, {winner['trial']}")
    parts += [f"test {name} {number(value)}" for name, value in list(tune.tested.items())[:1]]
    parts.append(counted(tune.networks, "network"))
    return f"{tune.name}: {'; '.join(parts)}"


def step_text(step: Step) -> str:
    """A step as lines: its title with the verdict, and its sentences below."""
    title, verdict = str(step.get("title") or step["step"]), step.get("verdict")
    head = f"{title}: {verdict}" if verdict else title
    return "\n".join([clean(head), *(f"  {clean(str(line))}" for line in step.get("text", ()))])


def story(tune: TuneRecord) -> str:
    """All steps that are over, in their order."""
    return "\n".join([*map(step_text, tune.steps.values()), *([tune.problem] if tune.problem else [])])
