"""Errors a user can cause. Each message is one line: what, where, what to do."""


def one_line(text: str) -> str:
    """A text with everything escaped that would end a line or steer a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def reason_of(error: BaseException | str) -> str:
    """What an error of Python or of a library says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


class AtlasError(Exception):
    """Something a user can mend; the command line prints its message and exits with 1.

    Names of files in the message may hold anything: it is one line all the same.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class UsageError(AtlasError):
    """A wrong option or setting; the command line prints its message and exits with 2."""
