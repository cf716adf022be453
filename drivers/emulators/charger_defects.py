"""Seeded defects of the emulated charger's V2G half: what each one is, and how it is done.

`seen_in` is the number of the public field failure that it is made after, or `field` for one of our own programme.
`found_by` names the rule that trips, or the case that provokes it. The installer's docstring is the description.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from drivers.emulators.defects import Defect
from harness.exi.declare import Record
from harness.iso15118.errors import LinkLost
from harness.iso15118.messages import common, dc
from harness.iso15118.messages.common_types import Processing
from harness.iso15118.order import State, name_of
from harness.iso15118.quantities import changed, rational
from harness.iso15118.sdp import SdpRequest, SdpResponse, Security, parse
from harness.iso15118.secc_shell import Secc, Twist
from harness.iso15118.station import Grant
from harness.iso15118.v2gtp import Frame, FrameParser, Malformed, PayloadType, frame
from harness.iso15118.wire import to_frame

if TYPE_CHECKING:
    from drivers.emulators.secc import Charger

Install = Callable[["Charger"], None]

CHARGER_DEFECTS: dict[str, Defect] = {}
"""By id; `plugfest defects` prints them."""

_INSTALL: dict[str, Install] = {}
_RULE = "iso15118-20/"
LOOPS = ("DC_ChargeLoopReq", "AC_ChargeLoopReq")


def defect(id_: str, *, seen_in: str, found_by: str) -> Callable[[Install], Install]:
    """Register a defect; the installer's docstring is its description."""

    def register(installer: Install) -> Install:
        text = " ".join((installer.__doc__ or "").split())
        CHARGER_DEFECTS[id_] = Defect(id_, "charger", "iso15118-20", seen_in, text, found_by)
        _INSTALL[id_] = installer
        return installer

    return register


def install(charger: Charger, ids: Collection[str]) -> None:
    """Switch defects on; raises ValueError for an unknown id, naming the nearest."""
    for each in ids:
        if each not in _INSTALL:
            near = get_close_matches(each, _INSTALL, 1, 0.0)
            raise ValueError(f"the charger has no defect {each!r}; nearest is {near[0]!r}")
        _INSTALL[each](charger)


# the ways to misbehave


def _twist(charger: Charger, request: str, twist: Twist) -> None:
    """Give another answer to a request, in every session."""
    charger.before_session.append(lambda se: se.twists.update({request: twist}))


def _change(charger: Charger, request: str, **values: Any) -> None:
    """Give the right answer with other content."""
    _twist(charger, request, lambda _se, _request, response: changed(response, **values))


def _mishear(charger: Charger, hear: Callable[[Secc, Any], Record]) -> None:
    """Let the agent see another request than was sent."""
    charger.before_session.append(lambda se: se.hears.append(hear))


def _delayed(delay_s: float) -> Twist:
    async def late(se: Secc, _: Record, response: Record) -> Record:
        await se.clock.sleep(delay_s)
        return response

    return late


async def _die(charger: Charger, se: Secc) -> None:
    """An exception that nobody caught: this connection is cut and no later one is served."""
    charger.dead = True
    await se.link.close()
    raise LinkLost("the charger's software has crashed")


def _dies_on(charger: Charger, request: str, fatal: Callable[[Any], bool]) -> None:
    async def crash(se: Secc, asked: Record, response: Record) -> Record:
        if fatal(asked):
            await _die(charger, se)
        return response

    _twist(charger, request, crash)


# discovery and transport


@defect("foreign-discovery-address", seen_in="F01", found_by=_RULE + "discovery-names-a-usable-end")
def foreign_address(charger: Charger) -> None:
    """Discovery names an address that is not link-local: that of another interface."""
    charger.discovery_twists.append(lambda _, answer: _readdressed(answer, address="2001:db8::1"))


def _readdressed(answer: bytes | None, **values: Any) -> bytes | None:
    read = parse(answer) if answer else None
    return replace(read, **values).encode() if isinstance(read, SdpResponse) else answer


@defect("slow-to-answer-discovery", seen_in="F02", found_by="case: discovery within the retry budget")
def slow_discovery(charger: Charger) -> None:
    """The data link is not ready: the first 60 requests, more than a vehicle sends, get no answer."""
    count = itertools.count()
    charger.discovery_twists.append(lambda _, answer: answer if next(count) >= 60 else None)


