"""One file a component: every schedule that a config can name."""
