"""Every rule has one wrong thing that trips it, and that thing trips nothing else than what is named with it."""

import pytest

import harness.rules.iso15118_20  # noqa: F401 - registers the rules
from harness.rules.rule import RULES, judge
from tests.rules import cases_order, cases_power, cases_services, cases_session, cases_signatures

PREFIX = "iso15118-20/"
GROUPS = (cases_order, cases_session, cases_services, cases_power, cases_signatures)
CASES = [case for group in GROUPS for case in group.CASES]


def _tripped(case):
    found = judge(case.told().session(), "iso15118-20")
    return {one.rule.removeprefix(PREFIX): one for one in found}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_wrong_thing_trips_its_rule_and_only_what_is_named_with_it(case):
    tripped = _tripped(case)
    assert case.rule in tripped
    assert {name: one.reason for name, one in tripped.items() if name not in (case.rule, *case.also)} == {}
    assert set(case.also) <= set(tripped)


def test_every_registered_rule_has_a_tripping_case():
    registered = {name.removeprefix(PREFIX) for name, rule in RULES.items() if rule.protocol == "iso15118-20"}
    assert registered - {case.rule for case in CASES} == set()
