"""The pages in a real browser: what loads, what keys do, what remains without JavaScript."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright
from run_fixture import LAYERS, make_run

from atlas.render import render

PAGES = (
    "index.html",
    "layers/inception4a.html",
    "units/inception4a/0000.html",
    "units/inception4a/0001.html",
    "compare.html",
    "compare.html?layers=conv1,inception4a&units=conv1:1",
    "findings.html",
    "about.html",
    "404.html",
)
"""One of each type, and those with something to say beside."""

BASES = ("file", "/", "/repo/")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("web")
    # Deep names are long enough to test the narrow page; hostile names are test_render's.
    render(make_run(root / "run", layers=LAYERS[:3]), root / "repo")
    return root / "repo"


@pytest.fixture(scope="module")
def bases(site: Path) -> Iterator[dict[str, str]]:
    with serving(site) as at_root, serving(site.parent) as above:
        yield {"file": f"{site.as_uri()}/", "/": f"{at_root}/", "/repo/": f"{above}/repo/"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = "no Chromium found; install Debian's chromium to run the browser tests"
        if os.environ.get("ATLAS_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def _failure(request: Request) -> str:
    """What failed; nothing where a page was left before an image had come."""
    left = request.failure == "net::ERR_ABORTED"
    return "" if left else f"failed: {request.url} ({request.failure})"


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page that fails the test on any console message, script error or failed request."""
    context = browser.new_context(**options)
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: trouble.append(f"script: {error}"))
    page.on("requestfailed", lambda request: trouble.append(_failure(request)))
    page.on(
        "response",
        lambda answer: trouble.append(f"{answer.status}: {answer.url}" * (answer.status >= 400)),
    )
    yield page
    context.close()
    assert not [what for what in trouble if what]


def show_all_images(page: Page) -> None:
    page.evaluate(
        """Promise.allSettled([...document.images].map((image) => {
            image.loading = "eager";
            return image.decode();
        }))"""
    )


@pytest.mark.parametrize("base", BASES)
def test_pages_load_whole_and_ask_nobody_else(
    base: str, browser: Browser, bases: dict[str, str]
) -> None:
    with opened(browser) as page:
        foreign: list[str] = []
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((bases[base], "data:"))
                else foreign.append(request.url)
            ),
        )
        for name in PAGES:
            page.goto(bases[base] + name)
            show_all_images(page)
            broken = page.evaluate("[...document.images].filter(i => !i.naturalWidth).length")
            assert broken == 0, name
        # The icon at the server's root is what a browser tries when a page names none.
        assert not foreign


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_no_page_sideways(
    script: bool, scheme: Any, browser: Browser, bases: dict[str, str]
) -> None:
    size: Any = {"width": 360, "height": 740}
    options = {"viewport": size, "color_scheme": scheme, "java_script_enabled": script}
    with opened(browser, **options) as page:
        for name in PAGES:
            page.goto(bases["file"] + name)
            box = page.locator("main").bounding_box()
            assert box is not None and box["x"] + box["width"] <= 360, name
            width = page.locator("html").evaluate("html => html.scrollWidth") if script else 360
            assert width <= 360, name


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_jumps_while_a_page_loads(
    width: int, browser: Browser, bases: dict[str, str]
) -> None:
    size: Any = {"width": width, "height": 740}
    with opened(browser, viewport=size) as page:
        for name in ("index.html", "layers/inception4a.html", "units/conv1/0000.html"):
            page.goto(bases["/"] + name)
            show_all_images(page)
            shift = page.evaluate(
                """new Promise((resolve) => {
                    new PerformanceObserver((list) => resolve(
                        list.getEntries().reduce((sum, entry) => sum + entry.value, 0)
                    )).observe({type: "layout-shift", buffered: true});
                    setTimeout(() => resolve(0), 200);
                })"""
            )
            assert shift == 0, name


def test_pictures_stay_crisp_when_enlarged(browser: Browser, bases: dict[str, str]) -> None:
    with opened(browser) as page:
        page.goto(bases["file"] + "units/inception4a/0000.html")
        rendering = "image => getComputedStyle(image).imageRendering"
        assert page.locator("#picture").evaluate(rendering) == "pixelated"
        assert page.locator(".film img").first.evaluate(rendering) == "pixelated"


def test_arrow_keys_go_to_the_neighbors(browser: Browser, bases: dict[str, str]) -> None:
    with opened(browser) as page:
        page.goto(bases["file"] + "layers/inception4a.html")
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**/layers/inception5b.html")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**/layers/inception4a.html")
        page.goto(bases["file"] + "units/conv1/0002.html")
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**/units/inception4a/0000.html")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**/units/conv1/0002.html")


def test_slash_opens_go_to(browser: Browser, bases: dict[str, str]) -> None:
    with opened(browser) as page:
        page.goto(bases["/repo/"] + "about.html")
        page.keyboard.press("/")
        page.keyboard.type("4a 1")
        page.keyboard.press("Enter")
        page.wait_for_url("**/units/inception4a/0001.html")
        page.keyboard.press("/")
        page.keyboard.type("9z")
        page.keyboard.press("Enter")
        assert "No such layer" in page.locator("#goto-answer").inner_text()
        page.keyboard.press("Escape")
        assert not page.locator("#goto").is_visible()


