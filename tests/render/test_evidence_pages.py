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
    one = f"{100 * judged['photograph', 'conv1', 0]:.0f} %"
    assert f"nine strongest photographs instead: {reference}, the strongest alone: {one}." in page
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
    place = findings[findings.index('<h2 id="recognition">') :]
    place = place[: place.index("</section>")]
    assert "would judge its own pictures" in place and "<svg" not in place
    assert 'src="images/article/conv1/0000.webp"' in place
    assert 'id="identification"' not in findings


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
    assert set(unit["identification"]) == {"article", "calm", "photograph", "photographs"}
    assert unit["pictures"][1]["evidence"]["alike"] is not None
