"""Go to: units are found by their names, and by what is known of them, with or without pictures."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page
from support.browsing import opened, wait_until
from support.hostile_run import LAYERS as HOSTILE_LAYERS
from support.hostile_run import make_hostile_run
from support.markup import axe_violations
from support.run_fixture import LAYERS, UNITS, make_run

from atlas.render.provenance import unit_command
from atlas.render.reading import read_catalog
from atlas.render.site import render
from atlas.render.unit_facts import class_in
from atlas.run.folder import Run

PHOTOGRAPHS = [f"{i}.jpg" for i in range(18)] + [
    "n01537544_indigo_bunting.jpg",
    "n02391049_zebra.JPEG",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three layers, of each the first three of twelve units pictured; of some units it is known
    what they answer to."""
    run = make_run(
        tmp_path_factory.mktemp("find") / "run", photographs=PHOTOGRAPHS, layers=LAYERS[:3]
    )
    labels = [
        {"layer": layer, "unit": unit, "kind": kind, "place": 1, "label": label, "auc": auc,
         "images": 9}
        for layer, unit, kind, label, auc in (
            ("inception4a", 7, "class", "golden retriever", 0.99),
            ("inception4a", 2, "class", "golden retriever", 0.85),
            ("inception5b", 1, "family", "gabor", 0.95),
            ("inception5b", 8, "class", "Labrador retriever", 0.4),
        )
    ]  # fmt: skip
    run.write_table("labels", pd.DataFrame(labels))
    strongest, tuning = run.table("strongest"), run.table("tuning")
    strongest["image"] = "3.jpg"
    mine = (strongest["layer"] == "conv1") & (strongest["unit"] == 5)
    strongest.loc[mine & (strongest["place"] < 3), "image"] = PHOTOGRAPHS[-2]
    strongest.loc[mine & (strongest["place"] == 3), "image"] = PHOTOGRAPHS[-1]
    run.write_table("strongest", strongest)
    stimuli = run.table("strongest_stimuli")
    stimuli["stimulus"] = "scene/0"
    run.write_table("strongest_stimuli", stimuli)
    hues = [name for name in tuning if str(name).startswith("hue:")]
    tuning[hues] = 1.0
    tuning.loc[(tuning["layer"] == "conv1") & (tuning["unit"] == 4), hues] = 0.0
    tuning.loc[(tuning["layer"] == "conv1") & (tuning["unit"] == 4), "hue:30"] = 9.0
    run.write_table("tuning", tuning)
    return run


@pytest.fixture(scope="module")
def site(run: Run) -> Path:
    root = run.path.parent
    notes = root / "notes.csv"
    notes.write_text(
        "layer,unit,text\nconv1,1,Stripes </script>\ninception4a,9,wheels of stripes\n"
    )
    render(run, root / "site", notes=notes)
    return root / "site"


@contextmanager
def asking(
    browser: Browser, site: Path, text: str, name: str = "about.html", **options: Any
) -> Iterator[Page]:
    with opened(browser, **options) as page:
        page.goto((site / name).as_uri())
        page.keyboard.press("/")
        page.keyboard.type(text)
        wait_until(page, "document.querySelector('#goto-said').textContent")
        yield page


def lines(page: Page) -> list[str]:
    texts = page.locator("#goto-list li").all_inner_texts()
    return [" ".join(text.split()) for text in texts]


NAMES = [
    *("4a7", "4a 7", "4a:7", "4a/7", "4A 07", " inception4a 7", "mixed4a 7", "mixed4a:7"),
    "inception_4a 7",
]


def test_a_unit_is_found_by_every_form_of_its_name(browser: Browser, site: Path) -> None:
    with asking(browser, site, "4a7") as page:
        for name in NAMES:
            page.locator("#goto-input").fill(name)
            assert lines(page) == ["4a 7 rank 8 of 12, no picture was made"], name


def test_a_number_alone_finds_it_in_every_layer_the_pictured_first(
    browser: Browser, site: Path
) -> None:
    with asking(browser, site, "2") as page:
        assert [line.split(" rank")[0] for line in lines(page)] == ["conv1 2", "4a 2", "5b 2"]
        assert page.locator("#goto-list img").count() == 3
        page.locator("#goto-input").fill("7")
        assert all("no picture was made" in line for line in lines(page)) and len(lines(page)) == 3


