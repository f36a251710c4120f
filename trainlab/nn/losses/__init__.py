"""One file a component: every losse that a config can name."""
