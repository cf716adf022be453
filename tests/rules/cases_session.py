"""Negotiation, session ids, time stamps, timing, the end of a session, TLS, and coming back after a pause."""

from __future__ import annotations

from typing import Any

from harness.iso15118.messages import sap
from tests.rules.case import Case
from tests.rules.cases_order import confirmation, installation
from tests.rules.stories import (
    EPOCH_US,
    SESSION,
    ZERO,
    Story,
    dc_bpt_dynamic,
    dc_scheduled,
    make,
    pnc,
    resumed,
    service_renegotiated,
    services,
    status,
    stop,
)

OTHER = bytes.fromhex("0102030405060708")
VEHICLE, CHARGER = "vehicle", "charger"


def element(name: str, path: str, value: Any, nth: int | None = 0):
    return lambda story: story.set(name, path, value, nth)


def attribute(**values: Any):
    """Set attributes of the story itself."""

    def wrong(story: Story) -> None:
        for name, value in values.items():
            setattr(story, name, value)

    return wrong


def both(*wrongs: Any):
    def wrong(story: Story) -> None:
        for one in wrongs:
            one(story)

    return wrong


def second_offer(**changes: Any):
    """A second protocol is offered, and one thing about it is wrong."""

    def wrong(story: Story) -> None:
        values = {
            "protocol_namespace": "urn:iso:15118:2:2013:MsgDef",
            "version_number_major": 2,
            "version_number_minor": 0,
            "schema_id": 2,
            "priority": 2,
        }
        first = story.at("supportedAppProtocolReq").content.app_protocol
        story.set("supportedAppProtocolReq", "app_protocol", (*first, make(sap.AppProtocol, **(values | changes))))

    return wrong


def old_tls(story: Story) -> None:
    story.tls = {"what": "tls", "version": "TLS 1.2", "client_versions": ["TLS 1.2"]}


def asked(*times: float) -> list[tuple[float, str, str]]:
    return [(at, VEHICLE, "01fe9000000000020000") for at in times]


def answered(tail: str, address: str = "fe80000000000000664d70fffe0103bf") -> tuple[float, str, str]:
    return (-0.15, CHARGER, f"01fe900100000014{address}{tail}")


NEGOTIATION = [
    Case("priorities-are-unique", dc_scheduled, second_offer(priority=1)),
    Case("schema-ids-are-unique", dc_scheduled, second_offer(schema_id=1)),
    Case(
        "offered-namespaces-are-published", dc_scheduled, second_offer(protocol_namespace="urn:iso:std:iso:15118:-20:X")
    ),
    Case("chosen-protocol-was-offered", dc_scheduled, element("supportedAppProtocolRes", "schema_id", 9)),
    Case("chosen-protocol-is-named", dc_scheduled, element("supportedAppProtocolRes", "schema_id", None)),
    Case(
        "minor-deviation-is-real",
        dc_scheduled,
        lambda story: story.code("supportedAppProtocolRes", "OK_SuccessfulNegotiationWithMinorDeviation"),
    ),
    Case(
        "minor-deviation-is-told",
        dc_scheduled,
        element("supportedAppProtocolReq", "app_protocol.0.version_number_minor", 3),
    ),
    Case(
        "major-version-is-known",
        dc_scheduled,
        element("supportedAppProtocolReq", "app_protocol.0.version_number_major", 3),
    ),
    Case("offers-20-on-tls-only", dc_scheduled, attribute(tls=None), ("selects-20-on-tls-only",)),
    Case("selects-20-on-tls-only", dc_scheduled, attribute(tls=None), ("offers-20-on-tls-only",)),
    Case("offers-20-on-tls-13", dc_scheduled, old_tls, ("selects-20-on-tls-13", "tls-13-is-offered")),
    Case("selects-20-on-tls-13", dc_scheduled, old_tls, ("offers-20-on-tls-13", "tls-13-is-offered")),
    Case("discovery-is-patient", dc_scheduled, attribute(datagrams=[*asked(-0.3, -0.2), answered("d74e0000")])),
    Case("discovery-gives-up", dc_scheduled, attribute(datagrams=asked(*(-30 + index * 0.3 for index in range(60))))),
    Case(
        "discovery-asks-for-tls",
        dc_scheduled,
        attribute(datagrams=[(-0.2, VEHICLE, "01fe9000000000021000"), answered("d74e0000")]),
    ),
    Case("discovery-offers-what-was-asked", dc_scheduled, attribute(datagrams=[*asked(-0.3), answered("d74e1000")])),
    Case(
        "refuses-a-downgrade",
        dc_scheduled,
        attribute(datagrams=[*asked(-0.3), answered("d74e1000")], tls=None),
        ("discovery-offers-what-was-asked", "offers-20-on-tls-only", "selects-20-on-tls-only"),
    ),
    Case("discovery-names-a-usable-end", dc_scheduled, attribute(datagrams=[*asked(-0.3), answered("00000000")])),
    Case(
        "discovery-is-answered-by-one",
        dc_scheduled,
        attribute(datagrams=[*asked(-0.3), answered("d74e0000"), answered("d74f0000")]),
    ),
]