@defect("answers-tls-with-plain", seen_in="F03", found_by=_RULE + "discovery-offers-what-was-asked")
def downgrade(charger: Charger) -> None:
    """A vehicle that asks for TLS is sent to the plain listener, although there is one with TLS."""
    charger.discovery_twists.append(lambda _, answer: _readdressed(answer, security=Security.NONE))


@defect("dies-on-malformed-discovery", seen_in="F05", found_by="case: liveness after a malformed datagram")
def dies_on_datagram(charger: Charger) -> None:
    """One malformed discovery datagram, and no later request is answered although the process lives."""

    def answer_no_more(datagram: bytes, answer: bytes | None) -> bytes | None:
        charger.dead = charger.dead or not isinstance(parse(datagram), SdpRequest)
        return None if charger.dead else answer

    charger.discovery_twists.append(answer_no_more)


@defect("asks-no-client-certificate", seen_in="F07", found_by=_RULE + "client-certificate-is-requested")
def no_client_certificate(charger: Charger) -> None:
    """The TLS listener does not ask for the vehicle's certificate, and -20 is granted all the same."""
    charger.asks_client_certificate = False


@defect("closes-at-once-after-stop", seen_in="F13", found_by=_RULE + "station-waits-for-the-vehicle-to-close")
def closes_at_once(charger: Charger) -> None:
    """The connection is closed right behind SessionStopRes, before the vehicle closes."""

    def prepare(se: Secc) -> None:
        se.closes_after_s = 0.0

    charger.before_session.append(prepare)


class _WholePieces(FrameParser):
    """Takes every piece that the network delivers for one whole frame."""

    def feed(self, octets: bytes) -> Any:
        found: list[Frame | Malformed] = list(FrameParser().feed(octets))
        return iter(found[:1])


@defect("needs-whole-segments", seen_in="F14", found_by="case: frame split over segments")
def whole_segments(charger: Charger) -> None:
    """A frame that comes in two pieces is lost, and so is the second of two frames in one piece."""
    charger.before_session.append(lambda se: se.link.use_parser(_WholePieces()))


@defect("old-payload-type", seen_in="F15", found_by=_RULE + "station-payload-type-fits-the-message")
def old_payload_type(charger: Charger) -> None:
    """ServiceDiscoveryRes goes out under payload type 0x8001, as messages of -2 do."""
    _twist(charger, "ServiceDiscoveryReq", lambda _se, _request, response: to_frame(response, PayloadType.SAP))


class _NoVendors(FrameParser):
    """Calls a stream broken when a manufacturer's payload type comes."""

    def feed(self, octets: bytes) -> Any:
        for one in super().feed(octets):
            foreign = isinstance(one, Malformed) and "payload type 0xA" in one.reason
            yield Malformed(one.reason, one.octets, True) if isinstance(one, Malformed) and foreign else one


@defect("closes-on-vendor-payload", seen_in="F16", found_by="case: vendor payload type is ignored")
def closes_on_vendor(charger: Charger) -> None:
    """A frame with a manufacturer-specific payload type ends the session instead of being ignored."""
    charger.before_session.append(lambda se: se.link.use_parser(_NoVendors()))


# negotiation and session


@defect("ignores-priority", seen_in="F17", found_by="case: priorities against the order of the list")
def ignores_priority(charger: Charger) -> None:
    """The first protocol in the vehicle's list is taken, whatever its priority."""

    def first_first(_: Secc, request: Any) -> Any:
        if name_of(request) != "supportedAppProtocolReq":
            return changed(request)
        ranked = (changed(one, priority=index + 1) for index, one in enumerate(request.app_protocol))
        return changed(request, app_protocol=tuple(ranked))

    _mishear(charger, first_first)


@defect("negotiates-what-it-lacks", seen_in="F18", found_by="case: only AC offered to a DC station")
def negotiates_anything(charger: Charger) -> None:
    """Any -20 namespace is accepted, also for message sets that the station does not have."""

    def accept(_se: Secc, request: Any, response: Any) -> Any:
        wanted = [one for one in request.app_protocol if one.protocol_namespace.startswith("urn:iso:std:iso:15118:-20")]
        if str(response.response_code).startswith("OK") or not wanted:
            return changed(response)
        return changed(response, response_code="OK_SuccessfulNegotiation", schema_id=wanted[0].schema_id)

    _twist(charger, "supportedAppProtocolReq", accept)


