"""A clean session trips nothing, whatever its kind."""

import pytest

import harness.rules.iso15118_20  # noqa: F401 - registers the rules
from harness.rules.rule import judge
from tests.rules import stories


@pytest.mark.parametrize("story", stories.CLEAN, ids=lambda one: one.__name__)
def test_a_clean_session_trips_no_rule(story):
    assert [f"{one.rule}: {one.reason}" for one in judge(story().session(), "iso15118-20")] == []
