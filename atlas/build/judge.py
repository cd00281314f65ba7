"""Which judge of likeness a run has: the better one that can be had, and then always that one."""

from collections.abc import Callable

from atlas.errors import AtlasError
from atlas.examine import similarity_judge
from atlas.examine.critics import IMAGENET, OWN
from atlas.examine.similarity_judge import SimilarityJudge
from atlas.network.network import Network
from atlas.run.schema import RunSettings

CRITICS = {"auto": (IMAGENET, OWN), "imagenet": (IMAGENET,), "bundled": (OWN,)}
"""Those that a request allows, the better first."""


def choose_judge(
    network: Network, asked: str, kept: RunSettings | None, say: Callable[[str], object]
) -> SimilarityJudge | None:
    """The first of those asked for that can be had and is not the network itself.

    Args:
        network: whose pictures are judged.
        asked: auto, imagenet or bundled.
        kept: of a run that goes on: ``auto`` is what it came to then.
        say: called with why the better one was not taken.

    Raises:
        AtlasError: when the only one that is allowed cannot be had.
    """
    critics = CRITICS[asked]
    if asked == "auto" and kept:
        critics = (IMAGENET,) if kept.judge_name == IMAGENET.name else (OWN,)
    for critic in critics:
        try:
            judge = similarity_judge.SimilarityJudge(network.device, critic)
        except AtlasError as error:
            if critic is critics[-1]:
                raise
            say(f"likeness is judged by {OWN.name}: {error}")
            continue
        if judge.is_independent_of(network):
            return judge
    return None
