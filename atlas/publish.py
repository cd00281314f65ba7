"""A finished site onto the branch that GitHub Pages serves, if nothing of it is missing.

``python -m atlas.publish SITE REMOTE`` is what ``make publish`` runs. A commit of half a site
would be served as it is, so the whole folder is looked through before anything is pushed.
"""

import importlib.util
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from atlas.errors import AtlasError, UsageError
from atlas.lock import LOCK
from atlas.paths import as_path
from atlas.render.output import MANIFEST
from atlas.streams import open_streams, tell

BRANCH = "gh-pages"

NEEDED = frozenset({"index.html", "404.html", ".nojekyll"})

LARGEST_FILE = 100 * 2**20
"""Bytes; GitHub refuses a push with a larger one ("About large files on GitHub")."""

LARGEST_SITE = 10**9
"""Bytes; "published GitHub Pages sites may be no larger than 1 GB" ("GitHub Pages limits")."""

GITHUB = re.compile(
    r"(?:\w+://)?(?:[^@/]+@)?(?:ssh\.|www\.)?github\.com(?::\d+(?=/))?[:/]"
    r"(?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/?"
)


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


def check_site(site: Path) -> int:
    """Look through a site before it is published. Returns its size in bytes.

    Raises AtlasError when the folder is no site of atlas, lacks a file, holds one that was not
    written to its end, links something that is not there, or is beyond a limit of GitHub.
    """
    sizes = dict(_files(site))
    if MANIFEST not in sizes:
        raise AtlasError(f"{site} holds no site of atlas; 'make atlas' builds it")
    if (site / ".git").exists():
        raise AtlasError(f"{site}/.git is not for publishing; move it out of the site")
    left = re.compile(rf"\..*\.part|{re.escape(LOCK)}")
    torn = [name for name in sizes if left.fullmatch(posixpath.basename(name))]
    if torn:
        raise AtlasError(
            f"{site}/{_first(torn)} is of a render that goes on or was interrupted: "
            "render again, or delete it"
        )
    written = (site / MANIFEST).read_text("utf-8").splitlines()
    missing = (NEEDED | set(written)) - sizes.keys()
    if missing:
        raise AtlasError(f"{site}/{_first(missing)} is missing; 'atlas render' makes the site anew")
    large = [name for name, size in sizes.items() if size > LARGEST_FILE]
    if large:
        raise AtlasError(
            f"{site}/{_first(large)} is larger than GitHub takes a file: {LARGEST_FILE >> 20} MiB"
        )
    total = sum(sizes.values())
    if total > LARGEST_SITE:
        raise AtlasError(
            f"{site} has {total / 1e9:.2f} GB and GitHub Pages serves at most "
            f"{LARGEST_SITE / 1e9:.0f} GB; render fewer units, or without their probe images"
        )
    dangling = list(_dangling(site, sizes.keys()))
    if dangling:
        more = f" ({len(dangling)} such links)" if len(dangling) > 1 else ""
        page, reference = dangling[0]
        raise AtlasError(f"{site}/{page} links {reference!r}, which is not there{more}")
    return total


def publish(site: Path, remote: str) -> str | None:
    """Commit a checked site to the branch gh-pages and push it to a remote of this repository.

    The branch keeps its history; what it held before is replaced by the site. Returns the address
    the site gets where the remote is on GitHub.

    Raises AtlasError when the site should not be published (see check_site) or cannot be.
    """
    size = check_site(site)
    if importlib.util.find_spec("ghp_import") is None:
        raise AtlasError(
            "ghp-import is missing; 'make publish' or 'pip install ghp-import' adds it"
        )
    _git("no git repository to publish from", "rev-parse", "--git-dir")
    url = _git(f"'git remote' lists no {remote!r}", "remote", "get-url", "--push", "--", remote)
    committer = _git("git config lacks user.name or user.email", "var", "GIT_COMMITTER_IDENT")
    tell(f"Publishing {site} ({size / 1e6:.1f} MB) to {BRANCH} of {remote}")
    _fetch(remote)
    _push(site, remote, committer)
    return pages_address(url)


def pages_address(url: str) -> str | None:
    """Where GitHub Pages serves a repository by default, or None if it is not on GitHub."""
    repository = GITHUB.fullmatch(url)
    if repository is None:
        return None
    host = f"{repository['owner'].lower()}.github.io"
    name = repository["name"]
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish SITE to REMOTE. Returns 0 done, 1 refused or failed, 2 wrong usage, 130 stopped."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 2:
        print("usage: python -m atlas.publish SITE REMOTE", file=sys.stderr)
        return 2
    try:
        address = publish(as_path(given[0]), given[1])
    except (AtlasError, OSError) as error:
        print(f"atlas: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("atlas: interrupted; publishing again starts anew", file=sys.stderr)
        return 130
    tell(f"Published: {address}" if address else "Published")
    return 0


def _files(site: Path) -> Iterator[tuple[str, int]]:
    """Name and size of every file that ghp-import takes; it does not enter linked folders."""
    for folder, _, names in os.walk(site):
        for name in names:
            path = Path(folder, name)
            yield path.relative_to(site).as_posix(), path.stat().st_size


def _dangling(site: Path, files: Collection[str]) -> Iterator[tuple[str, str]]:
    """Page and reference of every link within the site that leads nowhere.

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
            address, fragment = urldefrag(urljoin(f"{home}/{quote(name)}", reference))
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


def _fetch(remote: str) -> None:
    """Bring what the remote's branch holds, for the next commit to follow it."""
    branch = f"refs/heads/{BRANCH}"
    cannot_read = f"cannot read from {remote}"
    if _git(cannot_read, "ls-remote", "--", remote, branch):
        tracking = f"refs/remotes/{remote}/{BRANCH}"
        _git(cannot_read, "fetch", "--quiet", "--no-tags", "--", remote, f"+{branch}:{tracking}")


def _push(site: Path, remote: str, committer: str) -> None:
    # ghp-import looks for the committer in fewer places than git does.
    name, _, rest = committer.partition(" <")
    email, _, _ = rest.partition(">")
    program = [sys.executable, "-m", "ghp_import", "--no-jekyll", "--push", "--branch", BRANCH]
    options = ["--remote", remote, "--message", "Publish the atlas", "--", str(site)]
    _run(
        f"cannot push to {BRANCH} of {remote}",
        [*program, *options],
        {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": email},
    )


def _git(problem: str, *arguments: str) -> str:
    return _run(problem, ["git", *arguments], {})


def _run(problem: str, command: list[str], variables: dict[str, str]) -> str:
    """What a command prints. Raises AtlasError with the problem and the command's own reason."""
    environment = os.environ | variables | {"LC_ALL": "C"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    except FileNotFoundError:
        raise AtlasError(f"{command[0]} is not installed") from None
    if done.returncode:
        # Git's reason stands in the middle of hints, and of the traceback of ghp-import.
        reasons = re.findall(r"(?m)^(?:.*?\b(?:fatal|error): | ! )(.+)$", done.stderr)
        last = done.stderr.strip().rpartition("\n")[2]
        raise AtlasError(f"{problem} ({reasons[0] if reasons else last})")
    return done.stdout.strip()


def _first(names: Collection[str]) -> str:
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return min(names) + more


if __name__ == "__main__":
    open_streams()
    sys.exit(main())
