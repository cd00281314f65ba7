"""The site can be published: it touches no file of others, and nothing from outside acts in it."""

import csv
import json
import os
import re
import shutil
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from support.hostile_run import LAYERS, NAMES, make_hostile_run
from support.run_fixture import make_run

from atlas.errors import AtlasError, UsageError
from atlas.render.output import MANIFEST, SiteFolder
from atlas.render.site import render
from atlas.run.folder import Run

ADDRESS = "https://example.org/a&b;(c)=d/"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("run"), pictured=1)


def write(site: Path, *names: str) -> None:
    """A render that writes these files."""
    with SiteFolder.opened(site) as folder:
        for name in names:
            folder.write(name, f"content of {name}")


def files(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


# The folder: nothing is replaced or removed that an earlier render did not make


def test_a_second_render_removes_what_the_first_alone_wrote(tmp_path: Path) -> None:
    write(tmp_path / "site", "index.html", "units/a/1.html", "units/b/1.html")
    write(tmp_path / "site", "index.html", "units/b/1.html")
    assert files(tmp_path / "site") == [MANIFEST, "index.html", "units/b/1.html"]
    assert not (tmp_path / "site" / "units" / "a").exists()


@pytest.mark.parametrize("name", ["index.html", "notes.txt", "photographs/1.jpg"])
def test_a_folder_with_files_of_others_is_refused_and_left_as_it_is(
    run: Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(AtlasError, match="--site"):
        render(run, tmp_path)
    assert files(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("site", ["run", ".", "run/../run"])
def test_a_run_is_not_taken_for_a_site(tmp_path: Path, site: str) -> None:
    made = make_run(tmp_path / "run", pictured=1)
    before = files(tmp_path)
    with pytest.raises(UsageError, match="lies in the site"):
        render(made, tmp_path / site)
    assert files(tmp_path) == before


def test_a_folder_with_hidden_files_alone_is_taken(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, "index.html")
    assert files(tmp_path) == [MANIFEST, "index.html"]


def test_a_file_added_to_a_site_is_neither_removed_nor_replaced(tmp_path: Path) -> None:
    write(tmp_path, "index.html")
    (tmp_path / "about.html").write_text("mine")
    write(tmp_path, "index.html")
    with pytest.raises(AtlasError, match=r"about\.html was not written by atlas"):
        write(tmp_path, "index.html", "about.html")
    assert (tmp_path / "about.html").read_text() == "mine"


def test_an_edited_manifest_removes_nothing_but_plain_files_of_the_site(tmp_path: Path) -> None:
    site, outside = tmp_path / "site", tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    write(site, "index.html")
    (site / "folder").mkdir()
    (site / "folder" / "note").write_text("mine")
    (site / "link").symlink_to(outside / "precious")
    (site / "linked").symlink_to(outside)
    os.mkfifo(site / "pipe")
    traps = [
        *("../outside/precious", str(outside / "precious"), "folder/../../outside/precious"),
        *("folder", ".", "..", "", "/", "link", "linked", "linked/precious", "pipe", "missing"),
        *("folder/", "./folder", "nul\0", "two\rlines", MANIFEST, "a" * 300),
    ]
    manifest = "".join(f"{name}\n" for name in ["index.html", *traps]).encode() + b"caf\xe9\n"
    (site / MANIFEST).write_bytes(manifest)
    before = files(tmp_path)
    write(site, "index.html")
    assert files(tmp_path) == before
    assert (outside / "precious").read_text() == "mine"
    assert (site / MANIFEST).read_text() == "index.html\n"


def test_nothing_is_written_behind_a_link_out_of_the_site(tmp_path: Path) -> None:
    site, outside = tmp_path / "site", tmp_path / "outside"
    outside.mkdir()
    (outside / "1.html").write_text("mine")
    write(site, "index.html", "units/1.html")
    shutil.rmtree(site / "units")
    (site / "units").symlink_to(outside)
    with pytest.raises(AtlasError, match="leads out of the site"):
        write(site, "index.html", "units/1.html")
    write(site, "index.html")  # does not remove it there either
    assert (outside / "1.html").read_text() == "mine"


def test_a_linked_file_in_place_of_ones_own_is_replaced_and_not_followed(tmp_path: Path) -> None:
    site = tmp_path / "site"
    write(site, "index.html")
    (tmp_path / "precious").write_text("mine")
    (site / "index.html").unlink()
    (site / "index.html").symlink_to(tmp_path / "precious")
    write(site, "index.html")
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (site / "index.html").is_symlink()


def test_a_site_may_itself_lie_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "site").symlink_to(tmp_path / "real")
    write(tmp_path / "site", "units/1.html", "index.html")
    write(tmp_path / "site", "index.html")
    assert files(tmp_path / "real") == [MANIFEST, "index.html"]


@pytest.mark.parametrize("stop", range(4))
def test_the_manifest_knows_every_file_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    write(tmp_path, "old.html")

    class Killed(BaseException):
        """As of SIGKILL, after which nothing is tidied."""

    real, count = os.replace, iter(range(10))

    def replace(source: str, target: str, **folders: int) -> None:
        if next(count) == stop:
            raise Killed
        real(source, target, **folders)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "replace", replace)
        write(tmp_path, "a/1.html", "b/2.html", "b/3.html", "c.html")
    listed = (tmp_path / MANIFEST).read_text().splitlines()
    assert set(files(tmp_path)) - {MANIFEST} <= set(listed)
    write(tmp_path, "index.html")
    assert files(tmp_path) == [MANIFEST, "index.html"]


@pytest.mark.parametrize("name", ["../a", "/a", "a/../b", "a\nb", "a//b", "", MANIFEST, "\udce9"])
def test_a_file_of_the_site_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(AtlasError, match="cannot be the name of a file in a site"):
        write(tmp_path / "site", name)


# The pages: whatever comes from outside is shown, and nothing of it acts


class Seen(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.blocks: list[str] = []
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.blocks.append(data)
        else:
            self.text += data


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of a run in which every name is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    render(make_hostile_run(folder / "run"), folder / "site", base_url=ADDRESS)
    return folder / "site"


def pages(site: Path) -> dict[str, Seen]:
    return {
        path.relative_to(site).as_posix(): Seen(path.read_text("utf-8"))
        for path in site.rglob("*.html")
    }


def test_hostile_names_add_no_element_and_no_attribute(hostile: Path) -> None:
    for page, seen in pages(hostile).items():
        for tag, attributes in seen.elements:
            assert not any(name.startswith("on") or name == "style" for name in attributes), page
            assert tag not in ("b", "textarea"), page
            assert tag != "noscript" or page == "index.html", page
            if page != "404.html":
                data = attributes.get("type") == "application/json"
                own = re.fullmatch(r"(\.\./)*static/[\w-]+\.js", attributes.get("src", ""))
                assert tag != "style" and (tag != "script" or data or own), page
            for name in ("src", "href", "data-full"):
                address = urlsplit(attributes.get(name, ""))
                assert address.netloc in ("", "example.org"), page
                assert address.scheme in ("", "https"), page


def test_hostile_names_are_shown_as_they_are(hostile: Path) -> None:
    seen = pages(hostile)
    about = seen["about.html"].text
    for name in NAMES[:20]:
        # Of a path a page says only the last part.
        assert name.rpartition("/")[2] in about
    shown = "".join(page.text for name, page in seen.items() if name.startswith("units/"))
    assert all(name.rpartition("/")[2] in shown for name in NAMES)
    for layer in LAYERS:
        assert any(layer["name"] in page.text for name, page in seen.items() if "layers/" in name)


def test_the_data_in_the_pages_and_beside_them_is_whole(hostile: Path) -> None:
    names = [layer["name"] for layer in LAYERS]
    for page, seen in pages(hostile).items():
        if page == "404.html" or page.startswith("embed/"):
            continue
        blocks = [json.loads(block) for block in seen.blocks]
        assert [entry[0] for entry in blocks[-1]] == names, page
    atlas = json.loads((hostile / "data/atlas.json").read_text("utf-8"))
    assert [layer["name"] for layer in atlas["layers"]] == names
    assert atlas["weights"]["name"] == NAMES[2]
    with (hostile / "data/units.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(dict.fromkeys(row["layer"] for row in rows)) == names
    assert {row["branch"] for row in rows} == {"", *NAMES[:4]}


def test_the_sitemap_is_well_formed(hostile: Path) -> None:
    tree = ElementTree.fromstring((hostile / "sitemap.xml").read_text("utf-8"))
    addresses = [element.text or "" for element in tree.iter() if element.tag.endswith("loc")]
    unlisted = {"404.html", *(page for page in pages(hostile) if page.startswith("embed/"))}
    assert len(addresses) == len(pages(hostile).keys() - unlisted)
    for address in addresses:
        path = unquote(address.removeprefix(ADDRESS))
        assert (hostile / path / "index.html" if path in ("", "/") else hostile / path).is_file()


def test_every_page_forbids_what_is_not_the_sites_own(hostile: Path) -> None:
    for page, seen in pages(hostile).items():
        tags = [tag for tag, _ in seen.elements]
        (policy,) = (
            attributes["content"]
            for tag, attributes in seen.elements
            if attributes.get("http-equiv") == "Content-Security-Policy"
        )
        directives = {words[0]: words[1:] for words in map(str.split, policy.split(";"))}
        assert directives["default-src"] == directives["base-uri"] == ["'none'"], page
        allowed = {source for sources in directives.values() for source in sources}
        texts = re.findall(r"<(?:style|script)>(.*?)</", (hostile / page).read_text("utf-8"), re.S)
        hashes = {f"'sha256-{b64encode(sha256(t.encode()).digest()).decode()}'" for t in texts}
        assert allowed <= {"'none'", "'self'", "file:"} | hashes, page
        assert not hashes or page == "404.html"
        metas = [attributes for tag, attributes in seen.elements if tag == "meta"]
        assert metas[1].get("http-equiv") and tags.index("meta") < tags.index("link"), page
