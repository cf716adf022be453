"""Seeded defects of the emulated charger from discovery to the selected service."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drivers.emulators.charger_misconduct import RULE, change, defect, dies_on, mishear, twist
from harness.exi.declare import Record
from harness.iso15118.errors import Undecodable
from harness.iso15118.messages import common
from harness.iso15118.order import State, name_of
from harness.iso15118.quantities import changed
from harness.iso15118.sdp import SdpRequest, SdpResponse, Security, parse
from harness.iso15118.secc_shell import Secc
from harness.iso15118.v2gtp import Frame, FrameParser, Malformed, PayloadType
from harness.iso15118.wire import from_frame, to_frame

if TYPE_CHECKING:
    from drivers.emulators.secc import Charger

# discovery and transport


@defect("foreign-discovery-address", seen_in="F01", found_by=RULE + "discovery-names-a-usable-end")
def foreign_address(charger: Charger) -> None:
    """Discovery names an address that is not link-local: that of another interface."""
    charger.discovery_twists.append(lambda _, answer: _readdressed(answer, address="2001:db8::1"))


def _readdressed(answer: bytes | None, **values: Any) -> bytes | None:
    read = parse(answer) if answer else None
    return replace(read, **values).encode() if isinstance(read, SdpResponse) else answer


@defect("slow-to-answer-discovery", seen_in="F02", found_by="TC_SECC_CMN_VTB_SDP_001")
def slow_discovery(charger: Charger) -> None:
    """The data link is not ready: the first 60 requests, more than a vehicle sends, get no answer."""
    count = itertools.count()
    charger.discovery_twists.append(lambda _, answer: answer if next(count) >= 60 else None)


@defect("answers-tls-with-plain", seen_in="F03", found_by=RULE + "discovery-offers-what-was-asked")
def downgrade(charger: Charger) -> None:
    """A vehicle that asks for TLS is sent to the plain listener, although there is one with TLS."""
    charger.discovery_twists.append(lambda _, answer: _readdressed(answer, security=Security.NONE))


@defect("answers-discovery-twice", seen_in="F04", found_by=RULE + "discovery-is-answered-by-one")
def answers_discovery_twice(charger: Charger) -> None:
    """A second answer with another port follows the first, as if somebody else answered too."""

    def elsewhere(answer: bytes) -> bytes:
        read = parse(answer)
        assert isinstance(read, SdpResponse)
        return replace(read, port=read.port ^ 1).encode()

    charger.second_answer = elsewhere


@defect("dies-on-malformed-discovery", seen_in="F05", found_by="TC_SECC_CMN_VTB_SDP_016")
def dies_on_datagram(charger: Charger) -> None:
    """One malformed discovery datagram, and no later request is answered although the process lives."""

    def answer_no_more(datagram: bytes, answer: bytes | None) -> bytes | None:
        charger.dead = charger.dead or not isinstance(parse(datagram), SdpRequest)
        return None if charger.dead else answer

    charger.discovery_twists.append(answer_no_more)


@defect("asks-no-client-certificate", seen_in="F07", found_by=RULE + "client-certificate-is-requested")
def no_client_certificate(charger: Charger) -> None:
    """The TLS listener does not ask for the vehicle's certificate, and -20 is granted all the same."""
    charger.asks_client_certificate = False


@defect("closes-at-once-after-stop", seen_in="F13", found_by=RULE + "station-waits-for-the-vehicle-to-close")
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


@defect("needs-whole-segments", seen_in="F14", found_by="TC_SECC_CMN_VTB_V2GTP_011")
def whole_segments(charger: Charger) -> None:
    """A frame that comes in two pieces is lost, and so is the second of two frames in one piece."""
    charger.before_session.append(lambda se: se.link.use_parser(_WholePieces()))


@defect("dies-on-an-undecodable-message", seen_in="F66", found_by="PF_NET_12")
def dies_on_undecodable(charger: Charger) -> None:
    """A message whose octets cannot be decoded crashes the charger; no later session is served."""

    class Fragile(FrameParser):
        def feed(self, octets: bytes) -> Any:
            for one in super().feed(octets):
                if isinstance(one, Frame) and not _decodes(one):
                    charger.dead = True
                    one = Malformed("the charger's software has crashed", one.octets, True)
                yield one

    charger.before_session.append(lambda se: se.link.use_parser(Fragile()))


