"""Monitors that inspect a run and report what is wrong, why, and what to change."""
