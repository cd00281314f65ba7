"""What all pages of a site have in common: head, title, address and links to their neighbors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from atlas.render.address import sitemap
from atlas.render.catalog import Catalog
from atlas.render.output import SiteFolder
from atlas.render.templating import Templates

NAMES = {"googlenet": "GoogLeNet", "bvlc_googlenet": "Caffe GoogLeNet"}
"""How the site writes the names of networks."""


@dataclass(frozen=True)
class Frame:
    """Writes pages into a site, each in the frame that all of them share.

    Args:
        catalog: what the site shows.
        templates, folder: from where, and to where.
        base_url: address of the site with a slash at its end, if known.
        cover: the picture for sharing the site as a whole.
        progress: called with 1 for every page.
        above: the page of a comparison that the site is a part of, from the site's root.
    """

    catalog: Catalog
    templates: Templates
    folder: SiteFolder
    base_url: str | None
    cover: str
    progress: Callable[[int], object]
    above: str | None = None

    @property
    def network_name(self) -> str:
        """The network, as the site writes its name."""
        name: str = self.catalog.network.network
        return NAMES.get(name, name)

    def write(
        self,
        template: str,
        name: str,
        *,
        description: str,
        topic: str | None = None,
        recipes: Sequence[str] = (),
        first: str | None = None,
        image: str | None = None,
        before: str | None = None,
        after: str | None = None,
        root: str | None = None,
        **context: Any,
    ) -> str:
        """Write one page; return its name.

        Args:
            template: what it is made of, without suffixes.
            name: its file, relative to the site.
            description: of the page, for search engines.
            topic: how its title begins; that of the first page is the atlas's own.
            recipes: those it has pictures by, between which one can switch.
            first: the one of them that it shows at first; none where that differs by layer.
            image: the picture for sharing it; the cover by default.
            before, after: the pages that ← and → lead to.
            root: what its links start with; by default the relative way to the site's root.
            context: what the template shows besides.
        """
        up = "../" * name.count("/")
        atlas = f"Atlas of {self.network_name}"
        page = head(
            template,
            name,
            title=f"{topic} · {atlas}" if topic else atlas,
            description=description,
            base_url=self.base_url,
            image=image or self.cover,
            before=before,
            after=after,
        )
        page |= {"recipes": recipes, "first": first}
        text = self.templates.page(
            f"{template}.html.j2",
            {
                "root": up if root is None else root,
                "page": page,
                "above": self.above,
                "catalog": self.catalog,
                "network_name": self.network_name,
                "input_size": self.catalog.network.input,
                **context,
            },
        )
        self.folder.write(name, text)
        self.progress(1)
        return name

    def write_sitemap(self, names: Sequence[str]) -> None:
        """List the pages for search engines, where the site's address is known."""
        write_sitemap(self.folder, self.base_url, names)


def head(
    template: str,
    name: str,
    *,
    title: str,
    description: str,
    base_url: str | None,
    image: str,
    before: str | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    """What ``head.html.j2`` says of a page, by the arguments of ``Frame.write``."""
    return {
        "name": template,
        "title": title,
        "description": description,
        "address": base_url and base_url + quote("" if name == "index.html" else name),
        "image": (base_url or "../" * name.count("/")) + quote(image),
        "before": before,
        "after": after,
    }


def write_sitemap(folder: SiteFolder, base_url: str | None, names: Sequence[str]) -> None:
    """List pages for search engines, where the site's address is known."""
    if base_url:
        folder.write("sitemap.xml", sitemap(base_url, names))
