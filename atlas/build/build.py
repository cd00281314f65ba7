"""All stages in a row over a run folder, or one of them alone.

Each stage reads what the earlier ones wrote, does what is missing, and writes what it computed.
"""

from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING

from atlas._system.locks import lock
from atlas._system.processes import ProcessGroup
from atlas.build.overlap import refuse_overlap
from atlas.build.session import Log, Session
from atlas.probe.probe_set import ProbeSet
from atlas.render.site import check_site
from atlas.run.folder import Run
from atlas.run.verification import mend, refuse_damage
from atlas.settings import Settings

if TYPE_CHECKING:
    from atlas.network.network import Network

STAGES = ("rank", "maximize", "examine", "relate", "render")

SHARED = ("maximize", "rounds")
"""What the processes of a group do together; the rest is its leader's."""


def build(
    settings: Settings,
    network: "Network | None" = None,
    *,
    probe: ProbeSet | None = None,
    log: Log | None = None,
) -> None:
    """Make or continue a run and its site: rank, maximize, examine, relate, render.

    Args:
        settings: what is asked.
        network: any network, for one that the settings cannot name. It is known again by the hash
            of its weights and its name; ``settings.network``, ``weights``, ``device`` and
            ``precision`` then count for nothing.
        probe: any probe set, such as ``Images``, for one that the settings cannot name;
            ``settings.probe`` then counts for nothing.
        log: called with each line of the log; by default nobody is.

    Raises:
        AtlasError: for whatever a user can mend.
    """
    run_stages(STAGES, settings, network, probe=probe, log=log)


def run_stages(
    stages: tuple[str, ...],
    settings: Settings,
    network: "Network | None" = None,
    *,
    probe: ProbeSet | None = None,
    log: Log | None = None,
) -> None:
    """Do some of the stages over a run, which is locked and mended first where they write it.

    Under torchrun the processes share the work. Arguments and errors as of ``build``.
    """
    refuse_overlap(settings, renders="render" in stages)
    group = ProcessGroup.join()
    if not group.leads and not set(stages) & set(SHARED):
        return
    say = log or (lambda line: None)
    session = Session(settings, Run(settings.run), group, say, network, probe)
    # A site can be made while its run goes on, since every file of a run is whole. The lock of a
    # group is its leader's.
    writes = group.leads and stages != ("render",)
    with lock(session.run.path) if writes else nullcontext():
        if writes:
            mend(session.run, session.say)
        elif group.leads:
            refuse_damage(session.run)
        if group.leads and len(stages) > 1:
            check_site(
                session.run, session.site, session.templates
            )  # before hours of work, not after
        for name in ("rank", "rounds") if stages == STAGES else stages:
            if group.leads or name in SHARED:
                load_stage(name)(session)


def load_stage(name: str) -> Callable[[Session], None]:
    """The function of a stage, loaded when it is asked for: a site is rendered without torch."""
    return getattr(import_module(f"atlas.build.{name}"), name)
