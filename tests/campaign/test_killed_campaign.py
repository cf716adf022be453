"""A campaign that is killed is resumed and ends as an undisturbed one; 200 kills are tests/soak/killed_campaign_soak.py."""

from __future__ import annotations

from tests.campaign.killing import Disturbed


def test_a_killed_campaign_is_completed_and_ends_as_an_undisturbed_one(tmp_path):
    disturbed = Disturbed(tmp_path, seed=3, cases=("AC-03", "AC-20"), cars=("overshoots",))
    disturbed.kill(2)
    assert disturbed.compare() == []
