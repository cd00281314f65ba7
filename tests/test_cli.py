"""The command line: what it takes, what it answers, and one line for whatever goes wrong."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from support.small_build import QUICK, draw_photographs, shrink
from torchvision.models import get_model

import atlas
from atlas.build import build, maximize, resources
from atlas.cli import main
from atlas.network import loading
from atlas.run.folder import Run
from atlas.settings import Settings

COMMANDS = ["build", "rank", "maximize", "examine", "relate", "render", "layers", "serve"]
# DESIGN: Command line. An option, a value, and what the settings then hold.
OPTIONS: dict[str, tuple[list[str], Any]] = {
    "network": (["resnet18"], "resnet18"),
    "network_args": (["depth=18,name=thin"], (("depth", 18), ("name", "thin"))),
    "weights": (["bundled"], "bundled"),
    "weights_key": (["model_ema"], "model_ema"),
    "transform_input": (["yes"], True),
    "input": (["3x64x64"], "3x64x64"),
    "mean": (["0.5,0.4,0.3"], (0.5, 0.4, 0.3)),
    "std": (["0.2,0.2,0.1"], (0.2, 0.2, 0.1)),
    "probe": (["photographs"], "photographs"),
    "labels": (["labels.csv"], "labels.csv"),
    "classes": (["classes.txt"], "classes.txt"),
    "layers": (["conv1,inception4*"], ("conv1", "inception4*")),
    "units": (["conv1:3,inception4a:225"], (("conv1", 3), ("inception4a", 225))),
    "top": (["all"], None),
    "recipe": (["article"], ("article-center-negative",)),
    "sign": (["negative"], "negative"),
    "position": (["center"], "center"),
    "faces": (["no"], False),  # the sign has none
    "tiles": ([], True),
    "samples": (["2"], 2),
    "upscales": (["4"], 4),
    "steps": (["5"], 5),
    "seed": (["6"], 6),
    "device": (["cpu"], "cpu"),
    "precision": (["float64"], "float64"),
    "judge": (["bundled"], "bundled"),
    "batch": (["7"], 7),
    "run": (["a-run"], "a-run"),
    "site": (["a-site"], "a-site"),
    "templates": (["own"], "own"),
    "notes": (["notes.csv"], "notes.csv"),
    "base_url": (["https://example.org/"], "https://example.org/"),
    "publish_probe_images": ([], True),
    "quiet": ([], True),
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from the settings file of the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command; return its exit code, and what it said on both streams."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            assert isinstance(exit_.code, int)
            code = exit_.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def refused(call: Call) -> Callable[..., str]:
    """Run a command that must fail with an exit code and one line, which is returned."""

    def run(code: int, *arguments: str | Path) -> str:
        found, out, err = call(*arguments)
        assert found == code, err
        assert out == ""
        assert len(err.splitlines()) == 1, err
        assert err.startswith("atlas") and "Traceback" not in err
        return err

    return run


Refused = Callable[..., str]


# A network and a probe set so small that a whole build takes a moment


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network is a small one."""
    shrink(monkeypatch)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    draw_photographs(folder, 3)
    return folder


@pytest.fixture
def made(small: None, photographs: Path, call: Call, tmp_path: Path) -> Path:
    """A run that holds a ranking and nothing else."""
    run = tmp_path / "run"
    assert call("rank", *QUICK, "--probe", photographs, "--run", run) == (0, "", "")
    return run


# What was asked


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Settings]]:
    """The stages and the settings of each build, of which none is carried out."""
    asked: list[tuple[str, Settings]] = []

    def record(stages: tuple[str, ...], settings: Settings, **_: object) -> None:
        asked.append((stages[0] if len(stages) == 1 else "build", settings))

    monkeypatch.setattr(build, "run_stages", record)
    return asked


def test_every_option_of_the_design_reaches_the_build(
    asked: list[tuple[str, Settings]], call: Call
) -> None:
    given: list[str] = []
    for key, (value, _) in OPTIONS.items():
        given += [f"--{key.replace('_', '-')}", *value]
    assert call("build", *given) == (0, "", "")
    ((command, settings),) = asked
    assert command == "build"
    expected = {key: value for key, (_, value) in OPTIONS.items()}
    assert vars(settings) == expected | {"recipes": ()}, "only a file has recipes of its own"


