"""What pytest is not to search for tests: the makers of golden numbers need torch, lists of mutants hold none."""

collect_ignore_glob = ["golden/*.py", "mutants/*.py", "conftest.py", "*/conftest.py"]
