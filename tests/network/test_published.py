"""Published files come from torch's cache, or are downloaded into it."""

import hashlib
from pathlib import Path

import pytest

from atlas.errors import AtlasError
from atlas.network.weights.published import fetch

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
    with pytest.raises(AtlasError, match=r"its sha256 is ed7002b4\.\.\., not 00000000"):
        fetch(f"{address}/file-00000000.pth")
    assert not empty_cache.exists(), "nothing is left behind"


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
