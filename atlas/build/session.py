"""What the stages of one build share: the run, the network, the processes, the log."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from atlas._system.processes import ProcessGroup
from atlas._system.progress import Progress, show_progress
from atlas.build.normalization import in_bytes
from atlas.network.addresses.address import find_address
from atlas.probe.probe_set import ProbeSet
from atlas.run.folder import Run
from atlas.run.schema import Making
from atlas.settings import Settings

if TYPE_CHECKING:  # a site is rendered without torch
    from atlas.examine.similarity_judge import SimilarityJudge
    from atlas.network.network import Network

Log = Callable[[str], object]
"""Called with each line of the log."""


@dataclass
class Session:
    """A run being made or continued.

    Args:
        settings: what is asked.
        run: where it is kept.
        group: the processes that share the work.
        log: called with each line that this process says.
        given: the network, where it does not come from the settings.
        given_probe: the probe set, likewise.
        opened: the probe set, once it was asked for.
        remarked: what has been said of the network.
        pace: seconds that a pixel took in an optimizer step, by recipe, as far as known.
    """

    settings: Settings
    run: Run
    group: ProcessGroup
    log: Log
    given: "Network | None" = None
    given_probe: ProbeSet | None = None
    opened: ProbeSet | None = None
    remarked: list[str] = field(default_factory=list)
    pace: dict[str, float] = field(default_factory=dict)

    def say(self, line: str) -> None:
        """Log a line that every process of the group has to say: the leader does so for all."""
        if self.group.leads:
            self.log(line)

    @cached_property
    def network(self) -> "Network":
        """The network, on the device, in the precision and with the threads the run has."""
        from atlas.build.resources import open_network

        kept = self.run.settings() if self.run.has("run.json") else None
        address = find_address(self.settings.network) if self.given is None else None
        if address and address.notice:
            self.say(address.notice)  # before that code runs
        network = open_network(self.settings, kept, self.group.local_rank, self.given)
        for remark in network.weights.remarks:
            self.say(remark)
        if self.given is None and in_bytes(self.settings):
            self.say("mean and std are taken for those of images in 0..255: each is divided by 255")
        return network

    def verify(self, layers: Sequence[str]) -> None:
        """Hold what will be computed against the user's own module; say in what way it is.

        Raises AtlasError for a layer of which no picture can be made.
        """
        from atlas.network.faithful import verify

        verify(self.network, layers)
        for remark in self.network.remarks:
            if remark not in self.remarked:
                self.remarked.append(remark)
                self.say(f"NOTICE: {remark}")

    @cached_property
    def judge(self) -> "SimilarityJudge | None":
        """The judge of likeness; none where it would judge its own pictures."""
        from atlas.build.judge import choose_judge

        kept = self.run.settings() if self.run.has("run.json") else None
        return choose_judge(self.network, self.settings.judge, kept, self.say)

    @property
    def judge_sha256(self) -> str | None:
        """By which the judge is known again."""
        return self.judge and self.judge.sha256

    @property
    def making(self) -> Making:
        """What identifies the run, but for the probe set."""
        from atlas.build.identity import identify

        return identify(self.network, self.settings.recipes_asked(), self.settings.seed)

    @property
    def site(self) -> Path:
        """Where the pages go."""
        return Path(self.settings.site)

    @property
    def templates(self) -> Path | None:
        """The folder of templates that go before the built-in ones."""
        return Path(self.settings.templates) if self.settings.templates else None

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds a stage took to the run's timings.

        A run that one may read and not write can be rendered all the same.
        """
        start = time.perf_counter()
        yield
        if not self.group.leads or not os.access(self.run.path, os.W_OK):
            return
        timings = self.run.timings()
        timings[stage] = round(timings.get(stage, 0) + time.perf_counter() - start, 3)
        self.run.write_json("timings", timings)

    def progress(
        self, stage: str, total: int | None, unit: str
    ) -> AbstractContextManager[Progress]:
        """Show the progress of a stage, which the leader alone does."""
        return show_progress(stage, total, unit, self.settings.quiet or not self.group.leads)
