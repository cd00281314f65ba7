"""Findings of runs of other kinds: one recipe, few units, pools, a judge that fails."""

import re
from pathlib import Path

import pytest
from support.findings_page import changes_of, forests, part, rows_of, section
from support.run_fixture import LAYERS, make_run

from atlas.render.site import render
from atlas.render.svg import number

NAMES = [f"{i}.jpg" for i in range(12)]
RECIPES = ("article", "calm")


def test_a_run_of_one_recipe_and_few_units_has_its_beginning_without_intervals(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path / "run", photographs=NAMES, layers=LAYERS[:1], pictured=2)
    render(run, tmp_path / "site")
    findings = (tmp_path / "site/findings.html").read_text()
    start = section(findings, "recognition")
    assert start.count('class="lead"') == 3 and 'class="whisker"' not in start
    assert "2 units of conv1 that have a picture by article" in start
    assert "forest" not in findings and "Win" not in findings
    assert not (tmp_path / "site/data/differences.csv").exists()
    assert "differences.csv" not in (tmp_path / "site/about.html").read_text()


def test_pools_are_no_rows_and_count_no_unit_twice(tmp_path: Path) -> None:
    layers = [LAYERS[0], LAYERS[0] | {"name": "maxpool1"}, LAYERS[2]]
    run = make_run(tmp_path / "run", photographs=NAMES, recipes=RECIPES, layers=layers,
                   pictured=6)  # fmt: skip
    network = run.read_json("network")
    network["layers"][1]["pools"] = "conv1"
    run.write_json("network", network)
    render(run, tmp_path / "site")
    (plot,) = forests((tmp_path / "site/findings.html").read_text(), "robustness")
    assert re.findall(r"<title>([\w ]+):", plot) == ["conv1", "5b", "Inception", "All layers"]
    layers_told = {row["layer"] for row in rows_of(tmp_path / "site/data/differences.csv")}
    assert "maxpool1" not in layers_told
    numbers = rows_of(tmp_path / "site/data/findings.csv")
    assert "maxpool1" in {row["layer"] for row in numbers}


@pytest.mark.parametrize(("right", "fails"), [(0.68, True), (0.9, False)])
def test_where_the_judge_cannot_tell_photographs_the_chart_and_a_sentence_say_so(
    tmp_path: Path, right: float, fails: bool
) -> None:
    run = make_run(tmp_path / "run", photographs=NAMES, layers=LAYERS[1:3], pictured=6)
    table = run.table("identification")
    photographs = table["recipe"] == "photographs"
    table.loc[photographs, "correct"] = 0.9
    table.loc[photographs & (table["layer"] == "inception5b"), "correct"] = right
    run.write_table("identification", table)
    render(run, tmp_path / "site")
    findings = (tmp_path / "site/findings.html").read_text()
    chart = section(findings, "identification")
    assert ("In 5b the judge cannot tell even photographs" in chart) == fails
    assert ("right in 68 %" in chart) == fails
    assert (chart.count('class="column"') == 2) == fails  # its place, and the sign in the legend
    assert "chance 50 %" in chart
    # The unit that is shown is of a layer that can be judged.
    shown = re.findall(r'src="images/article/(\w+)/', section(findings, "recognition"))
    assert shown == ["inception4a"] or not fails


def test_photographs_are_the_reference_over_the_units_that_recipes_have_values_for(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path / "run", photographs=NAMES, layers=LAYERS[:2], pictured=3)
    table = run.table("identification")
    photographs = table["recipe"] == "photographs"
    alone = table["recipe"] == "photograph"
    for unit, right in [(0, 0.8), (1, 0.1), (2, 0.9)]:  # by the article unit 1 is silent
        chosen = (table["layer"] == "inception4a") & (table["unit"] == unit)
        table.loc[chosen & photographs, "correct"] = right
        table.loc[chosen & alone, "correct"] = right - 0.1
    run.write_table("identification", table)
    render(run, tmp_path / "site")
    findings = (tmp_path / "site/findings.html").read_text()
    chart = section(findings, "identification")
    reference = chart[chart.index('class="reference"') :]
    assert "<title>4a: 85.0</title>" in reference
    lesser = chart[chart.index('class="reference lesser"') :]
    assert "<title>4a: 75.0</title>" in lesser
    bars = section(findings, "recognition")
    for name, right in [("nine strongest photographs", 85), ("strongest of the photographs", 75)]:
        assert re.search(rf"With (its|the) {name}</text>.*?: {right}.0 %", bars), name
    table = table.loc[~alone]  # of a run from before it was judged
    run.write_table("identification", table)
    render(run, tmp_path / "before")
    findings = (tmp_path / "before/findings.html").read_text()
    assert "excite the unit most, instead of pictures, it is right in 85." in findings
    assert "lesser" not in section(findings, "identification")


def test_a_recipe_of_a_single_layer_is_told_at_that_layer_alone(tmp_path: Path) -> None:
    recipes = ("article", "clear", "still")
    run = make_run(tmp_path / "run", recipes=recipes, layers=LAYERS[:3], pictured=5,
                   only={"still": "inception5b"})  # fmt: skip
    render(run, tmp_path / "site")
    findings = (tmp_path / "site/findings.html").read_text()
    assert list(changes_of(findings)) == ["article", "clear", "still"]
    assert len(forests(findings, "identification")) == 1
    for key in ("identification", "frequency"):
        names = re.findall(r'class="label">([^<]*)</text>', part(findings, key))
        assert {"article", "clear"} <= set(names) and "still" not in names
    rows = rows_of(tmp_path / "site/data/findings.csv")
    assert {row["recipe"] for row in rows} == {
        *recipes[:2],
        "nine strongest stimuli",
        "the strongest alone",
        "",
    }
    means = [row for row in rows if row["finding"] == "gain" and row["recipe"] == "clear"]
    assert [row["layer"] for row in means] == [layer["name"] for layer in LAYERS[:3]]
    marked = re.findall(r"<title>4a: ([\d.]+)", section(findings, "gain"))
    assert number(float(means[1]["value"])) in marked