def station_id(value: bytes, nth: int = 0):
    """The id that the station gives, and that both sides then keep."""

    def wrong(story: Story) -> None:
        place = story.lines.index(story.at("SessionSetupRes", nth))
        for line in story.lines[place:]:
            line.session_id = value

    return wrong


def request_id(name: str, value: bytes):
    def wrong(story: Story) -> None:
        story.at(name).session_id = value

    return wrong


def foreign(code: str):
    def wrong(story: Story) -> None:
        request_id("ServiceDiscoveryReq", OTHER)(story)
        story.fail("ServiceDiscoveryRes", code)

    return wrong


def reused(story: Story) -> None:
    story.before = [dc_scheduled()]
    story.before[0].station_clock_us = EPOCH_US - 10**10


IDS = [
    Case("new-session-has-an-id", dc_scheduled, both(station_id(ZERO))),
    Case("setup-says-new-or-joined", dc_scheduled, lambda story: story.code("SessionSetupRes", "OK")),
    Case(
        "nothing-is-joined-for-zero",
        dc_scheduled,
        both(
            lambda story: story.code("SessionSetupRes", "OK_OldSessionJoined"),
            lambda story: story.end_after("SessionSetupRes"),
        ),
    ),
    Case("joined-session-keeps-its-id", resumed, station_id(bytes.fromhex("91f3774455ab0c1d"))),
    Case(
        "refused-resume-gets-a-new-id",
        dc_scheduled,
        request_id("SessionSetupReq", SESSION),
    ),
    Case("session-id-is-never-reused", dc_scheduled, reused),
    Case("session-id-looks-random", dc_scheduled, station_id(b"12345678")),
    Case("request-keeps-the-session-id", dc_scheduled, foreign("FAILED_UnknownSession")),
    Case("answer-keeps-the-session-id", dc_scheduled, request_id("ServiceDiscoveryRes", OTHER)),
    Case(
        "foreign-session-id-is-refused",
        dc_scheduled,
        request_id("ServiceDiscoveryReq", OTHER),
        ("request-keeps-the-session-id",),
    ),
    Case("foreign-session-id-is-named", dc_scheduled, foreign("FAILED"), ("request-keeps-the-session-id",)),
    Case(
        "known-session-is-not-refused",
        dc_scheduled,
        lambda story: story.fail("ServiceDiscoveryRes", "FAILED_UnknownSession"),
    ),
]


def stamped(side: str, how: Any, first: int = 0):
    """Time stamps of one side (from its nth message on) as `how` makes them from the right ones."""

    def wrong(story: Story) -> None:
        now, count = 0.0, 0
        for line in story.lines:
            now += line.wait_s
            if line.side == side and not line.name.startswith("supported"):
                if count >= first:
                    line.time_stamp = how(EPOCH_US + round(now * 1e6))
                count += 1

    return wrong


def stamp_of(name: str, value: int, nth: int = 0):
    def wrong(story: Story) -> None:
        story.at(name, nth).time_stamp = value

    return wrong


def stands(side: str):
    """A clock that stands while the session takes long."""

    def wrong(story: Story) -> None:
        waits("ServiceDiscoveryReq", 8.0)(story)
        stamped(side, lambda value: EPOCH_US + 200_000, 1)(story)

    return wrong


def in_seconds(value: int) -> int:
    return value // 1_000_000


