"""Compare: a site of two or more runs over the same images, network beside network."""

import os
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import atlas
from atlas._system.paths import as_path
from atlas._system.progress import Progress, show_progress
from atlas.build.overlap import refuse_overlap
from atlas.build.render import probe_images_of
from atlas.errors import AtlasError, UsageError
from atlas.relate.correlation import FEWEST_IMAGES
from atlas.relate.responses import Responses
from atlas.relate.side_by_side import SideBySide, joined, shared_images, side_by_side
from atlas.render.comparison import ComparisonPages
from atlas.render.comparison_data import alignment_csv, matches_csv
from atlas.render.comparison_frame import ComparisonFrame
from atlas.render.kept import Side
from atlas.render.members import Member, folders_of, names_of
from atlas.render.output import SiteFolder
from atlas.render.reading import read_catalog
from atlas.render.site import address_of, check_site, render
from atlas.render.templating import Templates
from atlas.run.folder import Run
from atlas.run.responses import read_responses
from atlas.run.schema import RunSettings
from atlas.run.verification import refuse_damage
from atlas.settings import DEFAULTS, Settings

ALL_PAIRS = 4
"""Networks of which every two are compared; of more, each with the first and the one before."""

Log = Callable[[str], object]


def compare(
    runs: Sequence[Run | str | os.PathLike[str]],
    site: str | os.PathLike[str],
    *,
    templates: str | os.PathLike[str] | None = None,
    base_url: str | None = None,
    publish_probe_images: bool = False,
    quiet: bool = False,
    log: Log | None = None,
) -> None:
    """Make a site of two or more runs: a site of each, and above them what they have in common.

    Args:
        runs: folders of runs, or runs, over the same probe set.
        site: folder to write into, as for ``render``.
        templates: folder whose templates and static files go before the built-in ones.
        base_url: address that the site will have.
        publish_probe_images: whether the sites of the runs show photographs of the user's.
        quiet: whether no progress is shown.
        log: called with each line of the log; by default nobody is.

    Raises:
        AtlasError: for whatever a user can mend, such as runs over other images.
    """
    opened = [run if isinstance(run, Run) else Run(as_path(run)) for run in runs]
    where, look = as_path(site), None if templates is None else as_path(templates)
    settings = _checked(opened, where, look)
    address = address_of(base_url)
    say = log or (lambda line: None)
    names = names_of(opened, settings)
    folders = folders_of(names)
    with show_progress("compare", None, "pages", quiet) as tell, SiteFolder.opened(where) as folder:
        responses = [read_responses(run) for run in opened]
        found = _side_by_side(opened, responses, tell)
        members = []
        for run, name, own in zip(opened, names, folders, strict=True):
            render(
                run,
                folder.below(own),
                templates=look,
                base_url=address and f"{address}{own}/",
                publish_probe_images=probe_images_of(run) if publish_probe_images else None,
                above="../index.html",
                progress=tell,
                say=say,
            )
            folder.adopt(own)
            members.append(Member(name, own, read_catalog(run)))
        sides = [Side(members[a], members[b], each) for (a, b), each in found.items()]
        styles = Templates(look)
        frame = ComparisonFrame(
            members=members,
            images=sides[0].found.images,
            version=atlas.__version__,
            templates=styles,
            folder=folder,
            base_url=address,
            progress=tell,
        )
        together = joined(dict(zip(folders, responses, strict=True)))
        ComparisonPages(frame, sides, together).write()
        for name, content in styles.static().items():
            folder.write(name, content)
        folder.write("data/alignment.csv", alignment_csv(sides))
        folder.write("data/matches.csv", matches_csv(sides))
        folder.write(".nojekyll", "")
    say(f"the comparison is in {where}: open {where}/index.html")


def _checked(runs: Sequence[Run], site: Path, templates: Path | None) -> list[RunSettings]:
    """The settings of runs that can be compared. Raises AtlasError for others."""
    if len(runs) < 2:
        raise UsageError("compare takes two runs or more; name their folders")
    if len({run.path.resolve() for run in runs}) < len(runs):
        raise UsageError("compare takes a run once; name another folder")
    settings = [run.settings() for run in runs]
    for run, own in zip(runs, settings, strict=True):
        if own.identity.probe != settings[0].identity.probe:
            raise AtlasError(
                f"{run.path} is of other images than {runs[0].path}: {_images(own)} there, "
                f"{_images(settings[0])} here; 'atlas rank --probe' with the same makes another run"
            )
        refuse_damage(run)
        asked = own.asked.get("probe", DEFAULTS["probe"])
        refuse_overlap(Settings(run=str(run.path), site=str(site), probe=asked), renders=True)
        check_site(run, site, templates)
    return settings


def _images(settings: RunSettings) -> str:
    probe = settings.probe
    return f"{probe.images} images of {probe.name} ({probe.sha256[:8]})"


def _side_by_side(
    runs: Sequence[Run], responses: Sequence[Responses], tell: Progress
) -> dict[tuple[int, int], SideBySide]:
    """What is found between every two networks, by their places."""
    found = {}
    for a, b in _pairs(len(runs)):
        ours, theirs = shared_images(responses[a], responses[b])
        if len(ours.images) < FEWEST_IMAGES:
            raise AtlasError(
                f"{runs[a].path} and {runs[b].path} have answers to {len(ours.images)} of the same "
                f"images, and {FEWEST_IMAGES} are needed; rank both over a larger probe set"
            )
        found[a, b] = side_by_side(ours, theirs, tell)
    return found


def _pairs(count: int) -> list[tuple[int, int]]:
    """Which networks are compared: pages grow with the square of their number only up to a few."""
    if count <= ALL_PAIRS:
        return list(combinations(range(count), 2))
    return sorted({(0, other) for other in range(1, count)} | {*pairwise(range(count))})
