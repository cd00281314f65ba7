"""The benchmark runs from end to end, and counts the work right; no time is judged."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from support.related import draw
from support.run_fixture import make_run
from support.small_build import draw_photographs
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.feature_extraction import create_feature_extractor

from atlas.maximize.units import maximize_units
from atlas.network.loading import load_network
from atlas.network.weights.named import load_model
from atlas.probe.opening import open_probe_set
from atlas.probe.stimuli import battery
from atlas.rank.ranking import ranking_table
from atlas.rank.statistics import measure
from atlas.rank.tables import activations_table, strongest_table
from atlas.recipe import RECIPES, Recipe, read_recipe
from atlas.run.responses import write_responses
from benchmarks import __main__ as compare
from benchmarks import (
    ablation,
    agreement,
    connections,
    growth,
    precision,
    profile,
    relations,
    roofline,
)
from benchmarks.contenders import Skipped, Workloads, time_contender
from benchmarks.field import FIELD
from benchmarks.roofline import operations
from benchmarks.workload import Workload, coarse, excited_units


def test_a_small_benchmark_prints_its_tables_and_writes_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roofline, "SIDE", 7)  # of the large convolution
    small = "--layers conv1,conv2 --size 30 --upscales 1 --steps 1 --repeats 1 --device cpu"
    contenders = "article,atlas float32"
    arguments = [*small.split(), "--contenders", contenders, "--results", str(tmp_path)]
    assert compare.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "times the article's" in printed
    assert "roofline" in printed
    (path,) = tmp_path.glob("*.json")
    result = json.loads(path.read_text())
    assert result["sizes"] == [28, 30]
    assert result["weights"]["source"] == "bundled"
    assert [layer for layer, _ in result["workload"]["units"]] == ["conv1", "conv2"]
    assert result["skipped"] == {}
    for name in contenders.split(","):
        assert all(seconds > 0 for seconds in result["seconds_per_unit"][name])
        assert len(result["seconds_per_step"][name]) == 1


def test_a_contender_that_fails_is_named_with_its_reason() -> None:
    workload = Workload("no-such-file.pth", "cpu", (("conv1", 0),), coarse(28, 0, 1))
    with pytest.raises(Skipped, match=r"no-such-file\.pth"):
        time_contender("article", [workload])


@pytest.mark.parametrize(
    ("unit", "source", "last"),
    [
        (("conv1", 0), "conv1", None),
        (("inception3b", 0), "inception3a", "inception3b.branch1.conv"),
        (("inception3b", 150), "inception3b.branch2.0", "inception3b.branch2.1.conv"),
        (("maxpool4", 10), "inception4d", "inception4e.branch1.conv"),
    ],
)
def test_counted_operations_are_those_torch_counts(
    unit: tuple[str, int], source: str, last: str | None
) -> None:
    recipe = coarse(64, 1, 3)
    network = load_network("googlenet", "bundled")
    module, _ = load_model("googlenet", "bundled")
    part = create_feature_extractor(module, {source: "out"})
    with FlopCounterMode(display=False) as counter:
        for size in (28, 64):
            values = part(torch.rand(1, 3, size, size, requires_grad=True))["out"]
            if last is not None:
                convolution = module.get_submodule(last)
                assert isinstance(convolution, torch.nn.Conv2d)
                values = F.conv2d(values, convolution.weight[:1], padding=convolution.padding)
            values.sum().backward()
    workload = Workload("bundled", "cpu", (unit,), recipe)
    assert operations(network, workload) == counter.get_total_flops() * 3


def test_the_units_compared_are_one_of_each_layer_and_start_awake() -> None:
    network = load_network("googlenet", "bundled")
    units = excited_units(network, [layer.name for layer in network.layers])
    assert [layer for layer, _ in units] == [layer.name for layer in network.layers]
    pictures = maximize_units(network, units, coarse(28, 0, 1))
    assert all(picture.activations[0] > 0 for picture in pictures)


def test_a_workload_survives_the_way_to_another_process() -> None:
    workload = Workload("bundled", "cpu", (("conv1", 3), ("inception5b", 7)), coarse(74, 2, 4))
    assert Workload.from_json(workload.to_json()) == workload


def test_growth_measures_units_sizes_and_processes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_processes(
        name: str, workloads: Workloads, workers: tuple[int, int] | None
    ) -> list[float]:
        """A process alone is timed elsewhere."""
        return time_contender(name, workloads, workers) if workers else [1.0]

    monkeypatch.setattr(growth, "time_contender", time_processes)
    small = "--units 2 --sizes 34 --processes 2 --steps 1 --precision float32"
    assert growth.main([*small.split(), "--results", str(tmp_path)]) == 0
    assert "34 pixels" in capsys.readouterr().out
    (path,) = tmp_path.glob("*.json")
    rows = json.loads(path.read_text())["rows"]
    assert [(row["grown"], row["units"], row["sizes"][-1]) for row in rows] == [
        ("units", 2, 34),
        ("pixels", 16, 34),
        ("processes", 32, 34),
    ]


def test_units_are_taken_from_all_layers_in_turn() -> None:
    network = load_network("googlenet", "bundled")
    layers = ["conv1", "conv3", "inception5b"]
    units = excited_units(network, layers, count=64 * 3 + 4)
    assert [layer for layer, _ in units[:4]] == [*layers, "conv1"]
    assert len(set(units)) == 64 * 3 + 4
    assert {layer for layer, _ in units[-4:]} == {"conv3", "inception5b"}


def test_the_profile_shows_the_convolutions(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    try:
        assert profile.main(["--size", "28", "--steps", "1", "--precision", "float32"]) == 0
    finally:
        torch.set_num_threads(threads)
    assert "convolution" in capsys.readouterr().out


def test_what_a_piece_brings_is_its_difference_over_the_same_units() -> None:
    generator = np.random.default_rng(0)
    names = list(ablation.FIGURES)
    whole, less = (pd.DataFrame(generator.uniform(size=(20, 5)), columns=names) for _ in range(2))
    whole.loc[3, "correct"] = less.loc[7, "correct"] = np.nan  # no task, or no picture
    lines = ablation.summary({"clear": whole, "rgb": less}, "rgb").splitlines()
    both = (less["correct"] - whole["correct"]).dropna()
    (row,) = [line.split() for line in lines if line.startswith("correct")]
    assert row[1] == f"{less['correct'].mean():.3f}"
    assert row[2] == f"{both.mean():+.3f}"
    assert row[-1] == "18"
    assert "[" not in ablation.summary({"clear": whole}, "clear")


def test_a_variant_is_measured_after_what_it_is_a_variant_of() -> None:
    asked = ablation.parse_options(["run", "--variants", "rgb,article jitter 8"]).variants
    assert asked == ["article", "article jitter 8", "clear", "rgb"]


def test_units_of_other_ranks_can_be_asked_for() -> None:
    assert ablation.parse_options(["run"]).ranks == (1, 3)
    assert ablation.parse_options(["run", "--ranks", "11-20"]).ranks == (11, 20)
    assert ablation.parse_options(["run", "--ranks", "4"]).ranks == (4, 4)


@pytest.mark.parametrize("ranks", ["0-3", "3-1", "a-b", "", "1-"])
def test_ranks_that_there_are_not_are_refused(
    ranks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        ablation.parse_options(["run", "--ranks", ranks])
    assert caught.value.code == 2 and "argument --ranks" in capsys.readouterr().err


@pytest.mark.parametrize("name", FIELD)
def test_a_recipe_of_the_field_is_read_from_the_lines_that_are_shown(name: str) -> None:
    text = (Path(__file__).parents[1] / "docs" / "recipes.md").read_text("utf-8")
    (lines,) = [part for part in text.split("```") if part.startswith(f"toml\n[recipes.{name}]")]
    table = tomllib.loads(lines.removeprefix("toml"))["recipes"][name]
    assert read_recipe(name, table) == FIELD[name].recipe == ablation.VARIANTS[name]
    assert len(lines.splitlines()) < 16


def test_a_judge_does_not_judge_its_own_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    settings = json.loads(path.read_text())
    settings["asked"] |= {"network": "googlenet", "weights": "bundled"}
    path.write_text(json.dumps(settings))
    assert ablation.main([str(tmp_path / "run"), "--variants", "clear", "--device", "cpu"]) == 1
    assert "own pictures" in capsys.readouterr().err


def test_two_precisions_are_compared_unit_by_unit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "article", Recipe(upscales=1, steps=2))
    arguments = ["--units", "1", "--device", "cpu", "--results", str(tmp_path)]
    assert precision.main(arguments) == 0
    printed = capsys.readouterr().out
    (path,) = tmp_path.glob("*.json")
    result = json.loads(path.read_text())
    ratios = np.divide(result["bfloat16"], result["float32"])
    assert len(ratios) == 16
    (row,) = [line.split() for line in printed.splitlines() if line.startswith("all")]
    assert row[1:3] == ["16", f"{np.median(ratios):.3f}"]
    assert np.abs(ratios - 1).max() < 0.2, "after two steps they have hardly parted"


def test_the_agreement_of_two_rankings_is_spearmans_and_counts_the_shared_ten() -> None:
    photographs = np.arange(20.0)
    means = pd.DataFrame(
        {
            "photographs": photographs,
            "ranked": photographs**3,
            "all": -photographs,
            "even": photographs,
            "odd": [*range(1, 20), 0.5],
        }
    )
    found = agreement.agreement_of(means)
    assert found["ranked stimuli"] == (pytest.approx(1), 10)
    assert found["all stimuli"] == (pytest.approx(-1), 0)
    rho, shared = found["half and half"]
    assert shared == 9 and rho == pytest.approx(1 - 6 * (19 + 19**2) / (20 * 399))


def test_stimuli_are_compared_with_photographs_layer_by_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = battery()[::80]
    monkeypatch.setattr(agreement, "battery", lambda: few)
    (tmp_path / "photographs").mkdir()
    draw_photographs(tmp_path / "photographs", 4)
    arguments = [str(tmp_path / "photographs"), "--device", "cpu", "--results", str(tmp_path)]
    assert agreement.main(arguments) == 0
    printed = capsys.readouterr().out
    (path,) = tmp_path.glob("*.json")
    layers = json.loads(path.read_text())["layers"]
    assert len(layers) == 16
    for layer, pairs in layers.items():
        rho, shared = pairs["ranked stimuli"]
        assert f"{layer} " in printed and -1 <= rho <= 1 and 0 <= shared <= 10


def test_agreement_with_no_photographs_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert agreement.main([str(tmp_path / "nowhere")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "nowhere" in line


def test_relations_are_judged_over_what_a_run_keeps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", photographs=[f"{number}.png" for number in range(60)])
    units = [layer.units for layer in run.network().layers]
    responses = draw(60, {layer.name: layer.units for layer in run.network().layers})
    write_responses(run, pd.DataFrame({"image": responses.images}), responses.values)
    arguments = [str(run.path), "--units", "6", "--results", str(tmp_path)]
    assert relations.main(arguments) == 0
    (path,) = tmp_path.glob("*.json")
    result = json.loads(path.read_text())
    assert result["permuted"] == {"alignment": pytest.approx(1, abs=1e-5), "matched": 1}
    assert result["strongest"]["asked"] == 6 * len(units)
    assert result["all"]["asked"] == sum(units)
    for part in (result["strongest"], result["all"]):
        assert 0.5 < part["trustworthiness"] <= 1
    shared, by_chance = result["halves"]["any"]
    assert by_chance < shared <= 1
    assert "trustworthiness" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "said"), [("nowhere", "nowhere"), ("run", "--units")])
def test_relations_that_cannot_be_judged_are_refused_in_one_line(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", photographs=[f"{number}.png" for number in range(60)])
    responses = draw(60, {layer.name: layer.units for layer in run.network().layers})
    write_responses(run, pd.DataFrame({"image": responses.images}), responses.values)
    assert relations.main([str(tmp_path / name), "--units", "2"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_connections_and_regions_are_tried_on_the_images_of_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    draw_photographs(photographs, 3)
    probe, network = open_probe_set(photographs), load_network("googlenet", "bundled")
    layers = ["conv1", "maxpool1", "conv2"]
    described = [{"name": name, "stride": 2, "receptive_field": 7, "height": 56} for name in layers]
    run = make_run(tmp_path / "run", photographs=probe.names, layers=described, units=64)
    settings = json.loads((run.path / "run.json").read_text())
    settings["asked"] |= {"network": "googlenet", "weights": "bundled", "probe": str(photographs)}
    run.write_json("run", settings)
    found = measure(network, probe, layers)
    run.write_table("ranking", ranking_table(activations_table(found), 2))
    run.write_table("strongest", strongest_table(found, probe.names))
    high = [(layer, unit, 0.1) for layer in layers for unit in range(64)]
    run.write_table("thresholds", pd.DataFrame(high, columns=["layer", "unit", "high"]))
    arguments = ["--gradients", "plain,both", "--images", "2", "--results", str(tmp_path)]
    assert connections.main([str(run.path), *arguments, "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    (path,) = tmp_path.glob("*.json")
    result = json.loads(path.read_text())
    # The second has the channels of the first, and reads from nothing.
    assert [row["source"] for row in result["plain"]] == ["conv1", "conv1"]
    assert "conv2 from conv1" in printed
    assert all(row["partners"] > row["matched"] for row in result["plain"])
    assert len(result["regions"]) == 6 and "region wins" in printed


def test_channels_are_matched_with_others_that_are_as_active() -> None:
    activity = np.array([5.0, 5.1, 1.0, 0.9, 3.0], np.float32)
    assert connections.matched(activity, np.array([0, 2])) == [1, 3]
    assert sorted(connections.matched(activity, np.array([1, 0]))) == [2, 4]


def test_a_smoothed_pooling_has_the_gradient_of_the_average() -> None:
    values = torch.arange(16.0).reshape(1, 1, 4, 4).requires_grad_()
    smooth = connections.smooth_max(values, {"kernel_size": 2, "stride": 2})
    assert torch.equal(smooth, F.max_pool2d(values, 2))
    smooth.sum().backward()
    assert values.grad is not None and (values.grad == 0.25).all()
