"""One file a component: every optimizer that a config can name."""
