"""The wall of all units: where each stands, and what one does there by mouse, touch and keys."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from support.browsing import opened
from support.run_fixture import LAYERS, UNITS, make_run

from atlas.render.site import render
from atlas.run.folder import Run
from atlas.run.tiles import _constants, tiles_folder

POOL = {"name": "maxpool9", "stride": 32, "receptive_field": 400, "height": 4, "branches": [],
        "pools": "inception5b"}  # fmt: skip
NAMES = [f"{i}.jpg" for i in range(30)]
SIZE: Any = {"width": 1280, "height": 1100}
STRIP = 24
"""Pixels above the wall for the names of layers, as in wall.js."""


def lay_out(run: Run, of: str, units: dict[str, int], seed: int = 0) -> None:
    generator = np.random.default_rng(seed)
    rows = [
        {"of": of, "layer": layer, "unit": unit, "height": (7 * unit % 5) / 5,
         "x": generator.random(), "y": generator.random()}
        for layer, count in units.items()
        for unit in range(count)
    ]  # fmt: skip
    run.write_table("layout", pd.DataFrame(rows))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three layers and a pooling, four pictures of each, with a layout, a label and a note."""
    root = tmp_path_factory.mktemp("wall")
    run = make_run(root / "run", photographs=NAMES, layers=[*LAYERS[:3], POOL], pictured=4)
    lay_out(run, "pictured", {layer["name"]: 4 for layer in LAYERS[:3]})
    label = {"layer": "conv1", "unit": 0, "kind": "class", "place": 1, "label": "zebra",
             "auc": 0.97, "images": 9}  # fmt: skip
    run.write_table("labels", pd.DataFrame([label]))
    notes = root / "notes.csv"
    notes.write_text("layer,unit,text\ninception5b,2,Looks for <beaks>.\n")
    render(run, root / "site", notes=notes)
    return root / "site"


