"""Authorisation and the choice of the energy transfer: Q01, Q02, K18 to K20."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.ocpp21.believed import needs_before
from harness.rules.ocpp21.terms import Session, asked, broken, station
from harness.rules.rule import Broken
from harness.transcript.ocpp import Exchange

POWERS = tuple(
    f"{limit}{direction}Power{phase}"
    for limit in ("min", "max")
    for direction in ("Charge", "Discharge")
    for phase in ("", "_L2", "_L3")
) + tuple(f"{limit}{direction}Current" for limit in ("min", "max") for direction in ("Charge", "Discharge"))
REFUSAL_S = 60.0
"""How long renegotiation or the end of a transaction may take after a refusal (our default)."""
REPEATED_S = 30.0
"""Needs that come again within this time after a profile are told for it (our default)."""


def _needs(session: Session) -> Iterator[tuple[Exchange, dict[str, object]]]:
    for one in asked(session, "NotifyEVChargingNeeds"):
        yield one, one.asked["chargingNeeds"]


def _is_iso15118_20(needs: dict[str, object]) -> bool:
    return "v2xChargingParameters" in needs or "controlMode" in needs


def _of_iso15118_2(needs: dict[str, object]) -> bool:
    """Rejected only says that there is no profile for such a vehicle (K15)."""
    return not _is_iso15118_20(needs) and bool(needs.keys() & {"acChargingParameters", "dcChargingParameters"})


@station("Q01.FR.02", "the first TransactionEvent of an ISO 15118-20 session names the EVCCID")
def evccid_in_the_first_event(session: Session) -> Iterator[Broken]:
    for one in asked(session, "TransactionEvent"):
        if one.asked["eventType"] != "Started":
            continue
        later = session.after(one.request, "TransactionEvent")
        following = [event.request.ordinal for event in later if event.asked.get("eventType") == "Started"]
        end = min(following, default=len(session.messages) + 1)
        of_this = [found for found in _needs(session) if one.request.ordinal < found[0].request.ordinal < end]
        token = one.asked.get("idToken", {})
        named = any(info["type"] == "EVCCID" for info in token.get("additionalInfo", ()))
        if of_this and _is_iso15118_20(of_this[0][1]) and not named:
            yield broken(one.request, f"{one.request} has no EVCCID", of_this[0][0].request)


@station("Q01.FR.03", "bidirectional needs tell available transfers, control mode and V2X parameters")
def bidirectional_needs_are_complete(session: Session) -> Iterator[Broken]:
    for one, needs in _needs(session):
        if "BPT" in str(needs["requestedEnergyTransfer"]):
            missing = [key for key in ("availableEnergyTransfer", "v2xChargingParameters") if key not in needs]
            if missing:
                yield broken(one.request, f"{one.request} lacks {', '.join(missing)}")


@station("Q01.FR.03", "the requested transfer is one of the available ones", id="ocpp2.1/requested-is-available")
def requested_is_available(session: Session) -> Iterator[Broken]:
    for one, needs in _needs(session):
        available = needs.get("availableEnergyTransfer")
        if isinstance(available, list) and needs["requestedEnergyTransfer"] not in available:
            yield broken(one.request, f"{needs['requestedEnergyTransfer']} is not among {', '.join(available)}")


@station("v2xChargingParameters", "powers and currents of v2xChargingParameters are positive, discharge included")
def v2x_parameters_are_positive(session: Session) -> Iterator[Broken]:
    for one, needs in _needs(session):
        parameters = needs.get("v2xChargingParameters", {})
        assert isinstance(parameters, dict)
        wrong = [f"{key} {parameters[key]:g}" for key in POWERS if parameters.get(key, 0) < 0]
        if wrong:
            yield broken(one.request, f"{one.request} has {', '.join(wrong)}")


@station("K18.FR.06", "an ISO 15118-20 vehicle's needs are v2xChargingParameters, not ac- or dcChargingParameters")
def v2x_parameters_alone(session: Session) -> Iterator[Broken]:
    for one, needs in _needs(session):
        if "controlMode" in needs and needs.keys() & {"acChargingParameters", "dcChargingParameters"}:
            yield broken(one.request, f"{one.request} has a control mode and the parameters of ISO 15118-2")


@station("K18.FR.21, K19.FR.14, K20.FR.05", "needs that were told while offline carry their time", "S", "warn")
def offline_needs_have_a_time(session: Session) -> Iterator[Broken]:
    starts = [link for link in session.links if link.data.get("what") == "connected"]
    for one, _ in _needs(session):
        recent = [link for link in starts if link.at_s <= one.request.at_s]
        late = session.latest_before(one.request, "TransactionEvent")
        if recent and late and late.asked.get("offline") and "timestamp" not in one.asked:
            yield broken(one.request, f"{one.request} follows an offline event and has no timestamp", late.request)


@station("Q01.FR.09, Q02.FR.04", "without a list of allowed transfers the plain one is asked for")
def plain_transfer_without_a_list(session: Session) -> Iterator[Broken]:
    for one, needs in _needs(session):
        authorised = session.latest_before(one.request, "Authorize")
        told = session.latest_before(one.request, "NotifyAllowedEnergyTransfer")
        if authorised is None or told is not None or not authorised.said:
            continue
        wanted = str(needs["requestedEnergyTransfer"])
        if "allowedEnergyTransfer" not in authorised.said and "BPT" in wanted:
            yield broken(one.request, f"{wanted} is asked for, and nothing was allowed", authorised.request)


@station("Q02.FR.06", "a change of the allowed transfers in the running transaction is accepted")
def allowed_transfers_are_accepted(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyAllowedEnergyTransfer", source="csms"):
        named, running = one.asked["transactionId"], session.transactions_at(one.request)
        if running and named in running and one.status == "Rejected" and one.answer:
            yield broken(one.answer, f"transaction {named} is running", one.request)


@station("Q01.FR.05, Q01.FR.06, K18.FR.23, K19.FR.16", "a refused transfer leads to new needs or to the end", "S")
def refusal_has_a_consequence(session: Session) -> Iterator[Broken]:
    for one, needs in _needs(session):
        if one.status != "Rejected" or one.answer is None or not session.covers(one.answer, REFUSAL_S):
            continue
        if _of_iso15118_2(needs):
            continue
        again = any(session.after(one.answer, "NotifyEVChargingNeeds", within_s=REFUSAL_S))
        ended = any(
            later.asked.get("eventType") == "Ended"
            for later in session.after(one.answer, "TransactionEvent", within_s=REFUSAL_S)
        )
        if not (again or ended):
            yield broken(one.answer, "neither new needs nor the end of the transaction came within 60 s", one.request)


@station("Q01.FR.06", "a transaction ended for a refused transfer says so", id="ocpp2.1/refused-transfer-reason")
def refused_transfer_is_the_reason(session: Session) -> Iterator[Broken]:
    for one, _ in _needs(session):
        if one.status != "Rejected" or one.answer is None:
            continue
        following = next(iter(session.after(one.answer, "TransactionEvent", "NotifyEVChargingNeeds")), None)
        if following is None or following.asked.get("eventType") != "Ended":
            continue
        reason = following.asked["transactionInfo"].get("stoppedReason")
        if following.asked["triggerReason"] == "AbnormalCondition" and reason != "ReqEnergyTransferRejected":
            yield broken(following.request, f"stoppedReason is {reason}", one.answer)


@station("Q02.FR.07", "new allowed transfers lead to new needs", "S", "warn")
def needs_after_permission(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyAllowedEnergyTransfer", source="csms"):
        waited = one.status == "Accepted" and one.answer and session.covers(one.answer, REFUSAL_S)
        if waited and one.answer and not any(session.after(one.answer, "NotifyEVChargingNeeds", within_s=REFUSAL_S)):
            yield broken(one.answer, "no NotifyEVChargingNeeds came within 60 s", one.request)


@station("K16.FR.09", "a vehicle's needs are not told again for a new profile", "S", "warn")
def needs_are_not_repeated(session: Session) -> Iterator[Broken]:
    for one in asked(session, "SetChargingProfile", source="csms"):
        before = needs_before(session, one)
        if before is None or one.status != "Accepted" or one.answer is None:
            continue
        for later in session.after(one.answer, within_s=REPEATED_S):
            if later.request.action == "NotifyAllowedEnergyTransfer" or later.asked.get("eventType") == "Ended":
                break
            if later.request.action == "NotifyEVChargingNeeds" and later.asked == before.asked:
                yield broken(later.request, "the same needs were told before", one.request)
                break


@station("K19.FR.10", "in dynamic control mode the CSMS's own schedule is reported, with its id")
def reported_schedule_is_the_csmss(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyEVChargingSchedule"):
        needs = session.latest_before(one.request, "NotifyEVChargingNeeds")
        given = [
            profile
            for profile in asked(session, "SetChargingProfile", source="csms")
            if profile.request.ordinal < one.request.ordinal and profile.status == "Accepted"
        ]
        if not needs or needs.asked.get("chargingNeeds", {}).get("controlMode") != "DynamicControl" or not given:
            continue
        ids = {schedule["id"] for profile in given for schedule in profile.asked["chargingProfile"]["chargingSchedule"]}
        if one.asked.get("selectedChargingScheduleId") not in ids:
            yield broken(
                one.request, f"schedule {one.asked.get('selectedChargingScheduleId')} is none of {sorted(ids)}"
            )


@station("K18.FR.09, K18.FR.10", "a reported schedule starts at 0 and goes forward")
def reported_schedule_is_ordered(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyEVChargingSchedule"):
        starts = [period["startPeriod"] for period in one.asked["chargingSchedule"]["chargingSchedulePeriod"]]
        if starts != sorted(set(starts)) or starts[0] != 0:
            yield broken(one.request, f"its periods start at {starts}")


@station("Q01.FR.31, Q07.FR.01", "the modes that every V2X station has are reported", "S", "warn")
def basic_modes_are_reported(session: Session) -> Iterator[Broken]:
    modes = session.variable("V2XChargingCtrlr", "SupportedOperationModes")
    report = next((one for one in reversed(list(session.of("NotifyReport", "GetVariables")))), None)
    if modes and report:
        missing = {"ChargingOnly", "CentralSetpoint", "CentralFrequency"} - set(modes.split(","))
        if missing:
            yield broken(report.request, f"SupportedOperationModes lacks {', '.join(sorted(missing))}")


@station(
    "Q01.FR.30, Q01.FR.32", "a full report has SupportedOperationModes and SupportedEnergyTransferModes", "S", "warn"
)
def v2x_abilities_are_reported(session: Session) -> Iterator[Broken]:
    pages = asked(session, "NotifyReport")
    if not pages or pages[-1].asked.get("tbc") or session.variable("V2XChargingCtrlr", "Enabled") is None:
        return
    for name in ("SupportedOperationModes", "SupportedEnergyTransferModes"):
        if session.variable("V2XChargingCtrlr", name) is None:
            yield broken(pages[-1].request, f"V2XChargingCtrlr.{name} is not in the report")


@station("Q01.FR.36", "component ConnectedEV tells of the vehicle", "S", "warn")
def connected_ev_is_reported(session: Session) -> Iterator[Broken]:
    pages = asked(session, "NotifyReport")
    full = pages and not pages[-1].asked.get("tbc") and len(pages) > 1
    if (
        full
        and session.variable("V2XChargingCtrlr", "Enabled")
        and session.variable("ConnectedEV", "Available") is None
    ):
        yield broken(pages[-1].request, "ConnectedEV.Available is not in the report")
