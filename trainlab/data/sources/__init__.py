"""One file a component: every source that a config can name."""
