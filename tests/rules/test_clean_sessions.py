"""A clean session trips nothing, whatever its kind."""

import pytest

import harness.rules.iso15118_20  # noqa: F401 - registers the rules
from harness.rules.rule import judge
from tests.rules import stories
from tests.rules.cases_signatures import installed


@pytest.mark.parametrize("story", stories.CLEAN, ids=lambda one: one.__name__)
def test_a_clean_session_trips_no_rule(story):
    assert [f"{one.rule}: {one.reason}" for one in judge(story().session(), "iso15118-20")] == []


def test_a_signed_certificate_installation_trips_no_rule():
    story = stories.dc_scheduled()
    installed(sign=True)(story)
    assert judge(story.session(), "iso15118-20") == []


def test_a_notice_with_a_delay_that_is_taken_back_binds_nobody():
    story = stories.dc_scheduled()
    story.set("DC_ChargeLoopRes", "evse_status", stories.status("Terminate", 60), nth=2)
    assert judge(story.session(), "iso15118-20") == []


def test_a_notice_without_delay_binds_even_if_it_is_said_once():
    story = stories.dc_scheduled()
    story.set("DC_ChargeLoopRes", "evse_status", stories.status("Terminate", 0), nth=2)
    assert [one.rule for one in judge(story.session(), "iso15118-20")] == ["iso15118-20/terminate-is-followed"]
