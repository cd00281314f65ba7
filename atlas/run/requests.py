"""What a run was asked, and by which recipes: only what can be asked, and can be."""

from collections.abc import Mapping
from typing import Any

from atlas.errors import UsageError
from atlas.read_settings import check_request
from atlas.recipe import constants
from atlas.run.schema import Identity, RunSettings
from atlas.settings import DEFAULTS


def check_requests(settings: RunSettings) -> None:
    """Raise ValueError for a request or a recipe that none can be, naming its key."""
    identity = settings.identity
    for name, kept in identity.recipes.items():
        try:
            constants(kept)
        except (UsageError, TypeError) as error:
            reason = str(error).replace("Recipe.__init__() ", "")
            raise ValueError(f"identity.recipes.{name}: {reason}") from None
    _check("asked", settings.asked, identity)
    for place, request in enumerate(settings.requests):
        _check(f"requests[{place}]", request, identity)


def _check(where: str, request: Mapping[str, Any], identity: Identity) -> None:
    try:
        check_request(request, where)
    except UsageError as error:
        raise ValueError(str(error)) from None
    if request.get("seed", identity.seed) != identity.seed:
        raise ValueError(f"{where}: seed is not identity.seed")
    if unknown := {*request.get("recipe", DEFAULTS["recipe"])} - identity.recipes.keys():
        raise ValueError(f"{where}: recipe {min(unknown)} is none of identity.recipes")
