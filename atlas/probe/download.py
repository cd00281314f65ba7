"""A download that is given up soon where there is no network, and is whole or an error."""

import hashlib
from contextlib import suppress
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

from atlas._system.progress import Show

ANSWER_TIMEOUT = 4.0
"""Seconds without an answer of the server after which there is taken to be no network."""

DOWNLOAD_TIMEOUT = 10.0
"""Seconds without a byte after which a download is given up."""

BLOCK = 2**20
"""Bytes between two steps of the progress."""


def download(url: str, path: Path, md5: str, show: Show) -> None:
    """Write what lies at an address to a file, of which the MD5 is known in hexadecimal.

    ``show`` shows the progress of a name, a total and a unit. Raises OSError or HTTPException when
    there is no answer, or what comes is cut off or another file; ``path`` may then hold a part.
    """
    digest = hashlib.md5(usedforsecurity=False)
    with _answer(url) as answer, path.open("wb") as file:
        length = answer.length
        with (
            show("download", length and -(-length // BLOCK), "MiB") as progress,
            suppress(IncompleteRead),
        ):
            while block := answer.read(BLOCK):
                digest.update(block)
                file.write(block)
                progress(1)
        size = file.tell()
    if length is not None and size < length:
        raise ConnectionError(f"cut off after {size:,} of {length:,} bytes")
    if digest.hexdigest() != md5:
        raise ConnectionError("what came is damaged, or another file: it has not the right MD5")


def _answer(url: str) -> HTTPResponse:
    """The answer of a server. Raises OSError or HTTPException when none comes in time.

    Asked for in a thread of its own: to look up a name has no timeout, and to connect has one for
    each of its addresses.
    """
    answers: SimpleQueue[HTTPResponse | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(urlopen(url, timeout=DOWNLOAD_TIMEOUT))
        except Exception as error:
            answers.put(error)

    Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_TIMEOUT)
    except Empty:
        raise TimeoutError(f"no answer within {ANSWER_TIMEOUT:g} seconds") from None
    if isinstance(answer, HTTPError):
        answer.close()  # it holds the connection
        raise ConnectionError(f"the server answers {answer.code} {answer.reason}")
    if isinstance(answer, Exception):
        raise answer
    return answer
