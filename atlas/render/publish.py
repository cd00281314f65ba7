"""A finished site onto the branch that GitHub Pages serves, if nothing of it is missing.

A commit of half a site would be served as it is, so the whole folder is looked through before
anything is pushed. The commit is made without a checkout: neither the user's files nor their
branches and index are touched.
"""

import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from atlas._system.paths import as_path
from atlas._system.streams import tell
from atlas._system.web_address import site_address
from atlas.errors import AtlasError, UsageError, one_line
from atlas.render.address import addressed
from atlas.render.output import MANIFEST, listed
from atlas.render.site_check import check_site

BRANCH = "gh-pages"

CNAME = "CNAME"
"""Names the domain of a site; GitHub puts it on the branch when one is set ("Managing a custom
domain for your GitHub Pages site")."""

GITHUB = re.compile(
    r"(?:\w+://)?(?:[^@/]+@)?(?:ssh\.|www\.)?github\.com(?::\d+(?=/))?[:/]"
    r"(?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/?"
)

Tree = Mapping[str, str]
"""Mode, type and object of files by their names, as ``git ls-tree`` says them."""


def publish(site: Path, remote: str) -> str | None:
    """Commit a checked site to the branch gh-pages and push it to a remote of this repository.

    The branch keeps its history, and what it holds that no atlas put there, such as a CNAME; the
    files of the last atlas are replaced. Hidden files of the site are left out. A site that was not
    told where it will lie is published with the address it gets, that of a CNAME or where the
    remote is on GitHub; this is returned.

    Raises AtlasError when the site should not be published (see check_site) or cannot be.
    """
    files = check_site(site)
    _git("no git repository to publish from", "rev-parse", "--git-dir")
    url = _git(f"'git remote' lists no {remote!r}", "remote", "get-url", "--push", "--", remote)
    _git("git config lacks user.name or user.email", "var", "GIT_COMMITTER_IDENT")
    tell(one_line(f"Publishing {site} ({files.size / 1e6:.1f} MB) to {BRANCH} of {remote}"))
    before = _fetch(remote)
    foreign = _foreign(before)
    address = _own_domain(site, files.sizes, foreign) or pages_address(url)
    changed = addressed(site, files.sizes, address) if address else {}
    unchanged = sorted(files.sizes.keys() - changed.keys())
    tree = _write_tree(foreign, _store(site, unchanged), _store_told(changed))
    after = _read_tree(tree)
    _tell_of("Left out, as it is hidden", files.hidden)
    _tell_of("Published, although no render wrote it", files.added)
    own = files.sizes.keys() | changed.keys()
    _tell_of("Kept on the branch, as it is of no atlas", after.keys() - own)
    lost = [name for name, entry in foreign.items() if after.get(name) != entry]
    _tell_of("Replaced on the branch, although it is of no atlas", lost)
    parent = ["-p", before] if before else []
    commit = _git("cannot commit", "commit-tree", *parent, "-m", "Publish the atlas", tree)
    cannot_push = f"cannot push to {BRANCH} of {remote}"
    _git(cannot_push, "push", "--quiet", "--", remote, f"{commit}:refs/heads/{BRANCH}")
    return address


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


def _fetch(remote: str) -> str | None:
    """Bring what the remote's branch holds, for the next commit to follow it; its commit."""
    branch = f"refs/heads/{BRANCH}"
    cannot_read = f"cannot read from {remote}"
    if not _git(cannot_read, "ls-remote", "--", remote, branch):
        return None
    tracking = f"refs/remotes/{remote}/{BRANCH}"
    _git(cannot_read, "fetch", "--quiet", "--no-tags", "--", remote, f"+{branch}:{tracking}")
    return _git(cannot_read, "rev-parse", tracking)


def _read_tree(tree: str) -> Tree:
    listing = _git("cannot read what was published", "ls-tree", "-r", "-z", "--full-tree", tree)
    lines = (line.split("\t", 1) for line in listing.split("\0") if line)
    return {name: entry for entry, name in lines}


def _foreign(commit: str | None) -> Tree:
    """What a commit holds that is of no atlas, as the manifest in it says."""
    held = _read_tree(commit) if commit else {}
    if MANIFEST not in held:
        return held
    digest = held[MANIFEST].split()[-1]
    manifest = _git("cannot read what was published", "cat-file", "blob", digest)
    own = {MANIFEST, *listed(os.fsencode(manifest))}
    return {name: entry for name, entry in held.items() if name not in own}


def _store(site: Path, names: Sequence[str]) -> Tree:
    """Put files of a site into the repository, each byte as it is."""
    paths = "".join(f"{_quoted(site.absolute() / name)}\n" for name in names)
    options = ["-w", "--no-filters", "--stdin-paths"]
    digests = _git("cannot store the site", "hash-object", *options, given=paths).split()
    return {name: f"100644 blob {digest}" for name, digest in zip(names, digests, strict=True)}


def _store_told(files: Mapping[str, bytes]) -> Tree:
    """Put files into the repository that lie in no folder yet."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return _store(Path(folder), sorted(files))


def _own_domain(site: Path, names: Collection[str], foreign: Tree) -> str | None:
    """The address at the domain that a CNAME gives, of the site or else of the branch."""
    if CNAME in names:
        text = (site / CNAME).read_text("utf-8", "replace")
    elif CNAME in foreign:
        digest = foreign[CNAME].split()[-1]
        text = _git("cannot read what was published", "cat-file", "blob", digest)
    else:
        return None
    with suppress(ValueError):
        return site_address(f"https://{text.strip().lower()}")
    return None


def _write_tree(*trees: Tree) -> str:
    """One tree of several; of two files in the same place the later one counts."""
    lines = "".join(f"{entry}\t{name}\0" for tree in trees for name, entry in tree.items())
    with TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        options = ["-z", "--replace", "--index-info"]
        _git("cannot store the site", "update-index", *options, given=lines, variables=index)
        return _git("cannot store the site", "write-tree", variables=index)


def _quoted(path: Path) -> str:
    """A path as git reads it from a line."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _git(
    problem: str, *arguments: str, given: str = "", variables: Mapping[str, str] | None = None
) -> str:
    """What a command of git prints. Raises AtlasError with the problem and git's own reason."""
    # Not the locale C: a hook may be a program that needs the user's.
    environment = os.environ | {"LANGUAGE": "C"} | dict(variables or {})
    try:
        done = subprocess.run(
            ["git", *arguments], input=os.fsencode(given), env=environment, capture_output=True
        )
    except FileNotFoundError:
        raise AtlasError("git is not installed") from None
    if done.returncode:
        said = os.fsdecode(done.stderr)
        # The reason stands in the middle of hints.
        reasons = re.findall(r"(?m)^(?:.*?\b(?:fatal|error): | ! )(.+)$", said)
        last = said.strip().rpartition("\n")[2]
        raise AtlasError(f"{problem} ({reasons[0] if reasons else last})")
    return os.fsdecode(done.stdout).strip()


def _tell_of(what: str, names: Iterable[str]) -> None:
    """Say what became of files, if there are any; of many only the first few."""
    ordered = sorted(names)
    more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
    if ordered:
        tell(one_line(f"{what}: {', '.join(ordered[:5])}{more}"))
