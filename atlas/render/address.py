"""A finished site told where it will lie: what of it must be absolute.

Share cards name their picture by a whole address (Open Graph protocol, ogp.me), search engines are
told where a page is, and the page for what is not there is shown at any depth, where relative links
lead nowhere. All this depends on the address alone, so that a site gets it without its run.
"""

import posixpath
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

from atlas.render.output import MANIFEST, listed, manifest_of

NOT_FOUND = "404.html"
"""Shown by hosts in place of any page that is not there."""

SITEMAP = "sitemap.xml"

CARD = re.compile(r'(<meta property="og:image" content=")([^"]*)(">\n?)')

KNOWN = '<meta property="og:url"'
"""Stands in every page of a site that was told its address."""

UNLISTED = '<meta name="robots" content="noindex">'
"""Stands in pages that are no places of their own, but parts of other sites' pages."""


def addressed(site: Path, names: Iterable[str], base_url: str) -> dict[str, bytes]:
    """The files of a site that its address changes or adds, by their names.

    They are as ``render`` would have written them, told the address; there are none where it was
    told one, which stays.

    Args:
        site: a finished site.
        names: its files.
        base_url: its address, with a slash at its end.
    """
    pages = [name for name in sorted(names) if name.endswith(".html")]
    texts = {name: (site / name).read_bytes().decode("utf-8", "surrogateescape") for name in pages}
    if KNOWN in texts.get("index.html", ""):
        return {}
    files = {}
    for name, text in texts.items():
        if posixpath.basename(name) == NOT_FOUND:
            folder = urlsplit(urljoin(base_url, quote(posixpath.dirname(name)))).path
            changed = rooted(text, folder.rstrip("/") + "/")
        else:
            changed = _with_address(text, base_url + quote(name))
        if changed != text:
            files[name] = changed
    files[SITEMAP] = sitemap(base_url, (page for page in pages if UNLISTED not in texts[page]))
    told = {name: text.encode("utf-8", "surrogateescape") for name, text in files.items()}
    own = listed((site / MANIFEST).read_bytes()) | {SITEMAP}
    return told | {MANIFEST: manifest_of(own)}


def rooted(page: str, root: str) -> str:
    """The page for what is not there, with links from the root of a site on its server."""
    start = escape(root)
    link, style = r'<a(?: href="[^"]*")? data-to="([^"]*)"', r'(<link [^>]*href=")[^"]*(?=static/)'
    page = re.sub(link, lambda found: f'<a href="{start}{found[1]}" data-to="{found[1]}"', page)
    page = re.sub(style, lambda found: found[1] + start, page)
    return page.replace('<div id="links" hidden>', '<div id="links">')


def sitemap(base_url: str, names: Iterable[str]) -> str:
    """The pages of a site for search engines (sitemaps.org), in the order of their names."""
    listed = sorted(name for name in names if posixpath.basename(name) != NOT_FOUND)
    addresses = "".join(
        f"<url><loc>{escape(_canonical(base_url + quote(name)))}</loc></url>\n" for name in listed
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{addresses}</urlset>\n"
    )


def _with_address(page: str, address: str) -> str:
    """A page whose head gives its own address and that of its picture."""
    own = escape(_canonical(address))

    def absolute(card: re.Match[str]) -> str:
        opening, image, end = card.groups()
        return (
            f"{opening}{escape(urljoin(address, image))}{end}"
            f'{KNOWN} content="{own}">\n<link rel="canonical" href="{own}">\n'
        )

    return CARD.sub(absolute, page, count=1)


def _canonical(address: str) -> str:
    """The first page of a folder goes by the folder's address."""
    return address.removesuffix("index.html") if address.endswith("/index.html") else address
