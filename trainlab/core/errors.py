"""Errors that a user can meet. Each says where, what was found, what is allowed and what to do.

`UserError` is the only base that the command line catches: it prints the message and exits with 2.
Anything else is a bug in trainlab and exits with 1.
"""


class UserError(Exception):
    """Something that the user wrote or named is wrong. The text is the whole message."""


class DataError(UserError):
    """The data cannot be used: the text names the file, the row (1-based, as an editor counts) and the column."""


class ShapeError(UserError):
    """A layer cannot take the shape that it is given. The caller that knows the layer's name sets `layer`."""
