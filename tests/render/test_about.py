"""What is said of how pictures are made is true of the recipes of the run."""

import html
import re
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest
from support.run_fixture import LAYERS, make_run
from support.small_build import QUICK, draw_photographs, shrink

from atlas.cli import main
from atlas.recipe import RECIPES, Recipe
from atlas.render.catalog import Catalog
from atlas.render.constants import MEANINGS
from atlas.render.method import accounts, dips, in_short
from atlas.render.site import render
from atlas.run.folder import Run


def text_of(page: Path) -> str:
    return html.unescape(page.read_text("utf-8"))


def site_of(tmp_path: Path, recipes: dict[str, dict[str, Any]], **changes: Any) -> Path:
    """A site of a run with these constants."""
    layers = [LAYERS[0], LAYERS[3]]
    run = make_run(tmp_path / "run", recipes=list(recipes), layers=layers, pictured=1)
    settings = run.read_json("run")
    settings["identity"]["recipes"] = recipes
    run.write_json("run", settings | changes)
    render(run, tmp_path / "site")
    return tmp_path / "site"


ARTICLE, CLEAR = asdict(RECIPES["article"]), asdict(RECIPES["clear"])


def test_every_constant_of_a_recipe_can_be_explained() -> None:
    assert set(MEANINGS) == set(asdict(Recipe()))


def test_without_the_articles_recipe_every_difference_from_it_is_explained(tmp_path: Path) -> None:
    about = text_of(site_of(tmp_path, {"clear": CLEAR}) / "about.html")
    assert """<th scope="col">the article's</th><th scope="col">clear</th>""" in about
    for name, value in CLEAR.items():
        differs = value != ARTICLE[name]
        term = f"<dt>{name.replace('_', ' ').capitalize()}</dt>"
        assert (term in about) == differs, name
        assert (f"<strong>{value}</strong></td></tr>" in about) or not differs


def test_words_of_the_article_are_not_said_of_clear(tmp_path: Path) -> None:
    site = site_of(tmp_path, {"clear": CLEAR})
    about, index = text_of(site / "about.html"), text_of(site / "index.html")
    assert "uniform noise" not in about[: about.index('id="constants"')]
    assert "picture's pixels" not in about
    assert "enlarged by 26 %" in about and "enlarged by 26 %" in index
    assert "moved by up to 8 pixels and enlarged or reduced by up to 20 %" in about
    assert "changes its pixels" not in index
    assert "In layers that see fewer than 16 pixels a side, the view stays still" in about
    (head,) = (site / "units").rglob("head-*/*.html")
    assert "Each step also sees another view" in text_of(head)
    assert "Each step also sees another view" not in text_of(site / "units/conv1/0000.html")


@pytest.mark.parametrize(("field", "rewarded"), [(15, "the root mean square"), (16, "the mean of")])
def test_a_layer_without_relu_that_sees_few_pixels_is_told_how_it_is_rewarded(
    tmp_path: Path, field: int, rewarded: str
) -> None:
    run = make_run(tmp_path / "run", recipes=["clear"], layers=[LAYERS[0]], pictured=1)
    settings, network = run.read_json("run"), run.read_json("network")
    settings["identity"]["recipes"] = {"clear": CLEAR}
    network["layers"][0] |= {"receptive_field": field, "rectified": False}
    run.write_json("run", settings)
    run.write_json("network", network)
    render(run, tmp_path / "site")
    for page in ("layers/conv1.html", "units/conv1/0000.html"):
        assert f"rewards {rewarded}" in text_of(tmp_path / "site" / page)


def test_words_of_the_article_are_said_of_it(tmp_path: Path) -> None:
    site = site_of(tmp_path, {"article": ARTICLE})
    about, index = text_of(site / "about.html"), text_of(site / "index.html")
    assert "as uniform noise" in about and "the picture's pixels" in about
    assert about.count("The network is frozen") == 1
    assert "enlarged by 5 %" in about and "changes its pixels" in index
    assert "start size 28, upscales 45, factor 1.05, steps 20, " in about
    assert "the article's</th>" not in about
    assert "Where a recipe differs" not in about
    assert "another view" not in text_of(site / "units/conv1/0000.html")


