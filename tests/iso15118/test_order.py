"""The tables of order are whole: every state is reached, every request leads somewhere, timers have partners."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.iso15118.evcc import FOLLOW
from harness.iso15118.evcc_requests import REQUESTS
from harness.iso15118.order import ENDS, MOVES, STEPS, State, after, mermaid
from harness.iso15118.secc import ANSWERS
from harness.iso15118.timing import TIMERS, message_timeout_s


def test_every_state_but_the_first_is_reached_by_some_exchange():
    reached = {move.to for move in MOVES} | {State.CONNECTED, State.FAILED}
    assert reached == set(State)


def test_every_state_that_is_no_end_has_a_way_on_and_no_end_has_one():
    with_steps = {step.state for step in STEPS}
    assert with_steps == set(State) - ENDS
    assert set(FOLLOW) == set(State) - ENDS


def test_both_agents_can_say_and_answer_what_the_tables_name():
    named = {step.request for step in STEPS if not step.request.startswith("WPT")}
    assert named <= set(REQUESTS) | {"CertificateInstallationReq", "MeteringConfirmationReq"}
    assert named <= set(ANSWERS) | {"CertificateInstallationReq"}


@pytest.mark.parametrize("code", ["FAILED", "FAILED_SequenceError", "Failed_NoNegotiation"])
def test_a_failed_code_ends_the_session_from_everywhere(code):
    for state in State:
        assert after(state, SimpleNamespace(), SimpleNamespace(response_code=code)) is State.FAILED


def test_the_diagram_names_every_state():
    drawn = mermaid()
    for state in State:
        assert state.replace(" ", "_").replace("-", "_") in drawn


def test_every_timer_names_its_source_and_its_partner_exists():
    names = {timer.name for timer in TIMERS}
    for timer in TIMERS:
        assert timer.source
        assert timer.value_s > 0
        assert not timer.partner or timer.partner in names


def test_a_charge_loop_has_half_a_second_and_everything_unknown_two():
    assert message_timeout_s("DC_ChargeLoopReq") == 0.5
    assert message_timeout_s("ServiceDetailReq") == 5.0
    assert message_timeout_s("Anything") == 2.0
