"""The compare page: layers, recipes, units and what is alike in them, in a real browser."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser
from support.browsing import block_heads, opened, show_all_images, wait_until
from support.compared_runs import IMAGES, add_responses
from support.document import check_addresses
from support.markup import axe_violations, html_errors
from support.run_fixture import LAYERS, UNITS, make_run

from atlas.render.charts import LogAxis
from atlas.render.overlay import overlay
from atlas.render.site import render

NAMES = [layer["name"] for layer in LAYERS[:3]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three layers by two recipes; unit 1 of the first answers like unit 2 of the last."""
    root = tmp_path_factory.mktemp("compare")
    run = make_run(
        root / "run", recipes=("article", "clear"), photographs=IMAGES, layers=LAYERS[:3]
    )
    values = np.random.default_rng(0).gamma(0.5, size=(len(IMAGES), 3 * UNITS))
    values[:, 2 * UNITS + 2] = values[:, 1]
    add_responses(run, values)
    render(run, root / "site")
    return root / "site"


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of a single recipe, of a run that knows no relatives."""
    root = tmp_path_factory.mktemp("poor")
    render(make_run(root / "run", layers=LAYERS, extended=False), root / "site")
    return root / "site"


def address(site: Path, query: str = "") -> str:
    return f"{site.as_uri()}/compare.html{query and '?' + query}"


def test_every_link_is_there_and_the_page_is_valid_and_light(site: Path) -> None:
    check_addresses(site)
    text = (site / "compare.html").read_text("utf-8")
    assert not html_errors(text)
    assert len(text) < 400_000


def test_before_anything_is_chosen_it_shows_what_can_be_compared(
    browser: Browser, site: Path
) -> None:
    with opened(browser, viewport={"width": 1280, "height": 800}) as page:
        page.goto(address(site))
        offers = page.locator(".presets a")
        titles = page.locator(".presets strong").all_inner_texts()
        assert titles == [
            "From the first layer to the last",
            "One unit, followed",
            "article against clear",
            "Units, one by one",
        ]
        box = page.locator(".presets img").first.bounding_box()
        assert box is not None and box["y"] < 500
        for place in range(offers.count()):
            page.goto(address(site))
            offers.nth(place).click()
            page.wait_for_url("**/compare.html?*")
            assert page.locator(".presets").is_hidden()
            page.locator(":is(.block, .card-unit):visible").nth(1).wait_for()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("count", [2, 3])
def test_the_pictures_of_the_first_layer_are_in_the_first_screen(
    width: int, height: int, count: int, browser: Browser, site: Path
) -> None:
    with opened(browser, viewport={"width": width, "height": height}) as page:
        page.goto(address(site, f"layers={','.join(NAMES[:count])}"))
        show_all_images(page)
        assert block_heads(page) == NAMES[:count]
        for place in range(count if width > 1000 else 1):
            box = page.locator(".block:visible").nth(place).locator("img").last.bounding_box()
            assert box is not None and box["y"] + box["height"] <= height
        right = page.locator(".block:visible").last.bounding_box()
        assert right is not None and right["x"] + right["width"] > 0.9 * width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_layers_stand_side_by_side_and_the_address_keeps_them(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto(address(site))
        page.locator(".chips").get_by_text("conv1", exact=True).click()
        assert "Choose another layer" in page.locator(".said").inner_text()
        page.locator(".chips").get_by_text("5b", exact=True).click()
        assert page.url.endswith("?layers=conv1,inception5b")
        for _ in range(2):
            assert block_heads(page) == ["conv1", "inception5b"]
            rows = page.locator(".strip-table tbody tr:visible th").all_inner_texts()
            assert rows == ["conv1", "5b"]
            lines = page.locator(".strip-chart g[data-block]:visible")
            drawn = [lines.nth(place).get_attribute("class") for place in range(lines.count())]
            assert drawn == ["series1", "series2"]
            signs = lines.locator(".sign").evaluate_all("all => all.map(s => s.getAttribute('d'))")
            assert len({re.sub(r"^M[\d. ]+", "", sign) for sign in signs}) == 2
            page.goto(page.url)  # as somebody else would who was sent it
        page.get_by_role("button", name="Clear").click()
        assert page.url.endswith("compare.html") and page.locator(".presets").is_visible()


def test_recipes_stand_beside_each_other_for_every_layer_that_is_chosen(
    browser: Browser, site: Path
) -> None:
    with opened(browser) as page:
        page.goto(address(site, "layers=conv1,inception4a,inception5b&beside=recipes"))
        assert block_heads(page) == [
            f"{name} {recipe}" for name in NAMES for recipe in ("article", "clear")
        ]
        assert "scroll sideways" in page.locator(".said").inner_text()
        scroll = page.locator(".blocks-scroll")
        assert scroll.evaluate("part => part.scrollWidth > part.clientWidth")
        for place, (name, recipe) in enumerate((n, r) for n in NAMES for r in ("article", "clear")):
            source = page.locator(".block:visible").nth(place).locator("img").first
            assert f"images/{recipe}/{name}/" in (source.get_attribute("src") or "")
        rows = page.locator(".strip-table tbody tr:visible")
        assert rows.count() == 6 and len(set(rows.all_inner_texts())) == 6
        show_all_images(page)


def test_nothing_that_was_chosen_is_dropped_silently(browser: Browser, site: Path) -> None:
    units = [f"{name}:{unit}" for name in NAMES for unit in (0, 2)]
    with opened(browser) as page:
        page.goto(address(site, f"units={','.join([*units, 'conv1:9', 'conv9:1'])}"))
        page.locator(".card-unit").nth(5).wait_for()
        shown = page.locator(".card-unit h3 a").all_inner_texts()
        assert shown == [f"{short} {unit}" for short in ("conv1", "4a", "5b") for unit in (0, 2)]
        assert "conv1:9, conv9:1" in page.locator(".said").inner_text()


def test_a_unit_is_followed_into_the_other_layers(browser: Browser, site: Path) -> None:
    with opened(browser, viewport={"width": 1280, "height": 800}) as page:
        page.goto(address(site, f"layers={','.join(NAMES)}"))
        page.get_by_role("button", name="What is most like conv1 1", exact=True).click()
        assert "alike=conv1:1" in page.url
        for _ in range(2):
            last = page.locator(".block[data-block=inception5b] .alike")
            assert last.locator("li").first.inner_text().split() == ["2", "1.00"]
            href = last.locator("a").first.get_attribute("href") or ""
            assert href.startswith("units/inception5b/0002.html")
            middle = page.locator(".block[data-block=inception4a] .alike")
            assert "No unit shown here" in middle.inner_text()
            pressed = page.locator(".face[aria-pressed=true]")
            assert pressed.count() == 1
            assert "Most like conv1 1" in page.locator(".said").inner_text()
            page.goto(page.url)
        page.get_by_role("button", name="Stop following conv1 1").click()
        assert page.locator(".alike").count() == 0 and "alike" not in page.url
        # By keys alone
        page.get_by_role("button", name="What is most like 5b 2", exact=True).focus()
        page.keyboard.press("Enter")
        first = page.locator(".block[data-block=conv1] .alike li").first
        assert first.inner_text().split() == ["1", "1.00"]
        focus = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert focus == "What is most like 5b 2"


def test_a_run_without_relatives_says_so_in_a_line(browser: Browser, poor: Path) -> None:
    with opened(browser) as page:
        page.goto(address(poor, "layers=conv1,inception4a"))
        assert page.get_by_text("This run has no relatives").is_visible()
        assert page.locator(".face").count() == 0
        page.locator(".tiles a:visible").first.click()
        page.wait_for_url("**/units/conv1/0000.html*")


def test_units_stand_side_by_side_with_what_is_known_of_them(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto(address(site))
        page.get_by_label("A unit to compare").fill("conv1 2")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_label("A unit to compare").fill("4a 0")
        page.keyboard.press("Enter")
        assert page.url.endswith("?units=conv1:2,inception4a:0")
        cards = page.locator(".card-unit")
        cards.nth(1).wait_for()
        for place in range(2):
            parts = cards.nth(place).locator("h4").all_inner_texts()
            assert parts == ["Growth", "Evidence", "Tuning", "Strongest images", "Relatives"]
            tops = [
                cards.nth(side)
                .locator("h4")
                .evaluate_all("all => all.map(h => Math.round(h.getBoundingClientRect().top))")
                for side in range(2)
            ]
            assert tops[0] == tops[1]
        assert cards.first.locator(".card-growth img:visible").count() == 4
        assert "0.jpg" in cards.first.locator(".card-names").inner_text()
        show_all_images(page)
        page.get_by_label("A unit to compare").fill("conv1 11")
        page.keyboard.press("Enter")
        assert "no picture of conv1 11" in page.locator(".said").inner_text()
        page.get_by_role("button", name="Remove conv1 2").click()
        wait_until(page, "document.querySelectorAll('.card-unit').length === 1")
        assert page.url.endswith("?units=inception4a:0")


def test_units_are_shown_by_the_recipe_that_is_chosen_and_by_both(
    browser: Browser, site: Path
) -> None:
    with opened(browser) as page:
        page.goto(address(site, "units=conv1:2&recipe=clear"))
        picture = page.locator(".card-picture img:visible")
        picture.first.wait_for()
        assert "images/clear/conv1" in (picture.first.get_attribute("src") or "")
        gain = page.locator(".card-evidence").inner_text()
        page.locator(".recipes").get_by_text("article").click()
        wait_until(page, "document.querySelector('.card-picture img').src.includes('/article/')")
        assert page.locator(".card-evidence").inner_text() != gain
        page.locator(".choose-recipes").click()
        page.locator(".card-unit").nth(1).wait_for()
        titles = page.locator(".card-unit h3").all_inner_texts()
        assert [title.split()[-1] for title in titles] == ["article", "clear"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_whatever_is_chosen(scheme: Any, browser: Browser, site: Path) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for query in (
        "layers=conv1,inception4a,inception5b&alike=conv1:1",
        "layers=conv1,inception4a,inception5b&beside=recipes",
        "units=conv1:0,inception5b:2",
    ):
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(address(site, query))
            page.locator(":is(.block, .card-unit):visible").nth(1).wait_for()
            assert not axe_violations(page), (query, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_without_javascript_all_layers_stand_there_in_the_order_of_depth(
    browser: Browser, site: Path
) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(address(site, "layers=conv1"))
        assert block_heads(page) == NAMES
        assert page.locator(".block img:visible").count() == 9
        assert page.locator(".strip-table tbody tr:visible").count() == 3
        assert page.locator(":is(.chooser, .presets, .strip-chart):visible").count() == 0


def test_a_card_is_one_call_with_a_piece_of_a_page_and_no_more(site: Path) -> None:
    text = (site / "cards/conv1/0002.js").read_text("ascii")
    (quoted,) = re.fullmatch(r"atlas\.card\((\".*\")\);\n", text).groups()  # type: ignore[union-attr]
    assert "<" not in text
    assert json.loads(quoted).strip().startswith("<article")


def test_lines_of_the_chart_share_one_axis_and_peak_where_the_units_are() -> None:
    axis = LogAxis(-1, 3)
    chart = overlay({"low": [0.5] * 9, "high": [200.0] * 9, "none": [0.0] * 9}, axis, "All")
    places = dict(re.findall(r'data-block="(\w+)">.*?data-at="M(\d+) ', chart))
    assert int(places["low"]) < 150 and int(places["high"]) > 400 and "none" in places


def test_heads_stay_in_sight_while_the_pictures_scroll(browser: Browser, site: Path) -> None:
    with opened(browser, viewport={"width": 1280, "height": 420}) as page:
        page.goto(address(site, "layers=conv1,inception4a"))
        show_all_images(page)
        page.evaluate("document.querySelector('.block:not([hidden]) .tiles').scrollIntoView()")
        page.mouse.wheel(0, 60)
        wait_until(
            page,
            "document.querySelector('.block:not([hidden]) h2').getBoundingClientRect().top < 2",
        )
        head = page.locator(".block:visible h2").first.bounding_box()
        assert head is not None and head["y"] >= 0


MOVED = """window.moved = 0;
new PerformanceObserver((list) => {
    for (const each of list.getEntries()) moved += each.value;
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.mark.parametrize("width", [390, 1280])
def test_what_an_address_compares_is_there_from_the_first_paint(
    width: int, browser: Browser, site: Path
) -> None:
    with opened(browser, viewport={"width": width, "height": 800}) as page:
        page.add_init_script(MOVED)
        page.goto(address(site, "layers=inception4a,inception5b"))
        page.locator(".block:visible .face").first.wait_for()
        page.wait_for_timeout(300)
        assert page.evaluate("moved") < 0.1
        assert page.locator(".block:visible img").first.is_visible()


@pytest.mark.parametrize("alike", ["conv1:9", "inception5b:0", "nothing:1"])
def test_a_unit_that_cannot_be_followed_is_named(alike: str, browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto(address(site, f"layers=conv1,inception4a&alike={alike}"))
        assert alike in page.locator(".said").inner_text()
        assert page.locator(".alike").count() == 0
        assert block_heads(page) == ["conv1", "inception4a"]
