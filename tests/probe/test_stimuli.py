"""The built-in battery: what a tuning curve or a reader of the site relies on."""

import hashlib
import subprocess
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from atlas.examine.spectrum import slope
from atlas.probe import stimuli
from atlas.probe.stimuli import Stimulus, battery, conditions


def named(name: str) -> Stimulus:
    return next(stimulus for stimulus in battery() if stimulus.name == name)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(Stimulus.draw, battery()))


def test_every_stimulus_is_an_image_and_no_two_are_the_same(pictures: list[np.ndarray]) -> None:
    assert len(pictures) >= 600
    assert {(picture.shape, picture.dtype.name) for picture in pictures} == {
        ((224, 224, 3), "uint8")
    }
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


def test_only_plain_fields_are_without_contrast(pictures: list[np.ndarray]) -> None:
    flat = {
        s.name
        for s, p in zip(battery(), pictures, strict=True)
        if np.ptp(p, axis=(0, 1)).max() < 60
    }
    assert all(name.startswith(("gray/", "color/field-")) for name in flat)


def test_ranked_stimuli_have_the_spectra_and_colors_of_photographs(
    pictures: list[np.ndarray],
) -> None:
    """In ImageNet, at quantiles 0.1, 0.5, 0.9: slopes -3.4 -2.7 -2.0, saturations 0.1 0.3 0.5."""
    ranked = [p for s, p in zip(battery(), pictures, strict=True) if s.natural]
    slopes = np.quantile([slope(picture) for picture in ranked], [0.1, 0.5, 0.9])
    assert np.abs(slopes - [-3.4, -2.7, -2.0]).max() < 0.5
    vivid = [np.ptp(picture, axis=2).mean() / picture.max(2).mean() for picture in ranked]
    assert np.abs(np.quantile(vivid, [0.1, 0.5, 0.9]) - [0.1, 0.3, 0.5]).max() < 0.1


def test_names_are_unique_and_start_with_the_family() -> None:
    names = [stimulus.name for stimulus in battery()]
    assert len(set(names)) == len(names)
    assert all(s.name.startswith(s.family + "/") and s.name.isprintable() for s in battery())


def test_another_process_has_the_same_battery_and_draws_the_same_pictures() -> None:
    shown = ["leaves/s0.015-c0.9-n2", "noise/natural-e1-n1", "scene/creature-n1"]
    program = (
        "import hashlib; from atlas.probe import stimuli\n"
        "by_name = {s.name: s for s in stimuli.battery()}\n"
        f"pixels = b''.join(by_name[n].draw().tobytes() for n in {shown})\n"
        "print(stimuli.digest(), hashlib.sha256(pixels).hexdigest())"
    )
    pixels = b"".join(named(name).draw().tobytes() for name in shown)
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert output.stdout.split() == [stimuli.digest(), hashlib.sha256(pixels).hexdigest()]


@pytest.mark.parametrize(("orientation", "changes"), [("o000", 0), ("o090", 1)])
def test_orientation_zero_is_horizontal_stripes(orientation: str, changes: int) -> None:
    picture = named(f"grating/{orientation}-f8-p000").draw().astype(float)
    assert np.ptp(picture, axis=1 - changes).max() == 0
    assert np.ptp(picture, axis=changes).min() > 200


def test_orientation_turns_counterclockwise() -> None:
    """A stripe at 22.5 degrees rises to the right."""
    picture = named("grating/o022.5-f2-p000").draw()[..., 0].astype(int)
    middle = 112
    right, rise = 60, round(60 * np.tan(np.radians(22.5)))
    assert abs(picture[middle - rise, middle + right] - picture[middle, middle]) < 10
    assert abs(picture[middle + rise, middle + right] - picture[middle, middle]) > 100


def test_frequency_counts_cycles_across_the_image() -> None:
    row = named("grating/o090-f16-p000").draw()[0, :, 0].astype(float)
    assert np.abs(np.fft.rfft(row - row.mean())).argmax() == 16


def test_opponent_gratings_change_color_and_not_lightness() -> None:
    picture = named("opponent/h000-o090-f2").draw()[0].astype(float) / 255
    assert np.ptp(picture[:, 0]) > 0.5
    linear = ((picture + 0.055) / 1.055) ** 2.4
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert np.ptp(luminance) / luminance.mean() < 0.35


def test_hue_names_the_color_a_reader_expects() -> None:
    strongest = {"h030": 0, "h150": 1, "h270": 2}
    for hue, channel in strongest.items():
        assert named(f"color/field-{hue}-l0.5-c0.95").draw()[0, 0].argmax() == channel


def test_conditions_are_balanced() -> None:
    """Within an axis, each value meets the same settings of all other parameters equally often."""
    all_stimuli = battery()
    settings: dict[str, dict[str, Counter[tuple[object, ...]]]] = defaultdict(dict)
    for condition, indices in conditions(all_stimuli).items():
        axis, _, value = condition.partition(":")
        if axis == "family":
            continue
        for index in indices:
            assert f"{all_stimuli[index].parameters[axis]:g}" == value
        settings[axis][value] = Counter(
            tuple(sorted((k, v) for k, v in all_stimuli[i].parameters.items() if k != axis))
            for i in indices
        )
    assert set(settings) == {"orientation", "frequency", "hue"}
    for values in settings.values():
        assert len(values) >= 6
        first, *others = values.values()
        assert all(other == first for other in others)


def test_families_share_out_the_whole_battery() -> None:
    found = conditions(battery())
    families = [indices for name, indices in found.items() if name.startswith("family:")]
    assert sorted(index for indices in families for index in indices) == list(range(len(battery())))
    assert len(families) >= 12


def test_conditions_speak_of_the_stimuli_given() -> None:
    some = [s for s in battery() if s.family == "star"]
    assert conditions(some) == {"family:star": list(range(len(some)))}
