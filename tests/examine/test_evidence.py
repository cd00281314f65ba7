"""What a picture does to the network, against plain numpy."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from atlas.examine.evidence import examine_pictures
from atlas.examine.perturbations import PERTURBATIONS
from atlas.examine.spectrum import slope
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.target import Target

SIDE = 9
UNITS = {"0": 4, "2": 3}


def network(precision: str = "float64") -> Network:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 3, 3))
    return Network(module, precision=precision)  # type: ignore[arg-type]


def activations(made: Network, layer: str, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """UxHxW, by the plain modules."""
    x = (picture.astype(np.float64) / 255 - made.mean) / made.std
    values = torch.from_numpy(x.transpose(2, 0, 1)[None])
    with torch.inference_mode():
        for i in range(int(layer) + 1):
            values = made.module.get_submodule(str(i)).double()(values)
    return values[0].numpy()


def statistics(std: float | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Statistics over a probe set that never was."""
    generator = np.random.default_rng(0)
    units = pd.DataFrame([(layer, unit) for layer, n in UNITS.items() for unit in range(n)])
    units.columns = ["layer", "unit"]
    count = len(units)
    table = units.assign(
        mean=generator.normal(size=count) * 0.1,
        std=generator.uniform(0.1, 1, count) if std is None else std,
    )
    places = [
        units.assign(
            place=place, mean=generator.uniform(0.1, 2, count), rms=generator.uniform(2, 3, count)
        )
        for place in (2, 1)
    ]
    return table, pd.concat(places, ignore_index=True)


def pictures(count: int, side: int = SIDE) -> list[NDArray[np.uint8]]:
    generator = np.random.default_rng(1)
    return list(generator.integers(0, 256, (count, side, side, 3), np.uint8))


