"""The links between the pages of a site, as a browser follows them."""

import os
import posixpath
import re
from collections.abc import Collection, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit


class Page(HTMLParser):
    """What a page refers to, the ids that others may refer to, and the address it says it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.ids: set[str] = set()
        self.canonical: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the attributes that name a file or an id."""
        attributes = {name: value or "" for name, value in attrs}
        for name, value in attributes.items():
            if name in ("href", "src", "poster", "data-full"):
                self.references.append(value)
            elif name == "srcset":
                self.references += re.findall(r"(\S*[^\s,])(?:\s+[^\s,]+)?\s*(?:,|$)", value)
            elif name == "id":
                self.ids.add(value)
        if attributes.get("property") == "og:image":
            self.references.append(attributes.get("content", ""))
        if attributes.get("rel") == "canonical":
            self.canonical = attributes.get("href")


def dangling(site: Path, files: Collection[str]) -> Iterator[tuple[str, str]]:
    """Page and reference of every link within the site that leads to none of its files.

    Links from the root of the server belong to the site only below the address that its first
    page gives; a relative link always does.
    """
    pages = {
        name: Page((site / name).read_text("utf-8", errors="replace"))
        for name in sorted(files)
        if name.endswith(".html")
    }
    home = (pages["index.html"].canonical or "https://unknown.invalid/site/").rpartition("/")[0]
    for name, page in pages.items():
        for reference in page.references:
            address, fragment = urldefrag(urljoin(f"{home}/{quote(os.fsencode(name))}", reference))
            if address.startswith(f"{home}/"):
                target = unquote(address.removeprefix(f"{home}/").partition("?")[0])
                if target not in files:
                    target = posixpath.join(target, "index.html")
                found = target in files
                if found and fragment and target in pages:
                    found = unquote(fragment) in pages[target].ids
            else:
                found = bool(urlsplit(reference).scheme) or reference.startswith("/")
            if not found:
                yield name, reference
