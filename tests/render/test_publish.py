"""Publishing: a whole site reaches the branch gh-pages of a bare repository, no other does."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from atlas.render.address import addressed
from atlas.render.output import MANIFEST, SiteFolder
from atlas.render.publish import main, pages_address
from atlas.render.site_check import check_site

CHECKOUT = Path(__file__).parents[2]

HEAD = (
    '<link rel="stylesheet" href="{}static/a.css"><meta property="og:image" content="{}a%20b.png">'
)

FILES = {
    ".nojekyll": "",
    "404.html": HEAD.format("", "") + '<a href="index.html">atlas</a>',
    "a b.png": "picture",
    "index.html": HEAD.format("", "")
    + '<a href="#main">skip</a><main id="main"><a href="units/1.html#evidence">1</a>'
    + '<a href="https://example.org/nowhere.html">elsewhere</a><a href="mailto:a@b.org">mail</a>',
    "static/a.css": "",
    "units/1.html": HEAD.format("../", "../")
    + '<h2 id="evidence"></h2><img src="../a%20b.png"><a href="../compare/?units=1">compare</a>',
    "compare/index.html": '<img data-full="../a%20b.png" srcset="../a%20b.png 1x, ../a%20b.png">',
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def make_site(site: Path, **changed: str) -> Path:
    with SiteFolder.opened(site) as folder:
        for name, content in (FILES | changed).items():
            folder.write(name, content)
    return site


@pytest.fixture(autouse=True)
def git_of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git as it is where nothing is configured, but for a name."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\nname = Ada Lovelace\nemail = ada@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--bare", "the remote.git")
    return tmp_path / "the remote.git"


@pytest.fixture
def checkout(tmp_path: Path, bare: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository that knows the bare one as origin, and the folder to work in."""
    git(tmp_path, "init", "--quiet", "my checkout")
    monkeypatch.chdir(tmp_path / "my checkout")
    git(Path(), "remote", "add", "origin", str(bare))
    return tmp_path / "my checkout"


@pytest.fixture
def site(checkout: Path) -> Path:
    return make_site(checkout / "my site")


def published(bare: Path) -> dict[str, str]:
    names = git(bare, "ls-tree", "-r", "-z", "--name-only", "gh-pages").split("\0")
    return {name: git(bare, "show", f"gh-pages:{name}") for name in names if name}


def in_folder(site: Path) -> dict[str, str]:
    files = [path for path in site.rglob("*") if path.is_file()]
    return {path.relative_to(site).as_posix(): path.read_text().strip() for path in files}


def told(site: Path, address: str) -> dict[str, str]:
    """A site as it is published where its address is known."""
    files = addressed(site, in_folder(site), address)
    return in_folder(site) | {name: text.decode().strip() for name, text in files.items()}


def refusal(capsys: pytest.CaptureFixture[str], bare: Path, *arguments: str) -> str:
    """The one line that publishing ends with, nothing being pushed."""
    before = git(bare, "for-each-ref")
    assert main(arguments) == 1
    assert git(bare, "for-each-ref") == before
    error = capsys.readouterr().err
    assert error.startswith("atlas: ") and error.count("\n") == 1
    return error


def test_the_branch_holds_exactly_the_site(site: Path, bare: Path) -> None:
    assert main([str(site), "origin"]) == 0
    assert published(bare).keys() == {*FILES, MANIFEST}
    assert published(bare) == in_folder(site)
    assert git(bare, "for-each-ref", "--format=%(refname)") == "refs/heads/gh-pages"
    assert git(bare, "log", "-1", "--format=%cn <%ce>", "gh-pages") == (
        "Ada Lovelace <ada@example.org>"
    )


def test_publishing_again_replaces_the_site_and_keeps_the_history(site: Path, bare: Path) -> None:
    assert main([str(site), "origin"]) == 0
    (site / "units/1.html").write_text("<p id=evidence>")
    (site / "static/new.css").touch()
    assert main([str(site), "origin"]) == 0
    assert published(bare) == in_folder(site)
    assert git(bare, "rev-list", "--count", "gh-pages") == "2"


