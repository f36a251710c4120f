"""What pytest is to leave alone: the makers of golden numbers need torch, and the lists of mutants hold no tests."""

collect_ignore_glob = ["golden/*.py", "mutants/*.py"]
