"""The tray: units picked on any page stay until they are compared."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from support.browsing import opened, show_all_images
from support.markup import axe_violations
from support.run_fixture import LAYERS, make_run

from atlas.render.site import render

REFUSES = (
    "Object.defineProperty(window, 'localStorage',"
    " {get() { throw new DOMException('no', 'SecurityError'); }})"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tray")
    names = [f"{place}.jpg" for place in range(20)]
    render(make_run(root / "run", photographs=names, layers=LAYERS[:3]), root / "site")
    return root / "site"


def tray(page: Page) -> list[str]:
    return page.locator(".tray-units li").all_inner_texts()


def test_what_is_picked_stays_from_page_to_page_and_is_compared(
    browser: Browser, site: Path
) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/layers/conv1.html")
        assert page.locator(".tray").is_hidden()
        page.get_by_role("button", name="Add conv1 1 to the tray").click()
        assert page.locator(".unseen[role=status]").inner_text() == (
            "conv1 1 added. One unit in the tray."
        )
        page.goto(f"{site.as_uri()}/units/inception4a/0002.html")
        assert tray(page) == ["conv1 1"]
        page.get_by_role("button", name="Add to the tray", exact=True).click()
        assert tray(page) == ["conv1 1", "4a 2"]
        show_all_images(page)
        page.get_by_role("link", name="Compare 2 units").click()
        page.wait_for_url("**/compare.html?units=conv1:1,inception4a:2")
        page.locator(".card-unit").nth(1).wait_for()
        assert page.locator(".tray").is_hidden()  # what is in it is what is shown
        page.get_by_role("button", name="Remove conv1 1").click()
        page.goto(f"{site.as_uri()}/layers/conv1.html")
        assert tray(page) == ["4a 2"]


def test_a_unit_is_taken_out_again_and_the_tray_emptied(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/layers/conv1.html")
        for unit in range(3):
            page.get_by_role("button", name=f"Add conv1 {unit} to the tray").click()
        first = page.get_by_role("button", name="Add conv1 0 to the tray")
        assert first.get_attribute("aria-pressed") == "true"
        first.click()
        assert tray(page) == ["conv1 1", "conv1 2"]
        page.get_by_role("button", name="Take conv1 1 out of the tray").click()
        assert tray(page) == ["conv1 2"]
        page.get_by_role("button", name="Empty").click()
        assert page.locator(".tray").is_hidden()
        page.reload()
        assert page.locator(".tray").is_hidden()


def test_it_works_by_keys_alone(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/layers/conv1.html")
        page.locator(".pictures a").first.focus()
        page.keyboard.press("Tab")
        assert page.locator(".pick").first.evaluate("pick => getComputedStyle(pick).opacity") == "1"
        page.keyboard.press("Enter")
        assert tray(page) == ["conv1 0"]
        page.locator(".tray-compare").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/compare.html?units=conv1:0")


def test_where_nothing_may_be_remembered_it_serves_its_page(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.add_init_script(REFUSES)
        page.goto(f"{site.as_uri()}/layers/conv1.html")
        page.get_by_role("button", name="Add conv1 1 to the tray").click()
        page.get_by_role("button", name="Add conv1 2 to the tray").click()
        page.get_by_role("link", name="Compare 2 units").click()
        page.wait_for_url("**/compare.html?units=conv1:1,conv1:2")
        page.locator(".card-unit").nth(1).wait_for()


@pytest.mark.parametrize("kept", ['{"a": 1}', '[["conv1:1", "//evil/x"], 7, ["x:1", "images/a"]]'])
def test_what_is_remembered_wrongly_is_forgotten(kept: str, browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/index.html")
        page.evaluate(
            "kept => localStorage.setItem(`atlas-tray ${new URL('.', location).pathname}`, kept)",
            kept,
        )
        page.goto(f"{site.as_uri()}/layers/conv1.html")
        assert page.locator(".tray").is_hidden()


def test_on_a_telephone_it_covers_nothing_for_good(browser: Browser, site: Path) -> None:
    size: Any = {"width": 390, "height": 844}
    with opened(browser, viewport=size, has_touch=True) as page:
        for name in ("layers/conv1.html", "units/conv1/0000.html", "compare.html"):
            page.goto(f"{site.as_uri()}/{name}")
            picks = page.locator(".pick:visible")
            for place in range(min(picks.count(), 4)):
                if picks.nth(place).get_attribute("aria-pressed") == "false":
                    picks.nth(place).tap()
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            end, bar = page.locator("footer p").bounding_box(), page.locator(".tray").bounding_box()
            assert end is not None and bar is not None
            assert end["y"] + end["height"] <= bar["y"], name
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_axe_finds_nothing_with_something_in_the_tray(browser: Browser, site: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    for name in ("layers/conv1.html", "units/inception4a/0000.html", "compare.html"):
        page.goto(f"{site.as_uri()}/{name}")
        page.locator(".pick").first.click(force=True)
        assert not axe_violations(page), name
    context.close()


def test_every_small_picture_of_a_unit_can_be_picked(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        for name in ("layers/conv1.html", "units/inception4a/0000.html", "compare.html"):
            page.goto(f"{site.as_uri()}/{name}")
            # Not the strip of neighbors, which is for turning pages.
            pictures = page.locator(
                "main :is(li:not(.strip li), td, figure) > a[href*='units/']:has(img)"
            )
            assert page.locator("main .pickable").count() == pictures.count() > 0, name


def test_without_javascript_there_is_no_tray(browser: Browser, site: Path) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(f"{site.as_uri()}/layers/conv1.html")
        assert page.locator(":is(.tray, .pick)").count() == 0
