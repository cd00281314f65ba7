"""Make the tiles: a small picture of every unit of the chosen layers."""

from collections.abc import Sequence

from atlas._system.progress import Progress
from atlas.build import resources
from atlas.build.request import chosen_layers
from atlas.build.session import Session
from atlas.build.sharing import Chunk, share_out
from atlas.maximize.loop import maximize_chunk
from atlas.rank.tables import scales
from atlas.recipe import RECIPES, TILES
from atlas.run.identity import check_identity
from atlas.run.plan import Item, halves
from atlas.run.tiles import RECIPE, missing_tiles, stale_files, tile_side, write_tiles


def are_wanted(session: Session) -> bool:
    """Whether tiles are asked for; where nothing is said, on a GPU."""
    asked = session.settings.tiles
    return session.network.device.type == "cuda" if asked is None else asked


def make_tiles(session: Session) -> None:
    """Make the tiles that the run does not have, with the other processes of the group."""
    run, network, group = session.run, session.network, session.group
    check_identity(run, session.making)
    todo = group.shared(_missing(session) if group.leads else [])
    if not todo:
        return
    recipe, scale_of = RECIPES[RECIPE], scales(run.table("strongest"))
    turns = resources.turns(network.device)

    def make(chunk: Sequence[Item], progress: Progress) -> None:
        targets = [item.target for item in chunk]
        own = [scale_of[target.layer, target.unit] for target in targets]
        with turns:
            made = maximize_chunk(
                network,
                targets,
                recipe,
                session.settings.seed,
                progress=progress,
                scales=own,
                until=tile_side(network.sizes),
            )
        write_tiles(run, chunk, made)

    session.say(f"making tiles of {sum(map(len, todo)):,} units, {network.precision}")
    share_out(session, todo, _cost(session, todo), make, halves, stage="tiles", queue=TILES)
    group.wait()


def drop_stale(session: Session) -> None:
    """Remove tiles of an earlier version of the recipe, which are not to stand beside others."""
    layers = [layer.name for layer in chosen_layers(session)]
    stale = [path for layer in layers for path in stale_files(session.run, layer)]
    if stale:
        session.say(f"tiles by another {RECIPE} are made again")
    for path in stale:
        path.unlink()


def left_to_do(session: Session) -> int:
    """The pixels of all optimizer steps of all tiles that are not made."""
    return _cost(session, _missing(session))


def _missing(session: Session) -> list[Chunk]:
    batch = session.run.settings().batch
    return [
        chunk
        for layer in chosen_layers(session)
        for chunk in missing_tiles(session.run, layer.name, layer.units, batch)
    ]


def _cost(session: Session, todo: Sequence[Chunk]) -> int:
    recipe = RECIPES[RECIPE]
    sides = [rung.size for rung in recipe.ladder(session.network.sizes)]
    pixels = sum(side**2 for side in sides if side <= tile_side(session.network.sizes))
    return recipe.steps * pixels * sum(map(len, todo))
