"""One file a component: every regularizer that a config can name."""
