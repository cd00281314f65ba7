"""A network before and after a change, from the command line to the pages, without torch."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.small_build import Small, draw_photographs, shrink

from atlas import Settings, build, load_network
from atlas.cli import main

IMAGES = 24


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network, and the same after its second layer was trained further, so to speak."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "photographs").mkdir()
    draw_photographs(folder / "photographs", IMAGES)
    torch.manual_seed(1)
    module = Small()
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        patch.chdir(folder)
        for name in ("before", "after"):
            build(
                Settings(
                    probe="photographs", run=name, site=f"{name}-site", top=2, upscales=1,
                    steps=1, recipe=("article",), quiet=True,
                ),
                load_network(module),
            )  # fmt: skip
            with torch.no_grad():
                weight = module.conv2[0].weight
                assert isinstance(weight, torch.Tensor)
                weight += 0.2 * torch.randn(weight.shape)
    return folder


def test_what_was_not_trained_is_kept_exactly(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(runs)
    assert main(["compare", "before", "after", "--site", "both"]) == 0
    assert "open both/index.html" in capsys.readouterr().err
    with Path("both/data/alignment.csv").open(newline="") as file:
        rows = {(row["layer"], row["other_layer"]): row for row in csv.DictReader(file)}
    assert rows["conv1", "conv1"]["cka"] == "1.0000"
    assert float(rows["conv2", "conv2"]["cka"]) < 0.99
    with Path("both/data/matches.csv").open(newline="") as file:
        kept = [row for row in csv.DictReader(file) if row["layer"] == "conv1"]
    assert kept and all(row["correlation"] == "1.0000" for row in kept)
    assert all(row["unit"] == row["other_unit"] for row in kept)


def test_runs_are_compared_without_torch(runs: Path) -> None:
    script = (
        "import sys\n"
        "from atlas.cli import main\n"
        "assert main(['compare', 'before', 'after', '--site', 'alone', '--quiet']) == 0\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=runs, check=True)


def test_wrong_usage_is_one_line(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(runs)
    assert main(["compare", "before", "--site", "both"]) == 2
    assert main(["compare", "before", "after"]) == 2
    assert main(["compare", "before", "nothing", "--site", "both"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert "two runs" in said[0] and "--site" in said[1] and "nothing has no run.json" in said[2]
