"""The words of charts can be read on a phone, and nothing is cut off without a sign of it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from support.browsing import opened
from support.run_fixture import LAYERS, make_run

from atlas.render.site import render

SMALLEST = 11
"""Height of words, in pixels of the screen."""

HEIGHTS = """charts => charts.flatMap(chart => [...chart.querySelectorAll("text")].map(words => {
  const scale = words.getScreenCTM(), size = parseFloat(getComputedStyle(words).fontSize);
  return [words.textContent, size * Math.hypot(scale.a, scale.b)];
}).filter(([, height]) => height > 0))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("words")
    names = [f"{i}.jpg" for i in range(12)]
    run = make_run(root / "run", photographs=names, recipes=("article", "calm"), layers=LAYERS[:3],
                   pictured=6)  # fmt: skip
    render(run, root / "site")
    return root / "site"


def phone(width: int) -> Any:
    return {"viewport": {"width": width, "height": 740}}


def open_all(page: Page) -> None:
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")


@pytest.mark.parametrize("width", [360, 390, 768, 1000, 1280])
def test_words_of_charts_are_large_enough(width: int, browser: Browser, site: Path) -> None:
    with opened(browser, **phone(width)) as page:
        for name, charts in [
            ("findings.html", ".chart"),
            ("layers/conv1.html", ".chart.distribution"),
            ("units/conv1/0000.html", ".chart.families"),
        ]:
            page.goto(f"{site.as_uri()}/{name}")
            open_all(page)
            found = page.locator(charts).evaluate_all(HEIGHTS)
            assert found, name
            assert [words for words, height in found if height < SMALLEST - 0.05] == []


@pytest.mark.parametrize("width", [360, 390])
def test_charts_fit_or_can_be_scrolled(width: int, browser: Browser, site: Path) -> None:
    with opened(browser, **phone(width)) as page:
        page.goto(f"{site.as_uri()}/findings.html")
        open_all(page)
        assert page.locator("html").evaluate("html => html.scrollWidth") <= width
        for kind in (".recognition", ".forest"):
            for chart in page.locator(f".chart{kind}").all():
                box = chart.bounding_box()
                assert box is not None and box["x"] + box["width"] <= width
        # Charts along depth are wider: they scroll, and a shadow at the edge shows it.
        for chart in page.locator(".chart.depth").all():
            assert chart.locator("xpath=..").get_attribute("class") == "scroll"