TIME = [
    Case(
        "vehicle-time-stamp-is-in-microseconds", dc_scheduled, stamped(VEHICLE, in_seconds), ("both-sides-stamp-alike",)
    ),
    Case(
        "station-time-stamp-is-in-microseconds", dc_scheduled, stamped(CHARGER, in_seconds), ("both-sides-stamp-alike",)
    ),
    Case("vehicle-time-stamp-is-a-time", dc_scheduled, stamp_of("ServiceDiscoveryReq", 5), ()),
    Case("station-time-stamp-is-a-time", dc_scheduled, stamp_of("ServiceDiscoveryRes", 5), ()),
    Case(
        "vehicle-time-stamp-keeps-its-unit",
        dc_scheduled,
        stamped(VEHICLE, in_seconds, 6),
        ("vehicle-time-stamp-is-in-microseconds",),
    ),
    Case(
        "station-time-stamp-keeps-its-unit",
        dc_scheduled,
        stamped(CHARGER, in_seconds, 6),
        ("station-time-stamp-is-in-microseconds",),
    ),
    Case("vehicle-time-stamp-never-goes-back", dc_scheduled, stamp_of("ServiceDiscoveryReq", EPOCH_US)),
    Case("station-time-stamp-never-goes-back", dc_scheduled, stamp_of("ServiceDiscoveryRes", EPOCH_US)),
    Case("vehicle-time-stamp-goes-on", dc_scheduled, stamped(VEHICLE, lambda value: EPOCH_US + 200_000, 1)),
    Case("station-time-stamp-goes-on", dc_scheduled, stamped(CHARGER, lambda value: EPOCH_US + 200_000)),
    Case("vehicle-clock-runs", dc_scheduled, stands(VEHICLE), ("vehicle-time-stamp-goes-on",)),
    Case("station-clock-runs", dc_scheduled, stands(CHARGER), ("station-time-stamp-goes-on",)),
    Case("vehicle-adopts-the-stations-clock", dc_scheduled, stamped(VEHICLE, lambda value: value + 3_600_000_000)),
    Case(
        "both-sides-stamp-alike", dc_scheduled, stamped(VEHICLE, in_seconds), ("vehicle-time-stamp-is-in-microseconds",)
    ),
    Case(
        "stations-clock-is-right",
        dc_scheduled,
        attribute(station_clock_us=EPOCH_US + 10 * 86_400 * 10**6),
        ("schedule-begins-about-now", "profile-begins-about-now"),
    ),
    Case(
        "time-stamp-survives-a-pause",
        resumed,
        lambda story: setattr(story.before[0], "station_clock_us", EPOCH_US + 10**9),
    ),
]


def waits(name: str, seconds: float, nth: int = 0):
    return lambda story: story.wait(name, seconds, nth)


def late(group: str, name: str, seconds: float = 2.5, story: Any = dc_scheduled, also: tuple[str, ...] = ()) -> Case:
    return Case(f"answer-in-time-{group}", story, waits(name, seconds), also)


def slow(group: str, name: str, seconds: float = 1.8) -> Case:
    return Case(f"prompt-answer-{group}", dc_scheduled, waits(name, seconds))


def with_installation(seconds: float):
    def wrong(story: Story) -> None:
        story.set("AuthorizationSetupRes", "certificate_installation_service", True)
        story.after("AuthorizationSetupRes", *installation())
        story.wait("CertificateInstallationRes", seconds)

    return wrong


def with_confirmation(seconds: float):
    def wrong(story: Story) -> None:
        story.set("DC_ChargeLoopRes", "evse_status", status("MeteringConfirmation"), 2)
        story.set("DC_ChargeLoopRes", "meter_info", story.at("DC_ChargeLoopRes").content.meter_info, 2)
        story.after("DC_ChargeLoopRes", *confirmation(), nth=2)
        story.wait("MeteringConfirmationRes", seconds)

    return wrong


def polling(base: str, path: str, seconds: float, step: float = 1.0, **elements: Any):
    """An exchange that is repeated for some seconds while it says Ongoing."""

    def wrong(story: Story) -> None:
        for name, value in elements.items():
            story.set(f"{base}Req", name, value)
        place = story.lines.index(story.at(f"{base}Req"))
        request, answer = story.again(base)
        ongoing = Story().say(answer).set(f"{base}Res", path, "Ongoing").lines[0].content
        told: list[Any] = []
        for _ in range(round(seconds / step)):
            told += [request, ongoing]
        lines = Story().say(*told, wait_s=step / 2).lines
        story.lines[place:place] = lines
        if story.at(f"{base}Req", -1).signature:
            story.sign("AuthorizationReq", "authorization_mode")

    return wrong


