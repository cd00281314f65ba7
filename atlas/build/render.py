"""Render: make the site of the run."""

import os
from pathlib import Path

from atlas.build.session import Session
from atlas.render.site import render as render_site


def render(session: Session) -> None:
    """Make the site."""
    settings, run = session.settings, session.run
    photographs = None
    if settings.publish_probe_images:
        photographs = Path(os.path.expanduser(run.settings()["asked"]["probe"]))
    with session.timed("render"), session.bar("render", None, "pages") as bar:
        render_site(
            run,
            session.site,
            templates=session.templates,
            base_url=settings.base_url,
            publish_probe_images=photographs,
            progress=bar.update,
        )