@defect("always-minor-deviation", seen_in="F19", found_by=_RULE + "minor-deviation-is-real")
def minor_deviation(charger: Charger) -> None:
    """The minor-deviation code is sent for every successful negotiation."""
    _change(charger, "supportedAppProtocolReq", response_code="OK_SuccessfulNegotiationWithMinorDeviation")


@defect("schema-id-is-always-one", seen_in="F20", found_by=_RULE + "chosen-protocol-was-offered")
def schema_id_one(charger: Charger) -> None:
    """SchemaID 1 is answered, whichever ids the vehicle gave."""
    _change(charger, "supportedAppProtocolReq", schema_id=1)


@defect("takes-foreign-session-ids", seen_in="F22", found_by=_RULE + "foreign-session-id-is-refused")
def foreign_ids(charger: Charger) -> None:
    """A request with another session id is served like one's own."""
    _mishear(charger, lambda se, request: _with_id(se, request, lambda _: True))


@defect("takes-the-zero-session-id", seen_in="F23", found_by=_RULE + "foreign-session-id-is-refused")
def zero_id(charger: Charger) -> None:
    """A request with session id 0 is served in the middle of a session."""
    _mishear(charger, lambda se, request: _with_id(se, request, lambda id_: not any(id_)))


def _with_id(se: Secc, request: Any, forgiven: Callable[[bytes], bool]) -> Any:
    header = request.__dict__.get("header")
    if header is None or name_of(request) == "SessionSetupReq" or not forgiven(header.session_id):
        return changed(request)
    return changed(request, header__session_id=se.session.session_id)


@defect("guessable-session-ids", seen_in="F24", found_by=_RULE + "session-id-looks-random")
def guessable_ids(charger: Charger) -> None:
    """Session ids and challenges are decimal digits of a counter."""
    count = itertools.count(10_000_000)
    charger.memory.random = lambda size: f"{next(count):0{size}d}".encode()[:size]


@defect("clock-in-seconds", seen_in="F26", found_by=_RULE + "station-time-stamp-is-in-microseconds")
def clock_in_seconds(charger: Charger) -> None:
    """Header time stamps count seconds instead of microseconds."""
    charger.config = replace(charger.config, profile=replace(charger.config.profile, time_stamp_unit="s"))


@defect("never-resumes-after-pause", seen_in="F27", found_by="PF_PRG_08")
def never_resumes(charger: Charger) -> None:
    """The charger forgets paused sessions: every resume gets a new session."""
    charger.before_session.append(lambda se: se.session.memory.paused.clear())


@defect("resumes-for-anybody", seen_in="F28", found_by=_RULE + "another-vehicle-does-not-join")
def resumes_for_anybody(charger: Charger) -> None:
    """A paused session is joined by whoever names its id."""

    def prepare(se: Secc) -> None:
        se.session.binding = lambda: b""  # type: ignore[method-assign]

    charger.before_session.append(prepare)


@defect("never-wakes-after-pause", seen_in="F30", found_by="PF_PRG_08")
def never_wakes(charger: Charger) -> None:
    """After a pause the charger never turns its oscillator on again, whoever asks."""
    charger.wakes_after_pause = False


# authorization and services


@defect("refused-card-stays-ongoing", seen_in="F31", found_by="case: refused identification")
def refusal_ongoing(charger: Charger) -> None:
    """A refused identification is answered Ongoing until the vehicle gives up."""
    decided = charger.outlet.authorized
    charger.outlet.authorized = lambda: decided() or None  # type: ignore[method-assign]


@defect("contract-offer-without-challenge", seen_in="F34", found_by=_RULE + "pnc-offer-has-a-challenge")
def no_challenge(charger: Charger) -> None:
    """Plug & Charge is offered, but the block that is sent is the one of external identification."""
    _change(
        charger,
        "AuthorizationSetupReq",
        authorization_services=(common.Authorization.EIM, common.Authorization.PnC),
        authorization_mode=common.EIMASResAuthorizationMode(),
    )


