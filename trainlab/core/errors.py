"""Errors that a user can meet. Each says where, what was found, what is allowed and what to do.

`UserError` is the only base that the command line catches: it prints the message and exits with 2.
Anything else is a bug in trainlab and exits with 1.
"""

import signal


class UserError(Exception):
    """Something that the user wrote or named is wrong. The text is the whole message."""


class DataError(UserError):
    """The data cannot be used: the text names the file, the row (1-based, as an editor counts) and the column."""


class ShapeError(UserError):
    """A layer cannot take the shape that it is given. The caller that knows the layer's name sets `layer`."""


class Stopped(KeyboardInterrupt):
    """A signal ends the program now. `number`: which one."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(f"stopped by {signal_name(number)}")
        self.number = number

    @property
    def exit_code(self) -> int:
        """What a shell reports of a program that this signal has ended: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number


def signal_name(number: int) -> str:
    """What people call a signal.

    >>> signal_name(2), signal_name(15)
    ('Ctrl-C', 'SIGTERM')
    """
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
