"""Where the trials of a sweep are trained: processes of this machine, or of a cluster's.

A trial is a run folder and a process; what comes back of it is how the process ended, everything else is in the folder.
`execution` is the seam: `Execution.submit` gives a future, as every `concurrent.futures.Executor` does.
"""