@defect("challenge-not-compared", seen_in="F35", found_by=_RULE + "wrong-challenge-is-refused")
def challenge_not_compared(charger: Charger) -> None:
    """A signed request over an old challenge is accepted: it can be replayed."""

    def believe(se: Secc, request: Any) -> Any:
        mode = request.__dict__.get("authorization_mode")
        if isinstance(mode, common.PnCAReqAuthorizationMode):
            se.session.challenge = mode.gen_challenge
        return changed(request)

    _mishear(charger, believe)


@defect("dies-on-a-malformed-certificate", seen_in="F36", found_by="case: random octets as contract certificate")
def dies_on_certificate(charger: Charger) -> None:
    """A contract certificate that is no certificate crashes the charger; no later session is served."""

    def fatal(request: Any) -> bool:
        chain = getattr(request.authorization_mode, "contract_certificate_chain", None)
        return chain is not None and not chain.certificate.startswith(b"\x30\x82")

    _dies_on(charger, "AuthorizationReq", fatal)


@defect("dies-without-service-filter", seen_in="F39", found_by=_RULE + "station-does-not-cut-the-session")
def dies_without_filter(charger: Charger) -> None:
    """ServiceDiscoveryReq without the optional SupportedServiceIDs crashes the charger."""
    _dies_on(charger, "ServiceDiscoveryReq", lambda request: request.supported_service_ids is None)


@defect("takes-unoffered-parameter-sets", seen_in="F40", found_by=_RULE + "unoffered-selection-is-refused")
def unoffered_sets(charger: Charger) -> None:
    """A parameter set that was never offered is selected with OK."""

    def forgive(se: Secc, request: Any) -> Any:
        if name_of(request) != "ServiceSelectionReq":
            return changed(request)
        offers = se.session.config.offers.get(request.selected_energy_transfer_service.service_id, ())
        known = [offer.set_id for offer in offers]
        asked = request.selected_energy_transfer_service.parameter_set_id
        chosen = asked if asked in known or not known else known[0]
        return changed(request, selected_energy_transfer_service__parameter_set_id=chosen)

    _mishear(charger, forgive)


# parameters, loop, power


@defect("scheduled-answer-to-dynamic-loop", seen_in="F42", found_by=_RULE + "dc-loop-is-answered-in-its-control-mode")
def scheduled_answer(charger: Charger) -> None:
    """A dynamic charge-loop request gets the scheduled variant."""
    _change(charger, "DC_ChargeLoopReq", control_mode=dc.BPTScheduledDCCLResControlMode())


@defect("ignores-setpoint-sign", seen_in="F43", found_by="PF_PRG_06")
def ignores_sign(charger: Charger) -> None:
    """A negative set point charges with the same magnitude."""
    outlet, deliver = charger.outlet, charger.outlet.deliver

    def unsigned(demand: Any) -> Grant:
        outlet.target_power_w = abs(outlet.target_power_w)
        return deliver(demand)

    outlet.deliver = unsigned  # type: ignore[method-assign]


@defect("mixes-discharge-signs", seen_in="F43", found_by=_RULE + "station-discharge-limits-have-one-sign")
def mixed_signs(charger: Charger) -> None:
    """Discharge limits are positive in the charge parameters and negative in the loop."""

    def negated(_se: Secc, _request: Any, response: Any) -> Any:
        mode = response.control_mode
        names = [name for name in mode.__dict__ if "maximum_discharge" in name]
        return changed(response, control_mode=changed(mode, **{name: _minus(mode.__dict__[name]) for name in names}))

    _twist(charger, "DC_ChargeLoopReq", negated)


def _minus(number: Any) -> Any:
    return None if number is None else rational(-float(number))


@defect("fails-on-zero-discharge-limit", seen_in="F45", found_by="case: discharge limit zero in the loop")
def zero_discharge(charger: Charger) -> None:
    """A vehicle that cannot give power just now is refused instead of idled."""

    def refuse(se: Secc, request: Any, response: Any) -> Any:
        limit = getattr(request.control_mode, "ev_maximum_discharge_power", None)
        if limit is None or float(limit) != 0.0:
            return changed(response)
        return se.session.refuse(request, "FAILED", se.clock.now_s(), "no discharge power")

    _twist(charger, "DC_ChargeLoopReq", refuse)


