"""A site with several recipes in a real browser: the switch, its memory, what is loaded."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from support.browsing import block_heads, opened, show_all_images, wait_until
from support.run_fixture import LAYERS, make_run

from atlas.render.site import render


@pytest.fixture(scope="module")
def recipes_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recipes and two samples, photographs that are not shown."""
    root = tmp_path_factory.mktemp("recipes")
    names = [f"{i}.jpg" for i in range(12)]
    recipes = ("article", "clear")
    run = make_run(root / "run", photographs=names, recipes=recipes, samples=2, layers=LAYERS[:3])
    render(run, root / "site")
    return root / "site"


@pytest.fixture(scope="module")
def trial_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recipes on all layers, and one that was tried out in the last alone."""
    root = tmp_path_factory.mktemp("trial")
    run = make_run(root / "run", recipes=("article", "clear", "still"), layers=LAYERS[:3],
                   only={"still": "inception5b"})  # fmt: skip
    render(run, root / "site")
    return root / "site"


def shown_recipes(page: Page) -> set[str]:
    """The recipes whose pictures stand on the page where it can be seen."""
    sources = page.locator("main img:visible").evaluate_all(
        "all => all.filter(i => !i.closest('.presets')).map(i => i.src)"
    )
    found = (re.search(r"/images/(?:sheets/)?(\w+)/", source) for source in sources)
    return {match[1] for match in found if match} - {"probe", "peaks"}


RECIPE_PAGES = ("index.html", "layers/inception4a.html", "compare.html")


@pytest.mark.parametrize("name", [*RECIPE_PAGES, "units/inception4a/0000.html"])
def test_only_the_recipe_that_is_shown_is_loaded(
    name: str, browser: Browser, recipes_site: Path
) -> None:
    size: Any = {"width": 1280, "height": 3000}
    with opened(browser, viewport=size) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{recipes_site.as_uri()}/{name}")
        wait_until(page, "[...document.images].some(image => image.naturalWidth)")
        page.wait_for_load_state("networkidle")
        loaded = [url for url in asked if "/images/" in url and "/probe/" not in url]
        assert loaded
        other = [url for url in loaded if "/clear/" in url]
        if name.startswith("units"):
            # The table of evidence shows each recipe's picture, and that alone.
            assert {url.rpartition("/")[2] for url in other} <= {"0000.webp"}
        elif name == "compare.html":
            # It offers one recipe against the other, by some small pictures of each.
            assert len(other) <= 4 and all(url.endswith(".small.webp") for url in other)
        else:
            assert not other


def test_the_wall_shows_the_recipe_that_was_chosen(browser: Browser, recipes_site: Path) -> None:
    with opened(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.partition("/images/wall/")[2]))
        page.goto(f"{recipes_site.as_uri()}/index.html")
        page.wait_for_load_state("networkidle")
        page.locator(".recipes").get_by_text("clear").click()
        page.wait_for_timeout(1000)
        assert [name for name in asked if name] == ["96-0.webp", "clear/96-0.webp"]


@pytest.mark.parametrize("name", RECIPE_PAGES)
def test_the_switch_shows_the_other_recipe_in_place(
    name: str, browser: Browser, recipes_site: Path
) -> None:
    with opened(browser) as page:
        page.goto(f"{recipes_site.as_uri()}/{name}")
        show_all_images(page)
        assert shown_recipes(page) == {"article"}
        before = page.locator("main").bounding_box()
        page.locator(".recipes").get_by_text("clear").click()
        show_all_images(page)
        assert shown_recipes(page) == {"clear"}
        assert "recipe=clear" in page.url
        broken = page.evaluate("[...document.images].filter(i => !i.naturalWidth).length")
        assert broken == 0
        after = page.locator("main").bounding_box()
        assert before is not None and after is not None and before["height"] == after["height"]


def test_the_recipe_is_remembered_and_goes_along_with_links(
    browser: Browser, recipes_site: Path
) -> None:
    for forgetful in (False, True):
        with opened(browser) as page:
            if forgetful:  # as a browser that forbids files to remember anything
                page.add_init_script(
                    "Object.defineProperty(window, 'localStorage',"
                    " {get() { throw new DOMException('no', 'SecurityError'); }})"
                )
            page.goto(f"{recipes_site.as_uri()}/layers/inception4a.html")
            page.locator(".recipes").get_by_text("clear").click()
            page.locator(".pictures a").first.click()
            page.wait_for_url("**/units/inception4a/0000.html?recipe=clear")
            assert page.locator(".large img:visible").count() == 1
            source = page.locator(".large img:visible").get_attribute("src") or ""
            assert "/images/clear/" in source
            page.keyboard.press("ArrowRight")
            page.wait_for_url("**/units/inception4a/0001.html?recipe=clear")
            page.goto(f"{recipes_site.as_uri()}/index.html")
            assert shown_recipes(page) == ({"article"} if forgetful else {"clear"})


def test_an_address_with_a_recipe_shows_it_and_an_unknown_one_the_first(
    browser: Browser, recipes_site: Path
) -> None:
    with opened(browser) as page:
        page.goto(f"{recipes_site.as_uri()}/layers/conv1.html?recipe=clear")
        assert shown_recipes(page) == {"clear"}
        assert page.get_by_role("radio", name="clear").is_checked()
        page.goto(f"{recipes_site.as_uri()}/layers/conv1.html?recipe=%22%3E")
        assert shown_recipes(page) == {"article"}


def test_the_switch_works_by_keyboard(browser: Browser, recipes_site: Path) -> None:
    with opened(browser) as page:
        page.goto(f"{recipes_site.as_uri()}/units/inception4a/0000.html")
        page.get_by_role("radio", name="article").focus()
        page.keyboard.press("ArrowRight")
        assert page.url.endswith("units/inception4a/0000.html?recipe=clear")
        source = page.locator(".large img:visible").get_attribute("src") or ""
        assert "/images/clear/" in source
        page.get_by_role("slider", name="Stage of the growth").fill("0")
        assert "stage0" in (page.locator(".large img:visible").get_attribute("src") or "")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_recipes_fit_a_phone(script: bool, browser: Browser, recipes_site: Path) -> None:
    size: Any = {"width": 360, "height": 740}
    with opened(browser, viewport=size, java_script_enabled=script) as page:
        beside = "compare.html?layers=conv1&units=conv1:1&beside=recipes"
        for name in (*RECIPE_PAGES, beside, "units/inception4a/0000.html", "findings.html"):
            page.goto(f"{recipes_site.as_uri()}/{name}")
            box = page.locator("main").bounding_box()
            assert box is not None and box["x"] + box["width"] <= 360, name
            width = page.locator("html").evaluate("html => html.scrollWidth") if script else 360
            assert width <= 360, name


def test_both_recipes_can_be_reached_without_javascript(
    browser: Browser, recipes_site: Path
) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(f"{recipes_site.as_uri()}/units/inception4a/0000.html")
        assert page.locator(".large img:visible").count() == 2
        assert page.get_by_text("Recipe clear", exact=True).is_visible()
        page.goto(f"{recipes_site.as_uri()}/layers/inception4a.html")
        assert not page.locator(".recipes").is_visible()
        assert page.locator(".pictures img:visible").count() == 3
        page.goto(f"{recipes_site.as_uri()}/compare.html")
        assert shown_recipes(page) == {"article"}


def offered(page: Page) -> list[str]:
    return page.locator("input[name=recipe]").evaluate_all("all => all.map(i => i.value)")


def test_a_page_offers_the_recipes_that_it_has_pictures_by(
    browser: Browser, trial_site: Path
) -> None:
    with opened(browser) as page:
        for name, recipes in [
            ("layers/conv1.html", ["article", "clear"]),
            ("units/conv1/0000.html", ["article", "clear"]),
            ("index.html", ["article", "clear"]),
            ("layers/inception5b.html", ["article", "clear", "still"]),
            ("units/inception5b/0000.html", ["article", "clear", "still"]),
            ("compare.html", ["article", "clear", "still"]),
            ("findings.html", []),
        ]:
            page.goto(f"{trial_site.as_uri()}/{name}")
            assert offered(page) == recipes, name
            if name != "compare.html":
                assert page.locator(".flag", has_text="by ").count() == 0, name


def test_a_page_with_a_single_recipe_has_no_switch(browser: Browser, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", recipes=("article", "clear"), layers=LAYERS[:3], pictured=1,
                   only={"clear": "inception5b"})  # fmt: skip
    render(run, tmp_path / "site")
    with opened(browser) as page:
        for name in ("index.html", "layers/conv1.html", "units/conv1/0000.html"):
            page.goto(f"{(tmp_path / 'site').as_uri()}/{name}?recipe=clear")
            assert page.locator(".recipes").count() == 0, name
            assert shown_recipes(page) == {"article"}, name
            assert page.get_by_role("link", name="Recipes side by side").count() == 0


@pytest.mark.parametrize("forgetful", [False, True], ids=["remembering", "forgetful"])
def test_a_recipe_that_a_page_lacks_is_still_chosen_on_the_next(
    forgetful: bool, browser: Browser, trial_site: Path
) -> None:
    with opened(browser) as page:
        if forgetful:
            page.add_init_script(
                "Object.defineProperty(window, 'localStorage',"
                " {get() { throw new DOMException('no', 'SecurityError'); }})"
            )
        page.goto(f"{trial_site.as_uri()}/layers/inception5b.html")
        page.locator(".recipes").get_by_text("still").click()
        page.keyboard.press("ArrowRight")  # the switch has the focus: to the first again
        assert "recipe=article" in page.url
        page.locator(".recipes").get_by_text("still").click()
        page.locator(".steps a[rel=prev]").click()
        page.wait_for_url("**/layers/inception4a.html?recipe=still")
        assert shown_recipes(page) == {"article"}
        assert page.get_by_role("radio", name="article").is_checked()
        page.locator(".steps a[rel=next]").click()
        page.wait_for_url("**/layers/inception5b.html?recipe=still")
        assert shown_recipes(page) == {"still"}


def test_a_layer_leads_to_its_recipes_side_by_side(browser: Browser, trial_site: Path) -> None:
    with opened(browser) as page:
        for name, recipes in [
            ("conv1", ["article", "clear"]),
            ("inception5b", ["article", "clear", "still"]),
        ]:
            page.goto(f"{trial_site.as_uri()}/layers/{name}.html")
            page.get_by_role("link", name="Recipes side by side").click()
            page.wait_for_url("**/compare.html?*")
            heads = block_heads(page)
            assert heads == [f"{name} {recipe}" for recipe in recipes]
            show_all_images(page)
            tiles = page.locator(".block:visible .tiles li:first-child img")
            sources = tiles.evaluate_all("all => all.map(i => i.src)")
            folders = [source.partition("/images/")[2].split("/")[:2] for source in sources]
            assert folders == [[recipe, name] for recipe in recipes]


def test_a_picture_of_the_findings_leads_to_the_unit_by_its_recipe(
    browser: Browser, trial_site: Path
) -> None:
    with opened(browser) as page:
        page.goto(f"{trial_site.as_uri()}/findings.html?recipe=clear")
        page.get_by_alt_text("Unit 0 by still").click()
        page.wait_for_url("**/units/inception5b/0000.html?recipe=still")
        source = page.locator(".large img:visible").get_attribute("src") or ""
        assert "/images/still/" in source
