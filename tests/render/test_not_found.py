"""The page for what is not there works at whatever depth and address a host shows it."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from support.browsing import Browser, wait_until
from support.run_fixture import make_run

from atlas.render.serve import SiteHandler
from atlas.render.site import render
from atlas.run.folder import Run


class Host(SiteHandler):
    """A host that has the site in a folder of its own, as GitHub Pages has."""

    prefix = "/"

    def translate_path(self, path: str) -> str:
        inside = path.removeprefix(self.prefix)
        return super().translate_path(f"/{inside}" if inside != path else "/elsewhere/nothing")

    def page_for_nothing(self, page: Path) -> bytes:
        return page.read_bytes()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(
    scope="module",
    params=[None, "https://example.org/atlas/"],
    ids=["address unknown", "known"],
)
def site(
    request: pytest.FixtureRequest, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    render(run, folder, base_url=request.param)
    return folder


@pytest.fixture(params=["/", "/atlas/", "/a/b/"])
def address(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    kind = type("Here", (Host,), {"prefix": request.param})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(kind, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with server:
        yield f"http://127.0.0.1:{server.server_port}{request.param}"
        server.shutdown()


@pytest.mark.parametrize("missing", ["none.html", "units/conv2/9999.html", "units/a/b/c/"])
def test_its_links_lead_into_the_site_and_its_style_is_there(
    browser: Browser, address: str, missing: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address + missing)
    link = page.get_by_role("link", name="inception4a")
    link.wait_for()
    serif = "getComputedStyle(document.querySelector('h1')).fontFamily.includes('Georgia')"
    wait_until(page, serif)
    link.click()
    page.wait_for_url(address + "layers/inception4a.html")
    assert page.locator("h1").inner_text() == "inception4a"
    context.close()


def test_without_scripts_it_is_readable_and_shows_no_dead_link(
    browser: Browser, site: Path, address: str
) -> None:
    known = "example.org/atlas" in (site / "index.html").read_text()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "units/conv2/9999.html")
    assert page.locator("h1").is_visible()
    box = page.locator("main").bounding_box()
    assert box is not None and box["width"] <= 720
    shown = [link for link in page.locator("a").all() if link.is_visible()]
    assert bool(shown) == known
    assert all((link.get_attribute("href") or "").startswith("/atlas/") for link in shown)
    context.close()


def test_served_here_its_links_work_without_scripts(browser: Browser, site: Path) -> None:
    kind = type("Quiet", (SiteHandler,), {"log_message": Host.log_message})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(kind, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(java_script_enabled=False)
    with server:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/units/conv2/9999.html")
        font = page.locator("h1").evaluate("head => getComputedStyle(head).fontFamily")
        assert "Georgia" in font
        page.get_by_role("link", name="inception4a").click()
        assert page.locator("h1").inner_text() == "inception4a"
        server.shutdown()
    context.close()
