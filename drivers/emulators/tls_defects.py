"""Seeded defects of the TLS of both emulated devices: what each overlooks in a handshake, and what it wrongly insists on.

The numbers are OpenSSL's X509_V_ERR_...; on a bench without TLS these defects change nothing.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drivers.emulators import charger_misconduct, vehicle_misconduct
from harness.iso15118.observer import Deaf
from harness.iso15118.openssl import insist_on_authorities, overlook
from harness.iso15118.tls import Revocation, Tls, TlsProfile

if TYPE_CHECKING:
    from drivers.emulators.secc import Charger
    from drivers.emulators.vehicle import ElectricVehicle

UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21, 27)
EXPIRED = (10,)
NOT_YET_VALID = (9,)
WRONG_USAGE = (26,)
TOO_DEEP = (22, 25)
OLD_TLS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
ISSUES = (
    ("trusts-any-root", UNKNOWN_AUTHORITY, "F12", "013", "of a root that it does not know"),
    ("ignores-expiry", EXPIRED, "field", "014", "that has expired"),
    ("ignores-the-first-day", NOT_YET_VALID, "field", "015", "that is not valid yet"),
    ("ignores-key-usage", WRONG_USAGE, "F10", "016", "that is not for this side of TLS"),
    ("ignores-path-length", TOO_DEEP, "field", "017", "below one sub-CA too many"),
)
"""Defect, what is overlooked, where it was seen, the number of the case, in words."""


def _overlooks(errors: tuple[int, ...], words: str, other: str) -> Callable[[Any], None]:
    def installer(device: Any) -> None:
        device.context_twists.append(lambda context: overlook(context, errors))

    installer.__doc__ = f"A {other}'s certificate {words} is accepted."
    return installer


for _id, _errors, _seen, _number, _words in ISSUES:
    charger_misconduct.defect(_id, seen_in=_seen, found_by=f"TC_SECC_CMN_VTB_TLS_{_number}")(
        _overlooks(_errors, _words, "vehicle")
    )
    vehicle_misconduct.defect(f"vehicle-{_id}", seen_in=_seen, found_by=f"TC_EVCC_CMN_VTB_TLS_{_number}")(
        _overlooks(_errors, _words, "charger")
    )


@charger_misconduct.defect("takes-any-suite", seen_in="F11", found_by="TC_SECC_CMN_VTB_TLS_011")
def charger_takes_any_suite(charger: Charger) -> None:
    """The handshake is not held to the profile: suites and curves outside of it are taken."""
    charger.tls_twists.append(_without_profile)


@vehicle_misconduct.defect("vehicle-takes-any-suite", seen_in="F11", found_by="TC_EVCC_CMN_VTB_TLS_011")
def vehicle_takes_any_suite(vehicle: ElectricVehicle) -> None:
    """The handshake is not held to the profile: suites and curves outside of it are offered and taken."""
    vehicle.tls_twists.append(_without_profile)


def _without_profile(tls: Tls) -> Tls:
    return replace(tls, profile=TlsProfile.LAB)


@charger_misconduct.defect("grants-20-over-tls-12", seen_in="F07", found_by="TC_SECC_CMN_VTB_TLS_012")
def charger_takes_old_tls(charger: Charger) -> None:
    """A vehicle that offers TLS 1.2 at most is granted ISO 15118-20."""
    charger.tls_twists.append(lambda tls: replace(tls, versions=OLD_TLS))


@vehicle_misconduct.defect("asks-for-20-over-tls-12", seen_in="F07", found_by="TC_EVCC_CMN_VTB_TLS_012")
def vehicle_takes_old_tls(vehicle: ElectricVehicle) -> None:
    """A charger that has TLS 1.2 at most is asked for ISO 15118-20."""
    vehicle.tls_twists.append(lambda tls: replace(tls, versions=OLD_TLS))


@charger_misconduct.defect("serves-the-nameless", seen_in="F07", found_by="TC_SECC_CMN_VTB_TLS_018")
def charger_needs_no_certificate(charger: Charger) -> None:
    """A vehicle that shows no certificate when it is asked for one is served all the same."""

    def optional(context: ssl.SSLContext) -> None:
        context.verify_mode = ssl.CERT_OPTIONAL

    charger.context_twists.append(optional)


@charger_misconduct.defect("insists-on-named-authorities", seen_in="field", found_by="TC_SECC_CMN_VTB_TLS_019")
def charger_insists_on_authorities(charger: Charger) -> None:
    """A vehicle that names no certificate_authorities is refused."""
    charger.context_twists.append(insist_on_authorities)


@vehicle_misconduct.defect("vehicle-insists-on-named-authorities", seen_in="field", found_by="TC_EVCC_CMN_VTB_TLS_019")
def vehicle_insists_on_authorities(vehicle: ElectricVehicle) -> None:
    """A charger whose certificate request names no authorities is left."""
    vehicle.context_twists.append(insist_on_authorities)


@charger_misconduct.defect("dies-on-a-refused-handshake", seen_in="F05", found_by="TC_SECC_CMN_VTB_TLS_020")
def charger_dies_on_refusal(charger: Charger) -> None:
    """One handshake that fails, and no later connection is served although the process lives."""

    class Fatal(Deaf):
        def link(self, what: str, **details: Any) -> None:
            charger.dead = charger.dead or (what == "refused" and "TLS" in str(details.get("reason")))

    charger.observer = Fatal()


@vehicle_misconduct.defect("goes-on-in-the-clear", seen_in="F03", found_by="TC_EVCC_CMN_VTB_SDP_001")
def vehicle_goes_on_in_the_clear(vehicle: ElectricVehicle) -> None:
    """A station that answers discovery for TLS with no security is followed: ISO 15118-20 on plain TCP."""
    vehicle.takes_no_security = True


@charger_misconduct.defect("names-no-authorities", seen_in="field", found_by="TC_SECC_CMN_VTB_TLS_001")
def charger_names_no_authorities(charger: Charger) -> None:
    """The certificate request names no root, so that a vehicle with several certificates can't know which to show."""
    charger.tls_twists.append(lambda tls: replace(tls, names_authorities=False))


@vehicle_misconduct.defect("vehicle-names-no-authorities", seen_in="field", found_by="TC_EVCC_CMN_VTB_TLS_001")
def vehicle_names_no_authorities(vehicle: ElectricVehicle) -> None:
    """The ClientHello names no root, so that a charger with chains to several can't know which to show."""
    vehicle.tls_twists.append(lambda tls: replace(tls, names_authorities=False))


@charger_misconduct.defect("staples-nothing", seen_in="F09", found_by="TC_SECC_CMN_VTB_TLS_021")
def charger_staples_nothing(charger: Charger) -> None:
    """No OCSP response comes with the certificate, although the vehicle asks for it."""
    charger.tls_twists.append(lambda tls: replace(tls, staple=b""))


@vehicle_misconduct.defect("ignores-revocation", seen_in="F09", found_by="TC_EVCC_CMN_VTB_TLS_021")
def vehicle_ignores_revocation(vehicle: ElectricVehicle) -> None:
    """What a stapled OCSP response says is not looked at: a revoked certificate is accepted."""
    vehicle.tls_twists.append(lambda tls: replace(tls, revocation=Revocation.NOT_ASKED))
