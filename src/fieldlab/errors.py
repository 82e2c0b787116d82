"""The one exception a user's mistake may end in."""


class InputError(ValueError):
    """Bad input: one line that names the key or file, what is wrong with it and what would be right.

    The command line prints that line and exits with 2, without a traceback.
    """
