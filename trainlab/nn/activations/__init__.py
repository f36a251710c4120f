"""One file a component: every activation that a config can name."""
