"""The finished site on this machine's own address, for a look before it is published."""

import os
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

from atlas._system.streams import tell
from atlas.errors import AtlasError, UsageError
from atlas.render.address import rooted

HOST = "127.0.0.1"


class SiteHandler(SimpleHTTPRequestHandler):
    """Serves a folder and nothing outside it; what is not there gets the site's own 404 page."""

    def handle(self) -> None:
        """Answer what one browser asks; that it leaves in the midst is no fault."""
        with suppress(ConnectionError):
            super().handle()

    def send_head(self) -> BinaryIO | None:
        """Find the file of an address, unless the address or a link leads out of the site."""
        site = Path(self.directory).resolve()
        try:
            inside = Path(self.translate_path(self.path)).resolve().is_relative_to(site)
        except (OSError, RuntimeError, ValueError):  # links in a circle, NUL
            inside = False
        if not inside:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def list_directory(self, path: str | os.PathLike[str]) -> None:
        """Show no list of a folder that has no page, as hosts show none."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def page_for_nothing(self, page: Path) -> bytes:
        """The page for what is not there, with links to this server, whatever address it has."""
        text = page.read_bytes().decode("utf-8", "surrogateescape")
        return rooted(text, "/").encode("utf-8", "surrogateescape")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with 404.html where there is nothing."""
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            return super().send_error(code, message, explain)
        body = self.page_for_nothing(page)
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def serve(site: Path, port: int) -> None:
    """Serve the site until interrupted.

    Raises AtlasError when there is no site or the port is taken, UsageError for no port at all.
    """
    if not (site / "index.html").is_file():
        raise AtlasError(f"{site} holds no site; 'atlas build' makes it")
    if not 0 <= port < 65536:
        raise UsageError(f"port {port} is not in 0..65535")
    try:
        server = ThreadingHTTPServer((HOST, port), partial(SiteHandler, directory=str(site)))
    except OSError as error:
        raise AtlasError(f"port {port} cannot be used ({error.strerror}); try --port") from None
    with server:
        tell(f"http://{HOST}:{server.server_port}/ (Ctrl-C ends it)")
        server.serve_forever()
