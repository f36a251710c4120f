"""One file a component: every model that a config can name."""
