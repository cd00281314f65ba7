"""Whatever is written in a settings file or on the command line is used, or refused in one line."""

import contextlib
import io
import json
import string
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas import cli
from atlas.build import build, resources
from atlas.errors import AtlasError, UsageError
from atlas.ladder import LARGEST
from atlas.read_settings import read, read_file
from atlas.recipe import CHOICES, RECIPES, Recipe
from atlas.render import serve
from atlas.settings import Settings

TAKEN: dict[str, list[str]] = {
    "network": ["googlenet", "resnet18", "mynet.py:Net", "timm:dla34"],
    "network_args": ["depth=18", "a=[1,2],b=x y"],
    "weights": ["auto", "bundled", "my weights.pth"],
    "weights_key": ["state_dict_ema", "ema.module"],
    "transform_input": ["auto", "yes", "no"],
    "probe": ["auto", "stimuli", "./album"],
    "layers": ["conv1", "conv1,inception4*", " conv1 , conv2"],
    "units": ["conv1:3", "inception4a:225,conv1:0"],
    "top": ["3", "all", "007"],
    "recipe": ["article"],
    "samples": ["1", "1000"],
    "upscales": ["0", "45"],
    "steps": ["1", "20"],
    "seed": ["0", str(2**63 - 1)],
    "device": ["auto", "cpu", "cuda", "cuda:1"],
    "precision": ["auto", "float32", "bfloat16", "float64"],
    "batch": ["auto", "16"],
    "run": ["runs/default", "elsewhere"],
    "site": ["site", "runs/site"],
    "templates": ["own"],
    "base_url": ["https://example.org", "http://example.org:8000/a/b/"],
    "publish_probe_images": ["true", "false"],
    "quiet": ["true", "false"],
}
"""Values that a setting can have, as the command line writes them."""

ANY = [value for values in TAKEN.values() for value in values]
ODD = ["", " ", ",", ":", "-1", "1.5", "1e3", "0x10", "1_000", "٣", "²", "nan", "inf", "None", "[]"]
ODD += ["-", "--", "--top", "a" * 300, "9" * 500, "a\nb", "\x1b[31m", "\udce9", "é", "*", "["]
ODD += ["1001", "10001", str(2**63), "1000", "conv1:", ":1", "conv1:-1", "cuda:100", "TRUE", "AUTO"]
alphabet = string.ascii_letters + string.digits + ",:.-_/*[] \t\n'\"\\é\udce9"
texts = st.sampled_from(ANY) | st.sampled_from(ODD) | st.text(alphabet, max_size=12)
keys = st.sampled_from(list(TAKEN))
right = keys.flatmap(lambda key: st.tuples(st.just(key), st.sampled_from(TAKEN[key])))


def meaning(key: str, text: str) -> Any:
    """What a value that was taken has to have become."""
    if key in ("layers", "recipe"):
        return tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if key == "units":
        pairs = (part.strip().rpartition(":") for part in text.split(","))
        return tuple(dict.fromkeys((layer, int(unit)) for layer, _, unit in pairs))
    if key == "network_args":
        return {"depth=18": (("depth", 18),), "a=[1,2],b=x y": (("a", [1, 2]), ("b", "x y"))}[text]
    if key in ("top", "samples", "upscales", "steps", "seed", "batch"):
        return None if text in ("all", "auto") else int(text)
    if key == "transform_input":
        return {"auto": None, "yes": True, "no": False}[text]
    return text


def one_line(text: str) -> bool:
    return len(text.splitlines()) == 1 and text.isprintable()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


many = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    print_blob=True,
)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each build, of which none is carried out."""
    builds: list[Settings] = []

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AtlasError("no network is loaded here")

    monkeypatch.setattr(build, "run_stages", lambda _, settings, **__: builds.append(settings))
    monkeypatch.setattr(serve, "serve", lambda *_: None)
    monkeypatch.setattr(resources, "load_network", refuse)
    return builds


@many
@given(
    st.sampled_from(list(cli.COMMANDS)) | texts,
    st.lists(right | st.tuples(keys | texts, texts), max_size=4),
    st.just([]) | st.lists(texts, max_size=1),
)
def test_the_command_line_is_used_or_refused(
    builds: list[Settings], command: str, options: list[tuple[str, str]], rest: list[str]
) -> None:
    arguments, given_values = [command], {}
    for key, value in options:
        arguments.append(f"--{key.replace('_', '-')}")
        if key not in ("quiet", "publish_probe_images"):
            arguments.append(value)
            given_values[key] = value
    builds.clear()
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = cli.main([*arguments, *rest])
        except SystemExit as stop:
            code = stop.code
    if code != 0:
        assert code == 2 or (code == 1 and command in (*cli.LATER_STAGES, "layers"))
        *notices, line = said.getvalue().rstrip("\n").split("\n")
        assert all(each.startswith("NOTICE: --network ") for each in notices)
        assert one_line(line) and not builds
        return
    if not builds:
        helped = any(word in ("-h", "--help", "--version") for word in [*arguments, *rest])
        assert helped or command == "serve"
        return
    (made,) = builds
    for key, value in given_values.items():
        assert getattr(made, key) == meaning(key, value), key
    untouched = {key: value for key, value in vars(made).items() if key not in dict(options)}
    defaults = vars(Settings())
    assert untouched == {key: defaults[key] for key in untouched}


literals = st.one_of(
    texts.map(lambda text: json.dumps(text, ensure_ascii=True)),
    texts.map(lambda text: f"'{text}'"),
    texts,
    st.integers().map(str),
    st.floats().map(str),
    st.booleans().map(json.dumps),
    st.datetimes().map(str),
    st.lists(texts.map(json.dumps), max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
    st.sampled_from(["{}", "[]", "{ a = 1 }", "[[[]]]", "0xff", "-0", "1_0", "[1, 'a']", "'''"]),
    st.integers(1, 9000).map(lambda digits: "7" * digits),
    st.integers(1, 9000).map(lambda depth: "[" * depth),
)
entries = st.one_of(
    st.builds("{} = {}".format, keys, literals),
    st.builds(lambda key, text: f"{key} = {json.dumps(text)}", keys, texts),
    st.builds("{} = {}".format, texts, literals),
    st.builds("[{}]".format, keys | texts),
)


constants = st.sampled_from([*(field.name for field in fields(Recipe)), "base"])
numbers = st.one_of(
    st.integers(-2, 70).map(str),
    st.floats(0, 4).map(str),
    st.sampled_from(["1e9", "1e308", "5e-324", "1.0000001", "-0.0", "nan", "-inf", "9" * 400]),
)
choices = st.sampled_from([*sum(CHOICES.values(), ()), *RECIPES, "mine"]).map(json.dumps)
changes = st.builds("{} = {}".format, constants, numbers | choices)
anything = st.builds("{} = {}".format, constants | texts, literals | numbers)
names = st.sampled_from(["mine", "Mine", "a-1", "article", "CLEAR", "base"])
recipes = st.one_of(
    st.builds("[recipes.{}]\n{}".format, names, st.lists(changes, max_size=4).map("\n".join)),
    st.builds("[recipes.{}]\n{}".format, names | texts.map(json.dumps), anything),
    st.builds("[recipes.{}.{}]\n{}".format, names, constants, changes),
    st.builds("recipes.{} = {}".format, names, literals),
    st.builds("[[recipes.{}]]\n{}".format, names, changes),
)
asked = st.lists(names, min_size=1, max_size=3).map(lambda found: f"recipe = {json.dumps(found)}")


def check_file(text: str) -> None:
    """A settings file is refused in one line, or becomes settings in which all of it is."""
    path = Path("own.toml")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        values = read_file(path)
        made = Settings(**values)
    except UsageError as error:
        assert one_line(str(error))
        return
    # Nothing of what was read is lost on its way to the settings, nor into the run and back.
    assert all(getattr(made, key) == value for key, value in values.items())
    assert Settings(**{**vars(made), **read(made.as_json(), "run.json")}) == made
    for recipe in made.recipes_asked().values():
        assert 1 <= recipe.ladder()[-1].size <= LARGEST


@many
@given(st.lists(entries, max_size=4).map("\n".join) | st.text(max_size=40))
def test_a_settings_file_is_used_or_refused(text: str) -> None:
    check_file(text)


@many
@given(st.just("") | asked | entries, st.lists(recipes, min_size=1, max_size=3))
def test_recipes_of_ones_own_are_used_or_refused(settings: str, tables: list[str]) -> None:
    check_file("\n".join([settings, *tables]))


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "start_size": st.integers(28, 64),
            "steps": st.integers(1, 10_000),
            "learning_rate": st.floats(1e-6, 10),
            "gradient_weight": st.floats(-1e6, 1e6) | st.integers(0, 3),
            "jitter": st.integers(0, 64),
            "zoom": st.floats(0, 1),
            "rotate": st.floats(0, 45),
            "crop": st.floats(0.05, 1),
            "pad": st.integers(0, 64),
            "noise": st.floats(0, 10),
            **{name: st.sampled_from(words) for name, words in CHOICES.items()},
            "basis": st.sampled_from(["pixels", "cosines"]),  # phases need other constants too
            "face": st.just("any"),  # likewise the others
        },
    ),
    st.sampled_from(list(RECIPES)),
)
def test_every_constant_of_a_recipe_of_ones_own_is_kept(changes: dict[str, Any], base: str) -> None:
    found = read({"recipe": "mine", "recipes": {"mine": {"base": base, **changes}}}, "file")
    (recipe,) = Settings(**found).recipes_asked().values()
    assert recipe == replace(RECIPES[base], **changes)


@many
@given(st.binary(max_size=60))
def test_any_bytes_are_a_settings_file_or_refused(content: bytes) -> None:
    Path("own.toml").write_bytes(content)
    with contextlib.suppress(UsageError):
        assert read_file(Path("own.toml")) == {}


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (["build", "--layrs", "conv1"], "--layers"),
        (["build", "--base_url", "https://example.org"], "--base-url"),
        (["rank", "--tops=3"], "--top"),
    ],
)
def test_an_unknown_option_is_told_the_nearest(
    arguments: list[str], near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert f"the nearest option is {near} " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (
            ["render", "--probe", "folder"],
            "; --probe is for build, rank, maximize, examine, relate ",
        ),
        (["layers", "--tops=3"], "; --top is for build, rank, maximize, examine, relate "),
        (["build", "--port", "80"], "; --port is for serve "),
        (["build", "--xyzzy"], "unrecognized arguments: --xyzzy "),
    ],
)
def test_an_option_of_other_commands_is_told_whose_it_is(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(arguments)
    said = capsys.readouterr().err
    assert f"{hint}(see" in said and "nearest" not in said


@pytest.mark.parametrize("key", TAKEN)
def test_the_values_of_the_fuzz_are_taken(key: str) -> None:
    for text in TAKEN[key]:
        value = text == "true" if text in ("true", "false") else text
        (found,) = read({key: value}, "command line").values()
        assert found == (value if isinstance(value, bool) else meaning(key, text))
