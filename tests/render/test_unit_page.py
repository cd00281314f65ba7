"""The page of a unit in a real browser: its player, its neighbors, full screen, what one takes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.browsing import opened, wait_until
from support.run_fixture import LAYERS, make_run
from support.serving import serving

from atlas.render.site import render

UNIT = "units/inception4a/0000.html"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recipes, three units in each of two layers."""
    root = tmp_path_factory.mktemp("unit")
    run = make_run(root / "run", recipes=("article", "clear"), layers=LAYERS[:2])
    render(run, root / "site")
    return root / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with serving(site) as found:
        yield found


def box(place: Locator) -> dict[str, float]:
    found = place.bounding_box()
    assert found is not None
    right, bottom = found["x"] + found["width"], found["y"] + found["height"]
    return {
        "x": found["x"],
        "y": found["y"],
        "width": found["width"],
        "right": right,
        "bottom": bottom,
    }


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_picture_player_and_curve_are_seen_together(
    width: int, height: int, browser: Browser, site: Path
) -> None:
    size: Any = {"width": width, "height": height}
    with opened(browser, viewport=size) as page:
        page.goto(f"{site.as_uri()}/{UNIT}")
        picture = box(page.locator(".large img:visible"))
        player, curve = box(page.locator(".player:visible")), box(page.locator(".growth:visible"))
        assert picture["bottom"] <= player["y"] < picture["bottom"] + 20
        assert player["bottom"] <= height
        if width > 1000:
            assert curve["x"] >= picture["right"] and curve["bottom"] <= height
        else:
            assert curve["y"] >= player["bottom"]


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_the_words_of_the_curve_can_be_read(width: int, browser: Browser, site: Path) -> None:
    size: Any = {"width": width, "height": 844}
    with opened(browser, viewport=size) as page:
        page.goto(f"{site.as_uri()}/{UNIT}")
        words = page.locator(".growth:visible .tick").first.evaluate(
            """word => {
                const chart = word.ownerSVGElement;
                const scale = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
                return scale * parseFloat(getComputedStyle(word).fontSize);
            }"""
        )
        assert words >= 11


def test_caption_and_mark_on_the_curve_go_along_with_the_picture(
    browser: Browser, site: Path
) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/{UNIT}")
        caption, marked = page.locator(".stage-shown:visible"), page.locator(".growth:visible .now")
        sizes, captions = [], []
        for stage in range(4):
            page.get_by_role("slider", name="Stage of the growth").fill(str(stage))
            sizes.append(marked.locator("text").text_content())
            captions.append(caption.inner_text())
            heard = page.get_by_role("slider", name="Stage of the growth").get_attribute(
                "aria-valuetext"
            )
            assert heard == captions[-1]
        assert captions[0] == "28 × 28 pixels, not enlarged yet"
        assert captions[-1] == f"{sizes[-1]} × {sizes[-1]} pixels, enlarged 20 times"
        assert len(set(sizes)) == 4 and sizes[0] == "28"
        page.locator(".recipes").get_by_text("clear").click()
        assert caption.inner_text() == captions[-1], "the other recipe has a player of its own"


def test_the_arrows_stay_in_the_layer_and_say_when_they_leave_it(
    browser: Browser, site: Path
) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/units/conv1/0001.html")
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**/units/conv1/0002.html")
        page.keyboard.press("ArrowRight")
        said = page.get_by_role("status").filter(has_text="again")
        assert said.inner_text() == "Last of conv1. → again goes to 4a."
        assert page.url.endswith("/units/conv1/0002.html")
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**/units/inception4a/0000.html")
        page.keyboard.press("ArrowLeft")
        assert said.inner_text() == "First of 4a. ← again goes to conv1."
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**/units/conv1/0002.html")


def test_what_was_said_goes_by_itself_and_is_said_again(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.clock.install()
        page.goto(f"{site.as_uri()}/units/conv1/0002.html")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".told")).to_have_text("Last of conv1. → again goes to 4a.")
        page.clock.run_for(30_000)
        expect(page.locator(".told")).to_have_text("")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".told")).to_have_text("Last of conv1. → again goes to 4a.")


