"""The order of messages in ISO 15118-2 and DIN SPEC 70121, as one table each: what may follow an answered request.

That of ISO 15118-2 is the agents' own (`harness.iso15118.iso2.order`), which also says what a key is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.iso15118.iso2.order import FOLLOW, START, permitted, step_after
from harness.rules.iso15118_2.terms import DIN, ISO2, both
from harness.rules.rule import Broken
from harness.transcript.v2g import Message, V2GSession

SEQUENCE_ERROR = "FAILED_SequenceError"
TABLE_DIN: Mapping[str, tuple[str, ...]] = {
    START: ("supportedAppProtocolReq",),
    "supportedAppProtocolReq": ("SessionSetupReq",),
    "SessionSetupReq": ("ServiceDiscoveryReq",),
    "ServiceDiscoveryReq": ("ServicePaymentSelectionReq",),
    "ServicePaymentSelectionReq": ("ContractAuthenticationReq",),
    "ContractAuthenticationReq(Ongoing)": ("ContractAuthenticationReq",),
    "ContractAuthenticationReq": ("ChargeParameterDiscoveryReq",),
    "ChargeParameterDiscoveryReq(Ongoing)": ("ChargeParameterDiscoveryReq",),
    "ChargeParameterDiscoveryReq": ("CableCheckReq",),
    "CableCheckReq(Ongoing)": ("CableCheckReq",),
    "CableCheckReq": ("PreChargeReq",),
    "PreChargeReq": ("PreChargeReq", "PowerDeliveryReq"),
    "PowerDeliveryReq(Start)": ("CurrentDemandReq", "PowerDeliveryReq"),
    "CurrentDemandReq": ("CurrentDemandReq", "PowerDeliveryReq"),
    "PowerDeliveryReq(Stop)": ("WeldingDetectionReq",),
    "WeldingDetectionReq": ("WeldingDetectionReq",),
    "SessionStopReq": (),
}
TABLES = {ISO2: FOLLOW, DIN: TABLE_DIN}


def states(session: V2GSession) -> Iterator[tuple[Message, Message | None, str | None]]:
    """Every request with its answer and the state in which it came; None where that is not known."""
    state: str | None = START if session.complete else None
    for one in session.exchanges:
        request, answer = one.request, one.response
        if request.after_gap:
            state = None
        yield request, answer, state
        known = request.content is not None and answer is not None and answer.content is not None
        if not known or answer is None:
            state = None
        else:
            state = "FAILED" if answer.failed else step_after(request.name, request, answer)


def allowed(session: V2GSession, request: Message, state: str | None) -> bool | None:
    """Whether a request may come in a state; None where that is not judged."""
    table = TABLES.get(session.protocol, {})
    if state is None or request.content is None or state == "FAILED" or state not in table:
        return None
    return permitted(state, request.name, table)


@both("vehicle", "V2G2-538", "V2G-DC-390", "requests come in the order of the standard")
def request_is_in_order(session: V2GSession) -> Iterator[Broken]:
    for request, _, state in states(session):
        if allowed(session, request, state) is False:
            because = f"{request} came after {state or 'the connection'}"
            yield Broken(request.ordinal, because, (request.event,))


@both("station", "V2G2-539", "V2G-DC-390", "a request that is out of order is answered with FAILED_SequenceError")
def wrong_order_is_refused(session: V2GSession) -> Iterator[Broken]:
    for request, answer, state in states(session):
        if allowed(session, request, state) is False and answer and answer.ok:
            yield Broken(answer.ordinal, f"{answer} granted {request} after {state}", (answer.event, request.event))


@both("station", "V2G2-538", "V2G-DC-390", "a request that is in order is not answered with FAILED_SequenceError")
def right_order_is_not_refused(session: V2GSession) -> Iterator[Broken]:
    for request, answer, state in states(session):
        if answer and answer.code == SEQUENCE_ERROR and allowed(session, request, state):
            yield Broken(answer.ordinal, f"{answer} refuses {request} after {state}", (answer.event, request.event))


@both("vehicle", "V2G2-539", "V2G-DC-390", "after a FAILED answer at most SessionStopReq follows", "S", "warn")
def failed_ends_the_session(session: V2GSession) -> Iterator[Broken]:
    for request, _, state in states(session):
        if state == "FAILED" and request.name != "SessionStopReq":
            yield Broken(request.ordinal, f"{request} came after a FAILED answer", (request.event,))
            return
