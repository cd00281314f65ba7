"""Pictures of a minimum, and of one position, in a real browser: said, outlined, never compared."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from support.browsing import PATIENCE, opened
from support.document import pages
from support.markup import axe_violations, html_errors
from support.run_fixture import FIELD, LAYERS, make_run

from atlas.render.site import render

RECIPES = ["clear", "article", "clear-center", "clear-negative"]
UNIT, LAYER = "units/inception4a/0000.html", "layers/inception4a.html"
BARE = {**LAYERS[1], "rectified": False}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ends")
    names = [f"{place}.jpg" for place in range(20)]
    run = make_run(root / "run", recipes=RECIPES, layers=[LAYERS[0], BARE], photographs=names)
    render(run, root / "site")
    return root / "site"


def test_pages_are_valid(site: Path) -> None:
    texts = pages(site)
    assert not {name: found for name, text in texts.items() if (found := html_errors(text))}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser: Browser, site: Path, width: int, scheme: str) -> None:
    options: Any = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    for name in (UNIT, LAYER):
        for recipe in ("clear-center", "clear-negative"):
            page.goto(f"{site.as_uri()}/{name}?recipe={recipe}")
            assert not axe_violations(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_the_page_says_first_what_is_seen(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/{UNIT}?recipe=clear-negative")
        said = page.locator(".shows:visible")
        expect(said).to_contain_text("This is the unit's minimum")
        expect(page.locator(".figures:visible")).to_contain_text("Gain, mean")
        page.get_by_label("clear-center", exact=True).check()
        expect(said).to_contain_text("one position alone")
        expect(said).to_contain_text("107 × 107 pixels, outlined")
        page.get_by_label("clear", exact=True).check()
        expect(said).to_have_count(0)


def test_the_outline_lies_on_the_field_and_not_on_younger_stages(
    browser: Browser, site: Path
) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/{UNIT}?recipe=clear-center")
        picture = page.locator(".large img:visible").bounding_box()
        edge = page.locator(".large .edge:visible").bounding_box()
        assert picture and edge
        scale = picture["width"] / 74
        left, top, side = FIELD
        assert edge["x"] - picture["x"] == pytest.approx(left * scale, abs=4)
        assert edge["y"] - picture["y"] == pytest.approx(top * scale, abs=4)
        assert edge["width"] == pytest.approx(side * scale, abs=8)
        expect(page.locator(".portrait:visible .inset")).to_have_count(0)  # it is large enough
        page.locator(".film:visible li").first.scroll_into_view_if_needed()
        player = page.locator(".player input:visible")
        player.fill("0")
        expect(page.locator(".portrait:visible .large .seen")).to_be_hidden()
        player.fill(str(len(page.locator(".film:visible li").all()) - 1))
        expect(page.locator(".portrait:visible .large .seen")).to_be_visible()


def test_a_layer_outlines_the_pictures_of_the_recipe_that_is_shown(
    browser: Browser, site: Path
) -> None:
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/{LAYER}?recipe=clear")
        expect(page.locator(".seen:visible")).to_have_count(0)
        page.get_by_label("clear-center", exact=True).check()
        expect(page.locator(".seen:visible")).to_have_count(3)


def test_small_pictures_are_cut_to_what_is_seen(site: Path) -> None:
    small = Image.open(site / "images/clear-center/inception4a/0000.small.webp").convert("RGB")
    whole = Image.open(site / "images/clear-center/inception4a/0000.webp").convert("RGB")
    left, top, side = FIELD
    box = (int(left), int(top), int(np.ceil(left + side)), int(np.ceil(top + side)))
    expected = whole.crop(box).resize(small.size, Image.Resampling.NEAREST)
    between = np.asarray(expected, float) - np.asarray(small, float)
    assert np.abs(between).mean() < 16, "but for what the encoder loses"
    assert (
        np.abs(np.asarray(whole.resize(small.size), float) - np.asarray(small, float)).mean() > 30
    )


def test_what_shows_something_else_is_compared_with_nothing(site: Path) -> None:
    for name in ("findings.csv", "differences.csv"):
        recipes = set(pd.read_csv(site / "data" / name)["recipe"].dropna())
        assert "clear" in recipes
        assert not recipes & {"clear-center", "clear-negative"}
    findings = re.sub(r"\s+", " ", (site / "findings.html").read_text())
    assert "Pictures by clear-center, clear-negative are in none" in findings
    index = re.sub(r"\s+", " ", (site / "index.html").read_text())
    assert "pictured by 2 recipes, and otherwise by clear-center and clear-negative" in index