def test_without_options_everything_has_its_default(
    asked: list[tuple[str, Settings]], call: Call
) -> None:
    for command in ("build", "rank", "render"):
        assert call(command)[0] == 0
    assert asked == [(command, Settings()) for command in ("build", "rank", "render")]


def test_the_command_line_goes_over_the_file_and_the_file_over_the_default(
    asked: list[tuple[str, Settings]], call: Call, tmp_path: Path
) -> None:
    (tmp_path / "atlas.toml").write_text('top = 3\nseed = 5\nlayers = ["conv1"]\n')
    (tmp_path / "own.toml").write_text('top = "all"\nquiet = true\n')
    assert call("build", "--top", "4")[0] == 0
    assert call("build", "--config", "own.toml", "--batch", "2")[0] == 0
    assert [settings for _, settings in asked] == [
        Settings(top=4, seed=5, layers=("conv1",)),
        Settings(top=None, quiet=True, batch=2),
    ]


@pytest.mark.parametrize("name", ["publish_probe_images", "quiet"])
def test_a_flag_that_is_given_a_word_is_what_it_says(
    asked: list[tuple[str, Settings]], call: Call, refused: Refused, tmp_path: Path, name: str
) -> None:
    (tmp_path / "atlas.toml").write_text(f"{name} = true")
    option = f"--{name.replace('_', '-')}"
    words = {"1": True, "0": False, "true": True, "False": False, "yes": True, "NO": False}
    for word in words:
        assert call("render", f"{option}={word}")[0] == 0
    assert [getattr(settings, name) for _, settings in asked] == list(words.values())
    for word in ("", "2", "on", "off", "truth", " "):
        assert option in refused(2, "render", f"{option}={word}")
    assert len(asked) == len(words)


def test_a_later_stage_goes_on_with_what_the_run_was_asked(
    made: Path, asked: list[tuple[str, Settings]], call: Call, photographs: Path
) -> None:
    assert call("maximize", "--run", made)[0] == 0
    assert call("examine", "--run", made, "--top", "1", "--quiet")[0] == 0
    of_run: dict[str, Any] = {
        "top": 2,
        "recipe": ("article",),
        "upscales": 1,
        "steps": 1,
        "device": "cpu",
        "probe": str(photographs),
    }
    whole = Settings(run=str(made), **of_run)
    assert asked == [("maximize", whole), ("examine", replace(whole, top=1, quiet=True))]


def test_every_command_and_the_whole_have_help(call: Call) -> None:
    code, out, err = call("--help")
    assert (code, err) == (0, "")
    assert all(command in out for command in COMMANDS)
    for command in COMMANDS:
        code, out, err = call(command, "--help")
        assert (code, err) == (0, "")
        assert "--config" in out
    _, out, _ = call("build", "--help")
    assert all(f"--{key.replace('_', '-')}" in out for key in OPTIONS)
    assert "--port" in call("serve", "--help")[1]


def test_the_version_is_said(call: Call) -> None:
    assert call("--version") == (0, f"atlas {atlas.__version__}\n", "")


# Layers


def test_layers_are_listed_with_units_stride_and_receptive_field(call: Call) -> None:
    code, out, err = call("layers", "--weights", "bundled", "--layers", "conv1,inception4*,fc")
    assert code == 0
    assert err.startswith("NOTICE: ") and len(err.splitlines()) == 1
    assert [line.split() for line in out.splitlines()] == [
        ["layer", "units", "stride", "receptive", "field"],
        ["conv1", "64", "2", "7"],
        ["inception4a", "512", "16", "107"],
        ["inception4b", "512", "16", "139"],
        ["inception4c", "512", "16", "171"],
        ["inception4d", "528", "16", "203"],
        ["inception4e", "832", "16", "235"],
        ["fc", "202", "-", "all"],
    ]


