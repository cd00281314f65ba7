"""Probe images at another size, in gray, and of any channels from an array."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from support.inputs import FourChannels, LeNet

from atlas import Images, UsageError, load_network, open_probe_set, rank_units
from atlas.probe import stimuli
from atlas.probe.decoding import decode
from atlas.probe.size import in_channels, resized
from atlas.probe.stimulus_set import Stimuli

NOISE = np.random.default_rng(0).integers(0, 256, (300, 420, 3), dtype=np.uint8)


@pytest.mark.parametrize("side", [28, 96, 299])
def test_a_photograph_is_brought_to_another_size_as_to_224(tmp_path: Path, side: int) -> None:
    Image.fromarray(NOISE).save(tmp_path / "noise.png")
    short = round(256 * side / 224)
    small = Image.fromarray(NOISE).resize((short * 420 // 300, short), Image.Resampling.BILINEAR)
    left, top = round((small.width - side) / 2), round((short - side) / 2)
    expected = np.asarray(small.crop((left, top, left + side, top + side)))
    assert np.array_equal(decode(tmp_path / "noise.png", side=side), expected)
    assert np.array_equal(open_probe_set(tmp_path).at(side).image(0), expected)


def test_stimuli_are_drawn_at_224_and_reduced_by_area() -> None:
    chosen = stimuli.battery()[::200]
    for index, stimulus in enumerate(chosen):
        small = cv2.resize(stimulus.draw(), (28, 28), interpolation=cv2.INTER_AREA)
        assert np.array_equal(stimulus.draw(28), small)
        assert np.array_equal(Stimuli(chosen).at(28).image(index), small)
    assert np.array_equal(Stimuli(chosen).image(0), chosen[0].draw())
    assert resized(chosen[0].draw(), 300).shape == (300, 300, 3)


def test_gray_is_pillows_luma_and_other_channels_hold_it_all() -> None:
    gray = np.asarray(Image.fromarray(NOISE).convert("L"))
    assert np.array_equal(in_channels(NOISE, 1)[..., 0], gray)
    assert np.array_equal(in_channels(NOISE, 4), np.dstack([gray] * 4))
    assert in_channels(NOISE, 3) is NOISE


def test_what_cannot_be_read_at_one_size_is_known_at_every_size(tmp_path: Path) -> None:
    Image.fromarray(NOISE).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:5000])
    probe = open_probe_set(tmp_path)
    network = load_network(LeNet(), input=(1, 28, 28))
    rank_units(network, probe, layers=["conv1"])
    assert [name for name, _ in probe.skipped] == ["cut.png"]
    assert probe.table()["image"].tolist() == ["whole.png"]


def test_an_array_is_shown_as_it_is_and_known_by_its_names_and_pixels() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (3, 20, 20, 4), dtype=np.uint8)
    probe = Images(["a", "b", "c"], pixels, name="scenes")
    assert np.array_equal(probe.at(20).image(1), pixels[1])
    assert (probe.kind, probe.name, probe.channels) == ("array", "scenes", 4)
    assert probe.digest == Images(["a", "b", "c"], pixels.copy()).digest
    others = Images(["a", "b", "d"], pixels), Images(["a", "b", "c"], pixels ^ 1)
    assert len({probe.digest, *(each.digest for each in others)}) == 3
    network = load_network(FourChannels(), input=(4, 20, 20))
    ranking = rank_units(network, probe, layers=["conv1"], top=None)
    shown = network.normalize(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255)
    means = network.graph.conv1(shown).mean((0, 2, 3))  # type: ignore[operator]
    np.testing.assert_allclose(
        ranking.sort_values("unit")["mean"], means.numpy(), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(
    ("names", "shape", "reason"),
    [
        (["a"], (2, 8, 8, 4), "names must be 2 names"),
        (["a", "a"], (2, 8, 8, 4), "no two the same"),
        (["a", "b"], (2, 8, 9, 4), "square"),
        (["a", "b"], (2, 8, 8), "NxSxSxC"),
        ("ab", (2, 8, 8, 1), "several names"),
    ],
)
def test_an_array_that_is_no_probe_set_is_refused_in_a_line(names, shape, reason) -> None:
    with pytest.raises(UsageError, match=reason) as refused:
        Images(names, np.zeros(shape, np.uint8))
    assert "\n" not in str(refused.value)


def test_images_of_other_channels_or_another_size_are_refused_in_a_line() -> None:
    network = load_network(FourChannels(), input=(4, 48, 48))
    small = Images(["a"], np.zeros((1, 20, 20, 4), np.uint8))
    with pytest.raises(UsageError, match="20 pixels wide, and the network takes 48"):
        rank_units(network, small)
    for probe in (open_probe_set("stimuli"), Images(["a"], np.zeros((1, 48, 48, 2), np.uint8))):
        with pytest.raises(UsageError, match="takes images of 4 channels"):
            rank_units(network, probe)
