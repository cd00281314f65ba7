"""Settings: what each accepts, and that a wrong one is named in one line."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.errors import UsageError
from atlas.read_settings import read, read_file
from atlas.recipe import RECIPES, Recipe
from atlas.settings import Settings

ROOT = Path(__file__).parents[1]
# DESIGN: Command line. Options that are no settings: --config, --version, serve's --port.
DEFAULTS = {
    "network": "googlenet",
    "network_args": (),
    "weights": "auto",
    "weights_key": None,
    "transform_input": None,
    "input": None,
    "mean": None,
    "std": None,
    "probe": "auto",
    "labels": None,
    "classes": None,
    "layers": None,
    "units": None,
    "top": 10,
    "recipe": ("clear", "article"),
    "recipes": (),
    "sign": "positive",
    "position": "all",
    "faces": False,
    "samples": 1,
    "tiles": None,
    "upscales": None,
    "steps": None,
    "seed": 0,
    "device": "auto",
    "precision": "auto",
    "judge": "auto",
    "batch": None,
    "run": "runs/default",
    "site": "site",
    "templates": None,
    "notes": None,
    "base_url": None,
    "publish_probe_images": False,
    "quiet": False,
}

whole = st.integers(1, 10**6)
name = st.from_regex(r"[a-z][a-z0-9_.]{0,8}", fullmatch=True)


def consistent(layers: Any, units: Any, **others: Any) -> Settings:
    """Settings whose layers leave out none of those of their units."""
    if layers and units:
        layers = tuple(dict.fromkeys([*layers, *(layer for layer, _ in units)]))
    return Settings(layers=layers, units=units, **others)


SETTINGS = st.builds(
    consistent,
    network=name,
    network_args=st.dictionaries(
        st.from_regex("[a-z]{1,3}", fullmatch=True), whole | name, max_size=2
    ).map(lambda table: tuple(table.items())),
    weights=name,
    weights_key=st.none() | name,
    transform_input=st.none() | st.booleans(),
    input=st.none() | st.builds("{0}x{1}x{1}".format, st.integers(1, 99), st.integers(1, 999)),
    mean=st.none() | st.lists(st.floats(-9, 300), min_size=1).map(tuple),
    std=st.none() | st.lists(st.floats(0.01, 300), min_size=1).map(tuple),
    probe=name,
    labels=st.none() | name,
    classes=st.none() | name,
    layers=st.none() | st.lists(name, min_size=1, unique=True).map(tuple),
    units=st.none() | st.lists(st.tuples(name, whole), min_size=1, unique=True).map(tuple),
    top=st.none() | whole,
    samples=st.integers(1, 1000),
    upscales=st.none() | st.integers(0, 18),
    steps=st.none() | st.integers(1, 10_000),
    seed=st.integers(0, 2**63 - 1),
    device=st.sampled_from(["auto", "cpu", "cuda", "cuda:0", "cuda:3"]),
    precision=st.sampled_from(["auto", "float32", "bfloat16", "float64"]),
    batch=st.none() | st.integers(1, 10_000),
)


def test_the_defaults_are_the_designs() -> None:
    assert vars(Settings()) == DEFAULTS


def test_every_setting_is_in_the_example_file() -> None:
    lines = (ROOT / "atlas.toml").read_text("utf-8").splitlines()
    used = "\n".join(line.removeprefix("# ") for line in lines if " = " in line or "# [" in line)
    shown = read(tomllib.loads(used), "atlas.toml")
    assert set(shown) == set(DEFAULTS)
    examples = {"weights_key", "layers", "units", "tiles", "upscales", "steps", "templates"}
    examples |= {"base_url", "recipes", "network_args", "input", "mean", "std"}
    examples |= {"labels", "classes", "notes"}
    assert {key for key in shown if shown[key] != DEFAULTS[key]} == examples
    assert read_file(ROOT / "atlas.toml") == {}


@given(SETTINGS)
def test_a_run_keeps_its_settings_in_the_form_of_a_file(asked: Settings) -> None:
    kept = json.loads(json.dumps(asked.as_json()))
    assert Settings(**read(kept, "run.json")) == asked


@pytest.mark.parametrize(
    ("key", "text", "value", "expected"),
    [
        ("layers", "conv1, inception4*,conv1", ["conv1", "inception4*"], ("conv1", "inception4*")),
        ("units", "a.b:3,c:04", ["a.b:3", "c:4"], (("a.b", 3), ("c", 4))),
        ("top", "3", 3, 3),
        ("top", "all", "all", None),
        ("batch", "auto", "auto", None),
        ("batch", "8", 8, 8),
        ("upscales", "0", 0, 0),
        ("recipe", "article,article", ["article"], ("article",)),
        ("device", "cuda:1", "cuda:1", "cuda:1"),
        ("input", "1x28x28", "1x28x28", "1x28x28"),
        ("mean", "0.5,-1e-1, 3", [0.5, -0.1, 3], (0.5, -0.1, 3.0)),
        ("std", "58.395", [58.395], (58.395,)),
    ],
)
def test_the_command_line_and_a_file_say_the_same(
    key: str, text: str, value: Any, expected: Any
) -> None:
    assert read({key: text}, "command line") == {key: expected}
    assert read({key: value}, "atlas.toml") == {key: expected}


WRONG: list[tuple[str, Any]] = [
    *(("network", value) for value in ("", "  ", 3, None, True, ["googlenet"], "a\0b")),
    *(
        ("input", value)
        for value in ("", "28x28", "1x28x27", "0x28x28", "1x028x28", [1, 28, 28], 28)
    ),
    *(("mean", value) for value in ("", "a", "1,,2", "nan", [], [True], ["x"], 3, None, {})),
    *(("std", value) for value in ("0", "-1", "1,0", "inf", [0.0], [])),
    *(("layers", value) for value in ("", ",", "a,,b", [], [1], ["a", ""], 3, {"a": 1})),
    *(("units", value) for value in ("conv1", "conv1:", ":3", "conv1:-1", "conv1:x", "c:٣", [3])),
    *(("top", value) for value in (0, -1, "0", "-1", "1.5", 1.5, True, "ten", "", None, 2**63)),
    *(("batch", value) for value in (0, "all", "9" * 5000)),
    *(("samples", value) for value in (0, "auto", 1.0)),
    *(("upscales", value) for value in (-1, "٣", "²")),
    *(("steps", value) for value in (0, "all")),
    *(("seed", value) for value in (-1, "0x1", 0.0)),
    *(("recipe", value) for value in ("", ",", [[]], 3)),
    *(("sign", value) for value in ("", "minus", "all", -1, None)),
    *(("position", value) for value in ("", "middle", "negative", 0)),
    *(("recipes", value) for value in ("mine", [], {"mine": 3}, {"": {}}, {"a/b": {}}, {"..": {}})),
    *(("recipes", {name: {}}) for name in ("article", "Clear", "a b", "x" * 65)),
    *(("recipes", {name: {}}) for name in ("clear-negative", "article-negative-center")),
    *(("device", value) for value in ("gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:٣", "cpu:0", 0)),
    *(("device", value) for value in ("cuda:01", "cuda:99999999999")),
    *(("precision", value) for value in ("half", "float16", "", 32, ["float32"])),
    *(("base_url", value) for value in ("example.org", "ftp://example.org", "", 3)),
    *(
        ("base_url", f"https://{rest}")
        for rest in ("", "/a", "a.org//b", "a.org:x/", "a.org:99999")
    ),
    *(("base_url", f"https://a.org/{rest}") for rest in ("?q=1", "#a", "a b", '"><b>', "ä", "a\n")),
    *((key, value) for key in ("publish_probe_images", "quiet") for value in ("true", 1, 0, None)),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_value_is_named_in_one_line(key: str, value: Any) -> None:
    with pytest.raises(UsageError) as caught:
        read({key: value}, "atlas.toml")
    message = str(caught.value)
    assert message.startswith(f"atlas.toml: {key} is ")
    assert "it must be " in message
    assert "\n" not in message


def test_an_unknown_setting_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match="no setting 'layer'; the nearest is 'layers'"):
        read({"layer": "conv1"}, "atlas.toml")
    with pytest.raises(UsageError, match="no setting"):
        read({"": 1}, "atlas.toml")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=6,
)
nearly_right = st.text("auto,cudalrtice:0123456789-. \0\n", max_size=12)


@given(st.dictionaries(st.sampled_from(list(DEFAULTS)) | st.text(), anything | nearly_right))
def test_whatever_is_given_is_read_or_refused_in_one_line(values: dict[str, Any]) -> None:
    try:
        settings = Settings(**read(values, "atlas.toml"))
    except UsageError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert set(values) <= set(DEFAULTS)
        assert json.dumps(settings.as_json())
        hash(settings)  # frozen through and through


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"layers": "conv1,conv2", "units": "conv3:1"}, "layers leaves out conv3"),
        ({"layers": "inception4*", "units": "inception4a:1,conv1:2"}, "layers leaves out conv1"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        Settings(**read(values, "atlas.toml"))


def test_settings_that_go_together_are_taken() -> None:
    Settings(**read({"layers": "conv1,inception4*", "units": "inception4a:1"}, "atlas.toml"))


def test_recipes_take_the_upscales_and_steps_asked() -> None:
    assert Settings().recipes_asked() == {name: RECIPES[name] for name in ("clear", "article")}
    clear, article = Settings(upscales=3, steps=7).recipes_asked().values()
    assert (article.upscales, article.steps, article.start_size) == (3, 7, 28)
    assert (clear.upscales, clear.steps, clear.start_size) == (3, 7, 64)
    with pytest.raises(
        UsageError, match=r"recipe clear: 20 upscales .* take fewer, or leave it out"
    ):
        Settings(upscales=20)


def test_the_end_and_the_place_asked_make_recipes_of_their_own_name() -> None:
    low = Settings(sign="negative", recipe=("clear",), steps=3)
    assert low.recipes_asked() == {
        "clear-negative": replace(RECIPES["clear"], sign="negative", steps=3)
    }
    assert low.recipe == ("clear-negative",)
    both = Settings(sign="negative", position="center")
    assert both.recipe == ("clear-center-negative", "article-center-negative")
    assert both.recipes_asked()["article-center-negative"] == Recipe(
        sign="negative", position="center"
    )
    assert replace(both, top=3).recipe == both.recipe
    kept = json.loads(json.dumps(both.as_json()))
    assert "sign" not in kept and "position" not in kept
    assert Settings(**read(kept, "run.json")).recipes_asked() == both.recipes_asked()
    assert Settings(recipe=("clear", "clear-negative")).recipes_asked() == {
        "clear": RECIPES["clear"],
        "clear-negative": replace(RECIPES["clear"], sign="negative"),
    }
    own = (("mine", Recipe(steps=2)), ("low", Recipe(sign="negative")))
    found = Settings(recipe=("mine", "low"), recipes=own, sign="negative").recipes_asked()
    assert found == {"mine-negative": Recipe(steps=2, sign="negative"), "low": own[1][1]}


def test_a_file_may_hold_recipes_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "atlas.toml"
    path.write_text(
        'recipe = ["calm", "smooth", "clear"]\n'
        '[recipes.calm]\ngradient_kernel = "farid5"\njitter = 8\n'
        '[recipes.smooth]\nbase = "clear"\ntotal_variation_weight = 1\n'
    )
    settings = Settings(**read_file(path), steps=3)
    assert settings.recipes_asked() == {
        "calm": Recipe(gradient_kernel="farid5", jitter=8, steps=3),
        "smooth": replace(RECIPES["clear"], total_variation_weight=1, steps=3),
        "clear": replace(RECIPES["clear"], steps=3),
    }
    kept = json.loads(json.dumps(settings.as_json()))
    assert Settings(**read(kept, "run.json")).recipes_asked() == settings.recipes_asked()


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"jiter": 3}, "recipe mine has no constant 'jiter'; the nearest is 'jitter'"),
        ({"bas": "clear"}, "the nearest is 'base'"),
        ({"base": "claer"}, "base is 'claer'; it must be article or clear"),
        ({"base": ["clear"]}, "it must be article or clear"),
        ({"gradient_kernel": "sobel"}, "it must be scharr3, sobel3 or farid5"),
        ({"steps": 2.5}, "steps is 2.5; it must be a whole number"),
        ({"steps": True}, "it must be a whole number"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'; it must be a number"),
        ({"learning_rate": 0}, "a learning_rate above 0"),
        ({"pixel_weight": float("nan")}, "it must be a number"),
        ({"factor": 10**400}, "it must be a number"),
        ({"factor": 1.01, "start_size": 20}, "does not enlarge 20 pixels"),
        ({"start_size": 5000}, "pass 4096; take fewer"),
        ({"upscales": 10**8}, "pass 4096; take fewer"),
        ({"jitter": -1}, "a jitter of at least 0"),
        ({"zoom": 2}, "a zoom in 0..1"),
        ({"fine_below": -1}, "a fine_below of at least 0"),
        ({"sign": "minus"}, "sign is 'minus'; it must be positive or negative"),
        ({"position": 0}, "it must be all or center"),
        ({"spectrum_decay": 9}, "a spectrum_decay in 0..4"),
    ],
)
def test_a_wrong_recipe_is_named_in_one_line(table: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        read({"recipes": {"mine": table}}, "atlas.toml")
    line = str(caught.value)
    assert line.startswith("atlas.toml: recipe mine") and reason in line and "\n" not in line


@pytest.mark.parametrize("name", ["article", "Clear", "photographs", "tiles"])
def test_a_recipe_has_a_name_of_its_own(name: str) -> None:
    with pytest.raises(UsageError, match="with names of their own") as caught:
        read({"recipes": {name: {}}}, "atlas.toml")
    assert name in str(caught.value)


def test_a_recipe_that_there_is_not_is_told_those_there_are() -> None:
    own = (("mine", Recipe()),)
    with pytest.raises(UsageError, match="no recipe 'nonsense'; there are article, clear, mine"):
        Settings(recipe=("article", "nonsense"), recipes=own)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no settings file"),
        (b"top = ", "cannot be read as TOML"),
        ("top = 3".encode("utf-16"), "cannot be read as TOML: it is not in UTF-8"),
        (b"# gr\xfc\xdfe", "cannot be read as TOML: it is not in UTF-8"),
        (b"top = 'ten'", "top is 'ten'; it must be a whole number from 1, or 'all'"),
        (b"[top]\nN = 3", "top is {'N': 3}"),
        (b"layrs = ['conv1']", "the nearest is 'layers'"),
        (b"top = " + b"9" * 5000, "cannot be read as TOML"),
        (b"seed = 0x" + b"f" * 9000, "seed is a number of thousands of digits; it must be"),
        (b"layers = " + b"[" * 9000, "it is nested too deeply"),
        (b"top = " + b"[" * 50 + b"]" * 50, "top is [[[[["),
        (b"seed = 2020-01-01", "it must be a whole number from 0"),
    ],
)
def test_a_wrong_file_is_named_in_one_line(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "own.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_file(path)
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xef\xbb\xbftop = 3\r\n[recipes.mine]\r\nsteps = 4\r\n")
    assert read_file(tmp_path / "own.toml")["top"] == 3
    (tmp_path / "own.toml").write_bytes(b"top = 3 # \xef\xbb\xbf")
    assert read_file(tmp_path / "own.toml") == {"top": 3}


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_file(tmp_path)
