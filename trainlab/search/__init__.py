"""Sweeps: the same experiment tried with other settings, each trial a run folder and a process of its own."""