def test_recipes_that_work_differently_are_told_apart(tmp_path: Path) -> None:
    recipes = {"article": ARTICLE, "kernel": ARTICLE | {"gradient_kernel": "sobel3"}}
    site = site_of(tmp_path, recipes | {"clear": CLEAR})
    about = text_of(site / "about.html")
    assert "<strong>article, kernel.</strong> A picture starts small, as uniform noise" in about
    assert "<strong>clear.</strong> A picture starts small, as noise made of random waves" in about


@pytest.mark.parametrize(
    ("recipes", "rewarded", "other"),
    [
        ({"article": ARTICLE}, "maximization rewards the root mean square", "rewards the mean of"),
        ({"clear": CLEAR}, "maximization rewards the mean of", "rewards the root mean square"),
    ],
)
def test_what_a_layer_without_relu_is_rewarded_for_depends_on_the_recipe(
    tmp_path: Path, recipes: dict[str, dict[str, Any]], rewarded: str, other: str
) -> None:
    site = site_of(tmp_path, recipes)
    for folder in ("layers", "units"):
        (page,) = (site / folder).rglob("head-*/*.html" if folder == "units" else "head-*.html")
        assert rewarded in text_of(page) and other not in text_of(page)


def test_with_several_recipes_a_layer_without_relu_says_which_is_rewarded_for_what(
    tmp_path: Path,
) -> None:
    site = site_of(tmp_path, {"article": ARTICLE, "clear": CLEAR})
    (layer,) = (site / "layers").glob("head-*.html")
    assert "The maximization of article rewards the root mean square" in text_of(layer)
    assert "The maximization of clear rewards the mean" in text_of(layer)


def test_the_original_googlenet_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", layers=LAYERS[:1], pictured=1)
    run.write_json("network", run.read_json("network") | {"network": "bvlc_googlenet"})
    render(run, tmp_path / "site")
    about = text_of(tmp_path / "site/about.html")
    assert "the original GoogLeNet, as published with Caffe" in about
    assert "Szegedy et al. 2015" in about
    assert "a change of units, the same for all recipes, and not what this network was" in about


def test_an_index_tells_of_every_recipe_how_its_pictures_come_about(tmp_path: Path) -> None:
    recipes = {
        "clear": CLEAR,
        "article": ARTICLE,
        "kernel": ARTICLE | {"gradient_kernel": "sobel3"},
    }
    index = " ".join(text_of(site_of(tmp_path, recipes) / "index.html").split())
    clear, article = index.index("By clear, a"), index.index("By article and kernel, a")
    assert "changes the waves in it" in index[clear:article]
    assert "changes its pixels" in index[article:]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rotate": 10.0}, "sees the picture turned by up to 10°, at random"),
        ({"crop": 0.25}, "sees the picture cut to as little as 25 % of its side, at random"),
        ({"jitter": 1, "noise": 0.1}, "moved by up to 1 pixel and under noise, at random"),
        ({"zoom": 0.1, "plain_steps": 1}, "can grow; the last step sees the picture itself."),
        ({"zoom": 0.1, "plain_steps": 12}, "to step; the last 12 steps see the picture itself."),
        (
            {"basis": "phases"},
            "What changes are the phases of the waves that add up to the picture",
        ),
        ({"basis": "phases"}, "An optimizer changes where the waves in it lie so that"),
    ],
)
def test_other_ways_of_the_field_are_said(changes: dict[str, Any], said: str) -> None:
    constants = CLEAR | {"jitter": 0, "zoom": 0} | changes
    catalog = cast(Catalog, SimpleNamespace(constants={"mine": constants}))
    (account,) = accounts(catalog)
    assert said in " ".join([account.words, in_short(constants), dips(constants)])


