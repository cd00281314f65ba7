"""What the page of a unit says it is related to."""

import html
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.document import check_addresses
from support.run_fixture import LAYERS, make_run

from atlas.probe.stimuli import battery
from atlas.render.site import render
from atlas.run.folder import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    names = [f"{i}.jpg" for i in range(12)]
    made = make_run(tmp_path_factory.mktemp("related") / "run", photographs=names, layers=LAYERS)
    description = made.read_json("network")
    description["layers"][2]["pools"] = "inception4a"
    made.write_json("network", description)
    return made


@pytest.fixture(scope="module")
def site(run: Run) -> Path:
    render(run, run.path.parent / "site")
    return run.path.parent / "site"


def groups_of(page: Path) -> dict[str, list[tuple[str, str]]]:
    """What stands under each heading of the relations: names and figures, pictures first."""
    parts = re.split(r'<div class="group">\s*<h[34]>(.*?)</h[34]>', page.read_text("utf-8"))[1:]
    found: dict[str, list[tuple[str, str]]] = {}
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        rows = re.findall(r'class="name">(.*?)</span>.*?class="value">(.*?)</span>', text, re.S)
        found.setdefault(html.unescape(title), rows)
    return found


def test_relatives_stand_by_layer_with_their_correlations(site: Path) -> None:
    groups = groups_of(site / "units/inception4a/0000.html")
    # The fixture: place p is unit p, and correlates by 1 - p/16.
    assert groups["4a"] == [(f"4a {p}", f"{1 - p / 16:.2f}") for p in range(1, 7)]
    assert groups["conv1"][0] == ("conv1 1", "0.94")
    check_addresses(site)


def test_a_relative_with_a_picture_shows_it_and_leads_to_its_page(site: Path) -> None:
    text = (site / "units/inception4a/0000.html").read_text("utf-8")
    assert re.search(r'href="../../units/conv1/0001.html">\s*<img src="[^"]*conv1/0001.small', text)
    without = '<a href="../../layers/conv1.html"><span class="name">conv1 3</span></a>'
    assert without in text, "one without leads to its layer"


def test_layers_that_pool_others_are_no_neighbors_and_their_channels_are_named(site: Path) -> None:
    pooled = (site / "units/inception5b/0001.html").read_text("utf-8")
    assert "The same channel before pooling" in pooled
    assert '<a href="../../units/inception4a/0001.html">4a 1</a>' in pooled
    before = (site / "units/inception4a/0001.html").read_text("utf-8")
    assert "The same channel after pooling" in before
    assert "The same channel" not in (site / "units/conv1/0001.html").read_text("utf-8")


def test_connections_stand_by_direction_and_sign(site: Path) -> None:
    groups = groups_of(site / "units/inception4a/0000.html")
    assert groups["Excited by"] == [("conv1 1", "+30 %")]
    assert groups["Inhibited by"] == [("conv1 0", "−40 %"), ("conv1 2", "−20 %")]
    assert groups["Argues for"] == [("output 1", "+3.0")]
    assert groups["Argues against"] == [("output 0", "−4.0"), ("output 2", "−2.0")]


def test_where_a_unit_is_active_is_outlined_where_photographs_are_shown(
    run: Run, site: Path, tmp_path: Path
) -> None:
    assert 'class="region"' not in (site / "units/conv1/0000.html").read_text("utf-8")
    drawn = make_run(tmp_path / "run", layers=LAYERS[:1])
    render(drawn, tmp_path / "site")
    text = (tmp_path / "site/units/conv1/0000.html").read_text("utf-8")
    assert text.count('<path d="M100,200 700,200 700,900 100,900z"/>') == 9


def test_what_lies_around_the_peak_is_cut_out_of_an_image_that_is_shown(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", layers=LAYERS[:2], pictured=1)
    render(run, tmp_path / "site")
    strongest = run.table("strongest").set_index(["layer", "unit"]).loc[("conv1", 0)]
    first = strongest.iloc[0]
    found = np.asarray(Image.open(tmp_path / "site/images/peaks/conv1/0000-1.webp").convert("RGB"))
    whole = {each.name: each for each in battery()}[first["image"]].draw(224)
    # The fixture's centers lie at 1 and then every 2 pixels; a seventh of the image is 32.
    corners = [min(max(round(1.5 + 2 * first[name] - 16), 0), 192) for name in ("row", "column")]
    expected = whole[corners[0] : corners[0] + 32, corners[1] : corners[1] + 32]
    assert found.shape == (32, 32, 3)
    assert np.abs(found.astype(int) - expected).mean() < 12
    assert len(list((tmp_path / "site/images/peaks").rglob("*.webp"))) == 18


def test_the_weakest_images_of_a_layer_without_relu_are_named(site: Path) -> None:
    text = next((site / "units").glob("head*/0000.html")).read_text("utf-8")
    section = text[text.index("Weakest probe images") :]
    assert re.findall(r'class="value">(.*?)</span>', section)[:2] == ["−9.50", "−8.50"]
    assert "Weakest probe images" not in (site / "units/conv1/0000.html").read_text("utf-8")


def test_a_run_without_relations_has_pages_without_them(tmp_path: Path) -> None:
    render(make_run(tmp_path / "run", layers=LAYERS[:2], extended=False), tmp_path / "site")
    text = (tmp_path / "site/units/conv1/0000.html").read_text("utf-8")
    assert "Relatives" not in text
    assert "Connections" not in text


def test_the_findings_say_how_alike_layers_are(site: Path) -> None:
    text = (site / "findings.html").read_text("utf-8")
    section = text[text.index('id="alignment"') :]
    # The fixture: 1, and 0.2 less for each layer between; the third pools the second.
    figures = re.findall(r"<title>(.*?)</title>", section)[:9]
    assert figures[:3] == ["conv1 and conv1: 1.00", "conv1 and 4a: 0.800", figures[2]]
    assert figures[2].endswith(": 0.400")
    assert "least from 4a to head" in html.unescape(re.sub("&lt;.*?&gt;", "", section))
