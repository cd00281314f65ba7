"""Maximize: make the pictures asked for that the run does not have, round by round."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from atlas._system.progress import Progress
from atlas.build import resources, tiles
from atlas.build.faces import directions
from atlas.build.request import left_out, wanted_pictures
from atlas.build.run_settings import add_recipes
from atlas.build.session import Session
from atlas.build.sharing import Chunk, share_out
from atlas.build.sheets import write_sheets
from atlas.build.spectrum import kept_spectrum
from atlas.maximize.axes import Axes
from atlas.maximize.diversity import with_earlier
from atlas.maximize.faces import maximize_faces
from atlas.maximize.loop import maximize_chunk
from atlas.rank.tables import images_of, scales_counted
from atlas.run.folder import Run
from atlas.run.growing import (
    forget_growing,
    forget_needless,
    grown_to,
    keep_growing,
    recall_growing,
)
from atlas.run.identity import check_identity
from atlas.run.pictures import read_record, write_pictures
from atlas.run.plan import Item, Plan, halves
from atlas.run.rounds import Round, one_round, side, unfinished
from atlas.target import OF_THE_UNIT


def maximize(session: Session) -> None:
    """Make what is missing up to its last size, recipe by recipe."""
    prepare(session)
    recipes = session.settings.recipes_asked()
    for stop in one_round(recipes, session.network.sizes):
        climb(session, stop)
    if tiles.are_wanted(session):
        tiles.make_tiles(session)
    finish(session)


def prepare(session: Session) -> None:
    """Plan what is wanted and not planned yet, and drop what is kept and not needed any more.

    The others wait here until the leader has.
    """
    run, group = session.run, session.group
    if group.leads:
        session.verify([layer.name for layer in run.network().layers])
        check_identity(run, session.making)
        for line in left_out(session):
            session.say(line)
        kept = run.settings()
        for recipe in session.settings.recipes_asked().values():
            kept_spectrum(run, recipe)  # refuses before anything is planned
        wanted = wanted_pictures(session)  # likewise
        asked = session.settings.recipes_asked()
        faces = {name for name, recipe in asked.items() if recipe.face != "any"}
        if faces and not faces & {item.recipe for item in wanted}:
            session.say("none of the units asked for has two faces")
        add_recipes(session)
        # Not by how many processes share the work: the pictures must not depend on that.
        at_once = kept.threads if session.network.device.type == "cpu" else 1
        most = session.settings.batch or kept.batch
        Plan.load(run).extended(wanted, most, at_once).save(run)
        forget_needless(run)
        if tiles.are_wanted(session):
            tiles.drop_stale(session)
    group.wait()
    session.verify([layer.name for layer in run.network().layers])


def climb(session: Session, stop: Round) -> None:
    """Have the pictures that are wanted climb as far as a round goes, with the other processes."""
    group = session.group
    check_identity(session.run, session.making)
    todo = group.shared(_unfinished(session, stop) if group.leads else [])
    if todo:
        count = sum(map(len, todo))
        session.say(
            f"maximizing {count} pictures by {stop.recipe} to {stop.size} pixels in {len(todo)} "
            f"batches, {session.network.precision}"
        )
        make_chunks(session, stop, todo)
    group.wait()


def finish(session: Session) -> None:
    """Say what came of the pictures asked for, which are at their last size."""
    if session.group.leads:
        write_sheets(session.run)
        forget_needless(session.run)
        session.say(_status(session.run, wanted_pictures(session)))


def _unfinished(session: Session, stop: Round) -> list[Chunk]:
    run = session.run
    return unfinished(Plan.load(run), wanted_pictures(session), stop, run)


def make_chunks(session: Session, stop: Round, todo: Sequence[Chunk]) -> None:
    """Take the chunks as far as a round goes and write their pictures, with the other processes."""
    settings, run, network, group = session.settings, session.run, session.network, session.group
    recipe = settings.recipes_asked()[stop.recipe]
    ends_here = stop.size == recipe.ladder(network.sizes)[-1].size
    scale_of = scales_counted(recipe, run.table(images_of(recipe)))
    axes = Axes(spectrum=kept_spectrum(run, recipe))
    climb_on = maximize_chunk
    if recipe.face != "any":
        units = list(dict.fromkeys((item.layer, item.unit) for chunk in todo for item in chunk))
        leaning = directions(session, recipe, units, [scale_of[unit] for unit in units])
        climb_on = partial(maximize_faces, directions=leaning)
    turns = resources.turns(network.device)
    writers = resources.choose_writers(network.device)

    def make(chunk: Sequence[Item], progress: Progress) -> None:
        targets = [item.target for item in chunk]
        if recipe.diversity_weight:
            targets = with_earlier(targets)
        own = [scale_of[target.layer, target.unit] for target in targets]
        grown = recall_growing(run, chunk, targets)
        with turns:
            made = climb_on(
                network,
                targets,
                recipe=recipe,
                seed=settings.seed,
                progress=progress,
                scales=own,
                axes=axes,
                grown=grown,
                until=stop.size,
            )
        if not ends_here:
            keep_growing(run, chunk, made)
        # A picture that has come further, of a chunk of which another was lost, stays.
        behind = [i for i, item in enumerate(chunk) if side(item, run) < stop.size]
        write_pictures(run, [chunk[i] for i in behind], [made[i] for i in behind], writers)
        if ends_here:
            forget_growing(run, chunk)

    def halve(chunk: Sequence[Item]) -> tuple[Chunk, Chunk]:
        if group.ticket("halved") == 0:  # whichever process is the first of all says it
            session.log(f"the memory does not hold {len(chunk)} pictures at once; making fewer")
        Plan.halve(run, chunk)
        forget_growing(run, chunk)
        return halves(chunk)

    share_out(
        session,
        todo,
        _cost(session, stop, todo),
        make,
        halve,
        stage="maximize",
        queue=f"{stop.recipe} to {stop.size}",
        most=Plan.load(run).most,
    )


def left_to_do(session: Session, stop: Round) -> int:
    """What is left of a round: the pixels of all optimizer steps of all its pictures."""
    return _cost(session, stop, _unfinished(session, stop))


def _cost(session: Session, stop: Round, todo: Sequence[Chunk]) -> int:
    recipe = session.settings.recipes_asked()[stop.recipe]
    sizes = [rung.size for rung in recipe.ladder(session.network.sizes)]
    pixels = 0
    for chunk in todo:
        begun = grown_to(session.run, chunk)
        pixels += len(chunk) * sum(size**2 for size in sizes if begun < size <= stop.size)
    return recipe.steps * pixels


def _status(run: Run, wanted: Sequence[Item]) -> str:
    """How many pictures came out, and which did not, in words."""
    records = [read_record(run, item) for item in wanted]
    counts = Counter(record.status for record in records)
    woken = sum(record.status in OF_THE_UNIT and record.attempt > 0 for record in records)
    made = sum(counts[status] for status in OF_THE_UNIT)
    parts = [f"{made} of {len(records)} pictures made"]
    if woken:
        parts.append(f"{woken} of them from a later start")
    if counts["outweighed"]:
        parts.append(
            f"{counts['outweighed']} of them outweighed by the regularizers, and so no likeness: "
            "the recipe clear has none, and a recipe of one's own a larger activation_weight"
        )
    if counts["silent"]:
        parts.append(f"{counts['silent']} units silent at every start")
    if counts["broken"]:
        parts.append(f"{counts['broken']} broken by numbers that are not finite")
    return "; ".join(parts)
