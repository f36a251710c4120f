"""The toyshop's modules are found by their components' names, not collected as tests."""

collect_ignore_glob = ["toyshop/*"]