def test_a_site_published_from_elsewhere_is_followed(
    site: Path, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([str(site), "origin"]) == 0
    git(tmp_path, "clone", "--quiet", "--origin", "upstream", str(bare), "other")
    git(tmp_path / "other", "update-ref", "-d", "refs/remotes/upstream/gh-pages")
    monkeypatch.chdir(tmp_path / "other")
    assert main([str(site), "upstream"]) == 0
    monkeypatch.chdir(site.parent)
    assert main([str(site), "origin"]) == 0
    assert git(bare, "rev-list", "--count", "gh-pages") == "3"


def commit(bare: Path, tmp_path: Path, **files: str) -> None:
    """Put files on the branch, as its owner or GitHub does."""
    clone = tmp_path / "owner"
    git(tmp_path, "clone", "--quiet", str(bare), "owner")
    if git(bare, "for-each-ref"):
        git(clone, "checkout", "--quiet", "gh-pages")
    else:
        git(clone, "checkout", "--quiet", "--orphan", "gh-pages")
    for name, content in files.items():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(content)
    git(clone, "add", "--all", "--force")
    git(clone, "commit", "--quiet", "--message", "Mine")
    git(clone, "push", "--quiet", "origin", "gh-pages")
    shutil.rmtree(clone)


OWN = {
    "CNAME": "atlas.example.org",
    "README.md": "Mine",
    ".well-known/security.txt": "me",
    ".github/workflows/a.yml": "on: push",
    "with spaces/ä.txt": "ä",
}


@pytest.mark.parametrize("first", [True, False])
def test_what_others_put_on_the_branch_stays(
    site: Path, bare: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], first: bool
) -> None:
    if not first:
        assert main([str(site), "origin"]) == 0
    commit(bare, tmp_path, **OWN)
    capfd.readouterr()
    assert main([str(site), "origin"]) == 0
    assert published(bare) == told(site, "https://atlas.example.org/") | OWN
    assert "CNAME" in capfd.readouterr().out
    # Of the atlas itself nothing stays that is gone.
    with SiteFolder.opened(site) as folder:
        for name, content in FILES.items():
            if name != "compare/index.html":
                folder.write(name, content.replace("../compare/?units=1", "1.html"))
    assert main([str(site), "origin"]) == 0
    assert published(bare) == told(site, "https://atlas.example.org/") | OWN
    assert "compare/index.html" not in published(bare)


