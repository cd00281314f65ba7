"""Round by round: a whole site as early as can be, that grows while it is browsed."""

from atlas.build.examine import examine
from atlas.build.maximize import climb, cost, finish
from atlas.build.render import render
from atlas.build.session import Session
from atlas.run.rounds import Round, all_rounds


def rounds(session: Session) -> None:
    """Maximize, examine and render after each round; a round that is done already is passed over.

    The processes of a group maximize together; the rest is their leader's.
    """
    session.group.wait()  # until the leader has ranked
    stops = all_rounds(session.settings.recipes_asked(), session.network.smallest_input)
    for number, stop in enumerate(stops, 1):
        climbed, last = climb(session, stop), number == len(stops)
        if session.group.leads and (climbed or last):
            if last:
                finish(session)
            examine(session)
            render(session, then="" if last else _next(session, number + 1, stops))


def _next(session: Session, number: int, stops: list[Round]) -> str:
    """Which round comes next, and how long it takes at the pace of those before."""
    stop = stops[number - 1]
    pace = session.pace.get(stop.recipe) or max(session.pace.values(), default=0)
    minutes = round(cost(session, stop) * pace / 60)
    long = f"about {minutes} minutes" if minutes > 1 else "about a minute"
    return f"round {number} of {len(stops)} goes on ({stop.recipe} to {stop.size} pixels, {long})"
