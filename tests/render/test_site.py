"""What a user relies on in a rendered site: files, bytes, links and words."""

import csv
import html
import io
import json
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from support.document import Document, check_addresses, pages
from support.run_fixture import HOSTILE, LAYERS, make_run

from atlas.errors import AtlasError, UsageError
from atlas.probe import stimuli
from atlas.probe.opening import open_probe_set
from atlas.render.outline import outline
from atlas.render.picture_statistics import colorfulness, spatial_frequency
from atlas.render.reading import read_catalog
from atlas.render.site import render
from atlas.render.unit_facts import ProbeImage
from atlas.run.folder import Run

NOTICE = "These weights were trained on small photographs."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def site(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    render(run, site)
    return site


@pytest.fixture(scope="module")
def photograph_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose probe set was a folder, with markup in its names and an exotic run besides."""
    site = tmp_path_factory.mktemp("photographs")
    names = [HOSTILE, *(f"secret/{i}.jpg" for i in range(12))]
    folder = tmp_path_factory.mktemp("run")
    run = make_run(folder, photographs=names, notice=None, recipes=("article", "calm"), samples=2)
    render(run, site)
    return site


def contents(site: Path) -> dict[str, bytes]:
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


def test_every_page_of_the_contract_is_there(site: Path) -> None:
    files = contents(site)
    pages = ["index.html", "compare.html", "findings.html", "about.html", "404.html"]
    units = ["units/inception4a/0001.html", "units/inception5b/0002.html"]
    data = ["data/atlas.json", "data/units.csv", ".nojekyll"]
    for name in [*pages, "layers/conv1.html", *units, *data]:
        assert name in files
    assert "sitemap.xml" not in files


@pytest.mark.parametrize("name", ["site", "photograph_site"])
def test_every_link_and_image_resolves_inside_the_site(
    name: str, request: pytest.FixtureRequest
) -> None:
    check_addresses(request.getfixturevalue(name))


def test_pages_have_no_inline_script_style_or_handler(site: Path) -> None:
    for page, text in pages(site).items():
        if page == "404.html":  # it has to, and allows by their hash what stands in it
            continue
        for tag, attributes in Document(text).elements:
            assert tag != "style" and "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            if tag == "script":
                assert "src" in attributes or attributes.get("type") == "application/json"


def test_every_image_says_its_size_and_what_it_shows(site: Path) -> None:
    for page, text in pages(site).items():
        for tag, attributes in Document(text).elements:
            if tag != "img":
                continue
            assert attributes["alt"] is not None
            with Image.open(site / Path(page).parent / unquote(str(attributes["src"]))) as image:
                assert image.size == (int(attributes["width"] or 0), int(attributes["height"] or 0))


def test_names_with_markup_are_shown_as_they_are(photograph_site: Path) -> None:
    for text in pages(photograph_site).values():
        assert "<img src=x" not in text
        assert "<b>bold</b>" not in text
        for tag, _ in Document(text).elements:
            assert tag != "b"
    assert "&lt;img src=x onerror=" in (photograph_site / "about.html").read_text("utf-8")
    layer = next((photograph_site / "layers").glob("head-*.html")).read_text("utf-8")
    assert "<h1>head&lt;b&gt;bold&lt;/b&gt;</h1>" in layer


def test_the_notice_of_the_weights_is_on_every_page(site: Path, photograph_site: Path) -> None:
    assert all(NOTICE in text for text in pages(site).values())
    assert not any(NOTICE in text for text in pages(photograph_site).values())


def test_a_synthetic_probe_set_is_named_wherever_there_is_a_ranking_or_a_gain(
    site: Path, photograph_site: Path
) -> None:
    notice = "The probe set was synthetic"
    for page, text in pages(site).items():
        alone = page == "404.html" or page.startswith("embed/")
        assert (notice in text) == (not alone), page
    assert not any(notice in text for text in pages(photograph_site).values())


def test_silent_and_broken_units_say_so(site: Path) -> None:
    assert "stayed <strong>silent</strong>" in (site / "units/inception4a/0001.html").read_text()
    broken = next((site / "units").glob("head-*/0002.html")).read_text()
    assert "picture is <strong>broken</strong>" in broken
    assert "<strong>silent" not in (site / "units/conv1/0001.html").read_text()
    assert 'class="flag">silent' in (site / "layers/inception4a.html").read_text()


def test_layers_without_relu_say_what_the_objective_rewards(site: Path) -> None:
    for folder in ("layers", "units"):
        for path in (site / folder).rglob("*.html"):
            unrectified = "head-" in path.relative_to(site).as_posix()
            assert ("strong negative activation" in path.read_text()) == unrectified


def test_receptive_fields_are_told_in_words(site: Path) -> None:
    assert "sees <strong>107 × 107</strong>" in (site / "layers/inception4a.html").read_text()
    assert "more than the 224 × 224" in (site / "layers/inception5b.html").read_text()
    whole = next((site / "layers").glob("head-*.html")).read_text()
    assert "sees the whole image" in whole


def test_nothing_tells_where_or_when_it_was_made(site: Path, photograph_site: Path) -> None:
    for folder in (site, photograph_site):
        for name, content in contents(folder).items():
            assert b"/home/" not in content and b"/tmp/" not in content, name
            assert not re.search(rb"\b20[2-9]\d-\d\d-\d\d", content), name


def test_rendering_twice_gives_the_same_bytes(run: Run, site: Path, tmp_path: Path) -> None:
    render(run, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(site)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "again").rglob("*.webp")}
    render(run, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(site)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_stale_files_go_and_foreign_files_stay(tmp_path: Path) -> None:
    site = tmp_path / "site"
    render(make_run(tmp_path / "large"), site)
    (site / "CNAME").write_text("atlas.example.org")
    (site / "units" / "conv1" / "note.txt").write_text("mine")
    assert (site / "units/conv1/0002.html").exists()
    small = make_run(tmp_path / "small", layers=LAYERS[:2], pictured=1)
    render(small, site)
    assert not (site / "units/conv1/0002.html").exists()
    assert not (site / "units/inception5b").exists()
    assert not (site / "layers/inception5b.html").exists()
    assert (site / "CNAME").read_text() == "atlas.example.org"
    assert (site / "units" / "conv1" / "note.txt").read_text() == "mine"
    render(small, tmp_path / "fresh")
    kept = contents(site)
    assert kept.pop("CNAME") and kept.pop("units/conv1/note.txt")
    assert kept == contents(tmp_path / "fresh")


def test_what_a_failed_render_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    site, own = tmp_path / "site", tmp_path / "own"
    own.mkdir()
    (own / "about.html.j2").write_text("{{ colour }}")
    with pytest.raises(AtlasError):
        render(make_run(tmp_path / "large"), site, templates=own)
    assert (site / "units/inception5b/0000.html").exists()
    small = make_run(tmp_path / "small", layers=LAYERS[:2], pictured=1)
    render(small, site)
    render(small, tmp_path / "fresh")
    assert contents(site) == contents(tmp_path / "fresh")


def test_a_site_that_cannot_be_written_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AtlasError, match="cannot be written"):
        render(run, tmp_path / "file" / "site")


def test_a_missing_stage_names_its_command(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run.path / "examination.csv").unlink()
    with pytest.raises(AtlasError, match="atlas examine"):
        render(run, tmp_path / "site")


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    run.picture_path("article", "conv1", 0).write_bytes(b"no picture")
    with pytest.raises(AtlasError, match=r"0000\.png"):
        render(run, tmp_path / "site")


def test_a_template_of_ones_own_comes_first(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "static").mkdir(parents=True)
    (own / "404.html.j2").write_text("\ufeffNothing in {{ network_name }} here: {{ '<' }}", "utf-8")
    (own / "static" / "atlas.css").write_text("body { color: hotpink }")
    render(run, tmp_path / "site", templates=own)
    assert (tmp_path / "site/404.html").read_text() == "Nothing in GoogLeNet here: &lt;"
    assert (tmp_path / "site/static/atlas.css").read_text() == "body { color: hotpink }"
    assert "<h1>What a neural network sees</h1>" in (tmp_path / "site/index.html").read_text()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ page.title }}\n{{ colour }}", "'colour' is undefined"),
        ("\n{% for layer in %}", "Expected an expression"),
        ("\n{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_mistake_in_a_template_names_template_and_line(
    text: str, reason: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "about.html.j2").write_text(text)
    with pytest.raises(AtlasError) as error:
        render(run, tmp_path / "site", templates=tmp_path)
    assert "template about.html.j2, line 2" in str(error.value)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_a_template_that_is_not_in_utf_8_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "about.html.j2").write_bytes(b"gr\xfc\xdfe")
    with pytest.raises(AtlasError, match=r"about\.html\.j2, .* is not in UTF-8; save it so"):
        render(run, tmp_path / "site", templates=tmp_path)


def test_a_missing_template_folder_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match="nowhere"):
        render(run, tmp_path / "site", templates=tmp_path / "nowhere")


def test_the_data_describe_all_units_and_pictures(run: Run, site: Path) -> None:
    atlas = json.loads((site / "data/atlas.json").read_text())
    assert atlas["schema"] == 2
    assert [layer["name"] for layer in atlas["layers"]] == [layer["name"] for layer in LAYERS]
    for layer in atlas["layers"]:
        assert (site / layer["page"]).is_file()
        for unit in layer["pictures"]:
            assert (site / unit["page"]).is_file()
            assert (site / unit["pictures"][0]["image"]).is_file()
    rows = list(csv.DictReader(io.StringIO((site / "data/units.csv").read_text())))
    activations = run.table("activations")
    assert len(rows) == len(activations)
    assert [float(row["mean"]) for row in rows] == pytest.approx(activations["mean"], rel=1e-5)
    assert sum(bool(row["page"]) for row in rows) == 12
    assert {row["status"] for row in rows} == {"", "ok", "silent", "broken"}


def test_the_lossless_picture_is_the_one_of_the_run(run: Run, site: Path) -> None:
    original = run.picture_path("article", "conv1", 0).read_bytes()
    assert (site / "images/article/conv1/0000.png").read_bytes() == original
    assert "images/article/conv1/0000.png" in (site / "units/conv1/0000.html").read_text()


def test_photographs_are_named_and_not_shown(photograph_site: Path) -> None:
    page = (photograph_site / "units/conv1/0000.html").read_text()
    assert re.search(r'class="file">\d+\.jpg<', page) and "secret/" not in page
    assert "The photographs themselves are not published." in page
    assert not (photograph_site / "images/probe").exists()


def test_photographs_that_imagenet_named_are_called_by_their_class(tmp_path: Path) -> None:
    names = [f"n{i:08d}_yellow_lady's_slipper.JPEG" for i in range(11)] + ["n01_mine.png"]
    render(make_run(tmp_path / "run", photographs=names, layers=LAYERS[:1]), tmp_path / "site")
    text = html.unescape((tmp_path / "site/units/conv1/0000.html").read_text("utf-8"))
    section = text[text.index('id="strongest-title"') :]
    called = re.findall(r'<p title="([^"]*)">(.*?)<span class="value">', section)
    assert len(called) >= 9
    for name, words in called:
        plain = name == "n01_mine.png"
        assert words.strip() == (
            f'<span class="file">{name}</span>' if plain else "yellow lady's slipper,"
        )


def test_photographs_are_shown_when_allowed(tmp_path: Path) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for i in range(4):
        Image.new("RGB", (240, 230), (60 * i, 90, 120)).save(album / f"{i}.png")
    probe = open_probe_set(album)
    run = make_run(tmp_path / "run", photographs=probe.names, digest_of_photographs=probe.digest)
    site = tmp_path / "site"
    render(run, site, publish_probe_images=album)
    page = (site / "units/conv1/0000.html").read_text()
    assert page.count("images/probe/") == 4
    render(run, site)
    assert not (site / "images/probe").exists()
    Image.new("RGB", (240, 230)).save(album / "another.png")
    with pytest.raises(AtlasError, match="not those the units were ranked on"):
        render(run, site, publish_probe_images=album)


def test_beside_photographs_every_unit_shows_the_stimuli_that_excite_it_most(
    photograph_site: Path,
) -> None:
    battery = {stimulus.name: stimulus for stimulus in stimuli.battery()}
    shown = sorted((photograph_site / "units").rglob("*.html"))
    assert len(shown) == 12
    for path in shown:
        section = path.read_text().partition('id="stimuli-title"')[2].partition("</section>")[0]
        assert "drawn, not photographed" in section
        images = re.findall(r'src="([^"]+)" alt="([^"]+)"', section)
        assert len(images) == 9
        drawn = [
            np.asarray(Image.fromarray(battery[name].draw()).resize((128, 128)), float)
            for _, name in images
        ]
        for place, (source, _) in enumerate(images):
            with Image.open(path.parent / source) as small:
                pixels = np.asarray(small.convert("RGB"), float)
            distances = [np.abs(pixels - each).mean() for each in drawn]
            assert np.argmin(distances) == place
    assert "Strongest stimuli" in (photograph_site / "about.html").read_text()


def test_stimuli_that_were_ranked_are_not_shown_twice(site: Path) -> None:
    page = (site / "units/conv1/0000.html").read_text()
    assert page.count("images/probe/") == 9 and "Strongest stimuli" not in page
    assert not (site / "images/stimuli").exists()


@pytest.mark.parametrize("kept", [None, "0" * 64])
def test_a_run_that_does_not_know_its_strongest_stimuli_or_knows_others_shows_none(
    tmp_path: Path, kept: str | None
) -> None:
    run = make_run(tmp_path / "run", photographs=["a.png"], layers=LAYERS[:1], pictured=1)
    if kept is None:  # as of an earlier version
        run.remove("strongest_stimuli.csv")
    run.write_json("run", run.read_json("run") | {"stimuli": kept})
    render(run, tmp_path / "site")
    assert "Strongest stimuli" not in (tmp_path / "site/units/conv1/0000.html").read_text()
    assert not (tmp_path / "site/images/stimuli").exists()


def test_the_receptive_field_is_outlined_around_the_peak(run: Run) -> None:
    layer = read_catalog(run).layers[1]
    field = outline(layer, ProbeImage("image", 1.0, 2.0, row=3, column=5))
    assert field is not None
    # The fixture's first position is centered in pixel 8; positions are 16 pixels apart.
    assert field.x + field.side / 2 == 8.5 + 5 * 16
    assert field.y + field.side / 2 == 8.5 + 3 * 16
    assert field.side == 107
    assert outline(read_catalog(run).layers[3], ProbeImage("image", 1.0, 2.0, 0, 0)) is None


def test_the_command_of_a_picture_names_its_unit_and_settings(site: Path) -> None:
    page = (site / "units/inception4a/0002.html").read_text()
    command = page[page.index("<code>atlas build") :]
    options = command[: command.index("</code>")].removeprefix("<code>").split()
    given = dict(zip(options[2::2], options[3::2], strict=True))
    assert given["--units"] == "inception4a:2"
    assert given["--weights"] == "mine.pt"
    assert given["--upscales"] == "20" and given["--precision"] == "float32"
    assert "--top" not in given and "--seed" not in given


def test_other_recipes_and_samples_are_on_the_units_page(photograph_site: Path) -> None:
    page = (photograph_site / "units/conv1/0000.html").read_text()
    for stem in ("article/conv1/0000", "article/conv1/0000-2", "calm/conv1/0000-2"):
        assert f'src="../../images/{stem}.webp"' in page
    assert page.count("2 pictures from different noise") == 2
    assert page.count("Likeness <strong>0.") == 2
    assert "--recipe calm" in page


def test_the_recipe_asked_for_first_is_shown_first(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", recipes=("calm", "article"), layers=LAYERS[:2], pictured=1)
    render(run, tmp_path / "site")
    page = (tmp_path / "site/layers/conv1.html").read_text()
    assert re.findall(r'name="recipe" value="(\w+)"[^>]*checked', page) == ["calm"]
    assert 'src="../images/calm/conv1/0000.webp"' in page
    assert 'src="../images/article/conv1/0000.webp"' not in page


def test_a_unit_without_a_picture_by_one_recipe_shows_that_of_another(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", recipes=("article", "calm"), layers=LAYERS[:1], pictured=2)
    for path in (run.path / "units/article/conv1").glob("0001*"):
        path.unlink()
    render(run, tmp_path / "site")
    page = (tmp_path / "site/layers/conv1.html").read_text()
    assert 'src="../images/article/conv1/0000.webp"' in page
    assert 'src="../images/calm/conv1/0001.webp"' in page
    assert '<span class="flag" data-recipe="article">by calm</span>' in page


def test_with_a_base_url_there_is_a_sitemap_and_absolute_addresses(
    run: Run, tmp_path: Path
) -> None:
    render(run, tmp_path, base_url="https://example.org/repo")
    sitemap = (tmp_path / "sitemap.xml").read_text()
    assert "<loc>https://example.org/repo/units/conv1/0000.html</loc>" in sitemap
    assert "404" not in sitemap
    index = (tmp_path / "index.html").read_text()
    assert '<link rel="canonical" href="https://example.org/repo/">' in index
    assert 'content="https://example.org/repo/images/cover.jpg"' in index
    # A server shows this page at any depth, where relative links lead nowhere.
    assert 'href="/repo/static/atlas.css"' in (tmp_path / "404.html").read_text()
    with pytest.raises(UsageError, match="https://"):
        render(run, tmp_path, base_url="example.org")


def test_pages_do_not_grow_with_the_number_of_pictures(site: Path, tmp_path: Path) -> None:
    render(make_run(tmp_path / "run", pictured=12), tmp_path / "site")
    few, many = contents(site), contents(tmp_path / "site")
    for name in ("about.html", "findings.html", "units/conv1/0000.html"):
        assert len(many[name]) < 1.2 * len(few[name])  # intervals come with five units
    assert many["layers/conv1.html"].count(b'<img class="pixels"') == 10
    assert many["compare.html"].count(b"<li data-unit=") == 10 * len(LAYERS)


def test_spatial_frequency_is_that_of_a_grating() -> None:
    x = np.arange(120)
    wave = np.rint(127 + 100 * np.sin(2 * np.pi * x / 8)).astype(np.uint8)
    grating = np.broadcast_to(wave[None, :, None], (120, 120, 3))
    assert spatial_frequency(grating) == pytest.approx(1 / 8, rel=0.03)
    assert spatial_frequency(grating // 2) == pytest.approx(1 / 8, rel=0.03)
    assert spatial_frequency(np.full((20, 20, 3), 77, np.uint8)) is None


def test_colorfulness_is_zero_for_gray_and_rises_with_color() -> None:
    gray = np.repeat(np.arange(100, dtype=np.uint8).reshape(10, 10, 1), 3, axis=2)
    red = np.zeros((10, 10, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    assert colorfulness(gray) == 0
    # Mean opponents 255 and 127.5, no spread.
    assert colorfulness(red) == pytest.approx(0.3 * np.hypot(255, 127.5))
