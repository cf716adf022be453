"""One wrong thing in a session, written as a capture file: `judge` finds it there too, and charges the right side.

A sample of the cases that trip the rules one by one; here everything between octets on a wire and JSON takes part.
"""

import pytest

from harness.judge_cli import judge_capture
from harness.rules.rule import RULES
from harness.transcript.capture.writer import write_capture
from tests.rules import cases_order, cases_power, cases_services, cases_session
from tests.rules.test_judge import events_of

SIDES = {"vehicle": {"vehicle"}, "station": {"charger"}, "pair": {"unknown", "vehicle", "charger"}}
NO_OCTETS = {"certificate-installation-was-offered", "installation-is-signed", "order-certificate-installation"}
"""Their stories leave out elements that a real message cannot do without."""
SAMPLE = [one for group in (cases_power, cases_services) for one in group.CASES[::7] if one.rule not in NO_OCTETS] + [
    one for one in cases_order.CASES[:40:4] if one.rule not in NO_OCTETS
]


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_one_wrong_thing_in_a_capture_is_found_and_charged_to_its_side(tmp_path, case):
    story, events = case.told(), []
    for number, one in enumerate((*story.before, story), 1):
        events += events_of(one, number, len(events) + 1)
    write_capture(tmp_path / "altered.pcapng", events)
    judged = judge_capture(tmp_path / "altered.pcapng")
    assert len(judged["sessions"]) == len(story.before) + 1
    rule = RULES[f"iso15118-20/{case.rule}"]
    found = [one for session in judged["sessions"] for one in session["findings"] if one["rule"] == rule.id]
    assert found
    assert {one["side"] for one in found} <= SIDES[str(rule.side)]
    assert all(1 <= one["message"] <= judged["sessions"][-1]["messages"] for one in found)
    if rule.severity == "fail":
        assert "fail" in {session["verdict"] for session in judged["sessions"]}


def test_a_schema_id_that_stands_twice_is_told_by_what_follows(tmp_path):
    case = next(one for one in cases_session.CASES if one.rule == "schema-ids-are-unique")
    write_capture(tmp_path / "twice.pcapng", events_of(case.told()))
    [session] = judge_capture(tmp_path / "twice.pcapng")["sessions"]
    assert session["protocol"] == "iso15118-20"
    assert "iso15118-20/schema-ids-are-unique" in {one["rule"] for one in session["findings"]}
