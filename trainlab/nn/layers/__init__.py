"""One file a component: every layer that a config can name."""
