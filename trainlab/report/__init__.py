"""Run folders in; tables, curves and pages out. Reads through `store` only."""
