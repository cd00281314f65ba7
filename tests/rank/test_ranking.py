"""Streaming statistics against numpy over the whole probe set at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from atlas._system.progress import Progress
from atlas.build.unit_statistics import measure_units
from atlas.errors import AtlasError
from atlas.network.network import Network
from atlas.probe import stimuli
from atlas.probe.decoding import UnreadableImage
from atlas.probe.probe_set import ProbeSet
from atlas.probe.stimulus_set import Stimuli
from atlas.rank import ranking, statistics, tables
from atlas.run.folder import Run

SIDE = 12


class Images(ProbeSet):
    """Images held in memory, some of which cannot be decoded."""

    kind = "folder"

    def __init__(self, pixels: NDArray[np.uint8], unreadable: Sequence[int] = ()) -> None:
        super().__init__("images", [f"{i}.png" for i in range(len(pixels))], "0" * 64)
        self.pixels, self.unreadable = pixels, set(unreadable)

    def image(self, index: int) -> NDArray[np.uint8]:
        if index in self.unreadable:
            raise UnreadableImage(Path(f"{index}.png"), "damaged")
        return self.pixels[index]


def network(seed: int = 0, precision: str = "float64") -> Network:
    """Two convolutional layers, one with a ReLU, and a layer without positions."""
    torch.manual_seed(seed)
    module = nn.Sequential(
        nn.Conv2d(3, 5, 3, stride=2),
        nn.ReLU(inplace=True),
        nn.Conv2d(5, 4, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    )
    return Network(module, precision=precision)  # type: ignore[arg-type]


LAYERS = ["1", "2", "5"]
NETWORK = network()


def rows_of(table: Any) -> list[dict[str, Any]]:
    return [row.to_dict() for _, row in table.iterrows()]


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


def activations(made: Network, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """NxUxHxW of each of the layers for all images at once, by the plain modules."""
    parts = [made.module.get_submodule(str(i)) for i in range(6)]
    x: Tensor = torch.from_numpy(pixels.astype(np.float64) / 255).permute(0, 3, 1, 2)
    mean, std = x.new_tensor(made.mean), x.new_tensor(made.std)
    x = (x - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    found = {}
    with torch.inference_mode():
        for name, part in enumerate(parts):
            x = part(x.clone())
            if str(name) in LAYERS:
                found[str(name)] = x.reshape(*x.shape, *[1] * (4 - x.ndim)).numpy().copy()
    return found


@settings(max_examples=25)
@given(
    st.integers(1, 30),
    st.integers(1, 9),
    st.sets(st.integers(1, 29)),
    st.integers(0, 2**32 - 1),
)
def test_statistics_are_numpys_over_all_images_whatever_the_batch(
    count: int, batch: int, unreadable: set[int], seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
    unreadable &= set(range(count))
    readable = np.array([i for i in range(count) if i not in unreadable])
    with patch.object(statistics, "BATCH", {"cpu": batch}):
        found = statistics.measure(NETWORK, Images(pixels, sorted(unreadable)), LAYERS)
    table = tables.activations_table(found)
    strongest = tables.strongest_table(found, [f"{i}.png" for i in range(count)])
    assert list(found) == LAYERS

    for layer, values in activations(NETWORK, pixels[readable]).items():
        rows = table[table["layer"] == layer]
        means = values.mean((2, 3))
        assert rows["unit"].tolist() == list(range(values.shape[1]))
        close(rows["mean"], values.mean((0, 2, 3)))
        np.testing.assert_allclose(rows["std"], means.std(0), rtol=1e-8, atol=1e-12)
        close(rows["max"], values.max((0, 2, 3)))
        close(rows["active_fraction"], (values > 0).mean((0, 2, 3)))

        for unit in range(values.shape[1]):
            nine = strongest[(strongest["layer"] == layer) & (strongest["unit"] == unit)]
            assert nine["place"].tolist() == list(range(1, min(9, len(readable)) + 1))
            best = np.argsort(-means[:, unit], kind="stable")[:9]
            close(nine["mean"], means[best, unit])
            shown = [int(name.removesuffix(".png")) for name in nine["image"]]
            assert len(set(shown)) == len(shown)
            for row, image in zip(rows_of(nine), shown, strict=True):
                own = values[np.flatnonzero(readable == image)[0], unit]
                close(row["mean"], own.mean())
                close([row["peak"], own[row["row"], row["column"]]], own.max())
                close(row["rms"], np.sqrt((own**2).mean()))


def one_hot() -> Network:
    """Units that are the colors red, green, red: exact, so that equal images are equal."""
    convolution = nn.Conv2d(3, 3, 1, bias=False)
    with torch.no_grad():
        convolution.weight[:, :, 0, 0] = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 0]])
    return Network(nn.Sequential(convolution), mean=(0, 0, 0), std=(1, 1, 1))


def flat(levels: Sequence[int]) -> NDArray[np.uint8]:
    """Images of one gray each."""
    return np.stack([np.full((SIDE, SIDE, 3), level, np.uint8) for level in levels])


@pytest.mark.parametrize("batch", [1, 2, 3, 16])
def test_equal_images_stay_in_the_order_of_the_probe_set(batch: int) -> None:
    levels = [7, 9, 7, 9, 7, 7, 9, 7, 7, 7, 7, 7, 9]
    with patch.object(statistics, "BATCH", {"cpu": batch}):
        found = statistics.measure(one_hot(), Images(flat(levels)), ["0"])
    table = tables.strongest_table(found, [str(i) for i in range(len(levels))])
    for unit in range(3):
        shown = table.loc[table["unit"] == unit, "image"].tolist()
        assert shown == ["1", "3", "6", "12", "0", "2", "4", "5", "7"]


def test_means_and_deviations_are_accumulated_in_float64() -> None:
    levels = np.random.default_rng(0).integers(200, 202, 300)
    with patch.object(statistics, "BATCH", {"cpu": 7}):
        found = statistics.measure(one_hot(), Images(flat(levels.tolist())), ["0"])["0"]
    exact = (levels.astype(np.float32) / np.float32(255)).astype(np.float64)
    np.testing.assert_allclose(found.mean, np.full(3, exact.mean()), rtol=1e-12)
    np.testing.assert_allclose(found.std, np.full(3, exact.std()), rtol=1e-9)
    assert found.std.min() > 0


def test_memory_does_not_grow_with_the_number_of_images() -> None:
    def kept(count: int) -> int:
        found = statistics.measure(one_hot(), Images(flat([3] * count)), ["0"])["0"]
        own = [value for name, value in vars(found).items() if name != "lots"]
        tensors = [value for value in own if isinstance(value, Tensor)]
        return sum(t.numel() for t in [*tensors, *found.strongest.values(), *found.weakest])

    assert kept(210) == kept(260) > 0


def test_the_tuning_is_the_mean_over_the_images_of_each_condition() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (11, SIDE, SIDE, 3), np.uint8)
    groups = {"hue:0": [0, 3, 10], "hue:120": [1], "family:dots": [2, 4, 5, 6, 7, 8, 9, 0]}
    with patch.object(statistics, "BATCH", {"cpu": 4}):
        found = statistics.measure(NETWORK, Images(pixels), LAYERS, groups)
    table = tables.tuning_table(found, list(groups))
    assert table.columns.tolist() == ["layer", "unit", *groups]
    for layer, values in activations(NETWORK, pixels).items():
        rows = table[table["layer"] == layer]
        assert rows["unit"].tolist() == list(range(values.shape[1]))
        for name, members in groups.items():
            close(rows[name], values[members].mean((0, 2, 3)))


def test_progress_counts_every_readable_image() -> None:
    done: list[int] = []
    probe = Images(flat([1] * 10), [2, 5])
    with patch.object(statistics, "BATCH", {"cpu": 3}):
        statistics.measure(one_hot(), probe, ["0"], progress=done.append)
    assert sum(done) == 8
    assert probe.skipped == [("2.png", "damaged"), ("5.png", "damaged")]


def test_a_probe_set_that_cannot_be_read_at_all_is_an_error() -> None:
    with pytest.raises(AtlasError, match="none of the 2 images"):
        statistics.measure(one_hot(), Images(flat([1, 2]), [0, 1]), ["0"])


# The ranking


def test_units_are_ranked_by_mean_and_then_by_number() -> None:
    means = {"b": [0.5, 2.0, 0.5, -1.0, 2.0, 0.5], "a": [0.0, 0.0]}
    table = pd.concat(
        pd.DataFrame({"layer": layer, "unit": range(len(values)), "mean": values})
        for layer, values in means.items()
    )
    ranked = ranking.ranking_table(table, None)
    assert ranked.columns.tolist() == ["layer", "rank", "unit", "mean"]
    assert ranked["layer"].tolist() == ["b"] * 6 + ["a"] * 2, "in the order of the layers given"
    assert ranked["unit"].tolist() == [1, 4, 0, 2, 5, 3, 0, 1]
    assert ranked["rank"].tolist() == [1, 2, 3, 4, 5, 6, 1, 2]
    assert ranked["mean"].tolist() == [2.0, 2.0, 0.5, 0.5, 0.5, -1.0, 0.0, 0.0]
    assert ranking.ranking_table(table, 3)["unit"].tolist() == [1, 4, 0, 0, 1]
    assert ranking.ranking_table(table, 100).equals(ranked)


def test_rank_units_from_python() -> None:
    from atlas import rank_units

    pixels = np.random.default_rng(2).integers(0, 256, (7, SIDE, SIDE, 3), np.uint8)
    found = rank_units(NETWORK, Images(pixels), layers=["2", "1"], top=2)
    assert found.columns.tolist() == ["layer", "rank", "unit", "mean"]
    assert found["layer"].tolist() == ["1", "1", "2", "2"], "in depth order"
    for layer, values in activations(NETWORK, pixels).items():
        means = values.mean((0, 2, 3))
        rows = found[found["layer"] == layer]
        assert rows["unit"].tolist() == np.argsort(-means, kind="stable")[: len(rows)].tolist()
    everything = rank_units(NETWORK, Images(pixels), top=None)
    assert everything.groupby("layer", sort=False).size().to_dict() == {"1": 5, "2": 4}
    with pytest.raises(AtlasError, match="no layer 'conv9'"):
        rank_units(NETWORK, Images(pixels), layers=["conv9"])


@contextmanager
def silent(*_: object) -> Iterator[Progress]:
    """Shows no progress."""
    yield lambda done: None


def test_stimuli_rank_by_some_and_tune_by_all_and_tune_the_same_for_every_probe_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = stimuli.battery()[::40]
    monkeypatch.setattr(stimuli, "battery", lambda: few)
    photographs = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    found = {}
    for probe in (Stimuli(), Images(photographs)):
        run = Run(tmp_path / probe.kind)
        measure_units(run, NETWORK, None, probe, LAYERS, silent)
        found[probe.kind] = {name: run.table(name) for name in ("tuning", "strongest")}
    tuning, other = (found[kind]["tuning"] for kind in ("stimuli", "folder"))
    assert set(tuning) == {"layer", "unit", *stimuli.conditions(few)}
    pd.testing.assert_frame_equal(tuning, other, check_like=True)
    ranked = {stimulus.name for stimulus in few if stimulus.natural}
    assert set(found["stimuli"]["strongest"]["image"]) <= ranked


def test_every_unit_keeps_its_nine_strongest_stimuli_beside_photographs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = stimuli.battery()[::40]
    monkeypatch.setattr(stimuli, "battery", lambda: few)
    photographs = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    run = Run(tmp_path / "run")
    measure_units(run, NETWORK, None, Images(photographs), LAYERS, silent)
    table = run.table("strongest_stimuli")
    assert list(table.columns) == ["layer", "unit", "place", "stimulus", "mean"]
    drawn = np.stack([stimulus.draw() for stimulus in few])
    for layer, values in activations(NETWORK, drawn).items():
        means = values.mean((2, 3))
        assert set(table.loc[table["layer"] == layer, "unit"]) == set(range(means.shape[1]))
        for unit, responses in enumerate(means.T):
            nine = table[(table["layer"] == layer) & (table["unit"] == unit)]
            best = np.argsort(-responses, kind="stable")[:9]
            assert nine["place"].tolist() == list(range(1, 10))
            assert nine["stimulus"].tolist() == [few[index].name for index in best]
            np.testing.assert_allclose(nine["mean"], responses[best], rtol=1e-8, atol=1e-12)


def test_where_stimuli_are_ranked_the_strongest_are_not_kept_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = stimuli.battery()[::40]
    monkeypatch.setattr(stimuli, "battery", lambda: few)
    run = Run(tmp_path / "run")
    measure_units(run, NETWORK, None, Stimuli(), LAYERS, silent)
    assert run.has("strongest.csv") and not run.has("strongest_stimuli.csv")


def test_what_the_design_promises_python_is_there() -> None:
    import atlas
    from atlas import RECIPES, load_network, maximize_units, open_probe_set, rank_units

    assert RECIPES["article"].steps == 20
    assert all(map(callable, (load_network, maximize_units, open_probe_set, rank_units)))
    assert len(open_probe_set("stimuli")) >= 150
    with pytest.raises(AttributeError, match="nonsense"):
        _ = atlas.nonsense
