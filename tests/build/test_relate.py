"""The stage that relates the units of a run, over a small network and photographs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from support.small_build import QUICK, Small, contents, draw_photographs, shrink

from atlas.build import connections
from atlas.cli import main
from atlas.network.network import Network
from atlas.probe.opening import open_probe_set
from atlas.run.folder import Run

Atlas = Callable[..., Run]


@pytest.fixture
def atlas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Atlas:
    """Call the program over ``run`` and ``site``, and a folder of 25 photographs."""
    shrink(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()
    draw_photographs(tmp_path / "album", 25)

    def call(command: str = "build", *options: str) -> Run:
        own = [*QUICK, "--probe", "album"] if command == "build" else ["--quiet"]
        own += ["--run", "run", *(["--site", "site"] if command in ("build", "render") else [])]
        assert main([command, *own, *options]) == 0
        return Run(tmp_path / "run")

    return call


def test_relatives_correlate_as_the_responses_of_the_module_do(atlas: Atlas) -> None:
    run = atlas()
    torch.manual_seed(len("auto"))
    module = Small().double()
    network = Network(Small())
    probe = open_probe_set(Path("album"))
    images = torch.from_numpy(np.stack([probe.image(number) for number in range(25)]))
    shown = network.normalize(images.permute(0, 3, 1, 2) / 255).double()
    with torch.no_grad():
        first = module.conv1(shown)
        responses = {"conv1": first.mean((2, 3)), "conv2": module.conv2(first).mean((2, 3))}
    rows = run.table("relatives")
    assert len(rows)
    for layer, unit, kind, _, other_layer, other_unit, value in rows.itertuples(index=False):
        pair = responses[layer][:, unit], responses[other_layer][:, other_unit]
        assert value == pytest.approx(np.corrcoef(*pair)[0, 1], abs=2e-3)
        assert {"same": layer, "before": "conv1", "after": "conv2"}.get(kind, other_layer) == (
            other_layer
        )


def test_what_a_unit_reads_from_is_activation_times_gradient_on_its_strongest_images(
    atlas: Atlas,
) -> None:
    run = atlas()
    torch.manual_seed(len("auto"))
    module, network, probe = Small().double(), Network(Small()), open_probe_set(Path("album"))
    rows = run.table("connections")
    rows = rows[(rows["layer"] == "conv2") & (rows["kind"] == "reads")]
    names = run.table("strongest").set_index(["layer", "unit"])["image"]
    for unit in sorted({*rows["unit"].tolist()}):
        own = rows[(rows["source"] == "images") & (rows["unit"] == unit)]
        numbers = [probe.names.index(name) for name in names.loc[("conv2", unit)]]
        images = torch.from_numpy(np.stack([probe.image(number) for number in numbers]))
        shown = network.normalize(images.permute(0, 3, 1, 2) / 255).double()
        value = module.conv1(shown).detach().requires_grad_()
        module.conv2(value)[:, int(unit)].mean((1, 2)).sum().backward()
        assert value.grad is not None
        expected = (value * value.grad).sum((2, 3)).mean(0)
        found = torch.zeros(4, dtype=torch.float64)
        found[own["other_unit"].tolist()] = torch.tensor(own["contribution"].tolist()).double()
        assert F.mse_loss(found, expected.detach()).sqrt() < 1e-5 * expected.abs().max()
    assert {*rows["source"]} == {"images", "picture"}


def test_a_run_that_is_related_is_left_alone(
    atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atlas()
    before = contents(tmp_path / "run")

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(connections, "contributions", refused)
    monkeypatch.setattr(connections, "from_pictures", refused)
    atlas("relate")
    atlas()
    assert contents(tmp_path / "run") == before


def test_units_that_are_added_are_related_to_those_before_as_in_one_go(
    atlas: Atlas, tmp_path: Path
) -> None:
    atlas("build", "--top", "1")
    extended = atlas("build", "--top", "all")
    found = {name: extended.table(name) for name in ("relatives", "connections", "layout")}
    (tmp_path / "run").rename(tmp_path / "before")
    whole = atlas("build", "--top", "all")
    for name, table in found.items():
        expected = whole.table(name)
        if name == "connections":  # the pictures were made in other batches
            expected, table = (
                each[each["source"] == "images"].reset_index(drop=True)
                for each in (expected, table)
            )
        assert table.equals(expected)