@pytest.fixture(scope="module")
def tiled_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tile of every unit, and a picture of two in each layer."""
    root = tmp_path_factory.mktemp("tiled")
    run = make_run(root / "run", photographs=NAMES, layers=LAYERS[:2], pictured=2)
    for layer in LAYERS[:2]:
        data = io.BytesIO()
        pixels = np.arange(UNITS * 100 * 100 * 3, dtype=np.uint32).reshape(UNITS, 100, 100, 3)
        np.savez(data, units=np.arange(UNITS), pixels=(pixels >> 7).astype(np.uint8),
                 statuses=np.array(["ok"] * (UNITS - 1) + ["silent"]),
                 activations=np.ones(UNITS), recipe=np.array(_constants()))  # fmt: skip
        name = f"0000-{UNITS - 1:04d}.npz"
        run.write(tiles_folder(run, layer["name"]) / name, data.getvalue())
    lay_out(run, "all", {layer["name"]: UNITS for layer in LAYERS[:2]})
    render(run, root / "site")
    return root / "site"


def data_of(site: Path) -> dict[str, Any]:
    found = re.search(r'id="wall-data">(.*?)</script>', (site / "index.html").read_text("utf-8"))
    assert found
    return json.loads(found[1])


def test_each_layer_has_its_columns_and_goes_down_by_likeness(site: Path) -> None:
    data = data_of(site)
    assert [layer[0] for layer in data["layers"]] == ["conv1", "4a", "5b"]
    columns, rows = data["shape"]
    width = data["layers"][0][2]
    assert columns == 3 * width and columns * rows >= 12
    for index in range(3):
        own = [unit for unit in data["units"] if unit[0] == index]
        assert [unit[1] for unit in own] == sorted(range(4), key=lambda unit: 7 * unit % 5)
        for order, unit in enumerate(own):
            down, across = divmod(unit[2], columns)
            assert (down, across - index * width) == divmod(order, width)


def test_every_unit_has_its_own_place_on_the_map(site: Path) -> None:
    data = data_of(site)
    columns, rows = data["map"]
    places = [unit[3] for unit in data["units"]]
    assert len({*places}) == 12 and max(places) < columns * rows


def test_a_unit_is_named_by_its_note_or_its_label(site: Path) -> None:
    words = {(unit[0], unit[1]): unit[5] for unit in data_of(site)["units"]}
    assert words[0, 0] == "zebra" and words[2, 2] == "Looks for <beaks>." and words[0, 3] == ""


def test_a_sprite_shows_its_unit(site: Path) -> None:
    data = data_of(site)
    [[side, most]] = data["levels"]
    across = round(most**0.5)
    sheet = Image.open(site / f"images/wall/{side}-0.webp")
    for place, (layer, number, *_) in enumerate(data["units"]):
        left, top = place % across * side, place // across * side
        sprite = sheet.crop((left, top, left + side, top + side)).resize((16, 16))
        slug = data["layers"][layer][1]
        small = Image.open(site / f"images/article/{slug}/{number:04d}.webp").resize((16, 16))
        pair = [np.asarray(image, float).ravel() for image in (sprite, small.convert("RGB"))]
        if pair[1].std() > 1:  # is not the picture of a silent unit
            assert np.corrcoef(pair)[0, 1] > 0.95


def test_all_units_with_tiles_stand_on_the_wall(tiled_site: Path) -> None:
    data = data_of(tiled_site)
    assert len(data["units"]) == 2 * UNITS
    assert sum(bool(unit[4]) for unit in data["units"]) == 4
    silent = [unit for unit in data["units"] if unit[1] == UNITS - 1]
    assert [unit[5:] for unit in silent] == [["silent", 1]] * 2


def test_without_likeness_units_stand_by_rank_and_there_is_no_map(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", layers=LAYERS[:2])
    render(run, tmp_path / "site")
    data = data_of(tmp_path / "site")
    assert data["map"] is None
    assert [unit[1] for unit in data["units"]] == [0, 1, 2] * 2
    assert 'value="map"' not in (tmp_path / "site/index.html").read_text("utf-8")


def test_pools_are_left_out_and_linked(site: Path) -> None:
    text = (site / "index.html").read_text("utf-8")
    caption = text.partition('id="wall-keys"')[2].partition("</p>")[0]
    assert '<a href="layers/maxpool9.html">maxpool9</a>.' in caption


def test_a_silent_unit_is_told_apart_on_the_card_of_its_layer(site: Path, tmp_path: Path) -> None:
    assert '<span class="flag">1 silent</span>' in (site / "index.html").read_text("utf-8")
    render(make_run(tmp_path / "run", layers=LAYERS[:2], pictured=5), tmp_path / "site")
    text = (tmp_path / "site/index.html").read_text("utf-8")
    card = text.partition('<a href="layers/inception4a.html">')[2].partition("</li>")[0]
    assert "silent" not in card and re.findall(r"4a/000(\d)", card) == [*"0234"]


def test_the_descent_says_what_the_strongest_photographs_show(tmp_path: Path) -> None:
    names = ["n02391049_zebra.jpg", *(f"{i}.jpg" for i in range(8))]
    run = make_run(tmp_path / "run", photographs=names, layers=LAYERS[:2])
    render(run, tmp_path / "site")
    text = (tmp_path / "site/index.html").read_text("utf-8")
    assert re.search(r"answers most to those of zebra, and to this picture \d+\.\d times", text)


def test_the_descent_begins_at_the_first_layer_and_says_what_is_known(site: Path) -> None:
    text = (site / "index.html").read_text("utf-8").partition('class="descent"')[2]
    first, last = text.index("97 times in 100"), text.index("Looks for &lt;beaks&gt;.")
    assert first < last


# ---- In a browser.


@contextmanager
def wall(browser: Browser, site: Path, address: str = "", **options: Any) -> Iterator[Page]:
    with opened(browser, viewport=SIZE, **options) as page:
        page.goto(f"{site.as_uri()}/index.html{address}")
        page.wait_for_load_state("networkidle")
        yield page


def seen(page: Page) -> tuple[str, float, float, float]:
    """The view as the address has it: order, middle in tiles, size relative to the whole."""
    before = ""
    while (now := page.evaluate("location.hash.slice(1)")) != before or not now:
        before = now
        page.wait_for_timeout(500)
    name, _, numbers = now.partition("=")
    x, y, times = map(float, numbers.split(","))
    return name, x, y, times


def place_of(page: Page, layer: int, number: int) -> tuple[float, float]:
    """Where a unit is on the page, from the address and the data alone."""
    name, x, y, times = seen(page)
    data = json.loads(page.locator("#wall-data").text_content() or "")
    columns, rows = data["shape" if name == "wall" else "map"]
    [unit] = [unit for unit in data["units"] if unit[:2] == [layer, number]]
    row, column = divmod(unit[2 if name == "wall" else 3], columns)
    box = page.locator("#wall").bounding_box()
    assert box
    top = STRIP if name == "wall" else 0
    size = times * min(box["width"] / columns, (box["height"] - top) / rows)
    middle = box["x"] + box["width"] / 2, box["y"] + (box["height"] + top) / 2
    return middle[0] + (column + 0.5 - x) * size, middle[1] + (row + 0.5 - y) * size


def show_whole(page: Page) -> None:
    page.get_by_role("button", name="Whole").click()
    assert seen(page)[3] == 1


def said(page: Page) -> str:
    return " ".join(page.locator(".wall-said").inner_text().split())


def drawn(page: Page) -> np.ndarray[Any, np.dtype[np.float64]]:
    page.mouse.move(1, 1)
    page.wait_for_timeout(500)
    shot = Image.open(io.BytesIO(page.locator("#wall").screenshot())).convert("RGB")
    return np.asarray(shot, np.float64)


def test_the_pointer_shows_a_unit_and_a_click_opens_it(browser: Browser, site: Path) -> None:
    with wall(browser, site) as page:
        show_whole(page)
        page.mouse.move(*place_of(page, 0, 0))
        assert said(page) == "conv1 0 zebra"
        page.mouse.click(*place_of(page, 2, 2))
        page.wait_for_url("**/units/inception5b/0002.html")


def test_the_wheel_zooms_at_the_pointer_and_leaves_the_page_its_own(
    browser: Browser, site: Path
) -> None:
    with wall(browser, site) as page:
        show_whole(page)
        point = place_of(page, 1, 3)
        page.mouse.move(*point)
        page.mouse.wheel(0, -400)
        assert seen(page)[3] > 1.5
        page.mouse.move(point[0] + 1, point[1])
        assert said(page) == "4a 3"
        show_whole(page)
        page.mouse.move(*point)
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(500)
        assert page.evaluate("scrollY") > 100


def test_dragging_moves_the_wall_and_opens_nothing(browser: Browser, site: Path) -> None:
    with wall(browser, site) as page:
        show_whole(page)
        for _ in range(3):
            page.get_by_role("button", name="Zoom in").click()
        x, y = place_of(page, 0, 0)
        _, before, *_ = seen(page)
        page.mouse.move(640, 500)
        page.mouse.down()
        page.mouse.move(500, 470, steps=4)
        page.mouse.up()
        _, after, *_ = seen(page)
        assert after > before
        assert place_of(page, 0, 0) == pytest.approx((x - 140, y - 30), abs=8)
        assert "units/" not in page.url


def test_the_address_brings_back_what_was_seen(browser: Browser, site: Path) -> None:
    with wall(browser, site) as page:
        page.locator(".ways").get_by_text("by likeness").click()
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_timeout(1000)
        assert seen(page)[0] == "map" and seen(page)[3] > 1
        before = drawn(page)
        page.goto("about:blank")
        page.go_back()
        page.wait_for_load_state("networkidle")
        assert page.locator("[name=way][value=map]").is_checked()
        assert np.abs(drawn(page) - before).mean() < 8
        show_whole(page)
        assert np.abs(drawn(page) - before).mean() > 20


def test_keys_choose_zoom_and_open(browser: Browser, site: Path) -> None:
    with wall(browser, site) as page:
        while page.evaluate("document.activeElement.id") != "wall":
            page.keyboard.press("Tab")
        first = said(page)
        assert re.fullmatch(r"(conv1|4a|5b) \d.*", first)
        page.keyboard.press("+")
        nearer = seen(page)[3]
        page.keyboard.press("-")
        assert seen(page)[3] < nearer
        page.keyboard.press("0")
        assert seen(page)[3] == 1
        for _ in range(12):
            page.keyboard.press("ArrowRight")
        for _ in range(12):
            page.keyboard.press("ArrowUp")
        assert said(page).startswith("5b ")
        number = said(page).split()[1]
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/units/inception5b/{int(number):04d}.html")


def test_fingers_pinch_and_a_tap_tells_before_it_opens(browser: Browser, site: Path) -> None:
    with wall(browser, site, has_touch=True) as page:
        show_whole(page)
        before = seen(page)[3]
        touch = page.context.new_cdp_session(page)

        def fingers(kind: str, *places: tuple[float, float]) -> None:
            points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        fingers("touchStart", (600, 450))
        fingers("touchStart", (600, 450), (680, 450))
        for apart in range(60, 241, 30):
            fingers("touchMove", (640 - apart, 450), (640 + apart, 450))
        fingers("touchEnd")
        assert seen(page)[3] > 2 * before
        show_whole(page)
        point = place_of(page, 2, 1)
        page.touchscreen.tap(*point)
        assert said(page) == "5b 1" and "units/" not in page.url
        page.touchscreen.tap(*point)
        page.wait_for_url("**/units/inception5b/0001.html")


def test_a_unit_without_a_page_leads_to_its_row(browser: Browser, tiled_site: Path) -> None:
    with wall(browser, tiled_site) as page:
        show_whole(page)
        page.mouse.click(*place_of(page, 1, 7))
        page.wait_for_url(re.compile(r"/layers/inception4a\.html\?unit=7$"))
        assert page.locator("tr.found").get_attribute("id") == "u7"


def test_near_pictures_are_fetched_for_what_is_seen(browser: Browser, tiled_site: Path) -> None:
    asked: list[str] = []
    with opened(browser, viewport=SIZE) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{tiled_site.as_uri()}/index.html#wall=1,1,9")
        page.wait_for_load_state("networkidle")
        assert 0 < len([url for url in asked if "/tiles/" in url]) < UNITS


def test_without_a_script_there_is_a_grid_of_links(browser: Browser, site: Path) -> None:
    with wall(browser, site, java_script_enabled=False) as page:
        links = page.locator(".links a")
        assert links.count() == 12
        assert not page.locator("#wall").is_visible()
        links.nth(5).click()
        page.wait_for_url("**/units/inception4a/*.html")


@pytest.mark.parametrize("dark", [False, True])
def test_the_wall_fits_a_narrow_screen(dark: bool, browser: Browser, site: Path) -> None:
    narrow: Any = {"width": 360, "height": 640}
    with opened(browser, viewport=narrow, color_scheme="dark" if dark else "light") as page:
        page.goto(f"{site.as_uri()}/index.html")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        box = page.locator("#wall").bounding_box()
        assert box and box["width"] == 360
        assert drawn(page)[STRIP + 10 : 200].std() > 20
