"""Train set."""

from toybox import Count, Toy

from trainlab.core.component import setting


class TrainSet(Toy, name="train_set"):
    """Goes in circles."""

    cars: Count = setting("how many behind the engine")
    driver: Toy | None = setting(None, "who sits in the engine")
    cargo: list[Toy] = setting([], "what it carries")
