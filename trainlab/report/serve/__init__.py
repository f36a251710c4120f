"""The report served while training goes on: pages of a folder of runs that refresh themselves as rows arrive."""
