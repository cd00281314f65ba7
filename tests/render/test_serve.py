"""The served site is for this machine alone, and nothing but the site."""

import http.client
import queue
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from atlas.render import serve


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where a site is served, beside which lies what nobody may see."""
    site = tmp_path / "site"
    (site / "units").mkdir(parents=True)
    (site / "index.html").write_text("<h1>Atlas</h1>")
    (site / "units" / "1.html").write_text("<h1>Unit</h1>")
    (tmp_path / "site-notes").mkdir()
    for place in (tmp_path / "secret.txt", tmp_path / "site-notes" / "secret.txt"):
        place.write_text("secret")
    (site / "link.txt").symlink_to(tmp_path / "secret.txt")
    (site / "linked").symlink_to(tmp_path / "site-notes")
    (site / "circle").symlink_to(site / "circle")
    (site / "inside.html").symlink_to("units/1.html")
    started: queue.Queue[ThreadingHTTPServer] = queue.Queue()

    class Watched(ThreadingHTTPServer):
        def serve_forever(self, poll_interval: float = 0.01) -> None:
            started.put(self)
            super().serve_forever(poll_interval)

    monkeypatch.setattr(serve, "ThreadingHTTPServer", Watched)
    monkeypatch.setattr(serve.SiteHandler, "log_message", lambda *_: None)
    thread = threading.Thread(target=serve.serve, args=(site, 0))
    thread.start()
    server = started.get(timeout=60)
    yield server.server_port
    server.shutdown()
    thread.join()


def get(port: int, path: str) -> tuple[int, str]:
    """Ask for a path exactly as it is written."""
    connection: Any = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("GET", path)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_it_listens_on_this_machines_own_address_alone(port: int) -> None:
    assert get(port, "/")[0] == 200
    # On every other address, of which all of 127/8 are this machine's too, nobody answers.
    for other in ("127.0.0.2", "::1"):
        with pytest.raises(OSError):
            socket.create_connection((other, port), timeout=10)


OUT = ["..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%00"]
SEPARATORS = ["/", "%2f", "%5c", "\\", "//", "%252f", "/./"]


def test_no_path_leads_out_of_the_site(port: int, tmp_path: Path) -> None:
    ways = {f"{lead}{out}{between}{name}"
        for lead in ("/", "//", "/units/../", "/units%2f..%2f", "/./", "")
        for out in OUT
        for between in SEPARATORS
        for name in ("secret.txt", "site-notes/secret.txt", "site-notes")
    }  # fmt: skip
    ways |= {f"/{tmp_path}/secret.txt", f"{tmp_path}/secret.txt", f"file://{tmp_path}/secret.txt"}
    ways |= {
        f"/%2f{str(tmp_path)[1:]}/secret.txt",
        "/~/secret.txt",
        "/link.txt",
        "/linked",
        "/circle",
    }
    ways |= {"/linked/", "/linked/secret.txt", "/units/..;/../secret.txt", "/%ff", "/%00"}
    for way in sorted(ways):
        status, body = get(port, way)
        assert status in (301, 400, 404), way
        assert "secret" not in body.replace(way, ""), way


def test_what_is_in_the_site_is_served(port: int) -> None:
    assert get(port, "/units/1.html") == (200, "<h1>Unit</h1>")
    assert get(port, "/units/../inside.html") == (200, "<h1>Unit</h1>")
    assert get(port, "/units%2f1.html")[0] == 200


def test_where_there_is_no_page_the_one_for_it_is_shown(port: int, tmp_path: Path) -> None:
    (tmp_path / "site" / "404.html").write_text("<h1>None</h1>")
    for path in ("/none.html", "/units/none.html", "/a/b/", "/units/", "/units/?a=b", "/circle"):
        assert get(port, path) == (404, "<h1>None</h1>"), path


def test_a_browser_that_leaves_in_the_midst_leaves_no_traceback(
    port: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = threading.active_count()  # the server's own is among them
    with (tmp_path / "site" / "large.png").open("wb") as large:
        large.truncate(2**26)  # more than lies between two ends of a connection
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as browser:
            browser.sendall(b"GET /large.png HTTP/1.0\r\n\r\n")
            browser.recv(1000)
            # With a reset, not in good order.
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert get(port, "/")[0] == 200
    deadline = time.monotonic() + 60
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert capfd.readouterr().err == ""
