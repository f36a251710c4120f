"""One file a component: every augment that a config can name."""
