"""`python -m trainlab` and the script `trainlab`: the command line."""

import signal


def main() -> None:
    """Run the command line. Ctrl-C while it is loaded ends it as any program, without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from trainlab.cli.main import main as run  # takes half a second, in which people change their minds

    run()


if __name__ == "__main__":
    main()