def polled_installation(seconds: float):
    def wrong(story: Story) -> None:
        with_installation(0.05)(story)
        polling("CertificateInstallation", "evse_processing", seconds)(story)

    return wrong


def long_pre_charge(story: Story) -> None:
    for line in story.all("DC_PreChargeReq"):
        line.wait_s = 6.0


TIMING = [
    late("setup", "SessionSetupRes"),
    late("authorization", "AuthorizationRes"),
    Case("answer-in-time-certificate-installation", dc_scheduled, with_installation(6)),
    late("service-detail", "ServiceDetailRes", 6),
    late("parameters", "ScheduleExchangeRes"),
    late("cable-check", "DC_CableCheckRes"),
    late("pre-charge", "DC_PreChargeRes"),
    late("power-delivery", "PowerDeliveryRes"),
    late("charge-loop", "DC_ChargeLoopRes", 0.7),
    Case("answer-in-time-metering-confirmation", dc_scheduled, with_confirmation(2.5)),
    late("welding-detection", "DC_WeldingDetectionRes"),
    late("session-stop", "SessionStopRes"),
    slow("authorization", "AuthorizationRes"),
    slow("cable-check", "DC_CableCheckRes"),
    slow("pre-charge", "DC_PreChargeRes"),
    slow("power-delivery", "PowerDeliveryRes"),
    slow("charge-loop", "DC_ChargeLoopRes", 0.4),
    slow("welding-detection", "DC_WeldingDetectionRes"),
    Case("request-comes-in-time", dc_scheduled, waits("ServiceDiscoveryReq", 61)),
    Case("request-comes-promptly", dc_scheduled, waits("ServiceDiscoveryReq", 45)),
    Case("loop-is-kept-up", dc_scheduled, waits("DC_ChargeLoopReq", 0.7, 3)),
    Case("loop-is-paced", dc_scheduled, waits("DC_ChargeLoopReq", 0.4, 3)),
    Case(
        "contract-authorization-gives-up",
        pnc,
        polling("Authorization", "evse_processing", 70),
        ("authorization-finishes",),
    ),
    Case(
        "authorization-gives-up",
        dc_scheduled,
        polling("Authorization", "evse_processing", 70),
        ("authorization-finishes",),
    ),
    Case("authorization-finishes", dc_scheduled, polling("Authorization", "evse_processing", 57)),
    Case(
        "schedule-exchange-gives-up",
        dc_scheduled,
        polling("ScheduleExchange", "evse_processing", 70),
        ("schedule-exchange-finishes",),
    ),
    Case("schedule-exchange-finishes", dc_scheduled, polling("ScheduleExchange", "evse_processing", 57)),
    Case(
        "certificate-installation-gives-up",
        dc_scheduled,
        polled_installation(70),
        ("certificate-installation-finishes",),
    ),
    Case("certificate-installation-finishes", dc_scheduled, polled_installation(57)),
    Case("cable-check-finishes", dc_scheduled, polling("DC_CableCheck", "evse_processing", 41)),
    Case(
        "cable-check-gives-up", dc_scheduled, polling("DC_CableCheck", "evse_processing", 50), ("cable-check-finishes",)
    ),
    Case("pre-charge-gives-up", dc_scheduled, long_pre_charge),
    Case("session-is-set-up-in-time", dc_scheduled, waits("SessionSetupReq", 21)),
]


def closes(*told: tuple[float, str, str]):
    return attribute(closing=list(told))


EV_CLOSES = [(0.05, VEHICLE, "alert"), (0.0, VEHICLE, "fin")]
SE_CLOSES = [(0.05, CHARGER, "alert"), (0.0, CHARGER, "fin")]


def cut_off(side: str, seconds: float = 0.05):
    """The record ends in the middle of the loop, one side closes."""

    def wrong(story: Story) -> None:
        story.end_after("DC_ChargeLoopRes", 5)
        first = [(seconds, side, "alert"), (0.0, side, "fin")]
        story.closing = first + (SE_CLOSES if side == VEHICLE else EV_CLOSES)

    return wrong


