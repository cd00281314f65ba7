"""What make hands on: all that stands on its command line, unharmed, and nothing else."""

import os
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"
STAMPS = [f"-o.venv/.installed{name}" for name in ("", "-bench")]  # as if installed
COMMON = (
    *(
        "CONFIG",
        "NETWORK",
        "WEIGHTS",
        "PROBE",
        "LABELS",
        "CLASSES",
        "LAYERS",
        "UNITS",
        "TOP",
        "RECIPE",
        "SIGN",
        "POSITION",
        "SAMPLES",
        "TILES",
    ),
    *(
        "UPSCALES",
        "STEPS",
        "SEED",
        "DEVICE",
        "PRECISION",
        "JUDGE",
        "BATCH",
        "RUN",
        "SITE",
        "TEMPLATES",
    ),
    "NOTES",
    *("BASE_URL", "PUBLISH_PROBE_IMAGES", "QUIET", "PORT", "REMOTE"),
    *(
        "VENV",
        "PYTHON",
        "UV",
        "INSTALL",
        "TORCH",
        "TORCH_CPU",
        "TORCH_BUILD",
        "TORCH_CHOSEN",
        "SETTINGS",
        "quoted",
        "option",
        "given",
        "options",
        "name",
    ),
)
"""Names of variables that others use too."""

TEXTS = [
    *("my photographs", "it's", 'a "b" c', "$HOME", "$$HOME x", "a$(shell touch made)b"),
    *("`touch made`", "a\\b\\", "#1", "a;touch made", "(a", "a,b", "--seed", "*", "~/a", "größe"),
    *("${PROBE}", "a=b"),
]  # fmt: skip


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for Python, and writes down its arguments."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", *COMMON):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ".venv" / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")  # Python's own path may hold spaces
    path.chmod(0o755)
    return path


def handed_on(*arguments: str) -> list[str]:
    """The arguments with which make calls the program."""
    command = ["make", "-s", "-f", str(MAKEFILE), *STAMPS, *arguments]
    done = subprocess.run(command, check=True, capture_output=True)
    assert not Path("made").exists()
    return os.fsdecode(done.stdout).split("\0")[:-1]


@pytest.mark.parametrize("command", ["atlas", "quick", "serve", "bench", "publish"])
def test_nothing_of_the_environment_is_handed_on(
    program: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = handed_on(command)
    for name in COMMON:
        monkeypatch.setenv(name, f"/{name}/of others")
    assert handed_on(command) == alone
    assert not any("of others" in argument for argument in alone)


def test_what_is_given_is_the_option_of_its_name(program: Path) -> None:
    settings = COMMON[: COMMON.index("PORT")]
    given = [f"{name}={number}" for number, name in enumerate(settings)]
    options = [f"--{each.lower().replace('_', '-')}" for each in given]
    assert handed_on("atlas", *given) == ["-m", "atlas", "build", *options]
    assert handed_on("quick", *given)[-len(options) :] == options
    assert handed_on("serve", "SITE=a", "PORT=8", "SEED=1") == [
        *("-m", "atlas", "serve", "--site=a", "--port=8"),
    ]
    assert handed_on("bench", "WEIGHTS=w", "DEVICE=cpu", "SITE=a")[2:] == [
        *("--weights=w", "--device=cpu"),
    ]
    assert handed_on("publish") == ["-m", "atlas.publish", "site", "origin"]
    assert handed_on("publish", "SITE=a b", "REMOTE=c") == ["-m", "atlas.publish", "a b", "c"]
    assert handed_on("atlas", "SEED=") == ["-m", "atlas", "build"]


@pytest.mark.parametrize("text", TEXTS)
def test_whatever_is_typed_arrives_unharmed(program: Path, text: str) -> None:
    found = handed_on("atlas", f"PROBE={text}", "SEED=1")
    assert found == ["-m", "atlas", "build", f"--probe={text.replace('$$', '$')}", "--seed=1"]
    assert handed_on("publish", f"SITE={text}")[2] == text.replace("$$", "$")


def test_a_small_atlas_has_few_units_unless_more_are_asked_for(program: Path) -> None:
    given = handed_on("quick", "TOP=7")
    assert given.index("--top") < given.index("--top=7"), "the last one counts"
    assert "--site" in given and "runs/quick-site" in given


def test_the_help_names_every_variable(program: Path) -> None:
    done = subprocess.run(
        ["make", "help"], cwd=MAKEFILE.parent, check=True, capture_output=True, text=True
    )
    assert all(
        name in done.stdout.split() for name in COMMON[: COMMON.index("PUBLISH_PROBE_IMAGES")]
    )
