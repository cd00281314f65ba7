"""Jinja2 set up for the site: every template escapes, and an unknown name is an error."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from traceback import walk_tb
from typing import Any
from urllib.parse import quote

import jinja2

import atlas
from atlas._system.filenames import slug
from atlas.errors import AtlasError, reason_of
from atlas.render.svg import number, percent


def own_templates() -> Path:
    """Where our templates lie: in the package once installed, beside it in a checkout."""
    package = Path(atlas.__file__).parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


class Templates:
    """Our templates, each of which a file of the same name in the folder ``own`` replaces."""

    def __init__(self, own: Path | None, **shared: Any) -> None:
        if own and not own.is_dir():
            raise AtlasError(f"there is no folder {own} for --templates; make it or leave it out")
        self.folders = [folder for folder in (own, own_templates()) if folder]
        self._own = own
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self.folders, encoding="utf-8-sig"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters |= {
            "number": number,
            "percent": percent,
            "path": quote,
            "slug": slug,
            "csp_hash": csp_hash,
        }
        self._environment.globals |= shared

    def page(self, template: str, context: Mapping[str, Any]) -> str:
        """Write one page. Raises AtlasError for a mistake in a user's own template."""
        try:
            return self._environment.get_template(template).render(context)
        except jinja2.TemplateSyntaxError as error:
            raise self._mistake(error, error.name or template, error.lineno) from error
        except UnicodeDecodeError as error:
            raise AtlasError(
                f"template {template}, or one that it includes, is not in UTF-8; save it so"
            ) from error
        except Exception as error:
            place = self._place(error)
            if self._own is None or place is None:
                raise
            raise self._mistake(error, *place) from error

    def static(self) -> dict[str, bytes]:
        """Stylesheet, script and icon by name; a user's file before ours."""
        found: dict[str, bytes] = {}
        for folder in reversed(self.folders):
            for path in sorted((folder / "static").glob("*")):
                if path.is_file() and not path.name.startswith("."):
                    found[f"static/{path.name}"] = path.read_bytes()
        return found

    def _place(self, error: Exception) -> tuple[str, int] | None:
        """The template and line that an error came from, the innermost."""
        found = None
        for frame, line in walk_tb(error.__traceback__):
            file = Path(frame.f_code.co_filename)
            for folder in self.folders:
                if file.is_relative_to(folder):
                    found = file.relative_to(folder).as_posix(), line
        return found

    def _mistake(self, error: Exception, template: str, line: int) -> AtlasError:
        return AtlasError(
            f"template {template}, line {line}: {reason_of(error)}; mend it and render again"
        )


def csp_hash(text: str) -> str:
    """By which a page's Content-Security-Policy allows a style or script that stands in it."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
