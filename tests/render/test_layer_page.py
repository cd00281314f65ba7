"""The page of a layer: which units it shows, and what can be taken from it."""

import re
from pathlib import Path

import pytest
from support.run_fixture import LAYERS, make_run

from atlas.render.site import render


@pytest.mark.parametrize(
    ("pictured", "lead"),
    [(1, "The most active unit."), (10, "The ten most active units."), (12, "The ten most active")],
)
def test_its_first_sentence_says_which_units_it_shows(
    tmp_path: Path, pictured: int, lead: str
) -> None:
    render(make_run(tmp_path / "run", layers=LAYERS[:1], pictured=pictured), tmp_path / "site")
    page = (tmp_path / "site/layers/conv1.html").read_text()
    assert f'<p class="lead">{lead}' in page and "All 12 units" in page


def test_units_asked_for_by_number_are_not_called_the_most_active(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", layers=LAYERS[:1], pictured=2)
    statistics = run.table("activations")
    statistics.loc[statistics["unit"] == 0, "mean"] = statistics["mean"].min() / 2
    run.write_table("activations", statistics)
    render(run, tmp_path / "site")
    page = (tmp_path / "site/layers/conv1.html").read_text()
    assert '<p class="lead">Two of its 12 units.</p>' in page


def test_the_contact_sheet_is_to_be_had_and_not_shown(tmp_path: Path) -> None:
    recipes = ("article", "calm")
    render(make_run(tmp_path / "run", layers=LAYERS[:1], recipes=recipes), tmp_path / "site")
    page = (tmp_path / "site/layers/conv1.html").read_text()
    sheets = re.findall(r'<a href="\.\./(images/sheets/[^"]*)" download>([^<]*)</a>', page)
    assert [words for _, words in sheets] == [f"Contact sheet of {recipe}" for recipe in recipes]
    assert all((tmp_path / "site" / file).is_file() for file, _ in sheets)
    assert not re.search(r'<img[^>]* src="[^"]*sheets', page)
