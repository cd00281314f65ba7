"""A build killed anywhere and continued gives the bytes of an undisturbed one."""

from pathlib import Path

import pytest
from campaign import TURNS, Campaign


def test_a_build_killed_in_every_stage_gives_the_bytes_of_an_undisturbed_one(
    tmp_path: Path,
) -> None:
    campaign = Campaign(tmp_path / "campaign", small=True)
    campaign.round(turns=[(stage, 1) for stage, _ in TURNS])
    campaign.round(turns=[("rank", 1), TURNS[2]], extends=True)
    while campaign.kills.total() + campaign.interrupts.total() < 3:  # a process was faster
        campaign.round(turns=[(stage, 1) for stage, _ in TURNS])


@pytest.mark.campaign
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("small", [True, False], ids=["small", "googlenet"])
def test_a_hundred_kills_lose_nothing(tmp_path: Path, small: bool) -> None:
    campaign = Campaign(tmp_path / "campaign", small=small)
    while campaign.kills.total() < 100:
        campaign.round(extends=campaign.rounds % 3 == 1)
    assert campaign.everywhere, campaign.kills
