"""Memory and execution: lays out the network, runs the steps, evaluates."""
