"""supportedAppProtocol and what comes before it: discovery, and what may be offered on which connection."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

from harness.iso15118.services import NAMESPACES
from harness.iso15118.timing import SDP_ATTEMPTS, SDP_WAIT_S
from harness.rules.iso15118_20.terms import FIELD, Session, broken, pair, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.event import Event
from harness.transcript.v2g import CHARGER, VEHICLE, Message

PREFIX = "urn:iso:std:iso:15118:-20"
KNOWN = frozenset(NAMESPACES.values()) | {f"{PREFIX}:AC-DER-IEC", f"{PREFIX}:AC-DER-SAE"}
NO_SECURITY, TLS = 0x10, 0x00
ANOTHER_RUN_S = 1.0
"""Requests further apart than this, four times the wait for an answer, belong to different runs (our default)."""
CLOCK_GRAIN_S = 0.01
"""Slack for a capture's clock and the sender's timer (our default)."""


def _offers(session: Session) -> Iterator[tuple[Message, Message | None]]:
    for request in session.requests("supportedAppProtocolReq"):
        if request.content:
            yield request, session.answer_to(request)


def _chosen(session: Session) -> Iterator[tuple[Message, Message, object]]:
    """Offers that were granted, with the entry that was chosen (None: not one of the offer)."""
    for request, response in _offers(session):
        if response and response.ok and response.schema_id is not None:
            entry = next((one for one in request.app_protocol if one.schema_id == response.schema_id), None)
            yield request, response, entry


@vehicle("V2G20-167", "each offered protocol has its own priority", "I")
def priorities_are_unique(session: Session) -> Iterator[Broken]:
    for request, _ in _offers(session):
        for priority, times in Counter(one.priority for one in request.app_protocol).items():
            if times > 1:
                yield broken(request, f"{request} gives priority {priority} to {times} protocols")


@vehicle("V2G20-167", "each offered protocol has its own SchemaID, or the answer can't be told apart", "I")
def schema_ids_are_unique(session: Session) -> Iterator[Broken]:
    for request, _ in _offers(session):
        for schema, times in Counter(one.schema_id for one in request.app_protocol).items():
            if times > 1:
                yield broken(request, f"{request} uses SchemaID {schema} for {times} protocols")


@vehicle(FIELD, "an offered -20 namespace is one that is published", "I")
def offered_namespaces_are_published(session: Session) -> Iterator[Broken]:
    for request, _ in _offers(session):
        for one in request.app_protocol:
            if one.protocol_namespace.startswith(PREFIX) and one.protocol_namespace not in KNOWN:
                yield broken(request, f"{request} offers {one.protocol_namespace}")


@station("V2G20-169", "the chosen SchemaID is one that the vehicle offered")
def chosen_protocol_was_offered(session: Session) -> Iterator[Broken]:
    for request, response, entry in _chosen(session):
        if entry is None:
            offered = ", ".join(str(one.schema_id) for one in request.app_protocol)
            yield broken(response, f"{response} chose SchemaID {response.schema_id}, offered were {offered}", request)


@station("V2G20-169", "a successful negotiation names the chosen SchemaID", "S", "warn")
def chosen_protocol_is_named(session: Session) -> Iterator[Broken]:
    for request, response in _offers(session):
        if response and response.ok and response.schema_id is None:
            yield broken(response, f"{response} is {response.code} without a SchemaID", request)


@station("V2G2-172", "the minor-deviation code is only for a minor version that differs from the station's")
def minor_deviation_is_real(session: Session) -> Iterator[Broken]:
    for request, response, entry in _chosen(session):
        minor = getattr(entry, "version_number_minor", None)
        if response.code.endswith("WithMinorDeviation") and minor == 0:
            yield broken(response, f"{response} claims a deviation, but version 1.0 was offered", request)


@station("V2G2-172", "a minor version that differs is answered with the minor-deviation code", "I")
def minor_deviation_is_told(session: Session) -> Iterator[Broken]:
    for request, response, entry in _chosen(session):
        minor = getattr(entry, "version_number_minor", 0)
        if response.code == "OK_SuccessfulNegotiation" and minor != 0:
            yield broken(response, f"{response} accepts version 1.{minor} without telling a deviation", request)


@station("V2G20-169", "a protocol of another major version is not the same protocol", "I")
def major_version_is_known(session: Session) -> Iterator[Broken]:
    for request, response, entry in _chosen(session):
        major = getattr(entry, "version_number_major", 1)
        if str(getattr(entry, "protocol_namespace", "")).startswith(PREFIX) and major != 1:
            yield broken(response, f"{response} accepted major version {major}", request)


def _secured(session: Session) -> str:
    """What is known of the connection's security: a TLS version, `none`, or empty for not known."""
    if session.tls:
        return str(session.tls.get("version", ""))
    return "none" if session.link("connected") else ""


@vehicle("V2G20-1237", "-20 is offered on TLS 1.3 only; labs and the field also run it in the clear", "X")
def offers_20_on_tls_only(session: Session) -> Iterator[Broken]:
    for request, _ in _offers(session):
        if _secured(session) == "none" and _offers_20(request):
            yield broken(request, f"{request} offers -20 on plain TCP")


@station("V2G20-2356", "-20 is selected on TLS 1.3 only; labs and the field also run it in the clear", "X")
def selects_20_on_tls_only(session: Session) -> Iterator[Broken]:
    for request, response, entry in _chosen(session):
        if _secured(session) == "none" and str(getattr(entry, "protocol_namespace", "")).startswith(PREFIX):
            yield broken(response, f"{response} selects -20 on plain TCP", request)


