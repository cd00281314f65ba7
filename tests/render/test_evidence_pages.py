"""What pages and data say of the evidence: recipe beside recipe, with intervals, or why not."""

import csv
import html
import io
import json
import re
import tomllib
from pathlib import Path

import pytest
from support.run_fixture import LAYERS, make_run

from atlas.errors import AtlasError
from atlas.recipe import Recipe, read_recipe
from atlas.render.site import render
from atlas.render.svg import number


def evidence_of(page: Path) -> dict[str, list[str]]:
    """The rows of a unit's table of evidence: title, then the values."""
    text = page.read_text()
    table = text[text.index('<table class="evidence"') :]
    rows = re.findall(r"<tr><th scope=\"row\"><strong>(.*?)</strong>(.*?)</tr>", table, re.DOTALL)
    return {title: re.findall(r"<td>([^<]*)", rest) for title, rest in rows}


def test_the_evidence_stands_recipe_beside_recipe(tmp_path: Path) -> None:
    names = [f"{i}.jpg" for i in range(12)]
    recipes = ("article", "calm")
    run = make_run(tmp_path / "run", photographs=names, recipes=recipes, layers=LAYERS[:2])
    render(run, tmp_path / "site")
    rows = evidence_of(tmp_path / "site/units/conv1/0000.html")
    table = run.table("examination").set_index(["recipe", "layer", "unit"])
    judged = run.table("identification").set_index(["recipe", "layer", "unit"])["correct"]
    for name, title in [("shift", "Left after a shift"), ("rescale", "Left after rescaling")]:
        left = [f"{100 * table.loc[(recipe, 'conv1', 0), name]:.0f} %" for recipe in recipes]
        assert rows[title] == left
    mean = table[["shift", "blur", "jpeg", "rescale"]].mean(axis=1)
    assert rows["Robustness"] == [f"{100 * mean[recipe, 'conv1', 0]:.0f} %" for recipe in recipes]
    right = [f"{100 * judged[recipe, 'conv1', 0]:.0f} %" for recipe in recipes]
    assert rows["Identification"] == right
    page = (tmp_path / "site/units/conv1/0000.html").read_text()
    reference = f"{100 * judged['photographs', 'conv1', 0]:.0f} %"
    assert f"nine strongest photographs instead: {reference}" in page
    assert "−2.1, half of them from −2.4 to −1.8" in page
    silent = tmp_path / "site/units/inception4a/0001.html"
    assert evidence_of(silent)["Left after a blur"] == ["–", "–"]
    assert "Undefined where the picture does not excite the unit." in silent.read_text()
    assert "the unit has no picture that came out" in silent.read_text()


