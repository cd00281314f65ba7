"""Progress: a bar on a terminal, lines in a log, and neither where the user wants none."""

import os
import pty
import sys
import termios
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from atlas._system import progress
from atlas._system.progress import PIXEL_STEPS, show_progress
from atlas._system.streams import Log


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing of terminals and bars."""
    for name in [name for name in os.environ if name.startswith("TQDM_")] + ["CI"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is ten seconds on whenever it is looked at."""
    ticks = iter(range(0, 10**6, 10))
    clock = SimpleNamespace(monotonic=lambda: float(next(ticks)))
    monkeypatch.setattr(progress, "time", clock)


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Work while standard error is a terminal; return what that got."""

    def run(columns: int = 100, **options: Any) -> str:
        master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, columns))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", Log(slave, "utf-8"))
            work(**options)
        os.write(slave, b"end")
        found = b""
        while not found.endswith(b"end"):
            found += os.read(master, 4096)
        os.close(master)
        os.close(slave)
        return found.removesuffix(b"end").decode()

    return run


def work(total: int | None = 30, unit: str = "images", quiet: bool = False) -> None:
    with show_progress("rank", total, unit, quiet) as done:
        for _ in range(30):
            done(1)


def test_a_log_has_a_line_every_so_often(hours: None, capsys: pytest.CaptureFixture[str]) -> None:
    work()
    said = capsys.readouterr().err
    first, *between, last = said.splitlines()
    assert "\r" not in said
    assert (first, last[:14]) == ("rank: 0 of 30 images", "rank: done in ")
    assert 3 <= len(between) <= 10
    assert all(" of 30 images in " in line and line.endswith(" left") for line in between[:-1])


def test_lines_give_a_share_of_steps_and_no_share_of_what_has_no_end(
    hours: None, capsys: pytest.CaptureFixture[str]
) -> None:
    work(20, PIXEL_STEPS)  # and more than foreseen
    said = capsys.readouterr().err
    assert PIXEL_STEPS not in said and "rank: 30% in " in said and "rank: 100% in " in said
    work(None, "pages")
    said = capsys.readouterr().err
    assert said.startswith("rank: 0 pages\n") and " left" not in said


def test_a_stage_that_fails_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), show_progress("rank", 3, "images"):
        raise KeyError
    assert capsys.readouterr().err == "rank: 0 of 3 images\n"


def test_a_terminal_has_a_bar(on_terminal: Callable[..., str]) -> None:
    said = on_terminal()
    assert "\r" in said and "100%" in said and "30/30" in said
    assert "\r" not in on_terminal(columns=0).replace("\r\n", "\n"), "it has no room for one"


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("CI", "1"), ("TERM", "dumb")])
def test_a_terminal_before_which_nobody_sits_has_lines(
    on_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert on_terminal().replace("\r\n", "\n").startswith("rank: 0 of 30 images\nrank: done in ")


@pytest.mark.parametrize(("value", "shown"), [("1", False), ("true", False), ("0", True)])
def test_tqdm_can_be_disabled(
    on_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch, value: str, shown: bool
) -> None:
    monkeypatch.setenv("TQDM_DISABLE", value)
    assert bool(on_terminal()) == shown
    monkeypatch.setenv("CI", "true")
    assert bool(on_terminal()) == shown


def test_quiet_is_quiet(on_terminal: Callable[..., str]) -> None:
    assert on_terminal(quiet=True) == ""
