"""Run in, site out: a folder of plain files that shows what a run computed.

The run is read once into a catalog; the pictures are written from it, then the pages, each writer
owning one template.
"""

from collections.abc import Callable
from pathlib import Path

from atlas._system.web_address import site_address
from atlas.errors import UsageError
from atlas.probe.probe_set import ProbeSet
from atlas.render import data, pictures
from atlas.render.alike import responses_of
from atlas.render.frame import Frame
from atlas.render.output import SiteFolder, refuse_foreign
from atlas.render.pages import Pages
from atlas.render.probe_images import write_probe_images, write_stimuli
from atlas.render.reading import read_catalog
from atlas.render.search_index import find_js
from atlas.render.sprites import write_sprites
from atlas.render.templating import Templates
from atlas.render.unit_words import UnitWords
from atlas.render.wall import arrange, read_spots
from atlas.run.folder import Run


def check_site(run: Run, site: Path, templates: Path | None = None) -> None:
    """Raise AtlasError now for a folder of a site or of templates that ``render`` would refuse."""
    if run.path.resolve().is_relative_to(site.resolve()):
        raise UsageError(
            f"the run {run.path} lies in the site {site}, which holds nothing but pages"
        )
    refuse_foreign(site)
    Templates(templates)


def address_of(base_url: str | None) -> str | None:
    """The address a site will have, with a slash at its end. Raises UsageError for none such."""
    try:
        return None if base_url is None else site_address(base_url)
    except ValueError as error:
        raise UsageError(f"the base URL is {base_url!r}; it must be {error}") from None


def render(
    run: Run,
    site: Path,
    *,
    templates: Path | None = None,
    base_url: str | None = None,
    publish_probe_images: Path | ProbeSet | None = None,
    notes: Path | None = None,
    above: str | None = None,
    progress: Callable[[int], object] | None = None,
    say: Callable[[str], object] | None = None,
) -> None:
    """Make the site of a run; the same run makes the same files, byte for byte.

    Args:
        run: what a build computed.
        site: folder to write into. Files of an earlier render that are stale are removed from it,
            files of others stay.
        templates: folder whose templates and static files go before the built-in ones.
        base_url: where the site will lie, for the sitemap and for links that must be absolute.
        publish_probe_images: folder of the photographs the units were ranked on, or the probe set
            itself, to show those that excite a unit most; without it none is shown. Stimuli always
            are, and Imagenette, which is public, where it is cached.
        notes: table of notes that are shown beside those of the run, and before them where both
            have one of a unit; the run stays as it is.
        above: the page of a comparison that the site is a part of, from the site's root.
        progress: called with 1 for every picture and every page.
        say: called with a line on what cannot be shown.

    Raises:
        AtlasError: when the run lacks something, a template of ``templates`` is wrong, or the site
            cannot be written.
    """
    address = address_of(base_url)
    check_site(run, site, templates)
    tell = progress or (lambda count: None)
    catalog = read_catalog(run, notes)
    look = Templates(templates)
    wall = arrange(catalog, read_spots(run))
    with SiteFolder.opened(site) as folder:
        looks = pictures.write_pictures(run, catalog, folder, tell)
        frame = Frame(
            catalog=catalog,
            templates=look,
            folder=folder,
            base_url=address,
            cover=pictures.write_cover(run, catalog, folder),
            progress=tell,
            above=above,
        )
        pages = Pages(
            frame=frame,
            looks=looks,
            sheets=pictures.write_sheets(run, catalog, folder),
            lossless_ranks=pictures.write_lossless(run, catalog, folder),
            probe_files=write_probe_images(
                catalog, folder, publish_probe_images, say or (lambda line: None)
            ),
            stimulus_files=write_stimuli(catalog, folder),
            wall=wall,
            responses=responses_of(run),
        )
        pictures.write_tiles(run, catalog, folder)
        write_sprites(run, catalog, wall, folder)
        pages.write()
        for name, content in look.static().items():
            folder.write(name, content)
        folder.write("data/atlas.json", data.atlas_json(catalog, looks))
        folder.write("data/units.csv", data.units_csv(catalog, looks))
        folder.write("data/find.js", find_js(catalog, UnitWords(run, catalog)))
        folder.write(".nojekyll", "")