@pytest.mark.parametrize("name", ["5b", "inception5b", "mixed5b", "Inception 5b"])
def test_a_layer_is_found_with_its_pictures(name: str, browser: Browser, site: Path) -> None:
    with asking(browser, site, name) as page:
        assert [line.split(" rank")[0] for line in lines(page)] == [
            "inception5b 12 units", "5b 0", "5b 1", "5b 2"
        ]  # fmt: skip
        page.keyboard.press("Enter")
        page.wait_for_url("**/layers/inception5b.html")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("golden retr", ["4a 2 rank 3 of 12 tells golden retriever",
                         "4a 7 rank 8 of 12, no picture was made tells golden retriever"]),
        ("retriever 4a golden", ["4a 2 rank 3 of 12 tells golden retriever",
                                 "4a 7 rank 8 of 12, no picture was made tells golden retriever"]),
        ("conv1 golden", []),
        ("gabor", ["5b 1 rank 2 of 12 tells gabor from other stimuli"]),
        ("bunting", ["conv1 5 rank 6 of 12, no picture was made strongest images: indigo bunting"]),
        ("zebra", ["conv1 5 rank 6 of 12, no picture was made strongest images: zebra"]),
        ("red", ["conv1 4 rank 5 of 12, no picture was made prefers red"]),
        ("STRIPES", ["conv1 1 rank 2 of 12 note: Stripes </script>",
                     "4a 9 rank 10 of 12, no picture was made note: wheels of stripes"]),
        ("wheel of", ["4a 9 rank 10 of 12, no picture was made note: wheels of stripes"]),
        ("labrador", []),
    ],
)  # fmt: skip
def test_units_are_found_by_what_is_known_of_them(
    words: str, found: list[str], browser: Browser, site: Path
) -> None:
    with asking(browser, site, words) as page:
        assert lines(page) == found
        said = page.locator("#goto-said").inner_text()
        assert said.startswith(f"{len(found)} found" if found else "Nothing is found.")


def test_the_strongest_stimuli_are_known_of_units_that_answer_at_all(
    browser: Browser, site: Path
) -> None:
    with asking(browser, site, "scene conv1") as page:
        assert len(lines(page)) == UNITS
        assert lines(page)[0] == "conv1 0 rank 1 of 12 strongest stimuli: scene"


def test_arrows_choose_and_enter_opens(browser: Browser, site: Path) -> None:
    with asking(browser, site, "2") as page:
        chosen = page.locator("#goto-list [aria-selected=true]")
        meant = page.locator("#goto-input")
        page.keyboard.press("ArrowDown")
        assert chosen.inner_text().startswith("4a 2")
        assert meant.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        assert chosen.inner_text().startswith("5b 2")
        page.keyboard.press("Enter")
        page.wait_for_url("**/units/inception5b/0002.html")


def test_a_click_opens_and_what_has_no_picture_leads_to_its_row(
    browser: Browser, site: Path
) -> None:
    with asking(browser, site, "stripes", "layers/conv1.html") as page:
        page.locator("#goto-list li").first.click()
        page.wait_for_url("**/units/conv1/0001.html")
    with asking(browser, site, "wheels", "units/conv1/0000.html") as page:
        page.keyboard.press("Enter")
        page.wait_for_url("**/layers/inception4a.html?unit=9")


def test_the_command_that_makes_a_picture_is_told_and_copied(
    browser: Browser, site: Path, run: Run
) -> None:
    catalog = read_catalog(run)
    unit = catalog.layers[1].pictured[0]
    told = unit_command(catalog, unit, unit.picture)
    assert ":0 " in told and "-0000" in told
    with asking(browser, site, "4a 7") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        command = page.locator("#goto-make code")
        assert command.inner_text() == told.replace(":0 ", ":7 ").replace("-0000", "-0007")
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == command.inner_text()
        page.locator("#goto-input").fill("4a 1")
        assert not command.is_visible()


def test_a_number_beyond_the_layer_is_told(browser: Browser, site: Path) -> None:
    with asking(browser, site, "4a 12") as page:
        assert page.locator("#goto-said").inner_text() == "inception4a has units 0 to 11."
        page.keyboard.press("Enter")
        assert page.url.endswith("about.html")


