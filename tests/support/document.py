"""A page as tests see it: its elements, addresses and ids."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Document(HTMLParser):
    """Collects what tests ask about a page; complains about elements that do not close."""

    VOID = frozenset({"meta", "link", "img", "input", "br", "option", "td", "th", "tr", "wbr"})
    ADDRESSES = frozenset({"href", "src", "data-full", "poster", "srcset"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self._open.pop() == tag

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len({name for name, _ in attrs}) == len(attrs)
        for name, value in attrs:
            if name in self.ADDRESSES and value:
                self.addresses.append(value)
            if name == "id" and value:
                self.ids.append(value)


def pages(site: Path) -> dict[str, str]:
    """The text of every page by its path in the site."""
    return {
        path.relative_to(site).as_posix(): path.read_text("utf-8") for path in site.rglob("*.html")
    }


def check_addresses(site: Path) -> None:
    """Every link and image leads to a file of the site, and to a place in it that is there."""
    documents = {page: Document(text) for page, text in pages(site).items()}
    for page, document in documents.items():
        assert len(set(document.ids)) == len(document.ids), page
        for address in document.addresses:
            parts = urlsplit(address)
            assert not parts.scheme and not parts.netloc and not parts.path.startswith("/"), address
            target = (site / page).parent / unquote(parts.path) if parts.path else site / page
            assert target.resolve().is_relative_to(site.resolve()), f"{page} links {address}"
            assert target.is_file(), f"{page} links {address}"
            if parts.fragment:
                other = target.resolve().relative_to(site.resolve()).as_posix()
                assert parts.fragment in documents[other].ids, f"{page} links {address}"
