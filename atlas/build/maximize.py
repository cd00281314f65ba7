"""Maximize: make the pictures asked for that the run does not have."""

from collections import Counter
from collections.abc import Sequence

from atlas._system.progress import PIXEL_STEPS, Progress
from atlas._system.workers import Workers
from atlas.build import resources
from atlas.build.request import wanted_pictures
from atlas.build.session import Session
from atlas.build.sheets import write_sheets
from atlas.maximize.loop import maximize_chunk
from atlas.network.arithmetic import exact_arithmetic
from atlas.rank.tables import scales
from atlas.recipe import Recipe
from atlas.run.folder import Run
from atlas.run.identity import check_identity
from atlas.run.pictures import read_record, write_pictures
from atlas.run.plan import Item, Plan, halves


def maximize(session: Session) -> None:
    """Plan what is missing, and make it with the other processes of the group."""
    group = session.group
    group.wait()  # until the leader has ranked
    check_identity(session.run, session.making)
    wanted = wanted_pictures(session)
    todo = group.shared(_planned(session, wanted) if group.leads else [])
    if todo:
        count = sum(map(len, todo))
        session.say(
            f"maximizing {count} pictures in {len(todo)} batches, {session.network.precision}"
        )
        make_chunks(session, todo)
    group.wait()
    if group.leads:
        write_sheets(session.run)
        session.say(_status(session.run, wanted))


def _planned(session: Session, wanted: Sequence[Item]) -> list[tuple[Item, ...]]:
    """Plan what is wanted and not planned yet; return the chunks that are not finished."""
    run, kept = session.run, session.run.settings()
    # Not by how many processes share the work: the pictures must not depend on that.
    at_once = kept.threads if session.network.device.type == "cpu" else 1
    plan = Plan.load(run).extended(wanted, session.settings.batch or kept.batch, at_once)
    plan.save(run)
    return plan.unfinished(wanted, run)


def make_chunks(session: Session, todo: Sequence[Sequence[Item]]) -> None:
    """Make the chunks and write their pictures, with the other processes of the group."""
    settings, run, network, group = session.settings, session.run, session.network, session.group
    recipes = settings.recipes_asked()
    scale_of = scales(run.table("strongest"))
    costs = {name: _pixel_steps(recipe, network.smallest_input) for name, recipe in recipes.items()}
    total = sum(costs[item.recipe] for chunk in todo for item in chunk) // group.size

    turns = resources.turns(network.device)
    writers = resources.choose_writers(network.device)

    def make(chunk: Sequence[Item], progress: Progress) -> None:
        recipe = recipes[chunk[0].recipe]
        targets = [item.target for item in chunk]
        own = [scale_of[target.layer, target.unit] for target in targets]
        with turns:
            made = maximize_chunk(
                network, targets, recipe, settings.seed, progress=progress, scales=own
            )
        write_pictures(run, chunk, made, writers)

    def halve(chunk: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        if group.ticket("halved") == 0:  # whichever process is the first of all says it
            session.log(f"the memory does not hold {len(chunk)} pictures at once; making fewer")
        Plan.halve(run, chunk)
        return halves(chunk)

    with session.timed("maximize"), session.progress("maximize", total, PIXEL_STEPS) as progress:
        threads = resources.choose_workers(network.device, group.local_size)
        workers = Workers(make, halve, threads, group, progress, Plan.load(run).most)
        with exact_arithmetic():
            workers.work(todo, "chunks")


def _pixel_steps(recipe: Recipe, smallest: int) -> int:
    """What a picture costs: the pixels of all its optimizer steps."""
    return recipe.steps * sum(rung.size**2 for rung in recipe.ladder(smallest))


def _status(run: Run, wanted: Sequence[Item]) -> str:
    """How many pictures came out, and which did not, in words."""
    records = [read_record(run, item) for item in wanted]
    counts = Counter(record.status for record in records)
    woken = sum(record.status == "ok" and record.attempt > 0 for record in records)
    parts = [f"{counts['ok']} of {len(records)} pictures made"]
    if woken:
        parts.append(f"{woken} of them from a later start")
    if counts["silent"]:
        parts.append(f"{counts['silent']} units silent at every start")
    if counts["broken"]:
        parts.append(f"{counts['broken']} broken by numbers that are not finite")
    return "; ".join(parts)
