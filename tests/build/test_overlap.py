"""The folders of a build leave each other alone: refused before any work where they would not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.small_build import QUICK, contents, draw_photographs, shrink

from atlas.cli import main


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of photographs, which is the current one."""
    shrink(monkeypatch)
    folder = tmp_path / "photographs"
    folder.mkdir()
    draw_photographs(folder, 3)
    monkeypatch.chdir(folder)
    return folder


Refused = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Build what must be refused as wrong usage, in one line and with nothing done."""

    def call(*options: str, command: str = "build") -> str:
        before = contents(tmp_path)
        assert main([command, *options]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert contents(tmp_path) == before
        return line

    return call


@pytest.mark.parametrize("probe", [".", "../photographs", "..", "../linked"])
def test_a_run_or_a_site_among_the_probe_images_is_refused(
    photographs: Path, tmp_path: Path, refused: Refused, probe: str
) -> None:
    (tmp_path / "linked").symlink_to(photographs)
    options = [*QUICK, "--probe", probe]
    assert "--run" in refused(*options)
    assert "--run" in refused(*options, command="rank")
    assert "--site" in refused(*options, "--run", str(tmp_path.parent / "elsewhere"))
    assert "--run" in refused(*options, "--run", str(photographs))


@pytest.mark.parametrize("folder", ["..", "../.atlas", ".atlas"])
def test_beside_the_probe_images_and_out_of_their_sight_a_build_goes_on(
    photographs: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    options = [*QUICK, "--probe", ".", "--run", f"{folder}/run", "--site", f"{folder}/site"]
    assert main(["build", *options]) == 0
    before = contents(Path(folder).resolve())
    assert main(["build", *options]) == 0
    assert contents(Path(folder).resolve()) == before


@pytest.mark.parametrize("site", ["run/units", "run/units/article", "run/sheets", "run", "."])
def test_a_site_among_the_files_of_its_run_is_refused(
    photographs: Path, tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch, site: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = ["--run", "run", "--site", site]
    assert "--site" in refused(*QUICK, "--probe", str(photographs), *folders)
    assert "--site" in refused(*folders, command="render")


def test_a_site_may_lie_in_its_run(photographs: Path, tmp_path: Path) -> None:
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "run" / "pages")]
    for _ in range(2):
        assert main(["build", *QUICK, "--probe", str(photographs), *folders]) == 0
    assert (tmp_path / "run" / "pages" / "index.html").is_file()