def test_a_file_where_the_site_has_a_folder_gives_way(
    site: Path, bare: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    commit(bare, tmp_path, **{"units": "mine", "static/a.css/b": "mine", "index.html": "mine"})
    assert main([str(site), "origin"]) == 0
    assert published(bare) == in_folder(site)
    told = "Replaced on the branch, although it is of no atlas: index.html, static/a.css/b, units"
    assert told in capfd.readouterr().out
    assert main([str(site), "origin"]) == 0
    assert "Replaced" not in capfd.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every path is Unicode")
def test_whatever_others_put_on_the_branch_stays_as_it_is(
    site: Path, bare: Path, tmp_path: Path
) -> None:
    owner = tmp_path / "their branch"
    git(tmp_path, "clone", "--quiet", str(bare), owner.name)
    (owner / "deploy.sh").write_bytes(b"#!/bin/sh\r\n")
    (owner / "deploy.sh").chmod(0o755)
    (owner / "alias").symlink_to("deploy.sh")
    (owner / os.fsdecode(b'caf\xe9\n\t"\\.txt')).write_bytes(b"\xff\r\n")
    (owner / ".gitattributes").write_text("* text=auto eol=crlf\n")
    git(owner, "-c", "core.autocrlf=false", "add", "--all")
    git(owner, "commit", "--quiet", "--message", "Mine")
    git(owner, "push", "--quiet", "origin", "HEAD:gh-pages")
    theirs = set(git(bare, "ls-tree", "-r", "gh-pages").splitlines())
    assert len(theirs) == 4
    assert main([str(site), "origin"]) == 0
    assert theirs < set(git(bare, "ls-tree", "-r", "gh-pages").splitlines())


def test_each_byte_is_published_and_the_checkout_stays_as_it_is(
    site: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(site.parent, "commit", "--quiet", "--allow-empty", "--message", "First")
    (site.parent / ".gitignore").write_text("*.css\nunits/\n")
    (site.parent / ".gitattributes").write_text("* text eol=crlf\n")
    git(site.parent, "config", "core.autocrlf", "input")
    git(site.parent, "add", ".gitignore")
    before = git(site.parent, "status", "--porcelain"), git(site.parent, "rev-parse", "HEAD")
    (site / "notes.txt").write_bytes(b"one\r\ntwo\n")
    monkeypatch.chdir(site / "units")
    assert main(["..", "origin"]) == 0
    assert published(bare).keys() == in_folder(site).keys()
    size = git(bare, "cat-file", "-s", "gh-pages:notes.txt")
    assert int(size) == (site / "notes.txt").stat().st_size
    assert before == (
        git(site.parent, "status", "--porcelain"),
        git(site.parent, "rev-parse", "HEAD"),
    )


@pytest.mark.parametrize("damage", [b"\xff\xfe\n", b"\0\n", b"../../x\n/etc/passwd\n", b"\r\n"])
def test_a_manifest_that_says_more_than_files_counts_for_what_it_says_of_them(
    site: Path, bare: Path, damage: bytes
) -> None:
    with (site / MANIFEST).open("ab") as manifest:
        manifest.write(damage)
    for _ in range(2):  # the second time it is read from the branch too
        assert main([str(site), "origin"]) == 0
    names = git(bare, "ls-tree", "-r", "-z", "--name-only", "gh-pages")
    assert set(names.strip("\0").split("\0")) == {*FILES, MANIFEST}


def test_hidden_files_are_left_out_and_told(
    site: Path, bare: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (site / ".well-known").mkdir()
    (site / ".well-known" / "security.txt").write_text("me")
    kept = in_folder(site)
    (site / ".DS_Store").write_text("folder")
    (site / "units" / ".env").write_text("TOKEN=1")
    (site / ".idea").mkdir()
    (site / ".idea" / "link").symlink_to("/etc/hostname")
    assert main([str(site), "origin"]) == 0
    assert published(bare) == kept
    out = capfd.readouterr().out
    assert "Left out, as it is hidden: .DS_Store, .idea/link, units/.env\n" in out
    assert "Published, although no render wrote it: .well-known/security.txt\n" in out


@pytest.mark.parametrize("name", ["leak.txt", "units/leak"])
@pytest.mark.parametrize("target", ["/etc/hostname", "/etc", "index.html", "nothing"])
def test_a_link_in_the_site_is_refused(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str], name: str, target: str
) -> None:
    (site / name).symlink_to(target)
    assert f"my site/{name} is a link" in refusal(capsys, bare, str(site), "origin")


def test_a_pipe_in_the_site_is_refused(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(site / "pipe")
    assert "pipe is a link or no plain file" in refusal(capsys, bare, str(site), "origin")


def test_a_site_that_is_itself_a_link_is_published(site: Path, bare: Path) -> None:
    site.rename(site.with_name("real"))
    site.symlink_to("real")
    assert main([str(site), "origin"]) == 0
    assert published(bare) == in_folder(site.with_name("real"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every path is Unicode")
def test_paths_that_are_no_unicode_are_published_or_refused_in_one_line(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = os.fsdecode(b"site_caf\xe9")
    site.rename(odd)
    assert main([odd, "origin"]) == 0
    assert r"site_caf\udce9" in capsys.readouterr().out
    assert published(bare) == in_folder(Path(odd))
    os.unlink(Path(odd) / "404.html")
    assert "404.html is missing" in refusal(capsys, bare, odd, "origin")
    assert "holds no site" in refusal(capsys, bare, f"{odd}-not", "origin")
    assert main([odd, odd]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_make_publishes_another_folder_to_another_remote(
    site: Path, bare: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAKEFLAGS", "MAKELEVEL", "SITE", "REMOTE"):  # of a make that runs the tests
        monkeypatch.delenv(name, raising=False)
    git(checkout, "remote", "rename", "origin", "pages")
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    stamp = ".venv/.installed"  # -o: as good as installed
    make = ["make", "-f", str(CHECKOUT / "Makefile"), "-o", stamp]
    subprocess.run([*make, "publish", "SITE=my site", "REMOTE=pages"], check=True)
    assert published(bare) == in_folder(site)
    shutil.move(site, checkout / "site")
    done = subprocess.run([*make, "publish"], capture_output=True, text=True)
    assert done.returncode and "'git remote' lists no 'origin'" in done.stderr.splitlines()[0]


@pytest.mark.parametrize("name", sorted({*FILES, MANIFEST} - {"compare/index.html"}))
def test_a_missing_file_is_refused(
    name: str, site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / name).unlink()
    error = refusal(capsys, bare, str(site), "origin")
    assert ("holds no site" if name == MANIFEST else f"{name} is missing") in error


def test_a_site_without_a_file_that_github_needs_is_refused(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = site / MANIFEST
    manifest.write_text(manifest.read_text().replace("404.html\n", ""))
    (site / "404.html").unlink()
    assert "404.html is missing" in refusal(capsys, bare, str(site), "origin")


@pytest.mark.parametrize(
    "element",
    [
        '<a href="units/2.html">',
        '<a href="units/1.HTML">',
        '<a href="units/1.html#other">',
        '<a href="#other">',
        '<a href="../other-site/index.html">',
        '<img src="a b c.png">',
        '<img srcset="a%20b.png 1x, b.png 2x">',
        '<meta property="og:image" content="b.png">',
        '<link rel="canonical" href="https://ada.github.io/engine/">'
        '<a href="/engine/units/2.html">',
        '<link rel="canonical" href="https://ada.github.io/engine/">'
        '<a href="https://ada.github.io/engine/units/2.html">',
    ],
)
def test_a_link_that_leads_nowhere_is_refused(
    element: str, site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "index.html").write_text(element)
    error = refusal(capsys, bare, str(site), "origin")
    assert "index.html links" in error and "not there" in error


@pytest.mark.parametrize(
    "element",
    [
        '<a href="/engine/units/1.html#evidence"><a href="https://ada.github.io/engine/">',
        '<a href="/other-site/"><a href="https://ada.github.io/other.html">',
    ],
)
def test_links_at_the_address_of_the_site_are_within_it(element: str, site: Path) -> None:
    canonical = '<link rel="canonical" href="https://ada.github.io/engine/">'
    (site / "index.html").write_text(canonical + '<main id="main">')
    (site / "404.html").write_text(element)
    assert check_site(site).size == sum(p.stat().st_size for p in site.rglob("*") if p.is_file())


def test_a_file_beyond_what_github_takes_is_refused(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.truncate(site / "a b.png", 100 * 2**20)
    check_site(site)
    os.truncate(site / "a b.png", 100 * 2**20 + 1)
    assert "a b.png is larger than" in refusal(capsys, bare, str(site), "origin")


def test_a_site_beyond_what_github_serves_is_refused(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(10):
        with (site / f"{number}.png").open("wb") as file:
            file.truncate(10**8)
    assert "at most 1 GB" in refusal(capsys, bare, str(site), "origin")


def test_a_half_written_file_is_refused(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("units/.k3x_9.part", ".atlas-lock"):
        (site / name).touch()
        assert name in refusal(capsys, bare, str(site), "origin")
        (site / name).unlink()


def test_a_repository_inside_the_site_is_refused(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(site, "init", "--quiet")
    assert "my site/.git is" in refusal(capsys, bare, str(site), "origin")


def test_a_folder_that_is_not_there_is_refused(
    checkout: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds no site" in refusal(capsys, bare, str(checkout / "nothing"), "origin")


def test_an_unknown_remote_is_refused(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "lists no 'upstream'" in refusal(capsys, bare, str(site), "upstream")


def test_a_remote_that_is_gone_is_refused(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(site, "remote", "set-url", "origin", str(bare / "gone"))
    assert "cannot read from origin" in refusal(capsys, bare, str(site), "origin")


def test_a_push_that_fails_says_why(
    site: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    error = refusal(capsys, bare, str(site), "origin")
    assert "cannot push to gh-pages of origin" in error and "hook declined" in error
    hook.unlink()
    assert main([str(site), "origin"]) == 0


def test_no_repository_is_refused(
    site: Path,
    bare: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    assert "no git repository" in refusal(capsys, bare, str(site), "origin")


def test_nobody_is_refused(
    site: Path, bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(site, "config", "user.useConfigOnly", "true")
    assert "lacks user.name or user.email" in refusal(capsys, bare, str(site), "origin")


def test_a_missing_git_is_named(
    site: Path,
    bare: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([str(site), "origin"]) == 1
    monkeypatch.setenv("PATH", path)
    assert capsys.readouterr().err == "atlas: git is not installed\n"
    assert not git(bare, "for-each-ref")


@pytest.mark.parametrize(("held", "image"), [
    ("ada.example.org\n", "https://ada.example.org/a%20b.png"),
    ("no domain/?\n", "a%20b.png"),
])  # fmt: skip
def test_the_domain_that_github_noted_is_the_sites_address(
    held: str, image: str, site: Path, bare: Path, tmp_path: Path
) -> None:
    commit(bare, tmp_path, CNAME=held)
    assert main([str(site), "origin"]) == 0
    assert published(bare)["CNAME"] == held.strip()
    assert f'<meta property="og:image" content="{image}">' in published(bare)["index.html"]
    assert published(bare).keys() == {*in_folder(site), "CNAME"} | (
        {"sitemap.xml"} if "ada" in held else set()
    )


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("git@github.com:Ada/Engine.git", "https://ada.github.io/Engine/"),
        ("https://github.com/ada/engine", "https://ada.github.io/engine/"),
        ("https://token@github.com/ada/engine.git/", "https://ada.github.io/engine/"),
        ("ssh://git@ssh.github.com:443/ada/engine.git", "https://ada.github.io/engine/"),
        ("git@github.com:ada/Ada.github.io.git", "https://ada.github.io/"),
        ("https://gitlab.com/ada/engine.git", None),
        ("https://notgithub.com/ada/engine.git", None),
        ("/srv/github.com/ada/engine.git", None),
    ],
)
def test_the_address_is_told_from_that_of_the_repository(url: str, address: str | None) -> None:
    assert pages_address(url) == address


def test_the_address_is_shown(
    site: Path,
    bare: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "engine.git").symlink_to(bare)
    # In place of ssh to the host: the command that is to run there.
    monkeypatch.setenv("GIT_SSH_COMMAND", f"there() {{ cd '{tmp_path}' && eval \"$2\"; }}; there")
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    git(site, "remote", "set-url", "origin", "git@github.com:ada/engine.git")
    assert main([str(site), "origin"]) == 0
    assert published(bare) == told(site, "https://ada.github.io/engine/")
    assert capsys.readouterr().out.endswith("Published: https://ada.github.io/engine/\n")
