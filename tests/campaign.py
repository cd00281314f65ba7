"""Kills a small build at random moments of every stage and goes on with the same command.

    python tests/campaign.py [--kills N] [--seed N] [--small]

In the end the pictures, tables and site are byte for byte those of an undisturbed build. Each
build is a process of its own, forked from one in which the libraries are loaded already, so that
the time goes to the stages and not to loading.
"""

import argparse
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from support.small_build import Colors, contents, draw_photographs, shrink

from atlas._system.atomic_files import PART

LOADED = multiprocessing.get_context("forkserver")
LOADED.set_forkserver_preload(  # nothing of the tests: their folder is unknown there
    ["atlas.cli", *(f"atlas.build.{name}" for name in ("rank", "rounds"))]
)

SCHEDULE = [
    *("--recipe", "article", "--upscales", "2", "--steps", "2", "--batch", "2"),
    *("--device", "cpu"),
]
GOOGLENET = ["--weights", "bundled", "--layers", "conv1,conv2,inception3a", "--top", "4", *SCHEDULE]
SMALL = ["--top", "all", "--samples", "2", *SCHEDULE]

FIRST = ["--layers", "conv1", "--top", "1"]
"""What a run is asked first that is then extended."""

FIRST_LOOK, LAST = 29, 30
"""Sides in pixels at which the two rounds of this schedule end."""

STAGES = ("rank", "tuning", "maximize", "examine", "relate", "render")
"""The bars that a build draws."""

INTERRUPTED = 0.2
"""How often to interrupt instead of to kill."""

IN_A_WRITE = 0.4
"""How often to wait with the kill until a file is being written."""

TURNS = (
    ("rank", 3),
    ("tuning", 2),
    (f"maximize to {FIRST_LOOK}", 4),
    (f"examine at {FIRST_LOOK}", 1),
    (f"relate at {FIRST_LOOK}", 1),
    ("render", 2),  # what the build before made
    (f"maximize to {LAST}", 4),
    (f"examine at {LAST}", 1),
    (f"relate at {LAST}", 1),
    ("render", 4),
)
"""Where and how often one build is disturbed, at most; then it may finish.

After a round, examining and rendering belong to it; a build that goes on begins with them.
"""

ROUND = ("maximize to", "examine at", "relate at", "render at")
ORDER = (
    *("start", "rank", "tuning", "maximize", "examine", "relate", "render"),
    *(f"{stage} {FIRST_LOOK}" for stage in ROUND),
    *(f"{stage} {LAST}" for stage in ROUND),
)
"""What a build may come to, one after the other."""


def build(folder: Path, small: bool, changes: Sequence[str]) -> None:
    """Build into ``run`` and ``site`` of a folder, in a process of its own."""
    import pytest
    from tqdm import tqdm

    from atlas import cli
    from atlas._system import signals
    from atlas.examine import similarity_judge
    from atlas.probe import stimuli
    from atlas.run import rounds

    os.dup2(os.open(folder / "log", os.O_CREAT | os.O_TRUNC | os.O_WRONLY), 2)
    signals.leave_at_once()
    tqdm.set_lock(threading.RLock())  # one of processes would have to be cleaned up after a kill
    rounds.FIRST_LOOK = {"article": FIRST_LOOK}
    if small:
        shrink(pytest.MonkeyPatch())
        similarity_judge.SimilarityJudge = Colors
    else:
        few = stimuli.battery()[::16]
        stimuli.battery = lambda: few
    folders = ["--run", str(folder / "run"), "--site", str(folder / "site")]
    options = [*(SMALL if small else GOOGLENET), "--probe", str(folder / "photographs")]
    os._exit(cli.main(["build", *options, *folders, *changes]))