def test_the_arrows_turn_pages_after_a_click_on_the_switch(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/{UNIT}")
        page.locator(".recipes").get_by_text("clear").click()
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**/units/inception4a/0001.html?recipe=clear")
        page.goto(f"{site.as_uri()}/layers/conv1.html")
        page.locator(".recipes").get_by_text("clear").click()
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**/layers/inception4a.html?recipe=clear")


def test_the_arrows_choose_a_recipe_for_one_who_came_to_the_switch_by_tab(
    browser: Browser, site: Path
) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/{UNIT}?recipe=article")
        page.locator(".recipes").get_by_text("article").click()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        assert page.url.endswith(f"{UNIT}?recipe=clear")


def test_the_neighbors_are_shown_and_the_unit_among_them(browser: Browser, site: Path) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(f"{site.as_uri()}/units/conv1/0001.html")
        strip = page.get_by_role("navigation", name="Units of conv1")
        assert [name.split()[-1] for name in strip.locator("a").all_inner_texts()] == list("012")
        assert strip.locator("[aria-current=page]").inner_text().endswith("1")
        strip.get_by_role("link", name="Unit 2").click()
        page.wait_for_url("**/units/conv1/0002.html")


def test_the_neighbors_are_ten_at_a_time(tmp_path: Path) -> None:
    render(make_run(tmp_path / "run", layers=LAYERS[:1], pictured=12), tmp_path / "site")

    def strip(unit: int) -> list[str]:
        text = (tmp_path / f"site/units/conv1/{unit:04d}.html").read_text()
        return re.findall(r"Unit </span>(\d+)</a>", text)

    assert strip(0) == strip(9) == [str(unit) for unit in range(10)]
    assert strip(11) == ["10", "11"]


@pytest.mark.parametrize("scale", [1, 2.5])
def test_the_picture_fills_the_window_in_whole_pixels(
    scale: float, browser: Browser, site: Path
) -> None:
    size: Any = {"width": 700, "height": 600}
    with opened(browser, viewport=size, device_scale_factor=scale) as page:
        page.goto(f"{site.as_uri()}/{UNIT}")
        page.get_by_role("slider", name="Stage of the growth").fill("1")
        for opener in (page.locator(".enlarge:visible"), page.get_by_role("button", name="Full")):
            opener.click()
            image = page.locator(".full-screen img")
            image.wait_for()
            shown = "image => [image.width, image.naturalWidth].every(Boolean)"
            wait_until(page, f"({shown})(document.querySelector('.full-screen img'))")
            assert "stage1" in (image.get_attribute("src") or "")
            side, pixels = box(image)["width"], image.evaluate("image => image.naturalWidth")
            times = side * scale / pixels
            assert times == pytest.approx(round(times), abs=0.02) and side > 300
            assert box(image)["bottom"] <= 600
            rendering = image.evaluate("image => getComputedStyle(image).imageRendering")
            assert rendering == "pixelated"
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Escape")
            assert not image.is_visible() and page.url.endswith(UNIT)
            assert opener.evaluate("opener => opener === document.activeElement")
        page.get_by_role("button", name="Full").click()
        page.get_by_role("button", name="Close").click()
        assert not page.locator(".full-screen").is_visible()


def clipboard(page: Page) -> str:
    """What a person would paste, into the field of Go to."""
    page.keyboard.press("/")
    page.keyboard.press("Control+V")
    value = page.locator("#goto-input").input_value()
    page.keyboard.press("Escape")
    return value


@pytest.mark.parametrize("old", [False, True], ids=["clipboard", "no clipboard"])
def test_the_address_of_what_is_shown_is_copied(old: bool, browser: Browser, address: str) -> None:
    rights = ["clipboard-read", "clipboard-write"]
    with opened(browser, permissions=rights) as page:
        if old:
            page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: {}})")
        page.goto(f"{address}/{UNIT}#labels-title")
        page.locator(".recipes").get_by_text("clear").click()
        page.get_by_role("button", name="Copy link").click()
        expect(page.locator(".told")).to_have_text("Link copied.")
        assert clipboard(page) == f"{address}/{UNIT}?recipe=clear"


def test_the_copied_code_shows_the_picture_on_another_page(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    rights = ["clipboard-read", "clipboard-write"]
    with opened(browser, permissions=rights) as page, serving(tmp_path) as other:
        page.goto(f"{address}/{UNIT}")
        page.get_by_role("button", name="Embed").click()
        expect(page.locator(".told")).to_have_text("Code copied.")
        code = clipboard(page)
        (tmp_path / "index.html").write_text(
            f"<!doctype html><title>mine</title><link rel=icon href=data:,>{code}"
        )
        page.goto(other)
        frame = page.frame_locator("iframe")
        assert page.locator("iframe").get_attribute("title") == "inception4a 0"
        assert frame.locator("img").evaluate("image => image.decode().then(() => image.width)")
        assert box(frame.locator("p").last)["bottom"] <= box(page.locator("iframe"))["bottom"]
        with page.expect_popup() as whole:
            frame.get_by_role("link", name="Atlas of GoogLeNet").click()
        assert whole.value.url == f"{address}/{UNIT}?recipe=article"


def test_a_picture_alone_needs_no_script_and_says_what_went_wrong(site: Path) -> None:
    for recipe in ("article", "clear"):
        alone = (site / f"embed/{recipe}/inception4a/0001.html").read_text("utf-8")
        assert "<script" not in alone and "silent" in alone and "noindex" in alone
        assert f"images/{recipe}/inception4a/0001.webp" in alone


def test_pictures_are_there_to_be_taken_without_a_script(browser: Browser, site: Path) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(f"{site.as_uri()}/{UNIT}")
        taken = page.locator(".actions a").evaluate_all("all => all.map(link => link.download)")
        assert taken == [
            f"inception4a-0000-{recipe}.{form}"
            for recipe in ("article", "clear")
            for form in ("webp", "png")
        ]
        assert not page.locator(".actions button").first.is_visible()
        assert not page.locator(".full-screen").is_visible()
        page.locator(".enlarge").first.click()
        page.wait_for_url("**/images/article/inception4a/0000.webp")


def test_every_headline_figure_leads_to_what_it_means(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/units/conv1/0000.html")
        names = page.locator(".figures:visible dt").all_inner_texts()
        assert len(names) == 5
        for name in names:
            page.locator(".figures:visible").get_by_role("link", name=name).click()
            meant = page.locator("dt:target").inner_text()
            assert meant.split(",")[0] in name
            page.go_back()
