"""Block A with the CSMS under test: who is let in, who is not, and certificates that it signs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from harness.case import expect, step
from harness.ocpp.authority import Authority
from harness.ocpp.session import Answered
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from testcases.ocpp21.under_test import asked

RULES = ["ocpp2.1"]
OWN = "ChargingStationCertificate"
SIGNED_S = 60.0
"""Until the certificate has to be there after SignCertificate was accepted (our default)."""


def _boots(profile: int) -> Callable[..., Awaitable[None]]:
    async def test(pf_test_station: Any) -> None:
        await pf_test_station.boots(profile)
        answer = await asked(pf_test_station, "Heartbeat", {})
        expect(isinstance(answer, Answered), equals=True, of="csms", named="Heartbeat answered with a result")

    test.__doc__ = f"A station that proves itself as security profile {profile} wants it is let in"
    test.__name__ = test.__qualname__ = f"test_security_profile_{profile}"
    return test


for _profile in (0, 1, 2, 3):
    globals()[f"test_security_profile_{_profile}"] = usecase(
        f"PF_A00_0{_profile}_CSMS",
        sut="csms",
        protocol="ocpp2.1",
        requires={"ocpp2.1"} | ({f"security_profile_{_profile}"} if _profile else set()),
        requirements=["A00"],
        uses_rules=RULES,
    )(_boots(_profile))


async def refused(station, way, what, versions=("ocpp2.1",)):
    step(f"a station comes {what}")
    why = await station.knock(way, versions)
    expect(bool(why), equals=True, of="csms", named=f"refused: a station {what}")
    return why


@usecase("PF_A00_R1_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "security_profile_1"},
         requirements=["A00"], uses_rules=RULES)  # fmt: skip
async def test_a_wrong_password_is_refused(pf_test_station):
    """A station with a wrong password is not let in, one with the right password is"""
    station = pf_test_station
    why = await refused(station, await station.way(1, password="not-this-password-1"), "with a wrong password")
    expect("401" in why, equals=True, of="csms", named="HTTP status 401")
    await station.boot(1)


@usecase("PF_A00_R2_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "security_profile_3"},
         requirements=["A00"], uses_rules=RULES)  # fmt: skip
async def test_a_station_without_a_certificate_is_refused(pf_test_station):
    """In security profile 3 a station without a certificate of its own is not let in"""
    way = await pf_test_station.way(3, profile=2, password="none", own_certificate=None, own_key=None)
    await refused(pf_test_station, way, "without a certificate")
    await pf_test_station.boot(3)


@usecase("PF_A00_R3_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "expired_certificate"},
         requirements=["A00"], uses_rules=RULES)  # fmt: skip
async def test_an_expired_certificate_is_refused(pf_test_station):
    """In security profile 3 a station whose certificate has expired is not let in"""
    way = await pf_test_station.way(3, "expired_certificate")
    await refused(pf_test_station, way, "with an expired certificate")
    await pf_test_station.boot(3)


@usecase("PF_A00_R4_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "security_profile_3"},
         requirements=["A00"], uses_rules=RULES)  # fmt: skip
async def test_a_foreign_certificate_is_refused(pf_test_station):
    """In security profile 3 a station whose certificate a stranger has signed is not let in"""
    stranger = Authority("a stranger", utc_s(pf_test_station.bench.clock))
    certificate, key = stranger.issue(pf_test_station.identity)
    way = await pf_test_station.way(3, own_certificate=certificate, own_key=key)
    await refused(pf_test_station, way, "with a foreign certificate")
    await pf_test_station.boot(3)


@usecase("PF_A00_R5_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"],
         uses_rules=RULES)  # fmt: skip
async def test_an_unknown_subprotocol_is_refused(pf_test_station):
    """A station that offers only a version that does not exist is not let in"""
    way = await pf_test_station.way(0)
    await refused(pf_test_station, way, "with the subprotocol ocpp9.9", ["ocpp9.9"])
    await pf_test_station.boot()


@usecase("PF_A03_01_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "certificates"},
         requirements=["A02", "A03"], uses_rules=RULES)  # fmt: skip
async def test_a_signing_request_brings_a_certificate(pf_test_station):
    """SignCertificate is accepted, and a certificate for the station's own key follows"""
    station = pf_test_station
    await station.boot()
    letter = station.core.certificates.signing_request()
    answer = await asked(station, letter.action, letter.payload)
    status = answer.payload.get("status") if isinstance(answer, Answered) else "no result"
    expect(status, equals="Accepted", of="csms", named="status of SignCertificate")
    await station.until(lambda: OWN in station.core.certificates.own, "the CSMS sent no fitting certificate", SIGNED_S)


@usecase("PF_A04_01_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["A04"],
         uses_rules=RULES)  # fmt: skip
async def test_security_events_are_answered(pf_test_station):
    """A security event is answered with a result"""
    station = pf_test_station
    await station.boot()
    event = {"type": "ResetOrReboot", "timestamp": to_text(station.now_s())}
    answer = await asked(station, "SecurityEventNotification", event)
    expect(isinstance(answer, Answered), equals=True, of="csms", named="SecurityEventNotification answered")
