"""Runs beside each other: what the pages of a comparison show, and what cannot be compared."""

import csv
import re
from importlib import import_module
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser
from support.browsing import block_heads, opened, show_all_images
from support.compared_runs import (
    IMAGES,
    ORDER,
    add_responses,
    make_compared,
    make_small,
    permuted_values,
    random_values,
    rename,
)
from support.document import Document, check_addresses, pages
from support.hostile_run import LAYERS as HOSTILE_LAYERS
from support.hostile_run import NAMES, make_hostile_run
from support.run_fixture import UNITS, make_run
from support.small_build import contents

from atlas import AtlasError, Run, UsageError, compare
from atlas.cli import main
from atlas.render.members import folders_of
from atlas.render.site_check import check_site

PAIR = "pairs/GoogLeNet-before.pt/GoogLeNet-after.pt/inception4a/inception4a.html"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """A network, and a copy with its channels in another order and a last layer of its own."""
    folder = tmp_path_factory.mktemp("runs")
    changed = permuted_values()
    changed[:, -UNITS:] = random_values(7, UNITS)
    return [
        make_compared(folder / "a", random_values(0), "before.pt"),
        make_compared(folder / "b", changed, "after.pt"),
    ]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Two networks of a layer each, that have nothing in common."""
    folder = tmp_path_factory.mktemp("small")
    return [make_small(folder / "a", 0, "before.pt"), make_small(folder / "b", 1, "after.pt")]


@pytest.fixture(scope="module")
def site(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site") / "both"
    compare(runs, site, quiet=True)
    return site


def test_every_link_and_image_is_there_and_it_can_be_published(site: Path) -> None:
    check_addresses(site)
    assert "GoogLeNet-before.pt/units/conv1/0000.html" in check_site(site).sizes


def test_each_network_has_its_own_site_and_a_link_from_every_page(site: Path) -> None:
    for name in ("GoogLeNet-before.pt", "GoogLeNet-after.pt"):
        assert (site / name / "index.html").is_file()
        for page, text in pages(site).items():
            if page.startswith(("pairs/", "only-here/")) or page == "index.html":
                up = "../" * page.count("/")
                assert f'href="{up}{name}/index.html"' in text, page


def test_the_first_page_says_where_the_networks_differ(site: Path) -> None:
    text = (site / "index.html").read_text("utf-8")
    assert "4 of 4 layers" not in text and "3 of 4 layers of GoogLeNet before.pt" in text
    assert "Most of all in conv1 (1.00), least in head" in text
    titles = re.findall(r"<title>(conv1 and conv1: [^<]*)</title>", text)
    assert titles == ["conv1 and conv1: 1.000"]


def test_the_units_of_a_copy_stand_beside_themselves_with_both_pictures(site: Path) -> None:
    text = (site / PAIR).read_text("utf-8")
    (couples,) = re.findall(r'<ol class="couples">(.*?)</ol>', text, re.S)
    shown = re.findall(r"<strong>(\d+)</strong>", couples)
    pairs = {(int(a), int(b)) for a, b in zip(shown[::2], shown[1::2], strict=True)}
    copies = {(int(unit), copy) for copy, unit in enumerate(ORDER)}
    # Units 0 to 2 of either have pictures; a pair of which neither has stands in the table alone.
    assert pairs == {(a, b) for a, b in copies if a < 3 or b < 3}
    assert couples.count("<p>1.00</p>") == len(pairs)
    for network in ("GoogLeNet-before.pt", "GoogLeNet-after.pt"):
        assert f"{network}/images/article/inception4a/0000.small.webp" in couples
    table = re.findall(r'<td><a href="[^"]*">(\d+)</a></td><td><a href="[^"]*">(\d+)</a>', text)
    assert {(int(a), int(b)) for a, b in table[:UNITS]} == copies
    assert "12 of 12" not in text and f"{(np.arange(12) == ORDER).sum()} of 12 are given" in text


def test_units_without_a_counterpart_are_listed_and_others_are_not(site: Path) -> None:
    text = (site / "only-here/GoogLeNet-before.pt/GoogLeNet-after.pt.html").read_text("utf-8")
    headings = re.findall(r"<h3>(\S+) <small>", text)
    assert set(headings) == {"head"}
    assert "Every unit that answers" in (site / PAIR).read_text("utf-8")


def test_the_data_has_every_units_best_match(site: Path) -> None:
    with (site / "data/matches.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    copies = {
        int(row["unit"]): int(row["other_unit"])
        for row in rows
        if row["network"].endswith("after.pt") and row["layer"] == "conv1"
    }
    assert [copies[copy] for copy in range(UNITS)] == ORDER.tolist()
    with (site / "data/alignment.csv").open(newline="") as file:
        cka = {(row["layer"], row["other_layer"]): row["cka"] for row in csv.DictReader(file)}
    assert len(cka) == 16 and cka["conv1", "conv1"] == "1.0000"


def test_the_same_runs_give_the_same_bytes(small: list[Run], tmp_path: Path) -> None:
    for name in ("once", "again"):
        compare(small, tmp_path / name, quiet=True)
    assert contents(tmp_path / "once") == contents(tmp_path / "again")


def test_a_later_comparison_removes_what_is_no_longer_of_it(
    small: list[Run], tmp_path: Path
) -> None:
    compare(small, tmp_path / "site", quiet=True)
    third = make_small(tmp_path / "c", 2, "third.pt")
    compare([small[0], third], tmp_path / "site", quiet=True)
    assert not (tmp_path / "site/GoogLeNet-after.pt").exists()
    assert not (tmp_path / "site/pairs/GoogLeNet-before.pt/GoogLeNet-after.pt").exists()
    check_addresses(tmp_path / "site")


def test_three_networks_are_compared_two_by_two(small: list[Run], tmp_path: Path) -> None:
    other = make_compared(tmp_path / "c", random_values(2), "other.pt", pictured=1)
    compare([*small, other], tmp_path / "site", quiet=True)
    text = (tmp_path / "site/index.html").read_text("utf-8")
    assert text.count('class="chart heat"') == 3
    assert "Each layer of GoogLeNet before.pt" in text
    check_addresses(tmp_path / "site")


def test_an_address_is_that_of_the_comparison_and_of_each_site(
    small: list[Run], tmp_path: Path
) -> None:
    compare(small, tmp_path / "site", base_url="https://example.org/both", quiet=True)
    home = '<link rel="canonical" href="https://example.org/both/'
    assert f'{home}">' in (tmp_path / "site/index.html").read_text("utf-8")
    inner = (tmp_path / "site/GoogLeNet-after.pt/index.html").read_text("utf-8")
    assert f'{home}GoogLeNet-after.pt/">' in inner
    page = "pairs/GoogLeNet-before.pt/GoogLeNet-after.pt/conv1/conv1.html"
    assert f"<loc>https://example.org/both/{page}</loc>" in (
        tmp_path / "site/sitemap.xml"
    ).read_text("utf-8")
    assert check_site(tmp_path / "site").sizes


# Names


def test_networks_are_told_apart_by_weights_then_by_folders_without_their_paths(
    tmp_path: Path,
) -> None:
    twins = [
        make_small(tmp_path / "epoch1" / "run", 0, "last.pt"),
        make_small(tmp_path / "epoch2" / "late", 1, "last.pt"),
    ]
    compare(twins, tmp_path / "site", quiet=True)
    text = (tmp_path / "site/index.html").read_text("utf-8")
    assert "<h1>GoogLeNet run and GoogLeNet late side by side</h1>" in text
    assert not any("epoch" in text or str(tmp_path) in text for text in pages(tmp_path).values())


def test_folders_of_sites_are_distinct_and_none_of_the_comparisons_own() -> None:
    names = ["A", "a", "a-2", "pairs", "index.html", "x/../y", "", "con"]
    folders = folders_of(names)
    assert len({folder.lower() for folder in folders}) == len(names)
    assert not {"pairs", "index.html", "", "con", ".."} & {*folders}
    assert not any("/" in folder for folder in folders)


def test_hostile_names_add_no_element_and_no_attribute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("atlas.build.compare"), "refuse_damage", lambda run: None)
    hostile = [make_hostile_run(tmp_path / name) for name in ("a", "b")]
    for seed, run in enumerate(hostile):
        units = len(run.table("activations"))
        count = len(run.table("probe"))
        values = np.random.default_rng(seed).normal(size=(count, units))
        add_responses(run, values)
        rename(run, {"name": NAMES[seed]})
    compare(hostile, tmp_path / "site", quiet=True)
    shown = ""
    for page, text in pages(tmp_path / "site").items():
        own = ("index.html", "compare.html")
        if not page.startswith(("pairs/", "only-here/")) and page not in own:
            continue
        shown += text
        for tag, attributes in Document(text).elements:
            assert not any(name.startswith("on") or name == "style" for name in attributes), page
            assert tag not in ("b", "style", "noscript", "textarea"), page
            ours = (attributes.get("src") or "").startswith(("static/", "../"))
            assert tag != "script" or ours or attributes["type"] == "application/json", page
        assert "default-src 'none'" in text
    assert all(layer["name"][:5].replace("<", "&lt;") in shown for layer in HOSTILE_LAYERS)


# What cannot be compared is said in one line


def test_runs_over_other_images_are_refused_with_what_differs(
    small: list[Run], tmp_path: Path
) -> None:
    other = make_run(tmp_path / "c", photographs=IMAGES, digest_of_photographs="1" * 64)
    with pytest.raises(AtlasError, match=r"other images.*80 images of album \(11111111\)"):
        compare([small[0], other], tmp_path / "site", quiet=True)
    assert not (tmp_path / "site").exists()


def test_a_run_without_responses_is_refused_with_the_command_that_makes_them(
    small: list[Run], tmp_path: Path
) -> None:
    older = make_small(tmp_path / "c", 0, "older.pt")
    older.remove("responses.npy")
    with pytest.raises(AtlasError, match=r"c has no responses\.\w+; 'atlas rank' makes it"):
        compare([small[0], older], tmp_path / "site", quiet=True)


def test_too_few_common_images_are_refused(small: list[Run], tmp_path: Path) -> None:
    few = make_small(tmp_path / "c", 0, "few.pt")
    add_responses(few, random_values(0, 7)[:9])
    with pytest.raises(AtlasError, match="9 of the same images, and 20 are needed"):
        compare([small[0], few], tmp_path / "site", quiet=True)


def test_two_different_runs_are_needed_and_a_site_beside_them(
    small: list[Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="two runs or more"):
        compare(small[:1], tmp_path / "site")
    with pytest.raises(UsageError, match="a run once"):
        compare([small[0], Run(small[0].path)], tmp_path / "site")
    with pytest.raises(UsageError, match="lies in the site"):
        compare(small, small[0].path)
    assert main(["compare", *(str(run.path) for run in small)]) == 2
    assert "--site FOLDER" in capsys.readouterr().err


def test_a_linked_folder_in_place_of_a_networks_site_is_not_followed(
    small: list[Run], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    compare(small, tmp_path / "site", quiet=True)
    own = tmp_path / "site/GoogLeNet-after.pt"
    own.rename(tmp_path / "moved")
    own.symlink_to(outside)
    with pytest.raises(AtlasError, match="leads out of the site"):
        compare(small, tmp_path / "site", quiet=True)
    assert not list(outside.iterdir())


# In a browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_telephone_and_a_desk_from_the_disk(
    site: Path, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    only_here = "only-here/GoogLeNet-before.pt/GoogLeNet-after.pt.html"
    with opened(browser, color_scheme=scheme) as page:
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            for name in ("index.html", PAIR, only_here):
                page.goto((site / name).as_uri())
                show_all_images(page)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.locator(".alone img").first.is_visible()


def test_layers_of_both_networks_stand_side_by_side_with_what_is_alike(
    site: Path, browser: Browser
) -> None:
    before, after = "GoogLeNet-before.pt", "GoogLeNet-after.pt"
    with opened(browser, viewport={"width": 1280, "height": 800}) as page:
        page.goto((site / "compare.html").as_uri())
        page.locator(".presets a").first.click()
        page.wait_for_url("**/compare.html?layers=**")
        heads = block_heads(page)
        assert [head.split() for head in heads] == [
            ["conv1", "GoogLeNet", "before.pt"],
            ["conv1", "GoogLeNet", "after.pt"],
        ]
        page.get_by_role("button", name="What is most like GoogLeNet before.pt conv1 1").click()
        other = page.locator(f'.block[data-block="{after}/conv1"] .alike li').first
        assert other.inner_text().split() == [str(ORDER.tolist().index(1)), "1.00"]
        href = other.locator("a").get_attribute("href") or ""
        assert href.startswith(f"{after}/units/conv1/0002.html")
        show_all_images(page)
        page.goto(f"{(site / 'compare.html').as_uri()}?units={before}/conv1:0,{after}/conv1:2")
        page.locator(".card-unit").nth(1).wait_for()
        titles = page.locator(".card-unit h3 a").all_inner_texts()
        assert titles == ["GoogLeNet before.pt conv1 0", "GoogLeNet after.pt conv1 2"]
        show_all_images(page)


def test_units_of_both_networks_are_picked_from_a_page_of_two_layers(
    site: Path, browser: Browser
) -> None:
    with opened(browser) as page:
        page.goto((site / PAIR).as_uri())
        assert page.locator(".block").count() == 2
        for name in ("before.pt 4a 0", "after.pt 4a 0"):
            pick = page.get_by_role("button", name=f"Add GoogLeNet {name} to the tray").first
            pick.click()
        page.get_by_role("link", name="Compare 2 units").click()
        page.wait_for_url("**/compare.html?units=**")
        page.locator(".card-unit").nth(1).wait_for()
        show_all_images(page)


def test_a_networks_own_site_leads_back_to_the_comparison(site: Path, browser: Browser) -> None:
    with opened(browser) as page:
        for name in ("index.html", "units/conv1/0000.html"):
            page.goto((site / "GoogLeNet-after.pt" / name).as_uri())
            page.get_by_role("link", name="All networks").click()
            page.wait_for_url((site / "index.html").as_uri())


def test_a_number_of_the_heat_map_is_read_on_its_color(site: Path, browser: Browser) -> None:
    for scheme in ("light", "dark"):
        with opened(browser, color_scheme=scheme) as page:
            page.goto((site / "index.html").as_uri())
            cell = page.locator(".heat g", has_text="conv1 and conv1: 1.000")
            fill = "e => getComputedStyle(e).fill"
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            box, opacity = cell.locator("rect"), cell.locator("rect").get_attribute("fill-opacity")
            strength = float(opacity or 1)
            colors = [rgb(each) for each in (box.evaluate(fill), paper)]
            seen = strength * colors[0] + (1 - strength) * colors[1]
            assert contrast(seen, rgb(cell.locator("text").evaluate(fill))) >= 4.5  # WCAG 1.4.3


def rgb(color: str) -> NDArray[np.float64]:
    return np.array(re.findall(r"\d+", color)[:3], float)


def contrast(*colors: NDArray[np.float64]) -> float:
    """Of two colors, by WCAG 2."""
    linear = [np.where(c <= 10, c / 3295, ((c / 255 + 0.055) / 1.055) ** 2.4) for c in colors]
    low, high = sorted(float(each @ [0.2126, 0.7152, 0.0722]) for each in linear)
    return (high + 0.05) / (low + 0.05)
