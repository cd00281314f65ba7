"""``python -m benchmarks.wall``: what the first page weighs, and how smoothly its wall zooms.

For a run of your own, ``--site`` names its site; without it one is drawn of as many units as
GoogLeNet's layers have. Prints the bytes that the page loads when it opens, and the times between
frames while the wheel zooms all the way in and out again; a time is never judged.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.drawn_wall import draw_wall

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

FRAMES = """(turns) => new Promise((done) => {
    const canvas = document.querySelector("#wall"), box = canvas.getBoundingClientRect();
    const point = { clientX: box.left + box.width / 3, clientY: box.top + box.height / 3 };
    const times = [];
    let last = performance.now(), turn = 0;
    const frame = (now) => {
        times.push(now - last);
        last = now;
        if (turn === 2 * turns) return done(times.slice(1));
        const deltaY = turn < turns ? -40 : 40;
        canvas.dispatchEvent(new WheelEvent("wheel", { ...point, deltaY, cancelable: true }));
        turn += 1;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
})"""
"""Turns the wheel once a frame, in and out, and gives the milliseconds of every frame."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wall", description=__doc__)
    parser.add_argument("--site", type=Path, help="a site that is there (one that is drawn)")
    parser.add_argument("--layers", type=int, default=12, help="of the drawn one (12)")
    parser.add_argument("--units", type=int, default=615, help="of each of its layers (615)")
    parser.add_argument("--pictured", type=int, default=10, help="of each, the others tiles (10)")
    parser.add_argument("--turns", type=int, default=120, help="of the wheel, in and out (120)")
    options = parser.parse_args()
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if browser is None:
        print("benchmarks: no Chromium is found; install Debian's chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        site = options.site or draw_wall(
            Path(folder), options.layers, options.units, options.pictured
        )
        with _opened(browser) as page:
            _measure(page, site.resolve() / "index.html", options.turns)
    return 0


def _measure(page: Page, address: Path, turns: int) -> None:
    loaded: dict[str, int] = {}
    page.on("requestfinished", lambda request: loaded.update({request.url: _size(request.url)}))
    page.goto(address.as_uri())
    page.wait_for_load_state("networkidle")
    units = page.evaluate("window.atlas.wall.units.length")
    print(
        f"{units} units; {sum(loaded.values()) / 1e6:.2f} MB in {len(loaded)} files when it opens"
    )
    for which in ("first", "second"):
        times = sorted(page.evaluate(FRAMES, turns))
        print(
            f"{which} time in and out, {len(times)} frames: median "
            f"{statistics.median(times):.1f} ms, 95 of 100 under "
            f"{times[int(0.95 * len(times))]:.1f} ms, worst {times[-1]:.1f} ms"
        )
        page.wait_for_timeout(1000)


def _size(address: str) -> int:
    return Path(address.removeprefix("file://").partition("?")[0]).stat().st_size


@contextmanager
def _opened(browser: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=ARGUMENTS)
        yield chromium.new_page(viewport={"width": 1280, "height": 800})
        chromium.close()


if __name__ == "__main__":
    raise SystemExit(main())