def _decodes(frame: Frame) -> bool:
    try:
        from_frame(frame)
    except Undecodable:
        return False
    return True


@defect("old-payload-type", seen_in="F15", found_by=RULE + "station-payload-type-fits-the-message")
def old_payload_type(charger: Charger) -> None:
    """ServiceDiscoveryRes goes out under payload type 0x8001, as messages of -2 do."""
    twist(charger, "ServiceDiscoveryReq", lambda _se, _request, response: to_frame(response, PayloadType.SAP))


class _NoVendors(FrameParser):
    """Calls a stream broken when a manufacturer's payload type comes."""

    def feed(self, octets: bytes) -> Any:
        for one in super().feed(octets):
            foreign = isinstance(one, Malformed) and "payload type 0xA" in one.reason
            yield Malformed(one.reason, one.octets, True) if isinstance(one, Malformed) and foreign else one


@defect("closes-on-vendor-payload", seen_in="F16", found_by="TC_SECC_CMN_VTB_V2GTP_005")
def closes_on_vendor(charger: Charger) -> None:
    """A frame with a manufacturer-specific payload type ends the session instead of being ignored."""
    charger.before_session.append(lambda se: se.link.use_parser(_NoVendors()))


# negotiation and session


@defect("ignores-priority", seen_in="F17", found_by="TC_SECC_DC_VTB_SupportedAppProtocol_100")
def ignores_priority(charger: Charger) -> None:
    """The first protocol in the vehicle's list is taken, whatever its priority."""

    def first_first(_: Secc, request: Any) -> Any:
        if name_of(request) != "supportedAppProtocolReq":
            return changed(request)
        ranked = (changed(one, priority=index + 1) for index, one in enumerate(request.app_protocol))
        return changed(request, app_protocol=tuple(ranked))

    mishear(charger, first_first)


@defect("negotiates-what-it-lacks", seen_in="F18", found_by="TC_SECC_DC_VTB_SupportedAppProtocol_053")
def negotiates_anything(charger: Charger) -> None:
    """Any -20 namespace is accepted, also for message sets that the station does not have."""

    def accept(_se: Secc, request: Any, response: Any) -> Any:
        wanted = [one for one in request.app_protocol if one.protocol_namespace.startswith("urn:iso:std:iso:15118:-20")]
        if str(response.response_code).startswith("OK") or not wanted:
            return changed(response)
        return changed(response, response_code="OK_SuccessfulNegotiation", schema_id=wanted[0].schema_id)

    twist(charger, "supportedAppProtocolReq", accept)


@defect("always-minor-deviation", seen_in="F19", found_by=RULE + "minor-deviation-is-real")
def minor_deviation(charger: Charger) -> None:
    """The minor-deviation code is sent for every successful negotiation."""
    change(charger, "supportedAppProtocolReq", response_code="OK_SuccessfulNegotiationWithMinorDeviation")


@defect("schema-id-is-always-one", seen_in="F20", found_by=RULE + "chosen-protocol-was-offered")
def schema_id_one(charger: Charger) -> None:
    """SchemaID 1 is answered, whichever ids the vehicle gave."""
    change(charger, "supportedAppProtocolReq", schema_id=1)


@defect("takes-foreign-session-ids", seen_in="F22", found_by=RULE + "foreign-session-id-is-refused")
def foreign_ids(charger: Charger) -> None:
    """A request with another session id is served like one's own."""
    mishear(charger, lambda se, request: _with_id(se, request, lambda _: True))


@defect("takes-the-zero-session-id", seen_in="F23", found_by=RULE + "foreign-session-id-is-refused")
def zero_id(charger: Charger) -> None:
    """A request with session id 0 is served in the middle of a session."""
    mishear(charger, lambda se, request: _with_id(se, request, lambda id_: not any(id_)))


def _with_id(se: Secc, request: Any, forgiven: Callable[[bytes], bool]) -> Any:
    header = request.__dict__.get("header")
    if header is None or name_of(request) == "SessionSetupReq" or not forgiven(header.session_id):
        return changed(request)
    return changed(request, header__session_id=se.session.session_id)


