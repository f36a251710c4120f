"""What pytest is not to search for tests: the makers of golden numbers need torch, lists of mutants hold none.

A shell that runs the tests in the background lets them ignore Ctrl-C, and `nohup` lets them ignore SIGHUP, and every
process that they start; here they hear both, so that tests of interruptions test something.
"""

import signal

collect_ignore_glob = ["golden/*.py", "mutants/*.py", "conftest.py", "*/conftest.py"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
