"""What the page of findings says, held against the tables of the run it was made from."""

import re
from pathlib import Path

import pandas as pd
import pytest
from support.findings_page import changes_of, forests, part, rows_of, section
from support.run_fixture import LAYERS, make_run

from atlas.render.site import render

NAMES = [f"{i}.jpg" for i in range(12)]
RECIPES = ("article", "calm", "still")
"""By all that the fixture draws, each but the gain is better than the one before."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("better")
    layers = [LAYERS[0], LAYERS[2]]
    run = make_run(folder / "run", photographs=NAMES, recipes=RECIPES, layers=layers, pictured=8)
    render(run, folder / "site")
    return folder


@pytest.fixture(scope="module")
def better(root: Path) -> str:
    return (root / "site/findings.html").read_text()


@pytest.fixture(scope="module")
def judged(root: Path) -> pd.DataFrame:
    """How often the judge was right with 5b, the only inception block, read without the program."""
    table = pd.read_csv(root / "run/identification.csv")
    wide = table[table["layer"] == "inception5b"].pivot(
        index="unit", columns="recipe", values="correct"
    )
    return 100 * wide.dropna()


def test_findings_begin_with_chance_recipes_and_photographs(
    better: str, judged: pd.DataFrame
) -> None:
    start = section(better, "recognition")
    sentences = re.findall(r'<p class="lead">(.*?)</p>', start)
    means = {name: f"{judged[name].mean():.0f}" for name in (*RECIPES, "photograph", "photographs")}
    assert re.findall(r"right in (\d+) of 100", sentences[0]) == ["50"]
    assert re.findall(r"(\d+) by ([\w' ]+?)(?:,| and|\.)", sentences[1]) == [
        (means["article"], "the article's recipe"),
        (means["calm"], "calm"),
        (means["still"], "still"),
    ]
    assert "the one of the photographs that excites the unit most" in sentences[2]
    numbers = re.findall(r"\d+", sentences[2])
    assert numbers == [means["photograph"], means["photographs"]]
    bars = re.findall(r"<title>([\w' ]+): ([\d.]+) %", start)
    assert bars == [
        ("Guessing", "50.0"),
        ("With pictures by the article's recipe", f"{judged['article'].mean():.1f}"),
        *((f"With pictures by {name}", f"{judged[name].mean():.1f}") for name in RECIPES[1:]),
        ("With the strongest of the photographs", f"{judged['photograph'].mean():.1f}"),
        ("With its nine strongest photographs", f"{judged['photographs'].mean():.1f}"),
    ]
    assert f"{len(judged)} units of 5b" in start


def test_beside_it_stands_a_unit_by_every_recipe(better: str, judged: pd.DataFrame) -> None:
    start = section(better, "recognition")
    shown = re.findall(r'src="images/(\w+)/inception5b/(\d+)\.webp"', start)
    (unit,) = {int(unit) for _, unit in shown}
    assert [recipe for recipe, _ in shown] == list(RECIPES)
    apart = (judged[list(RECIPES)] - judged[list(RECIPES)].mean()).abs().sum(axis=1)
    assert unit in apart.index[apart < apart.min() + 1e-9]
    for recipe in RECIPES:
        assert f"{recipe}: {judged[recipe][unit]:.0f}\xa0%" in start


def test_findings_come_in_order(better: str) -> None:
    titles = re.findall(r'<h2 id="([\w-]+)"', better)
    assert [title for title in titles if title != "goto-title"] == [
        *("recognition", "identification", "robustness", "gain", "depth"),
        *("guesses", "changes", "intervals"),
    ]
    within = re.findall(r'<h3 id="(\w+)"', section(better, "depth"))
    assert within[:2] == ["frequency", "slope"] and "specific" in within and "sparsity" in within
    assert re.findall(r'<h3 id="(\w+)"', section(better, "robustness")) == [
        *("shift", "blur", "jpeg", "rescale")
    ]
    assert "<details>" in section(better, "robustness")


def test_recipes_are_held_against_the_articles_layer_by_layer(better: str, root: Path) -> None:
    plots = forests(better, "identification")
    assert [re.findall(r">(?:◂ )?(\w+)(?: ▸)?</text>", plot)[:2] for plot in plots] == [
        ["article", "calm"],
        ["article", "still"],
    ]
    rows = re.findall(r"<title>([\w ]+): [^<]*, (\d+) units", plots[1])
    assert rows == [("conv1", "8"), ("5b", "7"), ("Inception", "7"), ("All layers", "15")]
    table = pd.read_csv(root / "run/identification.csv")
    wide = table.pivot(index=["layer", "unit"], columns="recipe", values="correct").dropna()
    gained = 100 * (wide["still"] - wide["article"])
    told = {(row["finding"], row["recipe"], row["layer"]): row
            for row in rows_of(root / "site/data/differences.csv")}  # fmt: skip
    for layer, expected in [
        ("conv1", gained.loc["conv1"]),
        ("inception5b", gained.loc["inception5b"]),
        ("5b", gained.loc["inception5b"]),
        ("all layers", gained),
    ]:
        row = told["identification", "still", layer]
        assert float(row["difference"]) == pytest.approx(expected.mean(), rel=1e-4)
        assert int(row["pairs"]) == len(expected) and row["verdict"] == "win"


def test_a_win_lies_right_of_the_line_whatever_is_measured(better: str) -> None:
    for key in ("identification", "robustness", "gain", "slope"):
        for plot in forests(better, key):
            (line,) = re.findall(r'd="M([\d.]+) [^"]*" class="nothing"', plot)
            for verdict, left, right in re.findall(
                r'<g class="(win|loss|tie)[^"]*">.*?d="M([\d.]+) [\d.]+L([\d.]+) [^"]*" '
                r'class="range"',
                plot,
            ):
                low, high = float(left) > float(line), float(right) < float(line)
                assert {"win": low, "loss": high, "tie": not low and not high}[verdict]
    # Still is nearer to the photographs by what the fixture draws.
    assert 'class="win' in forests(better, "slope")[1]


def test_how_to_read_it_is_said_once_and_linked(better: str) -> None:
    said = section(better, "intervals")
    for word in ("drawn again at random", "held fixed", "one seed", "8 most active",
                 "unit by unit", "Win", "Loss", "Tie"):  # fmt: skip
        assert said.count(word) == 1
    assert better.count('href="#intervals"') > 6
    assert better.count("bootstrap") == 1


def test_findings_say_who_wins_from_the_interval(better: str) -> None:
    # Inception blocks are headlined; here that is 5b, with a unit that is silent.
    assert re.search(r"calm wins against article: \+[\d.]+ points over 7 units of 5b", better)
    # The fixture draws gains alike for all recipes.
    gain = part(better, "gain")
    for said in re.findall(r'class="verdict">([^<]*)', gain):
        ratio, low, high = (float(x) for x in re.findall(r"×([\d.]+)", said))
        assert low <= ratio <= high
        word = "wins" if low > 1 else "loses" if high < 1 else "tie"
        assert word in said


def test_the_chart_of_identification_has_its_floor_and_its_ceiling(better: str) -> None:
    chart = section(better, "identification")
    for name in (*RECIPES, "nine strongest photographs", "the strongest alone"):
        assert f">{name}</text>" in chart
    assert "chance 50 %" in chart


def test_findings_show_what_each_recipe_makes_of_5b(better: str) -> None:
    cards = changes_of(better)
    assert list(cards) == list(RECIPES)
    for recipe, card in cards.items():
        shown = re.findall(r'src="images/(\w+)/inception5b/(\d+)\.small\.webp"', card)
        assert shown == [(recipe, f"{unit:04d}") for unit in range(4)]
    paired = re.findall(r"<div>([^<]*)<span", cards["calm"])
    # Robustness by the fixture is 20 points better; the silent unit is no pair.
    assert re.fullmatch(r"\+2\d\.\d \[\+\d+\.\d, \+\d+\.\d\] ", paired[1])
    assert "n = 7" in cards["calm"] and "n = " not in cards["article"]


def test_a_recipe_is_described_by_the_constants_in_which_it_differs(better: str) -> None:
    cards = changes_of(better)
    assert "<span>gradient kernel sobel3</span>" in cards["calm"]
    assert "<span>gradient kernel farid5, jitter 8</span>" in cards["still"]
    assert "<span>gradient kernel" not in cards["article"]


def test_findings_say_how_many_pictures_and_units_are_left_out(better: str) -> None:
    said = section(better, "intervals")
    for recipe in RECIPES:
        counts = f"{recipe}: of 16 pictures 1 silent, 0 broken, 0 outweighed; "
        assert counts + "identification without 1 of 16 units; robustness without 1 of" in said


def test_gains_are_shown_by_the_rms_and_by_the_mean(better: str, tmp_path: Path) -> None:
    gain = section(better, "gain")
    by_rms, by_mean = gain.split('id="gain_mean"')
    assert "The RMS is what article, calm and still maximize." in by_rms
    assert "is what" not in by_mean and by_mean.count('class="chart forest"') == 2
    run = make_run(tmp_path / "run", recipes=("article", "clear"), layers=LAYERS[:1], pictured=2)
    render(run, tmp_path / "site")
    gain = section((tmp_path / "site/findings.html").read_text(), "gain")
    by_rms, by_mean = gain.split('id="gain_mean"')
    assert "The RMS is what article maximizes." in by_rms
    assert "The mean is what clear maximizes." in by_mean