def live_stop(how: str, code: str = "OK"):
    def wrong(story: Story) -> None:
        place = story.lines.index(story.at("DC_ChargeLoopRes", 5)) + 1
        story.lines[place:] = Story().say(*stop(how, code)).lines

    return wrong


def unsupported(code: str):
    def wrong(story: Story) -> None:
        story.set("ServiceDiscoveryRes", "service_renegotiation_supported", False, None)
        story.fail("SessionStopRes", code)

    return wrong


NO_RENEGOTIATION = "FAILED_NoServiceRenegotiationSupported"
CLOSING = [
    Case("vehicle-stops-before-it-closes", dc_scheduled, cut_off(VEHICLE)),
    Case("station-does-not-cut-the-session", dc_scheduled, cut_off(CHARGER)),
    Case("silent-vehicle-is-given-up", dc_scheduled, cut_off(CHARGER, 90), ("request-comes-in-time",)),
    Case("station-waits-for-the-vehicle-to-close", dc_scheduled, closes(*SE_CLOSES, *EV_CLOSES)),
    Case("vehicle-closes-after-the-stop", dc_scheduled, closes((8, CHARGER, "alert"), (0, CHARGER, "fin"), *EV_CLOSES)),
    Case("vehicle-connection-is-closed-orderly", dc_scheduled, closes((0.1, VEHICLE, "alert"), (0, VEHICLE, "reset"))),
    Case(
        "station-connection-is-closed-orderly",
        dc_scheduled,
        both(closes((6, CHARGER, "alert"), (0, CHARGER, "reset"))),
        ("vehicle-closes-after-the-stop",),
    ),
    Case("vehicle-tls-is-closed-before-tcp", dc_scheduled, closes(EV_CLOSES[1], *SE_CLOSES)),
    Case("station-tls-is-closed-before-tcp", dc_scheduled, closes(*EV_CLOSES, SE_CLOSES[1])),
    Case("power-is-off-before-the-stop", dc_scheduled, live_stop("Terminate")),
    Case("power-is-off-before-the-pause", dc_scheduled, live_stop("Pause", "FAILED_PauseNotAllowed")),
    Case("live-pause-is-refused", dc_scheduled, live_stop("Pause"), ("power-is-off-before-the-pause",)),
    Case("service-renegotiation-is-supported", service_renegotiated, unsupported(NO_RENEGOTIATION)),
    Case(
        "unsupported-service-renegotiation-is-refused",
        service_renegotiated,
        element("ServiceDiscoveryRes", "service_renegotiation_supported", False, None),
        ("service-renegotiation-is-supported",),
    ),
    Case(
        "supported-service-renegotiation-is-granted",
        service_renegotiated,
        lambda story: story.fail("SessionStopRes", NO_RENEGOTIATION),
    ),
    Case(
        "pause-is-granted",
        dc_scheduled,
        both(
            element("SessionStopReq", "charging_session", "Pause"),
            lambda story: story.fail("SessionStopRes", "FAILED_PauseNotAllowed"),
        ),
    ),
]


def tls(**changes: Any):
    def wrong(story: Story) -> None:
        assert story.tls is not None
        story.tls.update(changes)

    return wrong


def leaf(side: str, **changes: Any):
    def wrong(story: Story) -> None:
        assert story.tls is not None
        story.tls[f"{side}_chain"][0].update(changes)

    return wrong


def long_chain(side: str):
    def wrong(story: Story) -> None:
        assert story.tls is not None
        story.tls[f"{side}_chain"] *= 4

    return wrong


