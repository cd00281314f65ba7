"""Errors a user can cause. Each message is one line: what, where, what to do."""


class AtlasError(Exception):
    """Something a user can mend; the command line prints its message and exits with 1."""


class UsageError(AtlasError):
    """A wrong option or setting; the command line prints its message and exits with 2."""