def test_the_networks_input_is_what_was_given_and_stays_so(
    small: None, call: Call, refused: Refused, photographs: Path, tmp_path: Path
) -> None:
    loud = [option for option in QUICK if option != "--quiet"]
    folders, site = ["--run", tmp_path / "run", "--probe", photographs], tmp_path / "site"
    given = ["--input", "3x64x64", "--mean", "127.5,102,51", "--std", "51,51,1"]
    code, _, err = call("build", *loud, *folders, *given, "--site", site)
    assert code == 0
    assert "mean and std are taken for those of images in 0..255: each is divided by 255" in err
    run = Run(tmp_path / "run")
    assert run.network().input == 64
    assert run.network().mean == (0.5, 0.4, 0.2) and run.network().std == (0.2, 0.2, 1 / 255)
    about = (site / "about.html").read_text()
    assert "--input 3x64x64 --mean 127.5,102.0,51.0 --std 51.0,51.0,1.0" in about
    assert "made with other input: 3, 64, 64 there" in refused(1, "rank", *QUICK, *folders)
    other = ["--input", "3x64x64", "--mean", "0.5,0.4,0.2", "--std", "0.2,0.2,0.2"]
    assert "made with other std" in refused(1, "rank", *QUICK, *folders, *other)
    assert call("examine", *folders[:2], "--quiet") == (0, "", ""), "as the run was asked"
    wrong = refused(2, "rank", *QUICK, *folders, "--mean", "0.5")
    assert "mean is (0.5,); it must be 3 numbers" in wrong


# Wrong usage


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["build", "--nonsense", "3"],
        ["build", "--lay", "conv1"],
        ["build", "--top"],
        ["build", "extra"],
        ["build", "--top", "ten"],
        ["build", "--device", "gpu"],
        ["build", "--recipe", "nonsense"],
        ["build", "--units", "conv1"],
        ["build", "--network", ""],
        ["build", "--upscales", "1000"],
        ["build", "--input", "3x64x32"],
        ["build", "--mean", "0.5;0.5"],
        ["build", "--std", "0,1,1"],
        ["build", "--network", "goglenet"],
        ["layers", "--top", "3"],
        ["render", "--layers", "conv1"],
        ["serve", "--port", "http"],
        ["build", "--config", "missing.toml"],
    ],
)
def test_wrong_usage_is_answered_with_one_line(refused: Refused, arguments: list[str]) -> None:
    line = refused(2, *arguments)
    if arguments[-1:] == ["goglenet"]:
        assert "googlenet" in line


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("top = 'ten'", "top is 'ten'"),
        ("layrs = 'conv1'", "the nearest is 'layers'"),
        ("top = ", "cannot be read as TOML"),
        ("run = 3", "run is 3"),
    ],
)
def test_a_wrong_settings_file_is_wrong_usage(
    refused: Refused, tmp_path: Path, content: str, reason: str
) -> None:
    (tmp_path / "atlas.toml").write_text(content)
    line = refused(2, "build")
    assert "atlas.toml" in line and reason in line