TLS = [
    Case("suite-is-of-the-profile", dc_scheduled, tls(suite="TLS_AES_128_GCM_SHA256")),
    Case("offered-suites-are-of-the-profile", dc_scheduled, tls(client_suites=["TLS_AES_128_GCM_SHA256"])),
    Case("group-is-of-the-profile", dc_scheduled, tls(group="secp256r1")),
    Case("groups-of-the-profile-are-offered", dc_scheduled, tls(client_groups=["secp256r1"])),
    Case("signatures-of-the-profile-are-offered", dc_scheduled, tls(client_signatures=["ecdsa_secp256r1_sha256"])),
    Case("signatures-of-the-profile-are-requested", dc_scheduled, tls(request_signatures=["ecdsa_secp256r1_sha256"])),
    Case("station-key-is-of-the-profile", dc_scheduled, leaf("server", key="secp256r1")),
    Case("vehicle-key-is-of-the-profile", dc_scheduled, leaf("client", key="secp256r1")),
    Case("client-certificate-is-requested", dc_scheduled, tls(certificate_requested=False)),
    Case("client-certificate-is-sent", dc_scheduled, tls(client_chain=[])),
    Case("vehicle-certificate-is-of-the-evcc", dc_scheduled, leaf("client", common_name="WMIV2")),
    Case("vehicle-certificate-is-for-clients", dc_scheduled, leaf("client", extended_usage=["serverAuth"])),
    Case("requested-authorities-are-named", dc_scheduled, tls(request_authorities=0)),
    Case("trusted-authorities-are-named", dc_scheduled, tls(client_authorities=0)),
    Case("revocation-is-asked-for", dc_scheduled, tls(status_request=False)),
    Case("revocation-is-stapled", dc_scheduled, tls(ocsp_stapled=False)),
    Case("station-certificates-are-valid", dc_scheduled, leaf("server", not_after_s=1e9)),
    Case("vehicle-certificates-are-valid", dc_scheduled, leaf("client", not_before_s=3e9)),
    Case("station-chain-is-short", dc_scheduled, long_chain("server")),
    Case("vehicle-chain-is-short", dc_scheduled, long_chain("client")),
    Case("tls-13-is-offered", dc_scheduled, tls(client_versions=["TLS 1.2"])),
    Case("tls-13-is-chosen", dc_scheduled, tls(version="TLS 1.2"), ("offers-20-on-tls-13", "selects-20-on-tls-13")),
]


def terminated(code: str):
    def wrong(story: Story) -> None:
        story.before[0].set("SessionStopReq", "charging_session", "Terminate")
        if code:
            other = dc_scheduled()
            story.lines = other.lines
            story.at("SessionSetupReq").session_id = SESSION
            station_id(bytes.fromhex("91f3774455ab0c1d"))(story)

    return wrong


def not_joined(story: Story) -> None:
    story.lines = dc_scheduled().lines
    story.at("SessionSetupReq").session_id = SESSION
    station_id(bytes.fromhex("91f3774455ab0c1d"))(story)


def other_service(story: Story) -> None:
    other = dc_bpt_dynamic()
    place = story.lines.index(story.at("DC_ChargeParameterDiscoveryReq"))
    story.lines[place:] = other.lines[other.lines.index(other.at("DC_ChargeParameterDiscoveryReq")) :]


def other_list(story: Story) -> None:
    story.set("SessionStopReq", "charging_session", "ServiceRenegotiation")
    second = dc_scheduled()
    story.lines += second.lines[second.lines.index(second.at("ServiceDiscoveryReq")) :]
    story.set("ServiceDiscoveryRes", "energy_transfer_service_list", services(2, 6))
    for line in story.all("DC_ChargeLoopRes"):
        line.content = story.at("DC_ChargeLoopRes").content


def skipped(story: Story) -> None:
    not_joined(story)
    place = story.lines.index(story.at("SessionSetupRes")) + 1
    after = story.lines.index(story.at("ServiceDiscoveryReq"))
    del story.lines[place:after]
    story.fail("ServiceDiscoveryRes", "FAILED_SequenceError")


RESUME = [
    Case("only-paused-sessions-are-resumed", resumed, terminated("OK_NewSessionEstablished")),
    Case("terminated-session-is-not-joined", resumed, terminated(""), ("only-paused-sessions-are-resumed",)),
    Case(
        "another-vehicle-does-not-join",
        resumed,
        both(element("SessionSetupReq", "evcc_id", "WMIV2"), leaf("client", common_name="WMIV2", subject="CN=WMIV2")),
    ),
    Case("paused-vehicle-may-join", resumed, not_joined),
    Case("resumed-service-is-the-same", resumed, other_service),
    Case("services-survive-a-pause", resumed, other_list),
    Case("refused-resume-begins-anew", resumed, skipped, ("order-session-new", "paused-vehicle-may-join")),
]

CASES = NEGOTIATION + IDS + TIME + TIMING + CLOSING + TLS + RESUME
