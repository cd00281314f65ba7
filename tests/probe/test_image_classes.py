"""Classes of probe images: by folders, of Imagenette, or by a file, which is right or refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.imagenette import served

from atlas.errors import UsageError
from atlas.probe.folder import Folder
from atlas.probe.imagenette import Imagenette
from atlas.probe.labels import folder_classes, read_labels

NAMES = ["cat/0.png", "cat/1.png", "dog/0.png", "dog/own.png", "sofa's.png"]


def album(folder: Path, names: list[str]) -> Path:
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), i, np.uint8)).save(folder / name)
    return folder


def test_folders_right_below_the_probe_set_are_classes(tmp_path: Path) -> None:
    probe = Folder(album(tmp_path, ["cat/a/0.png", "cat/1.png", "sea otter/0.png"]))
    expected = {"cat/a/0.png": "cat", "cat/1.png": "cat", "sea otter/0.png": "sea otter"}
    assert probe.labels == probe.at(64).labels == expected
    assert probe.table().to_dict("list") == {
        "image": ["cat/1.png", "cat/a/0.png", "sea otter/0.png"],
        "label": ["cat", "cat", "sea otter"],
    }


@pytest.mark.parametrize("names", [["0.png", "1.png"], ["cat/0.png", "cat/1.png"], NAMES])
def test_a_single_folder_or_images_beside_folders_make_no_classes(
    tmp_path: Path, names: list[str]
) -> None:
    probe = Folder(album(tmp_path, names))
    assert probe.labels == {} and list(probe.table()) == ["image"]


def test_a_few_stray_images_have_no_class_and_leave_the_others_theirs() -> None:
    sorted_ones = [f"{name}/{i}.png" for name in ("cat", "dog") for i in range(10)]
    assert [*folder_classes([*sorted_ones, "stray.png"])] == sorted_ones


def test_classes_change_no_digest(tmp_path: Path) -> None:
    probe = Folder(album(tmp_path, NAMES))
    before = probe.digest
    (tmp_path / "labels").write_text("image,label\ncat/0.png,Katze\n", "utf-8")
    probe.labels = read_labels(tmp_path / "labels", probe.names)
    assert probe.digest == before
    assert probe.table()["label"].fillna("").tolist() == ["Katze", "", "", "", ""]


def test_imagenettes_classes_are_called_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path, monkeypatch):
        probe = Imagenette("imagenette-160")
    assert {name.partition("/")[0]: label for name, label in probe.labels.items()} == {
        "n01440764": "tench",
        "n03888257": "parachute",
    }


def labels_of(folder: Path, text: str | bytes) -> dict[str, str]:
    path = folder / "labels.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_labels(path, NAMES, ["dog/broken.png"])


def test_a_file_tells_classes_by_path_or_by_a_name_that_one_image_has(tmp_path: Path) -> None:
    text = '\ufeffnumber,label, image\r\n1,"cat, sleeping",cat/0.png\r\n\r\n2, dog ,own.png\r\n'
    text += "3,dog,broken.png\r\n4,,sofa's.png\r\n5,NA,dog/0.png"
    assert labels_of(tmp_path, text) == {
        "cat/0.png": "cat, sleeping",
        "dog/own.png": "dog",
        "dog/0.png": "NA",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no column image; its first line must be image,label"),
        ("image;label\ncat/0.png;cat\n", "has no column image"),
        ("image,class\ncat/0.png,cat\n", "has no column label"),
        ("image,label\ncat/2.png,cat\n", "line 2: the probe set has no image 'cat/2.png'"),
        ("image,label\n0.png,cat\n", "2 images are called '0.png'; give its path, such as cat/0"),
        ("image,label\ncat/1.png,cat\n1.png,cat\n", "line 3: the image 'cat/1.png' is there twice"),
        ("image,label\ncat/0.png,cat, sleeping\n", "line 2: it has 3 values and not 2; a text"),
        ('image,label\n"cat/0.png,cat\n', "line 2: it is no CSV"),
        ("image,label\ncat/0.png,\n", "has no label of any image"),
        (b"image,label\ncat/0.png,K\xe4tzchen\n", "is not in UTF-8; save it so"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, text: str | bytes, reason: str
) -> None:
    with pytest.raises(UsageError) as caught:
        labels_of(tmp_path, text)
    line = str(caught.value)
    assert reason in line and str(tmp_path / "labels.csv") in line and "\n" not in line


def test_a_file_that_there_is_not_is_said_so(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.csv", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            read_labels(path, NAMES)