@vehicle("V2G20-1237", "-20 is not offered on a TLS connection older than 1.3", "S", "warn")
def offers_20_on_tls_13(session: Session) -> Iterator[Broken]:
    for request, _ in _offers(session):
        if _secured(session) in ("TLS 1.0", "TLS 1.1", "TLS 1.2") and _only_20(request):
            yield broken(request, f"{request} offers -20 on {_secured(session)}")


@station("V2G20-2356", "-20 is not selected on a TLS connection older than 1.3", "S", "warn")
def selects_20_on_tls_13(session: Session) -> Iterator[Broken]:
    for request, response, entry in _chosen(session):
        old = _secured(session) in ("TLS 1.0", "TLS 1.1", "TLS 1.2")
        if old and str(getattr(entry, "protocol_namespace", "")).startswith(PREFIX):
            yield broken(response, f"{response} selects -20 on {_secured(session)}", request)


def _offers_20(request: Message) -> bool:
    return any(one.protocol_namespace.startswith(PREFIX) for one in request.app_protocol)


def _only_20(request: Message) -> bool:
    return all(one.protocol_namespace.startswith(PREFIX) for one in request.app_protocol)


def _datagrams(session: Session, role: str) -> list[tuple[Event, bytes]]:
    return [(one, bytes.fromhex(one.data["hex"])) for one in session.discovery if one.source == role]


@vehicle("V2G2-159", "the vehicle waits at least 250 ms for an answer before it asks for a station again")
def discovery_is_patient(session: Session) -> Iterator[Broken]:
    asked = [event.at_s for event, _ in _datagrams(session, VEHICLE)]
    answered = [event.at_s for event, _ in _datagrams(session, CHARGER)]
    for first, second in itertools.pairwise(asked):
        impatient = second - first < SDP_WAIT_S - CLOCK_GRAIN_S
        if impatient and not any(first <= at <= second for at in answered):
            yield broken(None, f"two discovery requests {1000 * (second - first):.0f} ms apart")
            return


@vehicle("V2G2-161", "the vehicle asks for a station at most 50 times in one run")
def discovery_gives_up(session: Session) -> Iterator[Broken]:
    asked = max(_runs([event.at_s for event, _ in _datagrams(session, VEHICLE)]), default=0)
    if asked > SDP_ATTEMPTS and not _datagrams(session, CHARGER):
        yield broken(None, f"{asked} discovery requests")


def _runs(asked_s: list[float]) -> Iterator[int]:
    """How many requests each run of discovery has: a vehicle that was plugged in again begins another one."""
    length = 0
    for number, at_s in enumerate(asked_s):
        again = number > 0 and at_s - asked_s[number - 1] < ANOTHER_RUN_S
        length = length + 1 if again else 1
        yield length


@vehicle("V2G20-1805", "a -20 vehicle asks for TLS in discovery; labs and the field also ask for none", "X")
def discovery_asks_for_tls(session: Session) -> Iterator[Broken]:
    asked = [raw for _, raw in _datagrams(session, VEHICLE) if len(raw) >= 10]
    if asked and asked[-1][8] == NO_SECURITY:
        yield broken(None, "the discovery request says: no security")


@station("V2G2-626", "a station that was asked for TLS offers TLS", "S", "warn")
def discovery_offers_what_was_asked(session: Session) -> Iterator[Broken]:
    asked, answered = _last_security(session)
    if (asked, answered) == (TLS, NO_SECURITY):
        yield broken(None, "TLS was asked for, the discovery response says: no security")


@vehicle("V2G2-628", "a -20 vehicle that asked for TLS stops if the station offers none", "S")
def refuses_a_downgrade(session: Session) -> Iterator[Broken]:
    asked, answered = _last_security(session)
    first = session.messages[0] if session.messages else None
    if (asked, answered) == (TLS, NO_SECURITY) and first and not session.tls:
        yield broken(first, f"the station offered no security, yet {first} was sent in the clear")


@station(FIELD, "the discovery response names a link-local address and a port", "I")
def discovery_names_a_usable_end(session: Session) -> Iterator[Broken]:
    for _, raw in _datagrams(session, CHARGER):
        if len(raw) < 28:
            continue
        address, port = raw[8:24], int.from_bytes(raw[24:26], "big")
        if port == 0 or not (address[0] == 0xFE and address[1] & 0xC0 == 0x80):
            yield broken(None, f"the discovery response names {address.hex(':', 2)} port {port}")


@pair(FIELD, "one vehicle gets one answer: two stations, or somebody between them, answered differently", "I")
def discovery_is_answered_by_one(session: Session) -> Iterator[Broken]:
    ends = {raw[8:26] for _, raw in _datagrams(session, CHARGER) if len(raw) >= 28}
    if len(ends) > 1:
        yield broken(None, f"{len(ends)} different addresses or ports were offered")


def _last_security(session: Session) -> tuple[int | None, int | None]:
    asked = [raw[8] for _, raw in _datagrams(session, VEHICLE) if len(raw) >= 10]
    answered = [raw[26] for _, raw in _datagrams(session, CHARGER) if len(raw) >= 28]
    return (asked[-1] if asked else None), (answered[-1] if answered else None)
