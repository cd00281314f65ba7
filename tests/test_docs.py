"""The reference pages say what the program is today."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = runpy.run_path(str(DOCS / "generate.py"))["PAGES"]


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name](), "run: python docs/generate.py"


def test_every_file_of_a_run_is_described() -> None:
    text = (DOCS / "run-folder.md").read_text("utf-8")
    for word in ("activations.csv", "run.json", "plan.json", "network.json", "units/RECIPE/LAYER"):
        assert word in text
    assert "| `terms` |" in text and "| `identity.recipes` |" in text