def test_wrong_usage_is_answered_without_loading_torch() -> None:
    script = (
        "import sys; from atlas.cli import main\n"
        "assert main(['build', '--top', 'ten']) == 2\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True).returncode == 0


def test_a_site_is_rendered_without_loading_torch(
    made: Path, photographs: Path, call: Call, tmp_path: Path
) -> None:
    folders = ["--run", str(made), "--site", str(tmp_path / "site")]
    assert call("build", *QUICK, "--probe", photographs, *folders)[0] == 0
    script = (
        "import runpy, sys\n"
        "try: runpy.run_module('atlas', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as done: assert done.code == 0\n"
        "print('torch' in sys.modules)"
    )
    asked = ["render", "--run", str(made), "--site", str(tmp_path / "pages"), "--quiet"]
    done = subprocess.run([sys.executable, "-c", script, *asked], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
    assert (tmp_path / "pages" / "index.html").is_file()


# What a user can get wrong


def test_no_such_folder_of_images(small: None, refused: Refused) -> None:
    assert "'missing'" in refused(1, "rank", "--probe", "missing", "--quiet")


def test_a_folder_without_images(small: None, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("no image")
    line = refused(1, "rank", "--probe", "texts", "--quiet")
    assert "no readable image in 'texts'" in line


def test_a_text_file_as_weights(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_text("weights")
    for command in ("rank", "layers"):
        assert "w.pth is no file of weights" in refused(1, command, "--weights", "w.pth")
    assert "missing.pth" in refused(1, "rank", "--weights", "missing.pth")


def test_weights_of_another_network(refused: Refused, tmp_path: Path) -> None:
    torch.save(get_model("squeezenet1_1", weights=None).state_dict(), tmp_path / "w.pth")
    line = refused(1, "build", "--network", "resnet18", "--weights", "w.pth")
    assert "w.pth does not hold the weights of resnet18" in line


@pytest.mark.parametrize("command", ["rank", "build"])
def test_an_unknown_layer_gets_the_nearest_names(
    small: None, refused: Refused, photographs: Path, command: str
) -> None:
    for option in (["--layers", "conv3"], ["--units", "conv3:1"]):
        line = refused(1, command, *option, "--probe", photographs, "--quiet")
        assert "no layer 'conv3'" in line and "conv1" in line and "conv2" in line


def test_a_unit_out_of_range(made: Path, small: None, refused: Refused, photographs: Path) -> None:
    for command in ("build", "rank"):
        line = refused(
            1, command, "--units", "conv1:4", "--probe", photographs, "--quiet", "--run", "new"
        )
        assert "conv1 has no unit 4; its units are 0 to 3" in line
    assert not Path("new/ranking.csv").exists()
    assert "no unit 4" in refused(1, "maximize", "--run", made, "--units", "conv1:4", "--quiet")


def test_an_output_that_is_a_file(
    made: Path, small: None, refused: Refused, call: Call, photographs: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    line = refused(1, "rank", *QUICK, "--probe", photographs, "--run", "taken")
    assert "taken" in line
    assert call("build", *QUICK, "--probe", photographs, "--run", made)[0] == 0
    assert "taken" in refused(1, "render", "--run", made, "--site", "taken", "--quiet")
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (["--seed", "1"], "seed"),
        (["--steps", "2"], "steps"),
        (["--upscales", "0"], "upscales"),
        (["--precision", "float64"], "precision"),
        (["--network", "resnet18"], "network"),
        (["--weights", "other.pth"], "weights"),
    ],
)
def test_a_run_made_with_other_settings_is_refused(
    made: Path, refused: Refused, photographs: Path, options: list[str], difference: str
) -> None:
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    for command in ("build", "rank", "maximize"):
        probe = [] if command == "maximize" else ["--probe", str(photographs)]
        line = refused(1, command, *QUICK, *probe, *options, "--run", made)
        assert str(made) in line and difference in line and "--run" in line
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before


def test_a_run_made_with_other_images_is_refused(
    made: Path, refused: Refused, photographs: Path, tmp_path: Path
) -> None:
    shutil.copytree(photographs, tmp_path / "fewer")
    (tmp_path / "fewer" / "0.png").unlink()
    line = refused(1, "rank", *QUICK, "--probe", "fewer", "--run", made)
    assert "probe" in line and "--run" in line


@pytest.mark.parametrize("command", ["maximize", "examine", "relate", "render"])
def test_a_stage_without_a_ranking_says_what_makes_it(
    small: None, refused: Refused, command: str
) -> None:
    line = refused(1, command, "--run", "empty", "--quiet")
    assert "empty" in line and "'atlas rank' makes it" in line
    assert not Path("empty").exists() and not Path("site").exists()


def test_a_stage_without_pictures_says_what_makes_them(made: Path, refused: Refused) -> None:
    for command in ("examine", "relate"):
        assert "'atlas maximize' makes them" in refused(1, command, "--run", made, "--quiet")


def test_maximizing_a_layer_that_is_not_ranked_says_what_ranks_it(
    small: None, refused: Refused, call: Call, photographs: Path
) -> None:
    options = [*QUICK, "--layers", "conv1", "--run", "one"]
    assert call("rank", *options, "--probe", photographs)[0] == 0
    line = refused(1, "maximize", "--layers", "conv2", "--run", "one", "--quiet")
    assert "no ranking of conv2" in line and "'atlas rank'" in line


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", "null", '{"schema": 99}'])
def test_a_damaged_run_is_named(made: Path, refused: Refused, content: str) -> None:
    (made / "run.json").write_text(content)
    for command in ("maximize", "render"):
        assert "run.json" in refused(1, command, "--run", made, "--quiet")


def test_serving_without_a_site_says_what_makes_it(refused: Refused) -> None:
    assert "'atlas build' makes it" in refused(1, "serve", "--site", "nothing")


def test_a_port_that_is_none_or_taken(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>Atlas</h1>")
    assert "70000" in refused(2, "serve", "--site", tmp_path, "--port", "70000")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert "try --port" in refused(1, "serve", "--site", tmp_path, "--port", port)


# Done, and interrupted


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every path is Unicode")
def test_a_folder_whose_name_is_no_unicode(small: None, call: Call, photographs: Path) -> None:
    folder = os.fsdecode(b"photographs-\xff")
    shutil.copytree(photographs, folder)
    assert call("rank", *QUICK, "--probe", folder, "--run", "run") == (0, "", "")
    assert Run("run").settings().asked["probe"] == folder
    assert call("maximize", "--run", "run", "--quiet") == (0, "", "")


def test_the_stages_one_by_one_say_what_they_did(made: Path, call: Call, tmp_path: Path) -> None:
    code, out, err = call("maximize", "--run", made)
    assert (code, out) == (0, "")
    assert "4 of 4 pictures made" in err
    for command in ("examine", "render"):
        code, out, err = call(command, "--run", made, "--quiet")
        assert (code, out, err) == (0, "", "")
    assert (tmp_path / "site" / "index.html").is_file()


@pytest.mark.parametrize("command", ["build", "rank", "layers"])
def test_an_interrupt_ends_with_130(
    small: None, refused: Refused, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def interrupted(*_: Any, **__: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(resources, "load_network", interrupted)
    monkeypatch.setattr(loading, "load_network", interrupted)
    assert "interrupted" in refused(130, command)


def test_what_was_finished_before_an_interrupt_is_kept(
    made: Path, refused: Refused, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    maximize_chunk, chunks = maximize.maximize_chunk, []

    def second_time(*arguments: Any, **options: Any) -> Any:
        chunks.append(arguments)
        if len(chunks) == 2:
            raise KeyboardInterrupt
        return maximize_chunk(*arguments, **options)

    monkeypatch.setattr(maximize, "maximize_chunk", second_time)
    monkeypatch.setattr(resources, "choose_workers", lambda *_: 1)
    refused(130, "maximize", "--run", made, "--batch", "1", "--quiet")
    assert len(list(made.glob("units/*/*/*.json"))) == 1
    assert call("maximize", "--run", made, "--quiet") == (0, "", "")
    assert len(list(made.glob("units/*/*/*.json"))) == 4
    assert len(chunks) == 5, "none is made twice"


# As a program


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "atlas", *arguments], capture_output=True, text=True
    )


def test_as_a_program() -> None:
    assert program("--version").stdout == f"atlas {atlas.__version__}\n"
    wrong = program("build", "--top", "ten")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert len(wrong.stderr.splitlines()) == 1
    failed = program("serve", "--site", "nothing")
    assert (failed.returncode, len(failed.stderr.splitlines())) == (1, 1)


def test_a_site_is_served_until_interrupted(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>Atlas</h1>")
    (tmp_path / "404.html").write_text("<h1>Not here</h1>")
    command = [sys.executable, "-m", "atlas", "serve", "--site", str(tmp_path), "--port", "0"]
    pipe = subprocess.PIPE
    # Where tests run in the background, SIGINT is ignored, and a child would inherit that.
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, preexec_fn=listen
    ) as server:
        assert server.stdout is not None and server.stderr is not None
        address = server.stdout.readline().split()[0]
        connection = http.client.HTTPConnection(address.split("/")[2], timeout=60)
        for path, status, text in (("/", 200, "Atlas"), ("/missing.html", 404, "Not here")):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, text in answer.read().decode()) == (status, True)
        connection.close()
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 130
        assert "Traceback" not in server.stderr.read()