@pytest.mark.parametrize("page", ["about", "findings"])
def test_a_long_page_begins_with_what_it_holds(tmp_path: Path, page: str) -> None:
    site = site_of(tmp_path, {"article": ARTICLE, "clear": CLEAR})
    text = text_of(site / f"{page}.html")
    nav, main = text[text.index('<nav class="contents') :].split("</nav>", 1)
    links = re.findall(r'<a href="#([^"]+)">', nav)
    titles = re.findall(r'<h2 id="([^"]+)">', main)
    assert len(links) > 4 and [link for link in links if link != "numbers"] == [
        title for title in titles if title != "goto-title"
    ]


def test_every_request_is_given_as_a_command_in_order(tmp_path: Path) -> None:
    asked = make_run(tmp_path / "old").read_json("run")["asked"]
    mine = ARTICLE | {"jitter": 3}
    later = asked | {"recipe": ["mine"], "recipes": {"mine": mine}, "layers": ["conv1"]}
    later.pop("upscales")
    requests = [asked | {"recipe": ["article"]}, later | {"batch": 7}, later]
    recipes = {"article": ARTICLE, "mine": mine}
    site = site_of(tmp_path, recipes, asked=later, requests=requests)
    about = text_of(site / "about.html")
    commands = [part for part in about.split("<code>") if part.startswith("atlas build")]
    assert len(commands) == 2  # the batch is the one that the run resolved
    assert "--upscales 20" in commands[0] and "--recipe article" in commands[0]
    assert "--recipe mine" in commands[1] and "--layers conv1" in commands[1]
    assert "[recipes.mine]" in about
    unit = text_of(site / "units/conv1/0000.html")
    by_article, by_mine = [part for part in unit.split("<code>") if part.startswith("atlas build")]
    assert "--upscales 20" in by_article and "--upscales" not in by_mine


def test_a_run_from_before_requests_were_kept_gives_the_command_it_knows(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", layers=LAYERS[:1], pictured=1)
    assert "requests" not in run.read_json("run")
    render(run, tmp_path / "site")
    assert text_of(tmp_path / "site/about.html").count("<code>atlas build") == 1


def test_a_run_keeps_every_request_once_and_shows_recipes_in_the_order_of_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink(monkeypatch)
    (tmp_path / "album").mkdir()
    draw_photographs(tmp_path / "album", 3)
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    given = ["build", *QUICK, "--probe", str(tmp_path / "album"), *folders]
    for more in ([], ["--recipe", "clear", "--layers", "conv2"], []):
        assert main([*given, *more]) == 0
    settings = Run(tmp_path / "run").read_json("run")
    assert [request["recipe"] for request in settings["requests"]] == [["article"], ["clear"]]
    assert settings["asked"] == settings["requests"][0]
    assert list(settings["identity"]["recipes"]) == ["article", "clear"]
    layer = (tmp_path / "site/layers/conv2.html").read_text()
    assert layer.index('value="article"') < layer.index('value="clear"')
    assert 'value="clear"' not in (tmp_path / "site/layers/conv1.html").read_text()
    about = text_of(tmp_path / "site/about.html")
    commands = [part for part in about.split("<code>") if part.startswith("atlas build")]
    assert ["--recipe clear" in command for command in commands] == [False, True]


def test_of_many_skipped_files_some_are_named_and_the_others_counted(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", photographs=["a.png"], layers=[LAYERS[0]], pictured=1)
    skipped = pd.DataFrame({"file": [f"{i:03}.xml" for i in range(60)], "reason": "no image"})
    run.write_table("skipped", skipped)
    render(run, tmp_path / "site")
    about = text_of(tmp_path / "site/about.html")
    assert about.count(".xml</span>: no image") == 50
    assert "60 files of the probe set could not be read" in about and "and 10 more" in about
