"""TLS: the -20 profile against what labs and the field run, which warns: many sessions have no TLS at all.

Certificates that are not valid fail, and a station that steps back from the TLS 1.3 that was offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.rules.iso15118_20.terms import PUBLIC, Session, broken, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.event import Event

SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
GROUPS = ("secp521r1", "x448")
SIGNATURES = ("ecdsa_secp521r1_sha512", "ed448")
KEYS = ("secp521r1", "ed448")
LONGEST_CHAIN = 3
"""Leaf and two sub-CAs; the root is not sent."""
LONGEST_CERTIFICATE = 1600
TLS_13 = "TLS 1.3"


def _told(session: Session) -> Iterator[tuple[Event, dict[str, Any]]]:
    """The TLS 1.3 connection of the session, if there is one."""
    event, told = session.link("tls"), session.tls
    if event and told.get("version") == TLS_13:
        yield event, told


def _found(session: Session, event: Event, because: str) -> Broken:
    first = session.messages[0] if session.messages else None
    found = broken(first, because)
    return Broken(found.message, because, (event.number, *found.events))


def _foreign(values: Iterable[str] | None, profile: tuple[str, ...]) -> list[str]:
    return [one for one in values or () if one not in profile]


@station("V2G20-2458", "the cipher suite is one of the -20 profile", "A", "warn")
def suite_is_of_the_profile(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        if tls.get("suite") and tls["suite"] not in SUITES:
            yield _found(session, event, f"{tls['suite']} was chosen")


@vehicle("V2G20-2459", "the vehicle offers the two suites of the profile, AES first", "A", "warn")
def offered_suites_are_of_the_profile(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        modern = [one for one in tls.get("client_suites") or () if one.startswith("TLS_AES") or one in SUITES]
        if modern and modern != list(SUITES):
            yield _found(session, event, f"offered are {', '.join(modern)}")


@station("V2G20-2460", "the key exchange is on a curve of the profile", "S", "warn")
def group_is_of_the_profile(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        offered = tls.get("client_groups") or GROUPS
        if tls.get("group") and tls["group"] not in GROUPS and set(GROUPS) & set(offered):
            yield _found(session, event, f"{tls['group']} was chosen")


@vehicle("V2G20-1634", "the vehicle offers the curves of the profile", "S", "warn")
def groups_of_the_profile_are_offered(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        offered = tls.get("client_groups")
        if offered and not set(GROUPS) & set(offered):
            yield _found(session, event, f"offered are {', '.join(offered)}")


@vehicle("V2G20-1667", "the vehicle offers the signature algorithms of the profile", "S", "warn")
def signatures_of_the_profile_are_offered(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        offered = tls.get("client_signatures")
        if offered and not set(SIGNATURES) & set(offered):
            yield _found(session, event, f"offered are {', '.join(offered)}")


@station("V2G20-2461", "the certificate request names the signature algorithms of the profile", "S", "warn")
def signatures_of_the_profile_are_requested(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        wanted = tls.get("request_signatures")
        if wanted and not set(SIGNATURES) & set(wanted):
            yield _found(session, event, f"named are {', '.join(wanted)}")


def _leaf(tls: dict[str, Any], side: str) -> dict[str, Any]:
    chain = tls.get(f"{side}_chain") or [{}]
    return dict(chain[0])


@station("V2G20-2674", "the station's certificate has a key of the profile; labs use P-256", "S", "warn")
def station_key_is_of_the_profile(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        key = _leaf(tls, "server").get("key")
        if key and key not in KEYS:
            yield _found(session, event, f"its key is {key}")


@vehicle("V2G20-2319", "the vehicle's certificate has a key of the profile; labs use P-256", "S", "warn")
def vehicle_key_is_of_the_profile(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        key = _leaf(tls, "client").get("key")
        if key and key not in KEYS:
            yield _found(session, event, f"its key is {key}")


@station("V2G20-2400", "the station always asks for the vehicle's certificate", "S", "warn")
def client_certificate_is_requested(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        known = tls.get("server_chain") or "certificate_requested" in tls
        if known and not tls.get("certificate_requested") and not tls.get("problem") and not tls.get("resumed"):
            yield _found(session, event, "no CertificateRequest was sent")


@vehicle("V2G20-2339", "the vehicle authenticates itself with its vehicle certificate", "S", "warn")
def client_certificate_is_sent(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        if tls.get("certificate_requested") and tls.get("client_chain") == [] and not tls.get("problem"):
            yield _found(session, event, "its certificate message is empty")


@vehicle("V2G20-2339", "the common name of the vehicle certificate is the EVCCID", "S", "warn")
def vehicle_certificate_is_of_the_evcc(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        name = _leaf(tls, "client").get("common_name")
        for request in session.requests("SessionSetupReq"):
            if name and request.content and request.evcc_id != name:
                because = f"{request} names {request.evcc_id!r}, the certificate {name!r}"
                yield Broken(request.ordinal, because, (event.number, request.event))


@vehicle("V2G20-2342", "the vehicle certificate is for client authentication", "S", "warn")
def vehicle_certificate_is_for_clients(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        usage = _leaf(tls, "client").get("extended_usage")
        if usage and "clientAuth" not in usage:
            yield _found(session, event, f"its extended key usage is {', '.join(usage)}")


@station("V2G20-2401", "the certificate request names the roots that the station trusts", "S", "warn")
def requested_authorities_are_named(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        if tls.get("certificate_requested") and tls.get("request_authorities") == 0:
            yield _found(session, event, "certificate_authorities is empty")


@vehicle("V2G20-1006", "the vehicle names the roots that it trusts", "S", "warn")
def trusted_authorities_are_named(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        if tls.get("client_authorities") == 0:
            yield _found(session, event, "certificate_authorities is empty")


@vehicle("V2G20-2372", "the vehicle asks for OCSP responses", "S", "warn")
def revocation_is_asked_for(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        if tls.get("status_request") is False:
            yield _found(session, event, "ClientHello has no status_request")


@station("V2G20-2388", "the station staples OCSP responses that it is asked for", "S", "warn")
def revocation_is_stapled(session: Session) -> Iterator[Broken]:
    for event, tls in _told(session):
        if tls.get("status_request") and tls.get("ocsp_stapled") is False:
            yield _found(session, event, "no OCSP response was stapled")


def _validity(session: Session, side: str) -> Iterator[tuple[Event, str]]:
    for event, tls in _told(session):
        now = event.utc_us / 1e6
        for one in tls.get(f"{side}_chain") or ():
            if now and one.get("not_after_s", now) < now:
                yield event, f"{one.get('subject')} expired {(now - one['not_after_s']) / 86400:.0f} days before"
            if now and one.get("not_before_s", now) > now:
                yield event, f"{one.get('subject')} is valid only {(one['not_before_s'] - now) / 86400:.0f} days later"


@station(PUBLIC, "the station's certificates are valid at the time of the session")
def station_certificates_are_valid(session: Session) -> Iterator[Broken]:
    for event, because in _validity(session, "server"):
        yield _found(session, event, because)


@vehicle(PUBLIC, "the vehicle's certificates are valid at the time of the session")
def vehicle_certificates_are_valid(session: Session) -> Iterator[Broken]:
    for event, because in _validity(session, "client"):
        yield _found(session, event, because)


def _depth(session: Session, side: str) -> Iterator[Broken]:
    for event, tls in _told(session):
        chain = [one for one in tls.get(f"{side}_chain") or () if one.get("subject") != one.get("issuer")]
        if len(chain) > LONGEST_CHAIN:
            yield _found(session, event, f"{len(chain)} certificates below the root")
        for one in chain:
            if one.get("octets", 0) > LONGEST_CERTIFICATE:
                yield _found(session, event, f"{one.get('subject')} has {one['octets']} octets")


@station("V2G2-009", "the station's chain has at most two sub-CAs, each certificate at most 1600 octets", "A", "warn")
def station_chain_is_short(session: Session) -> Iterator[Broken]:
    yield from _depth(session, "server")


@vehicle("V2G2-009", "the vehicle's chain has at most two sub-CAs, each certificate at most 1600 octets", "A", "warn")
def vehicle_chain_is_short(session: Session) -> Iterator[Broken]:
    yield from _depth(session, "client")


@vehicle("V2G20-2365", "a -20 vehicle offers TLS 1.3", "S", "warn")
def tls_13_is_offered(session: Session) -> Iterator[Broken]:
    event = session.link("tls")
    versions = event.data.get("client_versions") if event else None
    if event and versions and TLS_13 not in versions and session.messages:
        yield _found(session, event, f"offered are {', '.join(versions)}")


@station("V2G20-1264", "a station that was offered TLS 1.3 uses it for -20", "A")
def tls_13_is_chosen(session: Session) -> Iterator[Broken]:
    event = session.link("tls")
    if event and TLS_13 in (event.data.get("client_versions") or ()) and session.messages:
        version = session.tls["version"]
        if version not in ("", TLS_13):
            yield _found(session, event, f"{version} was chosen")
