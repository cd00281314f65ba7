"""What a run was asked, and by which recipes: only what can be asked, and can be."""

from collections.abc import Mapping
from typing import Any

from atlas.errors import UsageError
from atlas.recipe import constants
from atlas.run.schema import RunSettings
from atlas.settings import check_request


def check_requests(settings: RunSettings) -> None:
    """Raise ValueError for a request or a recipe that none can be, naming its key."""
    recipes = settings.identity.recipes
    for name, kept in recipes.items():
        try:
            constants(kept)
        except (UsageError, TypeError) as error:
            reason = str(error).replace("Recipe.__init__() ", "")
            raise ValueError(f"identity.recipes.{name}: {reason}") from None
    _check("asked", settings.asked, recipes)
    for place, request in enumerate(settings.requests):
        _check(f"requests[{place}]", request, recipes)


def _check(where: str, request: Mapping[str, Any], recipes: Mapping[str, Any]) -> None:
    try:
        check_request(request, where)
    except UsageError as error:
        raise ValueError(str(error)) from None
    if unknown := set(request.get("recipe", ())) - recipes.keys():
        raise ValueError(f"{where}: recipe {min(unknown)} is none of identity.recipes")
