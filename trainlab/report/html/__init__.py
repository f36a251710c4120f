"""Pages of runs and sweeps: one HTML file each, with everything in it, that asks nobody for anything."""
