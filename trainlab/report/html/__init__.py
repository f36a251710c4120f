"""Pages of runs and sweeps: one self-contained HTML file each."""
