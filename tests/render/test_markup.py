"""Pages of every type are valid HTML, and axe-core finds nothing on them, wide, narrow and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from support.browsing import PATIENCE
from support.compared_runs import make_compared, random_values
from support.document import pages
from support.markup import axe_violations, html_errors
from support.run_fixture import LAYERS, make_run

from atlas import compare
from atlas.render.site import render

ATLAS = [
    "index.html",
    "layers/inception4a.html",
    "units/inception4a/0000.html",
    "embed/clear/inception4a/0000.html",
    "compare.html",
    "compare.html?layers=conv1,inception4a&units=conv1:1",
    "findings.html",
    "about.html",
    "404.html",
]
PAIR = "pairs/GoogLeNet-a.pt/GoogLeNet-b.pt"
COMPARISON = [
    "index.html",
    "compare.html",
    "compare.html?layers=GoogLeNet-a.pt/conv1,GoogLeNet-b.pt/conv1",
    f"{PAIR}/conv1/conv1.html",
    f"only-here/{PAIR[6:]}.html",
    "404.html",
]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One of several recipes over photographs, and one of two networks."""
    root = tmp_path_factory.mktemp("sites")
    names = [f"{image}.jpg" for image in range(20)]
    recipes = ["article", "clear"]
    run = make_run(
        root / "run", recipes=recipes, samples=2, photographs=names, layers=LAYERS[:3], pictured=2
    )
    render(run, root / "atlas")
    runs = [
        make_compared(root / name, random_values(seed, 24), f"{name}.pt", layers=LAYERS[:2])
        for seed, name in enumerate("ab")
    ]
    compare(runs, root / "comparison", quiet=True)
    return {"atlas": root / "atlas", "comparison": root / "comparison"}


@pytest.mark.parametrize("name", ["atlas", "comparison"])
def test_every_page_is_valid(name: str, sites: dict[str, Path]) -> None:
    texts = pages(sites[name])
    assert len(texts) > 8
    assert not {page: found for page, text in texts.items() if (found := html_errors(text))}


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    options: Any = {"color_scheme": request.param}
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(("site", "names"), [("atlas", ATLAS), ("comparison", COMPARISON)])
def test_axe_finds_nothing(
    site: str, names: list[str], width: int, page: Page, sites: dict[str, Path]
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for name in names:
        assert (sites[site] / name.partition("?")[0]).is_file(), name
        page.goto(f"{sites[site].as_uri()}/{name}")
        found[name] = axe_violations(page)
    assert not {name: violations for name, violations in found.items() if violations}


FRAME = "<!doctype html><html lang=en><head><meta charset=utf-8><title>t</title></head><body>{}"


@pytest.mark.parametrize(
    "wrong",
    [
        "<div><span></div>",
        "<p><div></div></p>",
        "<p></b></p>",
        "<section>",
        "<a href=a><a href=b></a></a>",
        "<table><p></p></table>",
        "<img src=a src=b>",
        "<p id=a></p><p id=a></p>",
        "<button><button></button></button>",
    ],
)
def test_what_is_wrong_with_a_page_is_found(wrong: str) -> None:
    assert html_errors(FRAME.format(wrong) + "</body></html>")
    assert not html_errors(FRAME.format("<p id=a>right<br>too</p>") + "</body></html>")


def test_what_nobody_could_read_is_found(browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_content(FRAME.format("<main><h1>a</h1><p style='color:#ccc'>pale</p><img src=a>"))
    found = " ".join(axe_violations(page))
    assert "color-contrast" in found and "image-alt" in found
    context.close()
