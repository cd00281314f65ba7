"""The address a site will have, as far as it must be known to write one."""

import re
from urllib.parse import urlsplit


def site_address(text: str) -> str:
    """Check the address of a site's folder; return it with one slash at its end.

    Raises ValueError, saying what is wanted, for anything else than http or https with a host and
    a plain path: pages are linked by appending to it. Other characters are percent-encoded in an
    address, and a path that begins with two slashes would name another host.
    """
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  raises ValueError where it is no number
    except ValueError:
        parts = None
    if (
        parts is None
        or not re.fullmatch(r"https?://[\w.\-\[\]:]+(/[\w.~!$&()*+,;=:@%\-]+)*/?", text, re.ASCII)
        or not parts.hostname
    ):
        raise ValueError("an address such as https://example.org/atlas/, without ? and #")
    return text.rstrip("/") + "/"
