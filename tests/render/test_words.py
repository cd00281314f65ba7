"""Words that people wrote of units stand on their pages."""

from pathlib import Path

import pytest
from support.run_fixture import LAYERS, make_run

from atlas.render.site import render


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("words")
    notes = root / "notes.csv"
    notes.write_text(
        "layer,unit,text\nconv1,1,Stripes </script>\ninception4a,9,wheels of stripes\n"
    )
    render(make_run(root / "run", layers=LAYERS[:3]), root / "site", notes=notes)
    return root / "site"


def test_a_note_stands_on_the_page_of_its_unit(site: Path) -> None:
    text = (site / "units/conv1/0001.html").read_text("utf-8")
    assert "“Stripes &lt;/script&gt;” <small>a person's note</small>" in text.replace("&#39;", "'")
    assert "a person" not in (site / "units/conv1/0000.html").read_text("utf-8")
