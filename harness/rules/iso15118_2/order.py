"""The order of messages in ISO 15118-2 and DIN SPEC 70121, as one table each: what may follow an answered request.

A key is the last granted request, with what tells its states apart (`PowerDeliveryReq(Stop)`, `...(Ongoing)`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.rules.iso15118_2.terms import DIN, ISO2, both
from harness.rules.rule import Broken
from harness.transcript.v2g import Message, V2GSession

START = ""
SEQUENCE_ERROR = "FAILED_SequenceError"
AC_OR_DC = ("CableCheckReq", "PowerDeliveryReq")
LOOPS = ("ChargingStatusReq", "CurrentDemandReq")

TABLE_2: Mapping[str, tuple[str, ...]] = {
    START: ("supportedAppProtocolReq",),
    "supportedAppProtocolReq": ("SessionSetupReq",),
    "SessionSetupReq": ("ServiceDiscoveryReq",),
    "ServiceDiscoveryReq": ("ServiceDetailReq", "PaymentServiceSelectionReq"),
    "ServiceDetailReq": ("ServiceDetailReq", "PaymentServiceSelectionReq"),
    "PaymentServiceSelectionReq": (
        "PaymentDetailsReq", "CertificateInstallationReq", "CertificateUpdateReq", "AuthorizationReq",
    ),
    "CertificateInstallationReq": ("PaymentDetailsReq",),
    "CertificateUpdateReq": ("PaymentDetailsReq",),
    "PaymentDetailsReq": ("AuthorizationReq",),
    "AuthorizationReq(Ongoing)": ("AuthorizationReq",),
    "AuthorizationReq": ("ChargeParameterDiscoveryReq",),
    "ChargeParameterDiscoveryReq(Ongoing)": ("ChargeParameterDiscoveryReq",),
    "ChargeParameterDiscoveryReq": AC_OR_DC,
    "CableCheckReq(Ongoing)": ("CableCheckReq",),
    "CableCheckReq": ("PreChargeReq",),
    "PreChargeReq": ("PreChargeReq", "PowerDeliveryReq"),
    "PowerDeliveryReq(Start)": (*LOOPS, "PowerDeliveryReq"),
    "ChargingStatusReq": ("ChargingStatusReq", "MeteringReceiptReq", "PowerDeliveryReq"),
    "CurrentDemandReq": ("CurrentDemandReq", "MeteringReceiptReq", "PowerDeliveryReq"),
    "MeteringReceiptReq": (*LOOPS, "PowerDeliveryReq"),
    "PowerDeliveryReq(Renegotiate)": ("ChargeParameterDiscoveryReq",),
    "PowerDeliveryReq(Stop)": ("WeldingDetectionReq", "ChargeParameterDiscoveryReq"),
    "WeldingDetectionReq": ("WeldingDetectionReq",),
    "SessionStopReq": (),
}  # fmt: skip

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
TABLES = {ISO2: TABLE_2, DIN: TABLE_DIN}
BEFORE_A_SESSION = (START, "supportedAppProtocolReq")


def _key(request: Message, answer: Message) -> str:
    if request.name == "PowerDeliveryReq":
        progress = request.charge_progress or ("Start" if request.ready_to_charge_state else "Stop")
        return f"PowerDeliveryReq({progress})"
    waiting = str(answer.evse_processing or "").startswith("Ongoing")
    return f"{request.name}(Ongoing)" if waiting else request.name


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
            state = "FAILED" if answer.failed else _key(request, answer)


def allowed(session: V2GSession, request: Message, state: str | None) -> bool | None:
    """Whether a request may come in a state; None where that is not judged."""
    table = TABLES.get(session.protocol, {})
    if state is None or request.content is None or state == "FAILED" or state not in table:
        return None
    if request.name == "SessionStopReq":
        return state not in BEFORE_A_SESSION and state != "SessionStopReq"
    return request.name in table[state]


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
