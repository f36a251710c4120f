"""Ensembles: several trained networks that answer as one."""
