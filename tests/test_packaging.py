"""What the checkout and the wheel carry, and that the wheel works without the checkout."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import asdict
from pathlib import Path

import pytest

import atlas
from atlas.read_settings import read_file
from atlas.settings import Settings

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import from. A wheel of pure Python is unpacked, no more."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def run(installed: Path, folder: Path, *arguments: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_wheel_carries_the_templates(installed: Path) -> None:
    templates = files(CHECKOUT / "templates")
    assert "index.html.j2" in templates
    assert files(installed / "atlas" / "templates") == templates


def test_wheel_carries_the_bundled_weights(installed: Path) -> None:
    name = "network/data/googlenet-tinyimagenet.pt"
    weights = CHECKOUT / "atlas" / name
    assert (installed / "atlas" / name).read_bytes() == weights.read_bytes()


def test_wheel_holds_the_package_and_nothing_else(installed: Path) -> None:
    assert {path.name.split("-")[0] for path in installed.iterdir()} == {"atlas", "googlenet_atlas"}


def test_source_distribution_is_enough_to_build_from(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "templates/index.html.j2"} <= names
    assert "atlas/network/data/googlenet-tinyimagenet.pt" in names
    assert not any(name.startswith(("site/", "runs/", ".venv/")) for name in names)


def test_wheel_works_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    script = """
from atlas.network.weights import named as weights
model, info = weights.load_model("googlenet", "bundled")
print(weights.__file__, info.classes)
"""
    path, classes = run(installed, tmp_path, "-c", script).split()
    assert Path(path).is_relative_to(installed)
    assert classes == "202"


def test_module_is_the_command(installed: Path, tmp_path: Path) -> None:
    assert atlas.__version__ in run(installed, tmp_path, "-m", "atlas", "--version")


def test_console_script_is_the_command_line(installed: Path) -> None:
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "atlas = atlas.__main__:main" in entry_points.read_text()


def test_settings_file_shows_every_setting_at_its_default(tmp_path: Path) -> None:
    text = (CHECKOUT / "atlas.toml").read_text()
    assert read_file(CHECKOUT / "atlas.toml") == {}, "nothing is set"
    used = tmp_path / "atlas.toml"
    used.write_text(re.sub(r"^# (?=[a-z_]+ = |\[)", "", text, flags=re.MULTILINE))
    shown = read_file(used)
    defaults = asdict(Settings())
    # A table must come last in a file: the recipes of one's own do.
    assert list(shown) == [*(name for name in defaults if name != "recipes"), "recipes"]
    without_default = {name for name, value in defaults.items() if value is None} - {"batch"}
    without_default |= {"recipes", "network_args"}
    for name in defaults.keys() - without_default:
        assert shown[name] == defaults[name], name
