"""Live reports: pages of a folder of runs that refresh themselves during training."""
