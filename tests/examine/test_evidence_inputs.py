"""Evidence of gray pictures, of four channels, and of networks that take one size alone."""

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from support.inputs import FourChannels, LeNet

from atlas import Target, examine_pictures, load_network
from atlas.examine.perturbations import PERTURBATIONS, blurred, compressed, rescaled, shifted
from atlas.examine.similarity_judge import SimilarityJudge
from atlas.examine.spectrum import slope
from atlas.network.network import Network


def picture(side: int, channels: int) -> np.ndarray:
    noise = np.random.default_rng(channels).integers(0, 256, (6, 6, channels), dtype=np.uint8)
    return cv2.resize(noise, (side, side)).reshape(side, side, channels).astype(np.uint8)


def tables(layer: str, units: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = pd.DataFrame({"layer": layer, "unit": range(units), "mean": 0.1, "std": 1.0})
    return table, table.assign(place=1, rms=1.0)


@pytest.mark.parametrize("channels", [1, 2, 4, 6])
def test_every_channel_is_disturbed_as_a_gray_picture_is(channels: int) -> None:
    shown = picture(28, channels)
    for change in (shifted, blurred, rescaled):
        by_plane = [change(np.ascontiguousarray(shown[..., i : i + 1])) for i in range(channels)]
        for variant, found in enumerate(change(shown)):
            expected = np.dstack([plane[variant] for plane in by_plane])
            assert np.array_equal(found, expected)


def test_gray_and_color_are_compressed_as_such_and_nothing_else_is() -> None:
    gray = picture(28, 1)
    (found,) = compressed(gray)
    assert found.shape == gray.shape and 0 < np.abs(found.astype(int) - gray).mean() < 20
    (color,) = compressed(np.repeat(gray, 3, axis=2))
    assert np.abs(color.astype(int) - found).mean() < 3, "gray in color is the same gray"
    assert compressed(picture(28, 4)) == [] == compressed(picture(28, 2))


def test_the_spectrum_of_gray_is_that_of_the_same_gray_in_color() -> None:
    gray = picture(64, 1)
    assert slope(gray) == pytest.approx(slope(np.repeat(gray, 3, axis=2)), rel=1e-6)
    assert slope(picture(64, 4)) < -1


def test_of_four_channels_all_are_measured_and_jpeg_is_undefined() -> None:
    torch.manual_seed(0)
    network = load_network(FourChannels(), input=(4, 48, 48), precision="float64")
    first, second = picture(48, 4), picture(48, 4)
    second[..., 3] = 255 - second[..., 3]  # alike in what a page shows of them
    targets, (table, strongest) = [Target("conv1", 1), Target("conv1", 1)], tables("conv1", 5)
    found = examine_pictures(
        network, targets, [first, second], activations=table, strongest=strongest
    )
    images = torch.from_numpy(np.stack([first, second])).permute(0, 3, 1, 2).double() / 255
    answers = network.graph.conv1(network.normalize(images))[:, 1].square().mean((1, 2)).sqrt()  # type: ignore[operator]
    np.testing.assert_allclose(found["rms"], answers.numpy(), rtol=1e-9)
    assert answers[0] != answers[1]
    assert (
        found["jpeg"].isna().to_numpy().all()
        and found[["shift", "blur", "rescale"]].notna().to_numpy().all()
    )


def test_a_network_of_one_size_sees_rescaled_pictures_at_that_size() -> None:
    torch.manual_seed(0)
    network = Network(LeNet(), input=(1, 28, 28), precision="float64")
    table, strongest = tables("fc1", 12)
    shown = picture(28, 1)
    targets = [Target("fc1", unit) for unit in range(12)]
    found = examine_pictures(network, targets, [shown] * 12, activations=table, strongest=strongest)
    assert found[list(PERTURBATIONS)].notna().to_numpy().all()
    assert np.median(np.abs(found["rescale"].to_numpy(float) - 1)) < 0.2


def test_the_judge_is_shown_gray_and_false_color() -> None:
    class Seen(SimilarityJudge):
        def features(self, photographs: np.ndarray) -> np.ndarray:
            return photographs.mean((1, 2)).astype(np.float16)

    gray, four = picture(28, 1), picture(28, 4)
    of_gray, of_four = Seen().features_of([gray, four])
    assert np.ptp(of_gray) == 0
    np.testing.assert_allclose(of_four, four[..., :3].mean((0, 1)), atol=10)
