"""Fetch a file from the web: whole, or not at all, and given up soon where there is no network."""

import hashlib
import http.client
from contextlib import suppress
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from atlas._system.progress import Show, unseen
from atlas.errors import AtlasError

ANSWER_TIMEOUT = 4.0
"""Seconds without an answer of the server after which there is taken to be no network."""

DOWNLOAD_TIMEOUT = 10.0
"""Seconds without a byte after which a download is given up."""

BLOCK = 2**20
"""Bytes between two steps of the progress."""


class DownloadError(AtlasError):
    """Why a file could not be fetched; the message holds the reason alone, and no place of ours."""


def download(
    url: str, path: Path, digest: str = "", algorithm: str = "sha256", show: Show = unseen
) -> None:
    """Download a file; its folder is made if it is missing, and stays if the file comes.

    Args:
        url: where it is; http or https.
        path: the file, which is replaced when all of it has come.
        digest: how that of its content must begin, in hexadecimal.
        algorithm: of the digest, as ``hashlib`` calls it.
        show: shows the progress of a name, a total and a unit.

    Raises:
        DownloadError: when it cannot be had or written, or is another file.
    """
    missing = [folder for folder in path.parents if not folder.exists()]  # the deepest first
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent) as beside:
            part = Path(beside) / path.name
            _receive(url, part, show)
            with part.open("rb") as file:
                found = hashlib.file_digest(file, algorithm).hexdigest()
            if not found.startswith(digest):
                raise DownloadError(
                    f"what came is damaged or another file: its {algorithm} is {found[:8]}..., not "
                    f"{digest[:8]}..."
                )
            part.replace(path)
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(reason(error)) from error
    finally:
        for folder in missing:
            with suppress(OSError):  # which is not empty
                folder.rmdir()


def _receive(url: str, path: Path, show: Show) -> None:
    """Write what lies at an address. Raises OSError or HTTPException when not all of it comes."""
    with _answer(url) as answer, path.open("wb") as file:
        length = answer.length
        with (
            show("download", length and -(-length // BLOCK), "MiB") as progress,
            suppress(IncompleteRead),
        ):
            while block := answer.read(BLOCK):
                file.write(block)
                progress(1)
        size = file.tell()
    if length is not None and size < length:
        raise ConnectionError(f"cut off after {size:,} of {length:,} bytes")


def _answer(url: str) -> HTTPResponse:
    """The answer of a server. Raises OSError or HTTPException when none comes in time.

    Asked for in a thread of its own: to look up a name has no timeout, and to connect has one for
    each of its addresses.
    """
    answers: SimpleQueue[HTTPResponse | Exception] = SimpleQueue()

    def ask() -> None:
        request = Request(url, headers={"User-Agent": "atlas"})
        try:
            answers.put(urlopen(request, timeout=DOWNLOAD_TIMEOUT))
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


def reason(error: Exception) -> str:
    """What went wrong with a download, in words that name no place of this machine."""
    cause = getattr(error, "reason", error)  # what a URLError wraps
    words = " ".join(str(getattr(cause, "strerror", None) or cause).split())
    if getattr(cause, "filename", None) is not None:
        return f"the cache folder cannot be written ({words.lower()})"
    return words or type(cause).__name__
