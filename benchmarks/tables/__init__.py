"""The benchmark of tables: its peers, in an environment of their own, and its sums."""