@defect("cable-check-without-end", seen_in="F47", found_by="PF_PRG_04")
def endless_cable_check(charger: Charger) -> None:
    """The cable check is ongoing for ever."""
    charger.outlet.cable_check = lambda: None  # type: ignore[method-assign]


@defect("cable-check-without-test", seen_in="F47", found_by=_RULE + "cable-check-takes-time")
def untested_cable(charger: Charger) -> None:
    """The cable check is finished at once; nothing was tested."""
    charger.outlet.cable_check = lambda: True  # type: ignore[method-assign]


@defect("power-before-pre-charge", seen_in="F48", found_by=_RULE + "wrong-order-is-refused")
def power_before_pre_charge(charger: Charger) -> None:
    """PowerDelivery(Start) is accepted while the vehicle still calls pre-charge ongoing."""

    def forgive(se: Secc, request: Any) -> Any:
        if name_of(request) == "PowerDeliveryReq" and se.session.state is State.PRE_CHARGE_ONGOING:
            se.session.state = State.PRE_CHARGED
        return changed(request)

    _mishear(charger, forgive)


@defect("pre-charge-shows-no-voltage", seen_in="F49", found_by=_RULE + "voltage-rises-in-pre-charge")
def no_voltage(charger: Charger) -> None:
    """EVSEPresentVoltage stays 0 in pre-charge."""
    _change(charger, "DC_PreChargeReq", evse_present_voltage=rational(0))


@defect("pre-charge-echoes-target", seen_in="F49", found_by="case: voltage across the closing contactor")
def echoed_voltage(charger: Charger) -> None:
    """EVSEPresentVoltage in pre-charge is the vehicle's target at once, not a measurement."""
    _twist(
        charger,
        "DC_PreChargeReq",
        lambda _se, request, response: changed(response, evse_present_voltage=request.__dict__["ev_target_voltage"]),
    )


@defect("contactor-never-closes", seen_in="F50", found_by=_RULE + "voltages-agree")
def open_contactor(charger: Charger) -> None:
    """An open contactor is taken for a closed one: power is on, by the words, and none flows."""
    deliver = charger.outlet.deliver

    def without(demand: Any) -> Grant:
        grant = deliver(demand)
        charger.plant.command(contactor=False)
        return grant

    charger.outlet.deliver = without  # type: ignore[method-assign]


@defect("power-delivery-late", seen_in="F51", found_by=_RULE + "prompt-answer-power-delivery")
def late_power_delivery(charger: Charger) -> None:
    """The answer to PowerDelivery takes 1.8 s: late by the performance time, but inside the vehicle's patience."""
    _twist(charger, "PowerDeliveryReq", _delayed(1.8))


@defect("power-delivery-too-late", seen_in="F51", found_by="PF_PRG_04")
def too_late_power_delivery(charger: Charger) -> None:
    """The answer to PowerDelivery waits 3 s for the contactor, as -2 allowed; the vehicle waits 2 s and is gone."""
    _twist(charger, "PowerDeliveryReq", _delayed(3.0))


@defect("loop-too-slow", seen_in="F52", found_by=_RULE + "prompt-answer-charge-loop")
def slow_loop(charger: Charger) -> None:
    """Every charge-loop answer takes 0.4 s: late by the performance time, but inside the vehicle's patience."""
    for request in LOOPS:
        _twist(charger, request, _delayed(0.4))


@defect("holds-contactor-for-the-silent", seen_in="F53", found_by="case: silence in the charge loop")
def holds_contactor(charger: Charger) -> None:
    """A vehicle that falls silent in the loop keeps its power for 60 s."""
    charger.config = replace(charger.config, profile=replace(charger.config.profile, loop_sequence_timeout_s=60.0))


@defect("exceeds-stated-limit", seen_in="F54", found_by=_RULE + "delivered-power-is-within-the-stations-limit")
def exceeds_limit(charger: Charger) -> None:
    """The loop states a maximum of 2 kW, and more is delivered."""
    _twist(
        charger,
        "DC_ChargeLoopReq",
        lambda _se, _request, response: changed(response, control_mode__evse_maximum_charge_power=rational(2_000)),
    )


@defect("no-meter-information", seen_in="F56", found_by=_RULE + "requested-meter-information-is-sent")
def no_meter(charger: Charger) -> None:
    """MeterInfoRequested is ignored."""
    charger.config = replace(charger.config, meter=False)


