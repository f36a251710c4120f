"""One file a component: every preprocessor that a config can name."""
