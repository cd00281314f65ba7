"""Published files come from torch's cache, or are downloaded into it."""

import hashlib
import socket
from pathlib import Path

import pytest

from atlas.errors import AtlasError
from atlas.network import published
from atlas.network.published import fetch

pytestmark = pytest.mark.usefixtures("empty_cache")


def named_by_hash(content: bytes) -> str:
    return f"file-{hashlib.sha256(content).hexdigest()[:8]}.pth"


def test_a_file_is_downloaded_once(served: tuple[Path, str], empty_cache: Path) -> None:
    folder, address = served
    name = named_by_hash(b"content")
    (folder / name).write_bytes(b"content")
    assert fetch(f"{address}/{name}") == empty_cache / name
    (folder / name).unlink()
    assert fetch(f"{address}/{name}").read_bytes() == b"content"


def test_a_download_with_another_hash_is_refused(
    served: tuple[Path, str], empty_cache: Path
) -> None:
    folder, address = served
    (folder / "file-00000000.pth").write_bytes(b"content")
    with pytest.raises(AtlasError, match="invalid hash value"):
        fetch(f"{address}/file-00000000.pth")
    assert not list(empty_cache.iterdir())


def test_a_damaged_file_in_the_cache_is_downloaded_again(
    served: tuple[Path, str], empty_cache: Path
) -> None:
    folder, address = served
    name = named_by_hash(b"content")
    (folder / name).write_bytes(b"content")
    empty_cache.mkdir(parents=True)
    (empty_cache / name).write_bytes(b"cont")
    assert fetch(f"{address}/{name}").read_bytes() == b"content"


def test_a_damaged_file_in_the_cache_is_not_used_offline(empty_cache: Path, nowhere: str) -> None:
    name = named_by_hash(b"content")
    empty_cache.mkdir(parents=True)
    (empty_cache / name).write_bytes(b"cont")
    with pytest.raises(AtlasError, match="cannot be downloaded"):
        fetch(f"{nowhere}/{name}")


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "DOWNLOAD_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file-00000000.pth"
        with pytest.raises(AtlasError, match="timed out"):
            fetch(url)
    assert socket.getdefaulttimeout() is None