@defect("inoperative-after-renegotiation", seen_in="F59", found_by="case: liveness after schedule renegotiation")
def inoperative(charger: Charger) -> None:
    """After a schedule renegotiation the next cable check fails, and so do those of all later sessions."""
    check = charger.outlet.cable_check
    renegotiated: list[bool] = []

    def prepare(se: Secc) -> None:
        def note(_se: Secc, request: Any, response: Any) -> Any:
            if request.charge_progress == "ScheduleRenegotiation":
                renegotiated.append(True)
            return changed(response)

        se.twists["PowerDeliveryReq"] = note

    charger.before_session.append(prepare)
    charger.outlet.cable_check = lambda: False if renegotiated else check()  # type: ignore[method-assign]


@defect("stop-refused-before-power", seen_in="F62", found_by=_RULE + "right-order-is-not-refused")
def stop_refused(charger: Charger) -> None:
    """SessionStop during cable check or pre-charge is answered with a sequence error."""
    early = (State.CABLE_CHECK_ONGOING, State.CABLE_CHECKED, State.PRE_CHARGE_ONGOING, State.PRE_CHARGED)

    def prepare(se: Secc) -> None:
        was: list[State] = []

        def remember(heard: Secc, request: Record) -> Record:
            was[:] = [heard.session.state]
            return request

        def refuse(asked: Secc, request: Record, response: Record) -> Record:
            if was and was[0] in early:
                return asked.session.refuse(request, "FAILED_SequenceError", asked.clock.now_s(), "not now")
            return response

        se.hears.append(remember)
        se.twists["SessionStopReq"] = refuse

    charger.before_session.append(prepare)


@defect("checks-first-slot-only", seen_in="F64", found_by=_RULE + "excessive-profile-is-refused")
def first_slot_only(charger: Charger) -> None:
    """A power profile is compared with the schedule in its first entry only."""

    def shorten(_: Secc, request: Any) -> Any:
        profile = request.__dict__.get("ev_power_profile")
        if profile is None:
            return changed(request)
        first = profile.ev_power_profile_entries.ev_power_profile_entry[:1]
        instant = tuple(changed(one, duration=1) for one in first)
        return changed(request, ev_power_profile__ev_power_profile_entries__ev_power_profile_entry=instant)

    _mishear(charger, shorten)


@defect("stale-octets-behind-messages", seen_in="F66", found_by=_RULE + "station-message-follows-the-schema")
def stale_octets(charger: Charger) -> None:
    """Three octets of an earlier message follow each ServiceDetailRes inside its frame."""

    def padded(_se: Secc, _request: Record, response: Record) -> bytes:
        octets = to_frame(response)
        return frame(PayloadType.COMMON, octets[8:] + b"\x80\x5c\x01")

    _twist(charger, "ServiceDetailReq", padded)


@defect("answers-power-delivery-twice", seen_in="F68", found_by=_RULE + "nothing-is-sent-unasked")
def answers_twice(charger: Charger) -> None:
    """The contactor's timer fires after PowerDelivery was answered and sends a second, failed answer."""

    def twice(_se: Secc, _request: Record, response: Record) -> bytes:
        second = changed(response, response_code="FAILED_ContactorError")
        return to_frame(response) + to_frame(second)

    _twist(charger, "PowerDeliveryReq", twice)


@defect("authorization-ongoing-with-refusal", seen_in="F31", found_by=_RULE + "refused-authorization-is-finished")
def refusal_with_ongoing(charger: Charger) -> None:
    """A refused identification is answered with the warning, but still called ongoing."""

    def ongoing(_se: Secc, _request: Any, response: Any) -> Any:
        refused = str(response.response_code).startswith("WARNING")
        return changed(response, evse_processing=Processing.Ongoing) if refused else changed(response)

    _twist(charger, "AuthorizationReq", ongoing)


@defect("plain-ok-to-session-setup", seen_in="F25", found_by=_RULE + "setup-says-new-or-joined")
def plain_ok(charger: Charger) -> None:
    """SessionSetup is answered with plain OK, so that nobody knows whether the session is new."""
    _change(charger, "SessionSetupReq", response_code="OK")
