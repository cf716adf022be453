"""A campaign that is killed is resumed and ends as an undisturbed one; 200 kills are tests/soak/killed_campaign_soak.py."""

from __future__ import annotations

import pytest

from harness.campaign.run import Run
from harness.campaign.store import Store, StoreError
from harness.clock import TimeMode
from harness.lab import load_lab
from tests.campaign.killing import Disturbed
from tests.smart_charging.rig import LAB


def test_a_killed_campaign_is_completed_and_ends_as_an_undisturbed_one(tmp_path):
    disturbed = Disturbed(tmp_path, seed=3, cases=("AC-03", "AC-20"), cars=("overshoots",))
    assert disturbed.kill(2) == 2
    assert disturbed.compare() == []


def test_a_run_that_ended_while_its_store_was_made_is_refused_with_the_way_out(tmp_path, monkeypatch):
    lab = load_lab(LAB)
    with monkeypatch.context() as ending:
        ending.setattr(Store, "seal", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            Run.create(tmp_path / "run", lab, [], TimeMode.VIRTUAL)
    with pytest.raises(StoreError, match="start it anew without --resume"):
        Run.open(tmp_path / "run", TimeMode.VIRTUAL)


def test_a_run_is_never_made_over_another_one(tmp_path):
    Run.create(tmp_path, load_lab(LAB), [], TimeMode.VIRTUAL).store.close()
    with pytest.raises(StoreError, match="holds a run already"):
        Run.create(tmp_path, load_lab(LAB), [], TimeMode.VIRTUAL)
