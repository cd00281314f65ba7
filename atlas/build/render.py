"""Render: make the site of the run."""

from pathlib import Path

from atlas._system.paths import as_path
from atlas.build.session import Session
from atlas.render.site import render as render_site
from atlas.run.folder import Run
from atlas.settings import DEFAULTS


def render(session: Session, then: str = "") -> None:
    """Make the site; ``then`` is what the build does after it, in words."""
    settings, run = session.settings, session.run
    photographs = None
    if settings.publish_probe_images and session.given_probe is not None:
        photographs = session.given_probe
    elif settings.publish_probe_images:
        photographs = probe_images_of(run)
    with session.timed("render"), session.progress("render", None, "pages") as progress:
        render_site(
            run,
            session.site,
            templates=session.templates,
            base_url=settings.base_url,
            notes=as_path(settings.notes) if settings.notes else None,
            publish_probe_images=photographs,
            progress=progress,
            say=session.say,
        )
    where = f"the site is in {settings.site}: open {settings.site}/index.html"
    session.say(f"{where} now; {then}" if then else where)


def probe_images_of(run: Run) -> Path:
    """The folder of the images that a run was ranked on, as it was last asked for."""
    return as_path(run.settings().asked.get("probe", DEFAULTS["probe"]))
