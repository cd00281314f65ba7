"""The atlas that is published from the repository, as a clone has it."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from support.document import Document, check_addresses, pages

from atlas.render.site_check import check_site

ROOT = Path(__file__).parents[1]
LARGEST = 40_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What of site/ is committed, without whatever else lies there in this checkout."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--", "site"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout of the repository, so it has no committed site")
    if not listed:
        pytest.skip("no site is committed in site/")
    folder = tmp_path_factory.mktemp("clone")
    command = ["git", "-C", str(ROOT), "checkout-index", "-z", "--stdin", f"--prefix={folder}/"]
    subprocess.run(command, input=listed, check=True)
    return folder / "site"


def test_the_committed_site_is_whole_and_small(site: Path) -> None:
    assert check_site(site).size < LARGEST


def test_every_link_of_the_committed_site_leads_to_a_file_of_it(site: Path) -> None:
    check_addresses(site)


def test_the_committed_site_asks_nobody_else(site: Path) -> None:
    for page, text in pages(site).items():
        loading = [(tag, of) for tag, of in Document(text).elements if tag in ("script", "img")]
        assert not [of["src"] for _, of in loading if "//" in (of.get("src") or "")], page
        policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
        assert len(policy) == 1 and policy[0].startswith("default-src 'none';"), page
        assert "http" not in policy[0], page
    for path in (site / "static").glob("*.css"):
        assert not re.search(r"url\(|@import", path.read_text("utf-8")), path.name


def test_the_committed_site_shows_no_photographs(site: Path) -> None:
    atlas = json.loads((site / "data" / "atlas.json").read_text("utf-8"))
    if not atlas["probe"]["synthetic"]:
        assert not (site / "images" / "probe").exists()
    recipes = {folder.name for folder in (site / "images").iterdir() if folder.is_dir()}
    pictured = {
        Path(picture["image"]).parts[1]
        for layer in atlas["layers"]
        for unit in layer["pictures"]
        for picture in unit["pictures"]
    }
    assert recipes <= pictured | {"sheets", "probe"}
