"""Whole sites of networks of any input: gray, small, of four channels, of one size alone."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from support.inputs import FourChannels, LeNet, ResNet20
from support.small_build import contents
from torch import nn

from atlas import AtlasError, Images, Settings, UsageError, build, load_network
from atlas.build.build import run_stages
from atlas.network.network import Network
from atlas.probe import stimuli
from atlas.render.site_check import check_site
from atlas.run.folder import Run

Site = tuple[Run, Path]


@pytest.fixture(autouse=True)
def few_stimuli(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few that their tables are soon made; of each family some."""
    few = stimuli.battery()[::25]
    monkeypatch.setattr(stimuli, "battery", lambda: few)


def lenet() -> Network:
    torch.manual_seed(0)
    return Network(LeNet(), name="lenet", input=(1, 28, 28), mean=(0.13,), std=(0.31,))


def four_channels() -> Network:
    torch.manual_seed(0)
    return load_network(FourChannels(), input=(4, 48, 48))


def scenes(count: int = 64) -> Images:
    """Soft random images of four channels."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (count, 6, 6, 4), dtype=np.uint8)
    pixels = np.stack([cv2.resize(each, (48, 48)) for each in coarse])
    return Images([f"scene {i}" for i in range(count)], pixels, name="scenes")


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., Settings]:
    def settings(name: str = "run", **more: object) -> Settings:
        folders = {"run": str(tmp_path / name), "site": str(tmp_path / f"{name}-site")}
        known = {"probe": "stimuli", "top": 2, "steps": 2, "device": "cpu", "quiet": True}
        return Settings(**{**known, **folders, **more})  # type: ignore[arg-type]

    return settings


def made(settings: Settings, network: Network, probe: Images | None = None) -> Site:
    build(settings, network, probe=probe)
    check_site(Path(settings.site))
    return Run(settings.run), Path(settings.site)


def pictures(run: Run) -> dict[str, np.ndarray]:
    return {
        path.relative_to(run.path).as_posix(): np.asarray(Image.open(path))
        for path in run.path.glob("units/*/*/[0-9]*[0-9].png")
    }


def test_gray_digits_of_one_size(asked: Callable[..., Settings]) -> None:
    layers = ("conv1", "conv2", "fc1")
    run, site = made(asked(layers=layers, tiles=True), lenet())
    described = run.network()
    assert (described.channels, described.input, described.fixed) == (1, 28, 28)
    found = pictures(run)
    assert len(found) == 2 * 2 * len(layers)
    for picture in found.values():
        assert picture.shape == (28, 28, 3)
        assert (picture == picture[..., :1]).all(), "gray"
    assert not list(run.path.glob("units/**/*.npy"))
    evidence = run.table("examination")
    assert set(evidence["size"]) == {28} and evidence["slope"].notna().to_numpy().all()
    excited = evidence["rms"] > 0
    assert evidence.loc[excited, ["shift", "blur", "jpeg", "rescale"]].notna().to_numpy().all()
    for file in [*site.glob("images/stimuli/*"), *site.glob("images/probe/*")]:
        image = np.asarray(Image.open(file).convert("RGB"))
        assert image.shape == (28, 28, 3) and (image == image[..., :1]).all(), "as it was seen"
    about = (site / "about.html").read_text()
    assert "the mean 0.13 and the standard deviation 0.31 of the only channel" in about
    assert "28 × 28 pixels alone" in about and "False color" not in about
    unit = next(site.glob("units/fc1/*.html")).read_text()
    assert 'class="pixels"' in unit and "Hue" not in unit
    layer = (site / "layers/conv1.html").read_text()
    assert "stopped at 28 pixels" in layer


def test_a_residual_network_for_small_photographs(
    asked: Callable[..., Settings], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = load_network(ResNet20(), input=(3, 32, 32), mean=(0.5,) * 3, std=(0.25,) * 3)
    folder = tmp_path / "photographs"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for i in range(6):
        pixels = generator.integers(0, 256, (9, 7, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((70, 90)).save(folder / f"{i}.png")
    layers = ("conv1", "stage1", "stage2", "stage3")
    settings = asked(
        probe=str(folder),
        layers=layers,
        recipe=("clear",),
        upscales=1,
        publish_probe_images=True,
    )
    run, site = made(settings, network)
    assert [layer.name for layer in run.network().layers] == [*layers]
    assert {picture.shape for picture in pictures(run).values()} == {(80, 80, 3)}
    shown = [np.asarray(Image.open(file)) for file in site.glob("images/probe/*")]
    assert {image.shape[:2] for image in shown} == {(32, 32)}
    place = re.search(r'viewBox="0 0 224 224".*?width="([0-9.]+)"', _page(site, "conv1"), re.DOTALL)
    assert place and float(place[1]) == 21, "three pixels of 32, in parts of 224"


def _page(site: Path, layer: str) -> str:
    return next(iter(sorted(site.glob(f"units/{layer}/*.html")))).read_text()


def test_four_channels_in_false_color(asked: Callable[..., Settings]) -> None:
    settings = asked(
        layers=("conv1", "conv2"), recipe=("clear",), upscales=1, publish_probe_images=True
    )
    run, site = made(settings, four_channels(), probe=scenes())
    whole = {path.name: np.load(path) for path in run.path.glob("units/*/*/*.channels.npy")}
    assert len(pictures(run)) == len(list(run.path.glob("units/*/*/*.channels.npy"))) == 4
    for path, picture in pictures(run).items():
        channels = np.load(run.path / path.replace(".png", ".channels.npy"))
        assert channels.shape == (80, 80, 4) and channels.dtype == np.uint8
        assert np.array_equal(picture, channels[..., :3])
    assert whole
    assert run.settings().probe.kind == "array" and run.settings().probe.name == "scenes"
    assert any("4 channels" in warning for warning in run.settings().warnings)
    said = "channels 1 to 3 of 4 shown as red, green and blue"
    for page in ("about.html", "index.html", "layers/conv1.html"):
        assert said in (site / page).read_text(), page
    unit, about = _page(site, "conv1"), (site / "about.html").read_text()
    assert "--probe" not in unit and "scenes was an array" in about
    assert said in unit and "JPEG knows no images of such channels" in unit
    assert list(site.glob("images/probe/*.webp")), "asked for"
    evidence = run.table("examination")
    assert evidence["jpeg"].isna().to_numpy().all() and evidence["blur"].notna().to_numpy().any()


def test_images_in_memory_are_not_published_unasked(asked: Callable[..., Settings]) -> None:
    once = {"layers": ("conv1",), "recipe": ("article",), "upscales": 0, "steps": 1}
    settings = asked(**once)
    _, site = made(settings, four_channels(), probe=scenes(10))
    assert not list(site.glob("images/probe/*"))
    assert "The images themselves are not published." in _page(site, "conv1")
    said: list[str] = []
    again = asked(**once, publish_probe_images=True)
    run_stages(("render",), again, log=said.append)
    assert any("scenes was an array; give it again in Python" in line for line in said)


def test_a_lost_or_changed_file_of_all_channels_is_found_and_made_again(
    asked: Callable[..., Settings],
) -> None:
    settings = asked(recipe=("clear",), upscales=0)
    run, site = made(settings, four_channels(), probe=scenes(10))
    before = contents(run.path), contents(site)
    lost, changed = sorted(run.path.glob("units/*/*/*.channels.npy"))[:2]
    lost.unlink()
    changed.write_bytes(changed.read_bytes()[:-1] + b"\0")
    with pytest.raises(AtlasError, match=r"channels\.npy is damaged"):
        run_stages(("render",), settings)
    record = sorted(run.path.glob("units/*/*/*.json"))[-1]
    kept = json.loads(record.read_text())
    del kept["sha256"]["channels"]
    record.write_text(json.dumps(kept))
    said: list[str] = []
    build(settings, four_channels(), probe=scenes(10), log=said.append)
    assert sum("is damaged" in line for line in said) == 3
    assert (contents(run.path), contents(site)) == before


def test_a_run_is_of_one_input_and_normalization(asked: Callable[..., Settings]) -> None:
    settings = asked(recipe=("article",), upscales=0, steps=1)
    module = FourChannels()
    build(settings, load_network(module, input=(4, 48, 48)), probe=scenes(10))
    others = {
        "mean": load_network(module, input=(4, 48, 48), mean=(0.1, 0, 0, 0)),
        "std": load_network(module, input=(4, 48, 48), std=(1, 1, 1, 0.5)),
        "input": load_network(module, input=(4, 40, 40)),
    }
    path = Path(settings.run, "run.json")
    kept = json.loads(path.read_text())
    for older in (False, True):
        if older:
            for name in others:
                del kept["identity"][name]
            path.write_text(json.dumps(kept))
        for name, network in others.items():
            with pytest.raises(AtlasError, match=f"made with other {name}: .* there, .* asked"):
                run_stages(("examine",), settings, network)
    with pytest.raises(AtlasError, match="made with other probe"):
        build(settings, load_network(module, input=(4, 48, 48)), probe=scenes(11))


@pytest.mark.parametrize("probe", ["stimuli", "auto", "photographs"])
def test_images_in_color_are_refused_where_channels_are_no_colors(
    asked: Callable[..., Settings], probe: str
) -> None:
    settings = asked(probe=probe)
    with pytest.raises(UsageError, match=r"takes images of 4 channels.*atlas\.Images") as refused:
        build(settings, four_channels())
    assert "\n" not in str(refused.value)
    assert not Path(settings.run, "run.json").exists()


def test_one_channel_of_an_own_array(asked: Callable[..., Settings]) -> None:
    network = load_network(nn.Sequential(nn.Conv2d(1, 3, 3)), input=(1, 20, 20))
    pixels = np.random.default_rng(0).integers(0, 256, (5, 20, 20, 1), dtype=np.uint8)
    probe = Images(list("abcde"), pixels)
    run, _ = made(asked(recipe=("clear",), upscales=0), network, probe=probe)
    assert all((picture == picture[..., :1]).all() for picture in pictures(run).values())
