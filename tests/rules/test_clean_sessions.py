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


@pytest.mark.parametrize(
    "change",
    [
        lambda story: story.set("AuthorizationRes", "evse_processing", "Ongoing").end_after("AuthorizationRes"),
        lambda story: story.code("AuthorizationRes", "WARNING_EIMAuthorizationFailure").end_after("AuthorizationRes"),
        lambda story: story.end_after("DC_PreChargeRes", 0),
    ],
    ids=["ongoing", "refused", "pre-charge"],
)
def test_a_vehicle_with_a_reason_to_leave_may_close_without_a_stop(change):
    story = stories.dc_scheduled()
    closing = story.closing
    change(story).closing = closing
    assert judge(story.session(), "iso15118-20") == []


def test_a_vendors_own_frame_between_the_messages_trips_no_rule():
    story = stories.dc_scheduled()
    vendor = stories.Line("vehicle", None, payload_type=0xA000, error="payload type 0xa000 carries no known message")
    story.lines.insert(20, vendor)
    assert judge(story.session(), "iso15118-20") == []


def test_an_ignored_frame_with_a_wrong_head_is_the_only_fault():
    story = stories.dc_scheduled()
    story.lines.insert(20, stories.Line("vehicle", None, payload_type=0x8002, error="frame head is 02fe800200000012"))
    tripped = {one.rule for one in judge(story.session(), "iso15118-20")}
    assert tripped == {"iso15118-20/vehicle-frame-head-is-right"}
