"""A download brings the whole file, or leaves everything as it was and says why."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from atlas._system import download as downloading
from atlas._system.download import DownloadError, download


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """The address of a server that gives the first who asks this answer."""

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/file"
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_download_brings_the_file_and_makes_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ncontent") as url:
        download(url, path, hashlib.sha256(b"content").hexdigest())
    assert path.read_bytes() == b"content"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncontent", "cut off after 7 of 9 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother", "its sha256 is d9298a10"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "Not Found"),
        (b"no HTTP\r\n", "no HTTP"),
        (b"", "closed connection without response"),
    ],
)
def test_what_does_not_come_whole_leaves_the_file_as_it_was(
    tmp_path: Path, answer: bytes, reason: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with answering(answer) as url, pytest.raises(DownloadError, match=reason):
        download(url, path, hashlib.sha256(b"content").hexdigest())
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_silent_server_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "DOWNLOAD_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(DownloadError, match="timed out"):
            download(url, tmp_path / "file")
    assert not list(tmp_path.iterdir())