def test_go_to_a_unit_without_a_page_finds_its_row(browser: Browser, bases: dict[str, str]) -> None:
    with opened(browser) as page:
        page.goto(bases["file"] + "index.html")
        page.locator(".goto-open").click()
        page.keyboard.type("inception4a:9")
        page.keyboard.press("Enter")
        page.wait_for_url("**/layers/inception4a.html?unit=9")
        assert page.locator("tr.found td").nth(1).inner_text() == "9"
        page.keyboard.press("/")
        page.keyboard.type("4a 99")
        page.keyboard.press("Enter")
        assert "units 0 to 11" in page.locator("#goto-answer").inner_text()


def test_the_table_sorts_and_filters(browser: Browser, bases: dict[str, str]) -> None:
    with opened(browser) as page:
        page.goto(bases["file"] + "layers/inception4a.html")
        rows = page.locator("table.units tbody tr:visible")

        def column(place: int) -> list[str]:
            return [
                text.strip() for text in rows.locator(f"td:nth-child({place})").all_inner_texts()
            ]

        page.get_by_role("button", name="Max").click()
        values = [float(text) for text in column(6)]
        assert values == sorted(values, reverse=True)
        page.get_by_role("button", name="Unit").click()
        assert column(2) == [str(unit) for unit in range(12)]
        page.get_by_role("button", name="Unit").click()
        assert column(2)[0] == "11"
        page.get_by_label("with a picture").check()
        assert sorted(column(2)) == ["0", "1", "2"]
        page.get_by_label("with a picture").uncheck()
        page.get_by_label("Unit or branch").fill("branch3")
        assert sorted(column(2)) == ["10", "9"]
        page.get_by_label("Unit or branch").fill("")
        page.get_by_label("never active").check()
        assert sorted(column(2)) == ["10", "11"]


def test_the_growth_can_be_stepped_and_played(browser: Browser, bases: dict[str, str]) -> None:
    with opened(browser) as page:
        page.goto(bases["file"] + "units/inception4a/0000.html")
        picture, slider = page.locator("#picture"), page.get_by_label("Stage of the growth")
        final = picture.get_attribute("src") or ""
        slider.fill("0")
        assert "stage0" in (picture.get_attribute("src") or "")
        assert page.locator(".player output").inner_text() == "28 px"
        slider.fill("2")
        page.get_by_role("button", name="Play").click()
        page.get_by_role("button", name="Play").wait_for()  # it is called Pause until the end
        assert (picture.get_attribute("src") or "").endswith(Path(final).name)


def test_nothing_moves_by_itself_with_reduced_motion(
    browser: Browser, bases: dict[str, str]
) -> None:
    with opened(browser, reduced_motion="reduce") as page:
        page.clock.install()
        page.goto(bases["file"] + "units/inception4a/0000.html")
        page.get_by_role("button", name="Next").click()
        first = page.locator("#picture").get_attribute("src") or ""
        assert "stage0" in first
        page.clock.run_for(10_000)
        assert page.locator("#picture").get_attribute("src") == first


def test_a_comparison_chosen_in_the_page_survives_in_its_address(
    browser: Browser, bases: dict[str, str]
) -> None:
    with opened(browser) as page:
        for base in ("/repo/", "file"):
            page.goto(bases[base] + "compare.html")
            page.locator("main").get_by_text("4a", exact=True).click()
            page.locator("main").get_by_text("5b", exact=True).click()
            page.get_by_label("A unit to compare").fill("conv1 2")
            page.get_by_role("button", name="Add").click()
            page.get_by_label("A unit to compare").fill("4a 1")
            page.keyboard.press("Enter")
            address = page.url
            for _ in range(2):
                heads = page.locator("table.compare thead th:visible").all_inner_texts()
                assert heads == ["Rank", "inception4a", "inception5b"]
                units = page.locator(".chosen-units strong").all_inner_texts()
                assert units == ["conv1 2", "4a 1"]
                page.goto(address)  # as somebody else would who was sent it


def test_everything_can_be_read_without_javascript(browser: Browser, bases: dict[str, str]) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(bases["file"] + "compare.html")
        assert page.locator("table.compare thead th:visible").count() == 4
        assert page.locator("table.compare td img:visible").count() == 9
        assert not page.locator(".chooser").is_visible()
        page.goto(bases["file"] + "layers/inception4a.html")
        assert page.locator("table.units tbody tr:visible").count() == 12
        assert not page.locator(".filter").is_visible()
        page.goto(bases["file"] + "units/inception4a/0000.html")
        assert page.locator(".film img:visible").count() == 4
        assert not page.locator(".player").is_visible()
        assert not page.locator(".goto-open").is_visible()


def test_the_wide_table_keeps_its_headers_in_sight(browser: Browser, bases: dict[str, str]) -> None:
    size: Any = {"width": 360, "height": 740}
    with opened(browser, viewport=size) as page:
        page.goto(bases["file"] + "compare.html")
        scroll = page.locator(".compare-scroll")
        scroll.evaluate("element => element.scrollTo(200, 300)")
        frame = scroll.bounding_box()
        corner = page.locator("table.compare thead th").first.bounding_box()
        assert frame is not None and corner is not None
        assert abs(corner["x"] - frame["x"]) < 2 and abs(corner["y"] - frame["y"]) < 2
