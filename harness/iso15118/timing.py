"""Every timer of ISO 15118-20 that our agents and rules use, as data.

Two kinds: a *timeout* ends the session on the side that watches; a *performance* time is what the side that acts has
to keep and ends nothing by itself. `partner` names the timer on the other side, so that both can be shown together.
Where public sources disagree the others' values stand in `others`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.verdict import Confidence

SDP_WAIT_S = 0.25
SDP_ATTEMPTS = 50

A, S, I, X = Confidence.A, Confidence.S, Confidence.I, Confidence.X


@dataclass(frozen=True, slots=True)
class Timer:
    """`messages`: the requests it is about, by schema name; empty for all others of its kind."""

    name: str
    side: Literal["evcc", "secc"]
    kind: Literal["timeout", "performance"]
    value_s: float
    confidence: Confidence
    source: str
    requirement: str = ""
    messages: tuple[str, ...] = ()
    partner: str = ""
    others: tuple[float, ...] = ()


LOOPS = ("AC_ChargeLoopReq", "DC_ChargeLoopReq", "WPT_ChargeLoopReq")
SLOW = ("CertificateInstallationReq", "ServiceDetailReq")
ORDERLY = (
    "supportedAppProtocolReq",
    "SessionSetupReq",
    "AuthorizationSetupReq",
    "AuthorizationReq",
    "ServiceDiscoveryReq",
    "ServiceSelectionReq",
    "AC_ChargeParameterDiscoveryReq",
    "DC_ChargeParameterDiscoveryReq",
    "ScheduleExchangeReq",
    "PowerDeliveryReq",
    "MeteringConfirmationReq",
    "SessionStopReq",
    "VehicleCheckInReq",
    "VehicleCheckOutReq",
    "DC_CableCheckReq",
    "DC_PreChargeReq",
    "DC_WeldingDetectionReq",
)
PROMPT = ("AuthorizationReq", "PowerDeliveryReq", "DC_CableCheckReq", "DC_PreChargeReq", "DC_WeldingDetectionReq")

STACK = "constants of a public -20 stack"
TABLES = "published reading of the standard's timing tables"
BOTH = "published reading of the standard, and public stacks"

# fmt: off
TIMERS: tuple[Timer, ...] = (
    Timer("SDP_Request_Wait", "evcc", "timeout", SDP_WAIT_S, A, BOTH, "V2G2-159"),
    Timer("V2G_EVCC_CommunicationSetup_Timeout", "evcc", "timeout", 20.0, A, BOTH,
          partner="V2G_SECC_CommunicationSetup_Performance_Time"),
    Timer("V2G_SECC_CommunicationSetup_Performance_Time", "secc", "performance", 18.0, I, "by analogy with -2",
          "V2G2-714", partner="V2G_EVCC_CommunicationSetup_Timeout"),
    Timer("V2G_SECC_Sequence_Timeout", "secc", "timeout", 60.0, A, BOTH, "V2G20-443",
          partner="V2G_EVCC_Sequence_Performance_Time"),
    Timer("V2G_SECC_Sequence_Timeout_ChargeLoop", "secc", "timeout", 0.5, A, BOTH, "V2G20-1500, V2G20-1502, V2G20-5070",
          LOOPS, "V2G_EVCC_Sequence_Performance_Time_ChargeLoop", others=(60.0,)),
    Timer("V2G_EVCC_Sequence_Performance_Time", "evcc", "performance", 40.0, S, TABLES,
          partner="V2G_SECC_Sequence_Timeout"),
    Timer("V2G_EVCC_Sequence_Performance_Time_ChargeLoop", "evcc", "performance", 0.25, S, TABLES,
          "V2G20-1499, V2G20-1501, V2G20-5069", LOOPS, "V2G_SECC_Sequence_Timeout_ChargeLoop"),
    Timer("V2G_EVCC_Ongoing_Timeout", "evcc", "timeout", 60.0, A, BOTH,
          partner="V2G_SECC_Ongoing_Performance_Time"),
    Timer("V2G_SECC_Ongoing_Performance_Time", "secc", "performance", 55.0, A, BOTH,
          partner="V2G_EVCC_Ongoing_Timeout"),
    Timer("EIM_Authorization_Ongoing", "evcc", "timeout", 180.0, X, "practice of public stacks",
          messages=("AuthorizationReq",), partner="V2G_SECC_Ongoing_Performance_Time", others=(60.0,)),
    Timer("V2G_EVCC_CableCheck_Timeout", "evcc", "timeout", 40.0, S, STACK, messages=("DC_CableCheckReq",)),
    Timer("V2G_EVCC_PreCharge_Timeout", "evcc", "timeout", 10.0, X, STACK, messages=("DC_PreChargeReq",),
          others=(7.0,)),
    Timer("V2G_EVCC_Msg_Timeout", "evcc", "timeout", 2.0, S, STACK, messages=ORDERLY,
          partner="V2G_SECC_Msg_Performance_Time"),
    Timer("V2G_EVCC_Msg_Timeout_Slow", "evcc", "timeout", 5.0, S, STACK, messages=SLOW),
    Timer("V2G_EVCC_Msg_Timeout_ChargeLoop", "evcc", "timeout", 0.5, S, STACK, messages=LOOPS,
          partner="V2G_SECC_Msg_Performance_Time_ChargeLoop"),
    Timer("V2G_SECC_Msg_Performance_Time", "secc", "performance", 1.5, A, BOTH, messages=PROMPT,
          partner="V2G_EVCC_Msg_Timeout"),
    Timer("V2G_SECC_Msg_Performance_Time_ChargeLoop", "secc", "performance", 0.25, S, TABLES, messages=LOOPS,
          partner="V2G_EVCC_Msg_Timeout_ChargeLoop"),
    Timer("EV_Pilot_C_or_D", "evcc", "performance", 0.25, A, BOTH, "V2G20-847", ("PowerDeliveryReq",)),
    Timer("SECC_Contactor", "secc", "performance", 1.4, X, "practice of a public stack",
          messages=("PowerDeliveryReq",), others=(3.0,)),
    Timer("Close_After_SessionStop", "secc", "performance", 5.0, A, BOTH, "V2G20-1643", ("SessionStopReq",)),
)
# fmt: on


def timer(name: str) -> Timer:
    """The timer of that name; raises KeyError."""
    return _BY_NAME[name]


def message_timeout_s(request: str) -> float:
    """How long a vehicle waits for the answer to a request, by the request's schema name."""
    return _MESSAGE_TIMEOUT_S.get(request, 2.0)


def answer_within_s(request: str) -> float | None:
    """The charger's performance time for a request, or None where no public figure is known."""
    return _ANSWER_WITHIN_S.get(request)


_BY_NAME = {each.name: each for each in TIMERS}
_MESSAGE_TIMEOUT_S = {
    message: each.value_s
    for each in TIMERS
    if each.name.startswith("V2G_EVCC_Msg_Timeout")
    for message in each.messages
}
_ANSWER_WITHIN_S = {
    message: each.value_s for each in TIMERS if each.name.startswith("V2G_SECC_Msg_") for message in each.messages
}
