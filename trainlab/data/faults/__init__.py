"""One file a component: every fault that a config can name."""
