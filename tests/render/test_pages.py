"""The pages in a real browser: what loads, what keys do, what remains without JavaScript."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser
from support.browsing import block_heads, opened, show_all_images
from support.hostile_run import make_hostile_run
from support.run_fixture import LAYERS, make_run
from support.serving import serving

from atlas.render.site import render

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
        assert page.locator(".large img").evaluate(rendering) == "pixelated"
        assert page.locator(".film img").first.evaluate(rendering) == "pixelated"


def test_arrow_keys_go_to_the_neighbors(browser: Browser, bases: dict[str, str]) -> None:
    with opened(browser) as page:
        page.goto(bases["file"] + "layers/inception4a.html")
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**/layers/inception5b.html")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**/layers/inception4a.html")
        page.goto(bases["file"] + "units/inception4a/0000.html")
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**/units/inception4a/0001.html")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**/units/inception4a/0000.html")


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
        page.locator("#goto-said", has_text="Nothing is found").wait_for()
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
        page.locator("#goto-said", has_text="units 0 to 11").wait_for()


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
        picture, slider = page.locator(".large img"), page.get_by_label("Stage of the growth")
        final = picture.get_attribute("src") or ""
        slider.fill("0")
        assert "stage0" in (picture.get_attribute("src") or "")
        assert page.locator(".stage-shown").inner_text().startswith("28 × 28 pixels")
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
        first = page.locator(".large img").get_attribute("src") or ""
        assert "stage0" in first
        page.clock.run_for(10_000)
        assert page.locator(".large img").get_attribute("src") == first


def test_a_comparison_chosen_in_the_page_survives_in_its_address(
    browser: Browser, bases: dict[str, str]
) -> None:
    with opened(browser) as page:
        for base in ("/repo/", "file"):
            page.goto(bases[base] + "compare.html")
            page.locator(".chips").get_by_text("4a", exact=True).click()
            page.locator(".chips").get_by_text("5b", exact=True).click()
            page.get_by_label("A unit to compare").fill("conv1 2")
            page.keyboard.press("Enter")
            address = page.url
            for _ in range(2):
                page.locator(".card-unit").wait_for()
                heads = block_heads(page)
                assert heads == ["inception4a", "inception5b"]
                assert page.locator(".card-unit h3 a").all_inner_texts() == ["conv1 2"]
                page.goto(address)  # as somebody else would who was sent it


def test_everything_can_be_read_without_javascript(browser: Browser, bases: dict[str, str]) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(bases["file"] + "compare.html")
        assert page.locator(".block:visible").count() == 3
        assert page.locator(".block img:visible").count() == 9
        assert not page.locator(".chooser").is_visible()
        page.goto(bases["file"] + "layers/inception4a.html")
        assert page.locator("table.units tbody tr:visible").count() == 12
        assert not page.locator(".filter").is_visible()
        page.goto(bases["file"] + "units/inception4a/0000.html")
        assert page.locator(".film img:visible").count() == 4
        assert not page.locator(".player").is_visible()
        assert not page.locator(".goto-open").is_visible()


def test_hostile_names_do_nothing_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    site = tmp_path / "site"
    render(make_hostile_run(tmp_path / "run"), site)
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    with serving(site) as address, opened(browser) as page:
        page.add_init_script("window.hits = 0; window.hit = () => { window.hits += 1; };")
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        for base, chosen in ((f"{site.as_uri()}/", names), (f"{address}/", ["about.html"])):
            for name in chosen:
                page.goto(base + quote(name))
                assert page.evaluate("hits") == 0, name
            page.keyboard.press("/")
            page.keyboard.type("<b>9")
            page.keyboard.press("Enter")
            page.locator("#goto-said", has_text="<img src=x onerror=hit()>").wait_for()
            assert page.evaluate("hits") == 0


@pytest.mark.parametrize("base", ["file", "/repo/"])
def test_the_policy_of_a_page_stops_what_might_get_into_it(
    base: str, browser: Browser, bases: dict[str, str], site: Path
) -> None:
    page_file = site / "injected.html"
    inside = (
        "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
        "<p id=styled style='color: red'><style>#styled { color: red }</style>"
        "<script src='http://127.0.0.1:9/x.js'></script><script src='data:,window.hit=1'></script>"
        "<base href='http://127.0.0.1:9/'><iframe src='about.html'></iframe>"
    )
    text = (site / "about.html").read_text("utf-8").replace("<h1>", f"{inside}<h1>")
    page_file.write_text(text, "utf-8")
    context = browser.new_context()
    try:
        page = context.new_page()
        loaded: list[str] = []
        refused: dict[str, str | None] = {}
        page.on("requestfinished", lambda request: loaded.append(request.url))
        page.on("requestfailed", lambda request: refused.update({request.url: request.failure}))
        page.goto(bases[base] + "injected.html")
        assert page.evaluate("window.hit") is None
        color = page.locator("#styled").evaluate("element => getComputedStyle(element).color")
        assert color != "rgb(255, 0, 0)"
        assert page.evaluate("document.baseURI").endswith("/injected.html")
        assert refused["http://127.0.0.1:9/x.js"] == "csp"
        assert not [url for url in loaded if url.endswith(("about.html", "hit=1"))]
        # The page's own script and style still work.
        page.keyboard.press("/")
        assert page.locator("#goto").is_visible()
    finally:
        context.close()
        page_file.unlink()
