"""The babysitter: monitors that watch a run and say what is wrong, why, and what to change."""