def test_r_and_its_button_show_another_unit(browser: Browser, site: Path) -> None:
    with opened(browser) as page:
        page.goto((site / "units/conv1/0000.html").as_uri())
        for _ in range(3):
            before = page.url
            page.keyboard.press("r")
            page.wait_for_url(lambda url, before=before: "/units/" in url and url != before)
        page.goto((site / "index.html").as_uri())
        page.get_by_role("button", name="Random").click()
        page.wait_for_url("**/units/*/*.html")


def test_the_recipe_is_kept(browser: Browser, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", layers=LAYERS[:2], recipes=["article", "clear"])
    render(run, tmp_path / "site")
    with opened(browser) as page:
        page.goto(f"{(tmp_path / 'site').as_uri()}/index.html?recipe=clear")
        page.keyboard.press("/")
        page.keyboard.type("4a 0")
        image = page.locator("#goto-list img")
        image.wait_for()
        assert "images/clear/" in (image.get_attribute("src") or "")
        page.locator("#goto-input").fill("4a 8")
        assert "--recipe clear" in page.locator("#goto-make code").inner_text()
        page.locator("#goto-input").fill("4a 0")
        page.keyboard.press("Enter")
        page.wait_for_url("**/units/inception4a/0000.html?recipe=clear")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_dialog(scheme: Any, browser: Browser, site: Path) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto((site / "about.html").as_uri())
    page.keyboard.press("/")
    for text in ("", "stripes", "4a 7", "nothing"):
        page.locator("#goto-input").fill(text)
        assert axe_violations(page) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_dialog_fits(width: int, scheme: Any, browser: Browser, site: Path) -> None:
    size: Any = {"width": width, "height": 640}
    with asking(browser, site, "stripes", viewport=size, color_scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        box = page.locator("#goto").bounding_box()
        assert box and box["y"] >= 0 and box["y"] + box["height"] <= 640
        page.keyboard.press("Escape")
        assert not page.locator("#goto").is_visible()


def index_of(site: Path) -> dict[str, Any]:
    text = (site / "data/find.js").read_text("ascii")
    found = re.fullmatch(r"window\.atlasIndex=(\{.*\});\n", text)
    assert found
    return json.loads(found[1])


def test_the_index_is_no_part_of_the_pages(site: Path) -> None:
    assert "golden retriever" in (site / "data/find.js").read_text("ascii")
    for page in ("about.html", "units/conv1/0000.html"):
        text = (site / page).read_text("utf-8")
        assert "golden retriever" not in text and "data/find.js" not in text


def test_every_rank_is_known(site: Path) -> None:
    for layer in index_of(site)["layers"]:
        assert sorted(layer[1]) == list(range(UNITS))


def test_hostile_names_are_shown_as_they_are(browser: Browser, tmp_path: Path) -> None:
    run = make_hostile_run(tmp_path / "run")
    notes = tmp_path / "notes.csv"
    words = "__proto__ </script><img src=x onerror=hit()> \u2028 &amp; ${hit()} $&"
    names = [json.dumps(layer["name"]).replace('\\"', '""') for layer in HOSTILE_LAYERS]
    notes.write_text(f"layer,unit,text\n{names[1]},3,{words}\n", encoding="utf-8")
    render(run, tmp_path / "site", notes=notes)
    assert any("__proto__" in fact[1] for fact in index_of(tmp_path / "site")["facts"])
    with asking(browser, tmp_path / "site", "__proto__") as page:
        [line] = lines(page)
        assert line.startswith("</script><script>hit()</script> 3 rank 4 of 12")
        assert line.endswith("note: __proto__ </script><img src=x onerror=hit()> &amp; ${hit()} $&")
        page.locator("#goto-input").fill("hit")
        assert page.locator("#goto-list li").count() == 3  # the layers
        assert page.locator("#goto-list").locator("script, img[onerror]").count() == 0
        page.locator("#goto-input").fill("__proto__")
        page.keyboard.press("Enter")
        page.wait_for_url("**/layers/*.html?unit=3")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("n01537544_indigo_bunting.jpg", "indigo bunting"),
        ("train/n02391049/n02391049_zebra.JPEG", "zebra"),
        ("n01537544_1234.JPEG", None),
        ("indigo_bunting.jpg", None),
        ("IMG_0001.jpg", None),
    ],
)
def test_a_file_of_imagenet_says_its_class(name: str, words: str | None) -> None:
    assert class_in(name) == words
