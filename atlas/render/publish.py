"""A finished site onto the branch that GitHub Pages serves, if nothing of it is missing.

A commit of half a site would be served as it is, so the whole folder is looked through before
anything is pushed.
"""

import importlib.util
import os
import posixpath
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from atlas._system.locks import LOCK
from atlas._system.paths import as_path
from atlas._system.streams import open_streams, tell
from atlas.errors import AtlasError, UsageError, one_line
from atlas.render.output import MANIFEST

BRANCH = "gh-pages"

NEEDED = frozenset({"index.html", "404.html", ".nojekyll"})

HIDDEN = (MANIFEST, ".nojekyll", ".well-known")
"""What is published although its name begins with a dot."""

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
    written to its end or is no plain file, links something that is not there, or is beyond a limit
    of GitHub.
    """
    entries = dict(_entries(site))
    sizes = {name: entry.lstat().st_size for name, entry in entries.items() if not _is_hidden(name)}
    if MANIFEST not in sizes:
        raise AtlasError(f"{site} holds no site of atlas; 'make atlas' builds it")
    if (site / ".git").exists():
        raise AtlasError(f"{site}/.git is not for publishing; move it out of the site")
    left = re.compile(rf"\..*\.part|{re.escape(LOCK)}")
    torn = [name for name in entries if left.fullmatch(posixpath.basename(name))]
    if torn:
        raise AtlasError(
            f"{site}/{_first(torn)} is of a render that goes on or was interrupted: "
            "render again, or delete it"
        )
    odd = [name for name in sizes if not stat.S_ISREG(entries[name].lstat().st_mode)]
    if odd:
        # Published it would be what it points to, wherever that lies.
        raise AtlasError(
            f"{site}/{_first(odd)} is a link or no plain file; put a file there, or delete it"
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

    The branch keeps its history, and what it holds that no atlas put there, such as a CNAME; the
    pages of the last atlas are replaced. Hidden files of the site are left out. Returns the
    address the site gets where the remote is on GitHub.

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
    tell(one_line(f"Publishing {site} ({size / 1e6:.1f} MB) to {BRANCH} of {remote}"))
    names = [name for name, _ in _entries(site)]
    published = [name for name in names if not _is_hidden(name)]
    if hidden := sorted(set(names) - set(published)):
        tell(one_line(f"Left out as hidden: {_some(hidden)}"))
    before = _fetch(remote)
    with TemporaryDirectory() as folder:
        for name in published:
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(site / name, Path(folder) / name)
        if kept := _restore(before, published, Path(folder)):
            tell(one_line(f"Kept on the branch, as it is of no atlas: {_some(kept)}"))
        _push(folder, remote, committer)
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
        print(f"atlas: {one_line(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("atlas: interrupted; publishing again starts anew", file=sys.stderr)
        return 130
    tell(f"Published: {address}" if address else "Published")
    return 0


def _entries(site: Path) -> Iterator[tuple[str, Path]]:
    """Name and path of everything in a site that is no folder; links are not followed."""
    for folder, folders, names in os.walk(site):
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        for name in [*names, *linked]:
            path = Path(folder, name)
            yield path.relative_to(site).as_posix(), path


def _is_hidden(name: str) -> bool:
    """Whether a file is hidden or in a hidden folder: of an editor or a system, not of the site."""
    first, *rest = name.split("/")
    return any(part.startswith(".") for part in ([] if first in HIDDEN else [first]) + rest)


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


def _fetch(remote: str) -> str | None:
    """Bring what the remote's branch holds, for the next commit to follow it; its commit."""
    branch = f"refs/heads/{BRANCH}"
    cannot_read = f"cannot read from {remote}"
    if not _git(cannot_read, "ls-remote", "--", remote, branch):
        return None
    tracking = f"refs/remotes/{remote}/{BRANCH}"
    _git(cannot_read, "fetch", "--quiet", "--no-tags", "--", remote, f"+{branch}:{tracking}")
    return _git(cannot_read, "rev-parse", tracking)


def _restore(commit: str | None, published: Collection[str], folder: Path) -> list[str]:
    """Put the files of a commit that no atlas wrote into a folder; their names.

    A file that the site has too is the site's.
    """
    if commit is None:
        return []
    damaged = f"{BRANCH} cannot be read"
    found = {}
    for entry in _git(damaged, "ls-tree", "-r", "-z", commit).split("\0"):
        about, _, name = entry.partition("\t")
        if about.startswith("100"):  # a plain file; a link or another repository is none
            found[name] = about.split()[2]
    listed = _blob(found[MANIFEST]).decode().splitlines() if MANIFEST in found else []
    kept = sorted(found.keys() - {MANIFEST, *listed, *published})
    # What was a file is now a folder, or the other way round: then it is the site's too.
    folders = {str(parent) for name in published for parent in PurePosixPath(name).parents}
    files = set(published)
    kept = [
        name
        for name in kept
        if name not in folders and files.isdisjoint(map(str, PurePosixPath(name).parents))
    ]
    for name in kept:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(_blob(found[name]))
    return kept


def _blob(digest: str) -> bytes:
    """The content of a file in the repository."""
    return subprocess.run(
        ["git", "cat-file", "blob", digest], check=True, capture_output=True
    ).stdout


def _push(folder: str, remote: str, committer: str) -> None:
    # ghp-import looks for the committer in fewer places than git does.
    name, _, rest = committer.partition(" <")
    email, _, _ = rest.partition(">")
    program = [sys.executable, "-m", "ghp_import", "--no-jekyll", "--push", "--branch", BRANCH]
    options = ["--remote", remote, "--message", "Publish the atlas", "--", folder]
    _run(
        f"cannot push to {BRANCH} of {remote}",
        [*program, *options],
        {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": email},
    )


def _git(problem: str, *arguments: str) -> str:
    return _run(problem, ["git", *arguments], {})


def _run(problem: str, command: list[str], variables: dict[str, str]) -> str:
    """What a command prints. Raises AtlasError with the problem and the command's own reason."""
    # Not the locale C: in that, Python does not find itself below a folder named "größe".
    environment = os.environ | variables | {"LANGUAGE": "C", "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except FileNotFoundError:
        raise AtlasError(f"{command[0]} is not installed") from None
    if done.returncode:
        # Git's reason stands in the middle of hints, and of the traceback of ghp-import.
        reasons = re.findall(r"(?m)^(?:.*?\b(?:fatal|error): | ! )(.+)$", done.stderr)
        last = done.stderr.strip().rpartition("\n")[2]
        raise AtlasError(f"{problem} ({reasons[0] if reasons else last})")
    return done.stdout.strip()


def _some(names: Sequence[str]) -> str:
    """The first few of some names, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _first(names: Collection[str]) -> str:
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return min(names) + more


if __name__ == "__main__":
    open_streams()
    sys.exit(main())