def test_a_recipe_of_ones_own_is_given_as_a_table_to_make_it_again(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", recipes=("article", "mine"), layers=LAYERS[:1], pictured=1)
    settings = run.read_json("run")
    mine = settings["identity"]["recipes"]["mine"] | {"gradient_kernel": "sobel3", "jitter": 8}
    settings["identity"]["recipes"]["mine"] = mine
    settings["asked"]["recipes"] = {"mine": mine}
    run.write_json("run", settings)
    render(run, tmp_path / "site")
    about = html.unescape((tmp_path / "site/about.html").read_text())
    text = about[about.index("[recipes.mine]") :]
    table = tomllib.loads(text[: text.index("</code>")])["recipes"]["mine"]
    assert read_recipe("mine", table) == Recipe(**mine)
    assert table.keys() == {"base", "upscales", "steps", "gradient_kernel", "jitter"}
    assert "<td><strong>sobel3</strong></td>" in about
    assert "<dt>Jitter</dt>" in about and "<dt>Zoom</dt>" not in about
    unit = (tmp_path / "site/units/conv1/0000.html").read_text()
    assert unit.count("table of this recipe") == 1


def test_a_run_without_a_judge_says_why_nothing_was_identified(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", layers=LAYERS[:1], pictured=1, judged=False)
    render(run, tmp_path / "site")
    page = tmp_path / "site/units/conv1/0000.html"
    assert evidence_of(page)["Identification"] == ["–"]
    assert "would judge its own pictures" in page.read_text()
    findings = (tmp_path / "site/findings.html").read_text()
    place = findings[findings.index('<h2 id="identification">') :]
    place = place[: place.index("</section>")]
    assert "would judge its own pictures" in place and "<svg" not in place


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("identification", "recipe,layer,unit\narticle,conv1,0\n"),
        ("identification", "recipe,layer,unit,correct\narticle,conv1,0,often\n"),
        ("examination", "recipe,layer,unit,sample,shift\narticle,conv1,0,1,far\n"),
        ("examination", "recipe,layer\narticle,conv1\n"),
    ],
)
def test_damaged_evidence_is_named_in_one_line(table: str, text: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", layers=LAYERS[:1], pictured=1)
    (run.path / f"{table}.csv").write_text(text)
    with pytest.raises(
        AtlasError, match=rf"{table}\.csv is damaged \(its [^)]+\); .*'atlas examine' again$"
    ):
        render(run, tmp_path / "site")


def test_a_run_from_before_the_extended_evidence_says_that_it_was_not_measured(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path / "run", layers=LAYERS[:1], pictured=1, extended=False)
    render(run, tmp_path / "site")
    page = tmp_path / "site/units/conv1/0000.html"
    rows = evidence_of(page)
    for title in ("Left after a shift", "Slope of the spectrum", "Identification"):
        assert rows[title] == ["–"]
    assert page.read_text().count("Not measured in this run.") == 7
    findings = (tmp_path / "site/findings.html").read_text()
    assert 'id="robustness"' not in findings and 'id="frequency"' in findings
    assert 'id="identification"' not in findings


@pytest.fixture(scope="module")
def better(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The findings of a run whose second recipe is better, by all that the fixture draws."""
    folder = tmp_path_factory.mktemp("better")
    names = [f"{i}.jpg" for i in range(12)]
    recipes = ("article", "calm", "still")
    layers = [LAYERS[0], LAYERS[2]]
    run = make_run(folder / "run", photographs=names, recipes=recipes, layers=layers, pictured=8)
    render(run, folder / "site")
    return (folder / "site/findings.html").read_text()


def test_findings_say_who_wins_from_the_interval(better: str) -> None:
    assert re.search(r"calm wins against article: \+[\d.]+ points over 15 units", better)
    # The fixture draws gains alike for all recipes.
    gain = better[better.index('<h2 id="gain">') : better.index('<h2 id="frequency">')]
    for said in re.findall(r'class="verdict">([^<]*)', gain):
        ratio, low, high = (float(x) for x in re.findall(r"×([\d.]+)", said))
        assert low <= ratio <= high
        word = "wins" if low > 1 else "loses" if high < 1 else "tie"
        assert word in said


def test_findings_compare_every_recipe_with_the_articles(better: str) -> None:
    assert re.findall(r"<h2 id=\"against-\d\">(.*?)</h2>", better) == [
        "calm against article",
        "still against article",
    ]
    table = better[better.index('id="against-2"') :]
    row = re.search(r"<tr><th scope=\"row\"><a[^>]*>conv1</a></th>(.*?)</tr>", table)
    assert row is not None
    assert re.findall(r"<span class=\"(\w+)\">", row[1]).count("win") >= 3
    # Three recipes in the chart, and the photographs.
    chart = better[better.index('<h2 id="identification">') : better.index('<h2 id="robustness">')]
    for name in ("article", "calm", "still", "nine strongest photographs"):
        assert f">{name}</text>" in chart
    assert "people, synthetic 82 %" in chart and "chance 50 %" in chart


def changes_of(findings: str) -> dict[str, str]:
    """The rows of what each recipe makes of 5b, by recipe."""
    table = findings[findings.index('<h2 id="changes">') :]
    table = table[table.index("<tbody>") : table.index("</tbody>")]
    rows = table.split("<tr>")[1:]
    return {re.findall(r"<strong>(\w+)</strong>", row)[0]: row for row in rows}


def test_findings_show_what_each_recipe_makes_of_5b(better: str) -> None:
    rows = changes_of(better)
    assert list(rows) == ["article", "calm", "still"]
    for recipe, row in rows.items():
        shown = re.findall(r'src="images/(\w+)/inception5b/(\d+)\.small\.webp"', row)
        assert shown == [(recipe, f"{unit:04d}") for unit in range(4)]
    paired = re.findall(r"<div>([^<]*)", rows["calm"])
    # Robustness by the fixture is 20 points better; the silent unit is no pair.
    assert re.fullmatch(r"\+2\d\.\d \[\+\d+\.\d, \+\d+\.\d\] ", paired[1])
    assert "n = 7" in rows["calm"] and "n = " not in rows["article"]


def test_a_recipe_is_described_by_the_constants_in_which_it_differs(better: str) -> None:
    rows = changes_of(better)
    assert "<span>gradient kernel sobel3</span>" in rows["calm"]
    assert "<span>gradient kernel farid5, jitter 8</span>" in rows["still"]
    assert "<span>gradient kernel" not in rows["article"]


def section(findings: str, key: str) -> str:
    text = findings[findings.index(f'<h2 id="{key}">') :]
    return html.unescape(text[: text.index("</section>")])


def test_findings_say_how_many_pictures_and_units_are_left_out(better: str) -> None:
    counts = "1, 0 and 0 of 16 by article, 1, 0 and 0 of 16 by calm, 1, 0 and 0 of 16 by still."
    assert counts in section(better, "silent")
    left_out = "1 of 16 by article, 1 of 16 by calm and 1 of 16 by still."
    for key in ("identification", "robustness", "gain", "frequency"):
        assert f"Left out, without a value: {left_out}" in section(better, key)


def test_photographs_are_the_reference_over_the_units_that_recipes_have_values_for(
    tmp_path: Path,
) -> None:
    names = [f"{i}.jpg" for i in range(12)]
    run = make_run(tmp_path / "run", photographs=names, layers=LAYERS[:2], pictured=3)
    table = run.table("identification")
    photographs = table["recipe"] == "photographs"
    for unit, right in [(0, 0.8), (1, 0.1), (2, 0.9)]:  # by the article unit 1 is silent
        chosen = photographs & (table["layer"] == "inception4a") & (table["unit"] == unit)
        table.loc[chosen, "correct"] = right
    run.write_table("identification", table)
    render(run, tmp_path / "site")
    chart = section((tmp_path / "site/findings.html").read_text(), "identification")
    reference = chart[chart.index('class="reference"') :]
    assert "<title>4a: 85.0</title>" in reference


def test_gains_are_shown_by_the_rms_and_by_the_mean(better: str, tmp_path: Path) -> None:
    assert "The RMS is what article, calm and still maximize." in section(better, "gain")
    assert "is what" not in section(better, "gain_mean")
    assert "Gain over the probe set, mean, ratio</th>" in better
    run = make_run(tmp_path / "run", recipes=("article", "clear"), layers=LAYERS[:1], pictured=2)
    render(run, tmp_path / "site")
    findings = (tmp_path / "site/findings.html").read_text()
    assert "The RMS is what article maximizes." in section(findings, "gain")
    assert "The mean is what clear maximizes." in section(findings, "gain_mean")


def test_a_recipe_of_a_single_layer_is_in_the_table_of_that_layer_alone(tmp_path: Path) -> None:
    recipes = ("article", "clear", "still")
    run = make_run(tmp_path / "run", recipes=recipes, layers=LAYERS[:3], pictured=5,
                   only={"still": "inception5b"})  # fmt: skip
    render(run, tmp_path / "site")
    findings = (tmp_path / "site/findings.html").read_text()
    assert list(changes_of(findings)) == ["article", "clear", "still"]
    assert re.findall(r"<h2 id=\"against-\d\">(.*?)</h2>", findings) == ["clear against article"]
    for key in ("identification", "robustness", "frequency"):
        names = re.findall(r'class="label">([^<]*)</text>', section(findings, key))
        assert set(names) - {"nine strongest stimuli"} == {"article", "clear"}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "site/data/findings.csv").read_text())))
    assert {row["recipe"] for row in rows} == {"article", "clear", "nine strongest stimuli", ""}
    means = [row for row in rows if row["finding"] == "gain" and row["recipe"] == "clear"]
    assert [row["layer"] for row in means] == [layer["name"] for layer in LAYERS[:3]]
    marked = re.findall(r"<title>4a: ([\d.]+)", section(findings, "gain"))
    assert number(float(means[1]["value"])) in marked


def test_the_data_have_a_row_for_every_picture(tmp_path: Path) -> None:
    names = [f"{i}.jpg" for i in range(12)]
    run = make_run(tmp_path / "run", photographs=names, recipes=("article", "calm"), samples=2,
                   layers=LAYERS[:1], pictured=1)  # fmt: skip
    render(run, tmp_path / "site")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "site/data/units.csv").read_text())))
    mine = [row for row in rows if row["layer"] == "conv1" and row["unit"] == "0"]
    pictures = [("article", "1"), ("article", "2"), ("calm", "1"), ("calm", "2")]
    assert [(row["recipe"], row["sample"]) for row in mine] == pictures
    assert all(
        0 < float(row["jpeg"]) <= 1 and 0.5 <= float(row["identification"]) <= 1 for row in mine
    )
    others = [row for row in rows if row["layer"] == "conv1" and row["unit"] == "9"]
    assert [row["recipe"] for row in others] == [""]
    atlas = json.loads((tmp_path / "site/data/atlas.json").read_text())
    unit = atlas["layers"][0]["pictures"][0]
    assert set(unit["identification"]) == {"article", "calm", "photographs"}
    assert unit["pictures"][1]["evidence"]["alike"] is not None