@dataclass
class Campaign:
    """Builds in ``folder`` disturbed by signals.

    Args:
        folder: an empty one.
        seed: of the moments.
        small: whether to build of a small network, which takes a moment, and not of GoogLeNet.
        kills: by stage, of processes that were killed there.
        interrupts: of those that got SIGINT or SIGTERM there instead, and said so.
        halves: how many files of killed writes were found.
        rounds: builds that came to their end.
    """

    folder: Path
    seed: int = 0
    small: bool = False
    kills: Counter[str] = field(default_factory=Counter)
    interrupts: Counter[str] = field(default_factory=Counter)
    halves: int = 0
    rounds: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        (self.folder / "photographs").mkdir(parents=True)
        draw_photographs(self.folder / "photographs", 40)
        self.lasting: dict[str, float] = {}
        # That which begins a run comes last: by its stages the moments are drawn.
        self.undisturbed = {extends: self._undisturbed(extends) for extends in (True, False)}

    def round(self, turns: Sequence[tuple[str, int]] = TURNS, *, extends: bool = False) -> None:
        """Disturb one build until every stage had its turns; raises AssertionError on a loss.

        The build ``extends`` a run that has a layer and a unit already, or begins one.
        """
        self._begin(extends)
        for stage, times in turns:
            for _ in range(times):
                number = signal.SIGKILL
                if self.random.random() < INTERRUPTED:
                    number = self.random.choice((signal.SIGINT, signal.SIGTERM))
                self._disturb(stage, number)
        process = self._start()
        process.join()
        assert process.exitcode == 0, self._log()
        self._compare(self.undisturbed[extends])
        self.rounds += 1

    @property
    def everywhere(self) -> bool:
        """Whether a process was killed in every stage."""
        return all(self.kills[stage] for stage, _ in TURNS)

    def _begin(self, extends: bool) -> None:
        for name in ("run", "site"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        if extends:
            process = self._start(FIRST)
            process.join()
            assert process.exitcode == 0, self._log()

    def _undisturbed(self, extends: bool) -> dict[str, bytes]:
        """What an undisturbed build gives; measures how long its stages last."""
        self._begin(extends)
        process, seen, before = self._start(), "", time.perf_counter()
        while process.is_alive():
            if (now := self._stage()) != seen:
                if seen:
                    self.lasting[seen] = time.perf_counter() - before
                seen, before = now, time.perf_counter()
            time.sleep(0.002)
        self.lasting[seen] = time.perf_counter() - before
        assert process.exitcode == 0, self._log()
        whole = {name: contents(self.folder / name) for name in ("run", "site")}
        assert all(whole.values())
        return {f"{name}/{path}": data for name in whole for path, data in whole[name].items()}

    def _disturb(self, stage: str, number: signal.Signals) -> None:
        """Build until a random moment of a stage, and end the process there."""
        process = self._start()
        # One that passes the stage over, as an earlier build did it, is disturbed in a later one.
        while process.is_alive() and ORDER.index(self._stage()) < ORDER.index(stage):
            time.sleep(0.002)
        time.sleep(self.random.uniform(0, self.lasting.get(stage, 0.1)))
        if self.random.random() < IN_A_WRITE:
            while process.is_alive() and not self._halves():
                pass
        where = self._stage()
        with suppress(ProcessLookupError):  # it was faster
            os.kill(process.pid or 0, number)
        process.join()
        if process.exitcode == 0:
            return
        self.halves += self._halves()
        if number == signal.SIGKILL:
            assert process.exitcode == -signal.SIGKILL, self._log()
            self.kills[where] += 1
        else:
            assert process.exitcode == 130, self._log()
            assert "the same command" in self._log() and "Traceback" not in self._log()
            self.interrupts[where] += 1

    def _halves(self) -> int:
        return sum(1 for _ in self.folder.rglob("*".join(PART)))

    def _compare(self, undisturbed: dict[str, bytes]) -> None:
        for name, data in undisturbed.items():
            path = self.folder / name
            assert path.is_file() and path.read_bytes() == data, f"{name} differs"
        found = {f"{top}/{path}" for top in ("run", "site") for path in contents(self.folder / top)}
        assert found == set(undisturbed), found ^ set(undisturbed)

    def _start(self, changes: Sequence[str] = ()) -> BaseProcess:
        (self.folder / "log").unlink(missing_ok=True)
        process = LOADED.Process(target=build, args=(self.folder, self.small, changes))
        process.start()
        return process

    def _log(self) -> str:
        log = self.folder / "log"
        return log.read_text("utf-8") if log.exists() else ""

    def _stage(self) -> str:
        """The bar that was drawn last and the size of its round; at first none."""
        bar, size = "start", ""
        for reached, drawn in re.findall(
            rf"maximizing .* to (\d+) pixels|({'|'.join(STAGES)}):", self._log()
        ):
            size = reached or size
            bar = drawn or bar
        if not size or bar not in STAGES[2:]:
            return bar
        return f"{bar} {'to' if bar == 'maximize' else 'at'} {size}"


def main() -> None:
    """Run rounds until enough processes were killed, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--small", action="store_true", help="a small network, not GoogLeNet")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), asked.seed, asked.small)
        while campaign.kills.total() < asked.kills or not campaign.everywhere:
            campaign.round(extends=campaign.rounds % 3 == 1)
            print(
                f"round {campaign.rounds}: {campaign.kills.total()} killed, "
                f"{campaign.interrupts.total()} interrupted, the same bytes",
                file=sys.stderr,
            )
    for name, counts in (("killed", campaign.kills), ("interrupted", campaign.interrupts)):
        print(f"{name}: {counts.total()}", *(f"{stage} {n}" for stage, n in counts.items()))
    print(f"files of killed writes: {campaign.halves}; builds finished: {campaign.rounds}")


if __name__ == "__main__":
    main()
