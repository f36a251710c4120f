"""One file a component: every init that a config can name."""
