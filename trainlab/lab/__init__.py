"""What people do with experiments: one run, sweeps, ensembles, fixes."""
