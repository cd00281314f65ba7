"""A site that learns afterwards where it lies is the site that was rendered knowing it."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.compared_runs import make_small
from support.run_fixture import LAYERS, make_run

from atlas import compare
from atlas.render.address import addressed
from atlas.render.deploy import main
from atlas.render.output import MANIFEST
from atlas.render.site import render
from atlas.render.site_check import check_site

CHECKOUT = Path(__file__).parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".atlas-lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("address", ["https://example.org/", "https://ada.github.io/a&b/"])
def test_a_site_told_its_address_is_as_if_rendered_with_it(tmp_path: Path, address: str) -> None:
    run = make_run(tmp_path / "run", layers=[LAYERS[0], LAYERS[3]], pictured=1)
    render(run, tmp_path / "unknown")
    render(run, tmp_path / "known", base_url=address)
    assert main([str(tmp_path / "unknown"), str(tmp_path / "told"), address.rstrip("/")]) == 0
    assert contents(tmp_path / "told") == contents(tmp_path / "known")
    assert check_site(tmp_path / "told").sizes
    assert main([str(tmp_path / "known"), str(tmp_path / "again"), "https://else.org"]) == 0
    assert contents(tmp_path / "again") == contents(tmp_path / "known")


def test_so_is_a_comparison_with_the_sites_in_it(tmp_path: Path) -> None:
    runs = [make_small(tmp_path / "a", 0, "a.pt"), make_small(tmp_path / "b", 1, "b.pt")]
    address = "https://example.org/both/"
    compare(runs, tmp_path / "unknown", quiet=True)
    compare(runs, tmp_path / "known", base_url=address, quiet=True)
    before, known = contents(tmp_path / "unknown"), contents(tmp_path / "known")
    files = before | addressed(tmp_path / "unknown", before, address)
    pages = [name for name in known if name.endswith((".html", ".json", ".csv"))]
    assert len(pages) > 10
    assert {name: files[name] for name in pages} == {name: known[name] for name in pages}
    assert b"<loc>https://example.org/both/GoogLeNet-a.pt/</loc>" in files["sitemap.xml"]


def test_a_site_is_deployed_with_nothing_installed(tmp_path: Path) -> None:
    render(make_run(tmp_path / "run", layers=LAYERS[:1], pictured=1), tmp_path / "site")
    given = [str(tmp_path / "site"), str(tmp_path / "out"), "https://example.org/atlas"]
    command = [sys.executable, "-S", "-m", "atlas.deploy", *given]
    subprocess.run(command, cwd=CHECKOUT, check=True)
    assert (tmp_path / "out/sitemap.xml").is_file()
    workflow = (CHECKOUT / ".github/workflows/pages.yml").read_text()
    assert "run: python -m atlas.deploy site " in workflow and "pip" not in workflow


def test_a_deployed_folder_holds_nothing_hidden_and_nothing_of_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, folder = tmp_path / "site", tmp_path / "out"
    render(make_run(tmp_path / "run", layers=LAYERS[:1], pictured=1), site)
    (site / ".env").write_text("secret")
    given = [str(site), str(folder), "https://example.org/"]
    assert main(given) == 0
    hidden = {name for name in contents(folder) if "/." in f"/{name}"}
    assert hidden == {MANIFEST, ".nojekyll"}
    assert main(given) == 1
    assert "holds something already" in capsys.readouterr().err
    (site / "link.txt").symlink_to(tmp_path / "run" / "run.json")
    assert main([str(site), str(tmp_path / "other"), "https://example.org/"]) == 1
    assert "is a link" in capsys.readouterr().err and not (tmp_path / "other").exists()
    assert main([str(site), str(tmp_path / "other"), "example.org"]) == 2
    assert main([str(site)]) == 2