TARGETS = [
    *(Target("2", 1), Target("0", 3), Target("0", 0), Target("2", 0), Target("2", 2, 2)),
    *(Target("0", unit % 4, 1 + unit // 4) for unit in range(4, 20)),
]


def test_the_evidence_is_numpys_in_the_order_of_the_pictures() -> None:
    made, shown = network(), pictures(len(TARGETS))
    table, strongest = statistics()
    done: list[int] = []
    found = examine_pictures(
        made, TARGETS, shown, activations=table, strongest=strongest, progress=done.append
    )
    assert found.columns.tolist() == [
        *("layer", "unit", "sample", "mean", "rms", "gain_mean", "gain_rms", "z", "standing"),
        *("shift", "blur", "jpeg", "rescale", "slope", "alike"),
    ]
    assert sum(done) == len(found) == len(TARGETS)
    standings = set()
    for target, picture, row in zip(TARGETS, shown, found.to_dict("records"), strict=True):
        assert (row["layer"], row["unit"], row["sample"]) == (
            target.layer,
            target.unit,
            target.sample,
        )
        values = activations(made, target.layer, picture)
        layer = table[table["layer"] == target.layer]
        best = strongest[
            (strongest["layer"] == target.layer)
            & (strongest["unit"] == target.unit)
            & (strongest["place"] == 1)
        ]
        means = values.mean((1, 2))
        rms = np.sqrt((values[target.unit] ** 2).mean())
        deviations = (means - np.array(layer["mean"])) / np.array(layer["std"])
        np.testing.assert_allclose(row["mean"], means[target.unit], rtol=1e-10)
        np.testing.assert_allclose(row["rms"], rms, rtol=1e-10)
        np.testing.assert_allclose(row["gain_mean"], means[target.unit] / best["mean"].item())
        np.testing.assert_allclose(row["gain_rms"], rms / best["rms"].item())
        np.testing.assert_allclose(row["z"], deviations[target.unit], rtol=1e-9)
        order = np.argsort(-deviations).tolist()
        assert row["standing"] == 1 + order.index(target.unit)
        standings.add(row["standing"])
    assert len(standings) > 1


@pytest.mark.parametrize("quantity", ["mean", "rms"])
def test_a_gain_over_nothing_is_undefined(quantity: str) -> None:
    table, strongest = statistics()
    strongest.loc[(strongest["layer"] == "0") & (strongest["unit"] == 3), quantity] = 0.0
    strongest.loc[(strongest["layer"] == "2") & (strongest["unit"] == 1), "mean"] = -0.5
    found = examine_pictures(
        network(), TARGETS[:3], pictures(3), activations=table, strongest=strongest
    )
    undefined = found[f"gain_{quantity}"].isna().tolist()
    assert undefined == [quantity == "mean", True, False]
    assert found[["z", "standing"]].notna().to_numpy().all()


def test_a_unit_that_no_probe_image_changes_has_no_standing_and_counts_for_no_other() -> None:
    table, strongest = statistics()
    shown = pictures(2)
    dead = (table["layer"] == "0") & (table["unit"] == 3)
    table.loc[dead, "std"] = 0.0
    found = examine_pictures(
        network(), [Target("0", 3), Target("0", 0)], shown, activations=table, strongest=strongest
    )
    assert found["z"].isna().tolist() == [True, False]
    assert found["standing"].isna().tolist() == [True, False]
    assert found["standing"].dtype == "Int64", "whole numbers in the file"
    means = activations(network(), "0", shown[1]).mean((1, 2))[:3]
    others = table[(table["layer"] == "0") & ~dead]
    deviations = (means - np.array(others["mean"])) / np.array(others["std"])
    assert found["standing"].tolist()[1] == 1 + (deviations > deviations[0]).sum()


def test_a_layer_that_no_probe_image_changes_has_no_standings() -> None:
    table, strongest = statistics(std=0.0)
    found = examine_pictures(
        network(), TARGETS[:3], pictures(3), activations=table, strongest=strongest
    )
    assert found[["z", "standing"]].isna().to_numpy().all()


def test_pictures_are_examined_in_full_precision() -> None:
    table, strongest = statistics()
    shown = pictures(5)
    exact = examine_pictures(
        network("float32"), TARGETS[:5], shown, activations=table, strongest=strongest
    )
    half = examine_pictures(
        network("bfloat16"), TARGETS[:5], shown, activations=table, strongest=strongest
    )
    pd.testing.assert_frame_equal(half, exact)
    double = examine_pictures(
        network("float64"), TARGETS[:5], shown, activations=table, strongest=strongest
    )
    np.testing.assert_allclose(exact["rms"], double["rms"], rtol=1e-5)


def test_a_picture_is_examined_by_itself() -> None:
    table, strongest = statistics()
    shown = pictures(len(TARGETS))
    together = examine_pictures(network(), TARGETS, shown, activations=table, strongest=strongest)
    for i in (0, 4, 20):
        alone = examine_pictures(
            network(), TARGETS[i : i + 1], shown[i : i + 1], activations=table, strongest=strongest
        )
        np.testing.assert_allclose(
            alone.loc[0, ["mean", "rms", "z"]].to_numpy(float),
            together.loc[i, ["mean", "rms", "z"]].to_numpy(float),
            rtol=1e-10,
        )


def rms(made: Network, target: Target, picture: NDArray[np.uint8]) -> float:
    return np.sqrt((activations(made, target.layer, picture)[target.unit] ** 2).mean())


def test_what_is_left_after_a_perturbation_is_a_fraction_of_the_rms() -> None:
    made, (table, strongest) = network(), statistics()
    shown = pictures(len(TARGETS), side=30)
    found = examine_pictures(made, TARGETS, shown, activations=table, strongest=strongest)
    for target, picture, row in zip(TARGETS, shown, found.to_dict("records"), strict=True):
        for name, perturb in PERTURBATIONS.items():
            left = np.mean([rms(made, target, variant) for variant in perturb(picture)])
            np.testing.assert_allclose(row[name], left / rms(made, target, picture), rtol=1e-10)
        assert row["slope"] == slope(picture)
    assert (found[list(PERTURBATIONS)].to_numpy(float).std(0) > 0).all()


def test_a_pattern_finer_than_the_blur_is_lost_to_it_and_a_flat_picture_loses_nothing() -> None:
    """A unit that answers to every difference between neighbors, and one to red."""
    convolution = nn.Conv2d(3, 2, (1, 2))
    with torch.no_grad():
        convolution.weight.zero_()
        convolution.weight[0, 0, 0] = torch.tensor([1.0, -1.0])
        convolution.weight[1, 0, 0, 0] = 1.0
        convolution.bias.zero_()  # type: ignore[union-attr]
    made = Network(nn.Sequential(convolution), mean=(0, 0, 0), std=(1, 1, 1), precision="float64")
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = 200
    flat = np.full((32, 32, 3), 200, np.uint8)
    table = pd.DataFrame({"layer": "0", "unit": [0, 1], "mean": 0.0, "std": 1.0})
    strongest = table.assign(place=1, rms=1.0)
    targets = [Target("0", 0), Target("0", 1), Target("0", 0)]
    found = examine_pictures(
        made, targets, [stripes, flat, flat], activations=table, strongest=strongest
    )
    left = found[list(PERTURBATIONS)].to_numpy(float)  # shift, blur, jpeg, rescale
    assert left[0, 0] == pytest.approx(1)
    assert left[0, 1] < 0.05
    np.testing.assert_allclose(left[1], 1, atol=0.01)
    assert np.isnan(left[2]).all(), "nothing can be left of nothing"
    assert found["slope"].isna().tolist() == [False, True, True]


def test_rescaling_is_undefined_below_the_smallest_picture_that_the_network_takes() -> None:
    made, (table, strongest) = network(), statistics()
    side = made.smallest_input
    found = examine_pictures(
        made, TARGETS[:2], pictures(2, side), activations=table, strongest=strongest
    )
    assert np.isnan(found["rescale"].to_numpy(float)).all()
    assert found[["shift", "blur", "jpeg"]].notna().to_numpy().all()


def test_samples_are_as_alike_as_the_layers_responses_to_them() -> None:
    made, (table, strongest) = network(), statistics()
    table.loc[(table["layer"] == "0") & (table["unit"] == 2), "std"] = 0.0
    shown = pictures(5)
    targets = [Target("0", 1, sample) for sample in (1, 2, 3)] + [Target("0", 3), Target("2", 1)]
    found = examine_pictures(
        made, targets, [*shown[:3], *shown[3:]], activations=table, strongest=strongest
    )
    changed = (table["layer"] == "0") & (table["std"] > 0)
    units, mean, std = table.loc[changed, ["unit", "mean", "std"]].to_numpy(float).T
    answers = [activations(made, "0", picture).mean((1, 2)) for picture in shown[:3]]
    z = (np.stack(answers)[:, units.astype(int)] - mean) / std
    cosines = [
        z[i] @ z[j] / np.linalg.norm(z[i]) / np.linalg.norm(z[j])
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    np.testing.assert_allclose(found["alike"][:3], np.mean(cosines), rtol=1e-9)
    assert found["alike"].isna().tolist() == [False] * 3 + [True] * 2, "one picture alone"
    same = examine_pictures(
        made, targets[:3], [shown[0]] * 3, activations=table, strongest=strongest
    )
    np.testing.assert_allclose(same["alike"], 1, rtol=1e-12)


def test_a_picture_that_does_not_excite_its_unit_is_not_among_those_compared() -> None:
    torch.manual_seed(0)
    made = Network(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), precision="float64")
    table, strongest = (each.replace({"layer": {"0": "1"}}) for each in statistics())
    shown = pictures(2)
    black = np.zeros_like(shown[0])
    answers = activations(made, "1", black).any((1, 2))
    (unit, *_) = np.flatnonzero(~answers)
    twins = [Target("1", int(unit), sample) for sample in (1, 2, 3)]
    mixed = examine_pictures(
        made, twins, [shown[0], black, shown[1]], activations=table, strongest=strongest
    )
    pair = examine_pictures(made, twins[:2], shown, activations=table, strongest=strongest)
    (expected, _), found = pair["alike"].tolist(), mixed["alike"].tolist()
    np.testing.assert_allclose(found, [expected, np.nan, expected], rtol=1e-9)


def test_what_is_measured_does_not_depend_on_what_else_is_to_the_last_bit() -> None:
    made = load_network("googlenet", "bundled")
    targets = [Target("inception3a", 4), Target("conv2", 9), Target("inception4a", 30)]
    shown = pictures(3, 74)
    units = pd.DataFrame(
        [(layer, unit) for layer in made.layers for unit in range(layer.units)],
        columns=["layer", "unit"],
    )
    units["layer"] = [layer.name for layer in units["layer"]]
    table = units.assign(mean=0.1, std=1.0)
    strongest = units.assign(place=1, mean=1.0, rms=1.0)
    together = examine_pictures(made, targets, shown, activations=table, strongest=strongest)
    for i in range(3):
        alone = examine_pictures(
            made, targets[i : i + 1], shown[i : i + 1], activations=table, strongest=strongest
        )
        pd.testing.assert_frame_equal(
            alone, together.iloc[i : i + 1].reset_index(drop=True), check_exact=True
        )
