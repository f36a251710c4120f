"""`trainlab fix`: tries the suggested patches of a run's findings in real runs and keeps what measurably helps."""
