"""Units are found by the words that people wrote of them, and by their classes."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.browsing import opened
from support.run_fixture import LAYERS, make_run

from atlas.render.site import render


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("words")
    notes = root / "notes.csv"
    notes.write_text(
        "layer,unit,text\nconv1,1,Stripes </script>\ninception4a,9,wheels of stripes\n"
    )
    render(make_run(root / "run", layers=LAYERS[:3]), root / "site", notes=notes)
    return root / "site"


def test_go_to_lists_the_units_with_all_words_that_are_typed(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto((site / "about.html").as_uri())
        page.keyboard.press("/")
        page.keyboard.type("STRIPES")
        page.keyboard.press("Enter")
        found = page.locator("#goto-answer li")
        assert found.all_inner_texts() == ["conv1 1 Stripes </script>", "4a 9 wheels of stripes"]
        page.locator("#goto-input").fill("of wheel")
        page.keyboard.press("Enter")
        assert found.all_inner_texts() == ["4a 9 wheels of stripes"]
        found.locator("a").click()
        page.wait_for_url("**/layers/inception4a.html?unit=9")


def test_a_note_stands_on_the_page_of_its_unit(site: Path) -> None:
    text = (site / "units/conv1/0001.html").read_text("utf-8")
    assert "“Stripes &lt;/script&gt;” <small>a person's note</small>" in text.replace("&#39;", "'")
    assert "a person" not in (site / "units/conv1/0000.html").read_text("utf-8")


def test_words_are_there_as_data(site: Path) -> None:
    text = (site / "index.html").read_text("utf-8")
    part = text[text.index('id="atlas-words">') + len('id="atlas-words">') :]
    words = json.loads(part[: part.index("</script>")])
    assert words == [[0, 1, "Stripes </script>"], [1, 9, "wheels of stripes"]]
