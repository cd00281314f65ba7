"""Round by round: a whole site as early as can be, that grows while it is browsed."""

from collections.abc import Sequence

from atlas.build import tiles
from atlas.build.examine import examine
from atlas.build.maximize import climb, finish, left_to_do, prepare
from atlas.build.relate import relate
from atlas.build.render import render
from atlas.build.request import wanted_pictures
from atlas.build.session import Session
from atlas.build.sheets import write_sheets
from atlas.run.rounds import TILE_ROUND, Round, all_rounds
from atlas.run.tiles import RECIPE


def rounds(session: Session) -> None:
    """Maximize, examine, relate and render after each round that an earlier build has not finished.

    The processes of a group maximize together; the rest is their leader's.
    """
    group = session.group
    prepare(session)
    made_by = {item.recipe for item in wanted_pictures(session)}
    asked = session.settings.recipes_asked()
    recipes = {name: recipe for name, recipe in asked.items() if name in made_by}
    stops = all_rounds(recipes, session.network.sizes)
    if tiles.are_wanted(session):
        stops.append(TILE_ROUND)
    left = group.shared(
        [stop for stop in stops if _left_to_do(session, stop)] if group.leads else []
    )
    if len(left) < len(stops):
        _show(session, left, len(stops))  # what an earlier build made
    for done, stop in enumerate(left, 1):
        if stop == TILE_ROUND:
            tiles.make_tiles(session)
        else:
            climb(session, stop)
        _show(session, left[done:], len(stops))


def _left_to_do(session: Session, stop: Round) -> int:
    return tiles.left_to_do(session) if stop == TILE_ROUND else left_to_do(session, stop)


def _show(session: Session, left: Sequence[Round], rounds: int) -> None:
    """Make the site of what there is, and say what is left to do."""
    if not session.group.leads:
        return
    if left:
        write_sheets(session.run)
    else:
        finish(session)
    examine(session)
    relate(session)
    render(session, then=_next(session, left[0], rounds - len(left) + 1, rounds) if left else "")


def _next(session: Session, stop: Round, number: int, rounds: int) -> str:
    """Which round comes next, and how long it takes at the pace of those before, where known."""
    recipe = RECIPE if stop == TILE_ROUND else stop.recipe
    pace = session.pace.get(recipe) or max(session.pace.values(), default=None)
    long = ""
    if pace is not None:
        minutes = round(_left_to_do(session, stop) * pace / 60)
        long = f", about {minutes} minutes" if minutes > 1 else ", about a minute"
    what = "tiles of every unit" if stop == TILE_ROUND else f"{stop.recipe} to {stop.size} pixels"
    return f"round {number} of {rounds} goes on ({what}{long})"
