"""A layer is shown first by the recipe asked first, unless another reads it clearly better."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from support.browsing import opened, show_all_images
from support.run_fixture import LAYERS, make_run

from atlas.render.reading import read_catalog
from atlas.render.site import render
from atlas.run.folder import Run

RECIPES = ("clear", "article")
LIFTED = LAYERS[0]["name"]
"""The layer of which the second recipe's pictures excite the units more."""


def lifted(path: Path, factor: float, identified: float | None = 0.0) -> Run:
    """A run in which the article's pictures of one layer have a higher gain, or are read worse."""
    names = [f"{i}.jpg" for i in range(99)]
    run = make_run(
        path, recipes=RECIPES, layers=LAYERS[:3], photographs=names, pictured=6, units=12
    )
    table = run.table("examination")
    key = ["layer", "unit", "sample"]
    by_clear = table[table["recipe"] == "clear"].set_index(key)["gain_rms"]
    by_article = table["recipe"] == "article"
    alike = [by_clear[own] for own in table.loc[by_article, key].itertuples(index=False, name=None)]
    table.loc[by_article, "gain_rms"] = alike
    table.loc[by_article & (table["layer"] == LIFTED), "gain_rms"] *= factor
    run.write_table("examination", table)
    told = run.table("identification")
    if identified is None:
        told = told.iloc[:0]
    else:
        own = told["layer"] == LIFTED
        told.loc[own & (told["recipe"] == "clear"), "correct"] = 0.5
        told.loc[own & (told["recipe"] == "article"), "correct"] = 0.5 + identified
    run.write_table("identification", told)
    return run


@pytest.mark.parametrize(
    ("factor", "identified", "first"),
    [
        (1.6, 0.0, "article"),
        (1.6, None, "article"),
        (1.6, 0.2, "article"),
        (1.6, -0.1, "clear"),
        (1.4, 0.2, "clear"),
        (0.5, 0.2, "clear"),
    ],
)
def test_a_recipe_must_excite_more_and_identify_as_well_to_be_shown_first(
    tmp_path: Path, factor: float, identified: float | None, first: str
) -> None:
    catalog = read_catalog(lifted(tmp_path / "run", factor, identified))
    found = {layer.name: layer.first for layer in catalog.layers}
    assert found[LIFTED].recipe == first
    assert (found[LIFTED].reason is None) == (first == "clear")
    assert {choice.recipe for name, choice in found.items() if name != LIFTED} == {"clear"}
    for unit in catalog.layers[0].pictured:
        assert unit.picture.recipe == first


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("first")
    render(lifted(root / "run", 1.8), root / "site")
    return root / "site"


def by_layer(page: Page) -> dict[str, set[str]]:
    """The recipes of the pictures that are seen of each layer."""
    show_all_images(page)
    sources: list[str] = page.locator("main img:visible").evaluate_all(
        "all => all.filter(i => !i.closest('.presets')).map(i => i.getAttribute('src'))"
    )
    found: dict[str, set[str]] = {}
    for source in sources:
        parts = source.split("images/")[-1].split("/")
        if len(parts) == 3 and parts[0] in RECIPES:
            found.setdefault(parts[1], set()).add(parts[0])
    return found


@pytest.mark.parametrize("name", ["index.html", "compare.html"])
def test_pages_of_several_layers_show_each_as_it_is_read_best_until_the_reader_chooses(
    name: str, site: Path, browser: Browser
) -> None:
    size: Any = {"width": 1280, "height": 3000}
    best = {layer["name"]: {"clear"} for layer in LAYERS[:3]} | {LIFTED: {"article"}}
    with opened(browser, viewport=size) as page:
        page.goto(f"{site.as_uri()}/{name}")
        assert by_layer(page) == best
        assert "article in " in page.locator("main").inner_text()
        for recipe in ("article", "clear"):
            page.locator(".recipes").get_by_text(recipe, exact=True).click()
            assert by_layer(page) == {layer: {recipe} for layer in best}
            assert f"recipe={recipe}" in page.url
        page.locator(".recipes").get_by_text("best by layer").click()
        assert by_layer(page) == best
        assert "recipe=" not in page.url


def test_pages_of_that_layer_show_the_same_recipe_first_and_say_why(
    site: Path, browser: Browser
) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(f"{site.as_uri()}/layers/{LIFTED}.html")
        assert by_layer(page) == {LIFTED: {"article"}}
        assert "1.8 times as much as those of clear" in page.locator("main").inner_text()
        page.locator(".pictures a").first.click()
        assert "/article/" in (page.locator(".large img:visible").first.get_attribute("src") or "")
    with opened(browser) as page:
        page.goto(f"{site.as_uri()}/layers/{LIFTED}.html?recipe=clear")
        assert by_layer(page) == {LIFTED: {"clear"}}
