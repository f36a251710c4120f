"""Where the trials of a sweep are trained: worker processes of this machine (`local`) or of a Dask cluster (`dask`).

Both are a `TrialExecutor`: `submit` takes a job and returns the future of its exit status. All else that a trial did is
in its folder.
"""