@defect("guessable-session-ids", seen_in="F24", found_by=RULE + "session-id-looks-random")
def guessable_ids(charger: Charger) -> None:
    """Session ids and challenges are decimal digits of a counter."""
    count = itertools.count(10_000_000)
    charger.memory.random = lambda size: f"{next(count):0{size}d}".encode()[:size]


@defect("clock-in-seconds", seen_in="F26", found_by=RULE + "station-time-stamp-is-in-microseconds")
def clock_in_seconds(charger: Charger) -> None:
    """Header time stamps count seconds instead of microseconds."""
    charger.config = replace(charger.config, profile=replace(charger.config.profile, time_stamp_unit="s"))


@defect("never-resumes-after-pause", seen_in="F27", found_by="PF_PRG_08")
def never_resumes(charger: Charger) -> None:
    """The charger forgets paused sessions: every resume gets a new session."""
    charger.before_session.append(lambda se: se.session.memory.paused.clear())


@defect("resumes-for-anybody", seen_in="F28", found_by=RULE + "another-vehicle-does-not-join")
def resumes_for_anybody(charger: Charger) -> None:
    """A paused session is joined by whoever names its id."""

    def prepare(se: Secc) -> None:
        se.session.binding = lambda: b""  # type: ignore[method-assign]

    charger.before_session.append(prepare)


@defect("authorizes-again-after-resume", seen_in="F29", found_by=RULE + "right-order-is-not-refused")
def authorizes_again(charger: Charger) -> None:
    """A resumed session has to go through authorization once more: everything else is out of order."""

    def start_over(se: Secc, request: Record) -> Record:
        if se.session.state is State.RESUMED:
            se.session.state = State.NEW
        return request

    mishear(charger, start_over)


@defect("never-wakes-after-pause", seen_in="F30", found_by="PF_PRG_08")
def never_wakes(charger: Charger) -> None:
    """After a pause the charger never turns its oscillator on again, whoever asks."""
    charger.wakes_after_pause = False


# authorization and services


@defect("refused-card-stays-ongoing", seen_in="F31", found_by="TC_SECC_CMN_VTB_Authorization_062")
def refusal_ongoing(charger: Charger) -> None:
    """A refused identification is answered Ongoing until the vehicle gives up."""
    decided = charger.outlet.authorized
    charger.outlet.authorized = lambda: decided() or None  # type: ignore[method-assign]


@defect("contract-offer-without-challenge", seen_in="F34", found_by=RULE + "pnc-offer-has-a-challenge")
def no_challenge(charger: Charger) -> None:
    """Plug & Charge is offered, but the block that is sent is the one of external identification."""
    change(
        charger,
        "AuthorizationSetupReq",
        authorization_services=(common.Authorization.EIM, common.Authorization.PnC),
        authorization_mode=common.EIMASResAuthorizationMode(),
    )


@defect("challenge-not-compared", seen_in="F35", found_by=RULE + "wrong-challenge-is-refused")
def challenge_not_compared(charger: Charger) -> None:
    """A signed request over an old challenge is accepted: it can be replayed."""

    def believe(se: Secc, request: Any) -> Any:
        mode = request.__dict__.get("authorization_mode")
        if isinstance(mode, common.PnCAReqAuthorizationMode):
            se.session.challenge = mode.gen_challenge
        return changed(request)

    mishear(charger, believe)


@defect("dies-on-a-malformed-certificate", seen_in="F36", found_by="TC_SECC_CMN_VTB_Authorization_052")
def dies_on_certificate(charger: Charger) -> None:
    """A contract certificate that is no certificate crashes the charger; no later session is served."""

    def fatal(request: Any) -> bool:
        chain = getattr(request.authorization_mode, "contract_certificate_chain", None)
        return chain is not None and not chain.certificate.startswith(b"\x30\x82")

    dies_on(charger, "AuthorizationReq", fatal)


@defect("dies-without-service-filter", seen_in="F39", found_by=RULE + "station-does-not-cut-the-session")
def dies_without_filter(charger: Charger) -> None:
    """ServiceDiscoveryReq without the optional SupportedServiceIDs crashes the charger."""
    dies_on(charger, "ServiceDiscoveryReq", lambda request: request.supported_service_ids is None)


@defect("takes-unoffered-parameter-sets", seen_in="F40", found_by=RULE + "unoffered-selection-is-refused")
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

    mishear(charger, forgive)
