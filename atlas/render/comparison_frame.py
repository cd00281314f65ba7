"""What the pages of a comparison have in common; those below it have a frame of their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from atlas.render.frame import head, write_sitemap
from atlas.render.members import Member
from atlas.render.output import SiteFolder
from atlas.render.templating import Templates


@dataclass(frozen=True)
class ComparisonFrame:
    """Writes the pages of a comparison, each in the frame that all of them share.

    Args:
        members: the networks that are compared.
        images: over how many images of the probe set.
        version: of atlas.
        templates, folder: from where, and to where.
        base_url: address of the site with a slash at its end, if known.
        progress: called with 1 for every page.
    """

    members: Sequence[Member]
    images: int
    version: str
    templates: Templates
    folder: SiteFolder
    base_url: str | None
    progress: Callable[[int], object]

    @property
    def title(self) -> str:
        """What is compared."""
        *others, last = [member.name for member in self.members]
        return f"{', '.join(others)} and {last} side by side"

    def write(
        self,
        template: str,
        name: str,
        *,
        description: str,
        topic: str | None = None,
        before: str | None = None,
        after: str | None = None,
        root: str | None = None,
        **context: Any,
    ) -> str:
        """Write one page; return its name. Arguments as of ``Frame.write``."""
        page = head(
            template,
            name,
            title=f"{topic} · {self.title}" if topic else self.title,
            description=description,
            base_url=self.base_url,
            image=self.members[0].within("images/cover.jpg"),
            before=before,
            after=after,
        )
        page |= {"recipes": []}
        shared = {
            "root": "../" * name.count("/") if root is None else root,
            "page": page,
            "title": self.title,
            "members": self.members,
            "images": self.images,
            "version": self.version,
            "layers": self._layers(),
        }
        self.folder.write(name, self.templates.page(f"{template}.html.j2", shared | context))
        self.progress(1)
        return name

    def _layers(self) -> list[tuple[str, str, str, int]]:
        """Of every layer what scripts know of it: name, short name, page and units."""
        return [
            (
                f"{member.folder}/{layer.name}",
                f"{member.name} {layer.short}",
                quote(member.within(layer.href)),
                layer.units,
            )
            for member in self.members
            for layer in member.layers.values()
        ]

    def write_not_found(self) -> None:
        """Write the page that a host shows for those that are not there, at whatever depth."""
        self.write(
            "comparison_404",
            "404.html",
            topic="No such page",
            description="There is no such page in this comparison.",
            root=urlsplit(self.base_url).path if self.base_url else "",
            # By which it knows the folder above the sites, each of which has an icon of its own.
            mark=quote(self.members[0].within("images/cover.jpg")),
        )

    def write_sitemap(self, names: Sequence[str]) -> None:
        """List the pages for search engines, where the site's address is known."""
        write_sitemap(self.folder, self.base_url, names)
