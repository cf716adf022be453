"""A CSMS under test and what a station tells it of a vehicle: contracts and certificates (C07, M), needs and their
changes (K15 to K20, Q02), limits and notices from the site (K11 to K13, K22), DER (R02), and what was kept offline."""

from __future__ import annotations

import base64

from harness.case import expect, step
from harness.ocpp.authority import Authority
from harness.ocpp.schedule_dialogue import ScheduleState
from harness.ocpp.session import Answered
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from testcases.ocpp21.test_csms import PROFILE_S
from testcases.ocpp21.under_test import asked

RULES = ["ocpp2.1"]
CSMS = {"ocpp2.1"}
V2X = {"ocpp2.1", "v2x"}
PNC = {"ocpp2.1", "pnc"}
EMAID = "DEPFTC12345678"
"""The contract that the CSMS has to know where the lab file gives no other `emaid` (our default)."""
HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "a1" * 32, "issuerKeyHash": "b2" * 32, "serialNumber": "42"}
NEEDS = {"requestedEnergyTransfer": "DC", "dcChargingParameters": {"evMaxCurrent": 125, "evMaxVoltage": 450}}


async def result(station, action, payload):
    """The result's payload; anything else is a miss of the CSMS."""
    answer = await asked(station, action, payload)
    expect(isinstance(answer, Answered), equals=True, of="csms", named=f"{action} answered with a result")
    return answer.payload if isinstance(answer, Answered) else {}


def contract(station, name=None):
    emaid = name or str(station.device.options.get("emaid", EMAID))
    responder = {**HASHES, "responderURL": "http://ocsp.invalid/"}
    return {"idToken": {"idToken": emaid, "type": "eMAID"}, "iso15118CertificateHashData": [responder]}


@usecase("PF_C07_01_CSMS", sut="csms", protocol="ocpp2.1", requires=PNC, requirements=["C07.FR.14"], uses_rules=RULES)
async def test_a_contract_is_welcome(pf_test_station):
    """Authorize with a known contract and its certificates: both are accepted"""
    await pf_test_station.boot()
    answer = await result(pf_test_station, "Authorize", contract(pf_test_station))
    expect(answer["idTokenInfo"]["status"], equals="Accepted", of="csms", named="status of the token")
    expect(answer.get("certificateStatus"), equals="Accepted", of="csms", named="certificateStatus")


@usecase("PF_C07_R1_CSMS", sut="csms", protocol="ocpp2.1", requires=PNC, requirements=["C07.FR.13"], uses_rules=RULES)
async def test_an_unknown_contract_is_not_welcome(pf_test_station):
    """Authorize with a contract that the CSMS does not know is not accepted"""
    await pf_test_station.boot()
    answer = await result(pf_test_station, "Authorize", contract(pf_test_station, "DEXXXC00000000"))
    expect(answer["idTokenInfo"]["status"] != "Accepted", equals=True, of="csms", named="unknown contract refused")
    expect(answer.get("certificateStatus") != "Accepted", equals=True, of="csms", named="certificateStatus refused")


@usecase("PF_C07_R2_CSMS", sut="csms", protocol="ocpp2.1", requires=PNC, requirements=["C07.FR.17"], uses_rules=RULES)
async def test_a_chain_of_a_stranger(pf_test_station):
    """Authorize with a known contract whose certificate a stranger has signed: refused, and both statuses say why"""
    await pf_test_station.boot()
    stranger = Authority("a stranger", pf_test_station.now_s())
    request = contract(pf_test_station)
    request["certificate"] = stranger.issue(request["idToken"]["idToken"])[0]
    answer = await result(pf_test_station, "Authorize", request)
    expect(answer["idTokenInfo"]["status"] != "Accepted", equals=True, of="csms", named="token refused")
    expect(answer.get("certificateStatus"), one_of=("CertChainError", "SignatureError", "NoCertificateAvailable"),
           of="csms", named="certificateStatus")  # fmt: skip


BAD_CONTRACTS = (
    ("PF_C07_R3_CSMS", "C07.FR.15", "expired", "CertificateExpired", "Expired"),
    ("PF_C07_R4_CSMS", "C07.FR.16", "revoked", "CertificateRevoked", "Invalid"),
)
"""Case, requirement, what the contract is, and the statuses of certificate and token."""


def _bad_contract(kind, certificate, token):
    async def test(pf_test_station):
        await pf_test_station.boot()
        request = {**contract(pf_test_station), "certificate": await pf_test_station.contract(kind)}
        answer = await result(pf_test_station, "Authorize", request)
        expect(answer.get("certificateStatus"), equals=certificate, of="csms", named="certificateStatus")
        expect(answer["idTokenInfo"]["status"], equals=token, of="csms", named="status of the token")

    test.__doc__ = f"Authorize with a known contract that is {kind}: both statuses say so"
    test.__name__ = test.__qualname__ = f"test_a_contract_that_is_{kind}"
    return test


for _id, _requirement, _kind, _certificate, _token in BAD_CONTRACTS:
    globals()[f"test_a_contract_that_is_{_kind}"] = usecase(
        _id, sut="csms", protocol="ocpp2.1", requires=PNC | {f"{_kind}_contract"}, requirements=[_requirement],
        uses_rules=RULES,
    )(_bad_contract(_kind, _certificate, _token))  # fmt: skip


def installation(octets):
    return {"iso15118SchemaVersion": "urn:iso:std:iso:15118:-20:CommonMessages", "action": "Install",
            "exiRequest": octets, "maximumContractCertificateChains": 3}  # fmt: skip


def request_of(station, option):
    """The vehicle's request that the lab file has for this CSMS, or octets that no CSMS has to understand."""
    return str(station.device.options.get(option, base64.b64encode(b"\x80\x8c").decode()))


@usecase("PF_M02_01_CSMS", sut="csms", protocol="ocpp2.1", requires=PNC, requirements=["M02"], uses_rules=RULES)
async def test_a_contract_is_updated(pf_test_station):
    """Get15118EVCertificate with action Update, for ISO 15118-2, is answered, with a response where it is accepted"""
    await pf_test_station.boot()
    update = {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": "Update",
              "exiRequest": request_of(pf_test_station, "exi_update")}  # fmt: skip
    answer = await result(pf_test_station, "Get15118EVCertificate", update)
    told = bool(answer.get("exiResponse"))
    expect(told, equals=answer["status"] == "Accepted", of="csms", named="exiResponse where it is accepted")


@usecase("PF_M01_01_CSMS", sut="csms", protocol="ocpp2.1", requires=PNC, requirements=["M01"], uses_rules=RULES)
async def test_a_contract_is_installed(pf_test_station):
    """Get15118EVCertificate is answered, with a response where it is accepted"""
    await pf_test_station.boot()
    answer = await result(
        pf_test_station, "Get15118EVCertificate", installation(request_of(pf_test_station, "exi_request"))
    )
    told = bool(answer.get("exiResponse"))
    expect(told, equals=answer["status"] == "Accepted", of="csms", named="exiResponse where it is accepted")


@usecase("PF_M01_R1_CSMS", sut="csms", protocol="ocpp2.1", requires=PNC, requirements=["M01"], uses_rules=RULES)
async def test_an_installation_request_that_is_none(pf_test_station):
    """Get15118EVCertificate with an exiRequest that is no Base64 fails"""
    await pf_test_station.boot()
    answer = await result(pf_test_station, "Get15118EVCertificate", installation("!!"))
    expect(answer["status"], equals="Failed", of="csms", named="status of Get15118EVCertificate")


@usecase("PF_M06_01_CSMS", sut="csms", protocol="ocpp2.1", requires=PNC, requirements=["M06"], uses_rules=RULES)
async def test_an_ocsp_answer(pf_test_station):
    """GetCertificateStatus is answered, with an ocspResult where it is accepted"""
    await pf_test_station.boot()
    request = {"ocspRequestData": {**HASHES, "responderURL": "http://ocsp.invalid/"}}
    answer = await result(pf_test_station, "GetCertificateStatus", request)
    told = bool(answer.get("ocspResult"))
    expect(told, equals=answer["status"] == "Accepted", of="csms", named="ocspResult where it is accepted")


@usecase("PF_M07_01_CSMS", sut="csms", protocol="ocpp2.1", requires=PNC, requirements=["M07"], uses_rules=RULES)
async def test_the_status_of_a_vehicles_chain(pf_test_station):
    """GetCertificateChainStatus is answered for every certificate of the chain"""
    await pf_test_station.boot()
    chain = [{**HASHES, "serialNumber": number} for number in ("42", "43")]
    request = {"certificateStatusRequests": [
        {"certificateHashData": one, "source": source, "urls": ["http://ocsp.invalid/"]}
        for one, source in zip(chain, ("OCSP", "CRL"), strict=True)
    ]}  # fmt: skip
    answer = await result(pf_test_station, "GetCertificateChainStatus", request)
    told = {one["certificateHashData"]["serialNumber"] for one in answer["certificateStatus"]}
    expect(told, equals={"42", "43"}, of="csms", named="certificates answered")
    sources = {one["source"] for one in answer["certificateStatus"]}
    expect(sources, equals={"OCSP", "CRL"}, of="csms", named="sources of the statuses")
    known = ("Good", "Revoked", "Unknown", "Failed")
    for one in answer["certificateStatus"]:
        expect(one["status"], one_of=known, of="csms", named=f"status by {one['source']}")


@usecase("PF_K15_01_CSMS", sut="csms", protocol="ocpp2.1", requires=CSMS, requirements=["K15"], uses_rules=RULES)
async def test_needs_of_an_older_vehicle(pf_test_station):
    """Needs as ISO 15118-2 tells them, without V2X parameters, are answered"""
    await pf_test_station.boot()
    await pf_test_station.authorise()
    answer = await result(pf_test_station, "NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": NEEDS})
    await pf_test_station.bench.clock.sleep(1)
    known = ("Accepted", "Rejected", "Processing", "NoChargingProfile")
    expect(answer["status"], one_of=known, of="csms", named="status of NotifyEVChargingNeeds")
    await pf_test_station.unplug()


@usecase("PF_K15_02_CSMS", sut="csms", protocol="ocpp2.1", requires=CSMS, requirements=["K15"], uses_rules=RULES)
async def test_an_older_vehicle_gets_schedules(pf_test_station):
    """Accepted needs of an ISO 15118-2 vehicle: one to three schedules for charging come, and its choice is answered"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    received = station.listen("SetChargingProfile")
    parameters = {key: value for key, value in NEEDS.items() if key.endswith("Parameters")}
    state = await station.tell_needs("DC", dynamic=False, of_iso2=parameters)
    if state is not ScheduleState.NOT_COMING:
        await station.until(lambda: received, "the CSMS sent no profile", PROFILE_S)
    for request in received:
        schedules = request["chargingProfile"]["chargingSchedule"]
        expect(len(schedules), at_least=1, at_most=3, of="csms", named="schedules", unit="")
        modes = {
            one.get("operationMode", "ChargingOnly") for each in schedules for one in each["chargingSchedulePeriod"]
        }
        expect(modes, equals={"ChargingOnly"}, of="csms", named="operation modes for a vehicle that only charges")
        choice = {"timeBase": to_text(station.now_s()), "chargingSchedule": schedules[-1], "evseId": 1,
                  "selectedChargingScheduleId": schedules[-1]["id"]}  # fmt: skip
        answer = await result(station, "NotifyEVChargingSchedule", choice)
        expect(answer["status"], one_of=("Accepted", "Rejected"), of="csms", named="status of NotifyEVChargingSchedule")
    await station.unplug()


async def profile_given(station):
    await station.until(
        lambda: station.evse.schedule.state is ScheduleState.GIVEN, "the CSMS sent no profile", PROFILE_S
    )
    return station.evse.smart.transaction_profile(station.evse.transaction.id)


@usecase("PF_K17_01_CSMS", sut="csms", protocol="ocpp2.1", requires=V2X, requirements=["K17", "K20.FR.01"],
         uses_rules=RULES)  # fmt: skip
async def test_new_needs_bring_a_new_profile(pf_test_station):
    """The vehicle's needs change in session: they are answered, and accepted ones are followed by a profile again"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    await station.tell_needs()
    first = await profile_given(station)
    step("the vehicle wants to leave earlier")
    state = await station.tell_needs(departure_s=station.now_s() + 3_600)
    expect(state, one_of=(ScheduleState.COMING, ScheduleState.GIVEN, ScheduleState.NOT_COMING), of="csms",
           named="answer to the new needs")  # fmt: skip
    if state is not ScheduleState.NOT_COMING:
        second = await profile_given(station)
        expect(second.installed_s > first.installed_s, equals=True, of="csms", named="a new profile")
    await station.unplug()


@usecase("PF_K18_01_CSMS", sut="csms", protocol="ocpp2.1", requires=V2X,
         requirements=["K18.FR.03", "K18.FR.07", "K18.FR.08", "K18.FR.11"], uses_rules=RULES)  # fmt: skip
async def test_a_vehicle_in_scheduled_control(pf_test_station):
    """Scheduled control: one to three schedules come in time, and the vehicle's choice of them is answered"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    received = station.listen("SetChargingProfile")
    await station.tell_needs(dynamic=False)
    await station.until(lambda: received, "the CSMS sent no profile", PROFILE_S)
    schedules = received[0]["chargingProfile"]["chargingSchedule"]
    expect(len(schedules), at_least=1, at_most=3, of="csms", named="schedules", unit="")
    choice = {"timeBase": to_text(station.now_s()), "chargingSchedule": schedules[0], "evseId": 1,
              "selectedChargingScheduleId": schedules[0]["id"]}  # fmt: skip
    answer = await result(station, "NotifyEVChargingSchedule", choice)
    expect(answer["status"], one_of=("Accepted", "Rejected"), of="csms", named="status of NotifyEVChargingSchedule")
    await station.unplug()


@usecase("PF_Q02_01_CSMS", sut="csms", protocol="ocpp2.1", requires=V2X, requirements=["Q02.FR.01", "Q02.FR.02"],
         uses_rules=RULES)  # fmt: skip
async def test_a_vehicle_that_only_charges(pf_test_station):
    """Needs for plain DC bring ChargingOnly periods, without a setpoint or a dischargeLimit"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    received = station.listen("SetChargingProfile")
    state = await station.tell_needs("DC")
    if state in (ScheduleState.COMING, ScheduleState.GIVEN):
        await station.until(lambda: received, "the CSMS sent no profile", PROFILE_S)
    for request in received:
        for one in request["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]:
            mode = one.get("operationMode", "ChargingOnly")
            expect(mode, equals="ChargingOnly", of="csms", named="operationMode for a vehicle that only charges")
            numbers = sorted({"setpoint", "dischargeLimit", "setpointReactive"} & one.keys())
            expect(numbers, equals=[], of="csms", named="numbers for a vehicle that only charges")
    await station.unplug()


NOTICES = (
    ("PF_K11_01_CSMS", "K11", "NotifyChargingLimit", "a limit of the energy manager", lambda _: {
        "evseId": 1, "chargingLimit": {"chargingLimitSource": "EMS"}}),
    ("PF_K13_01_CSMS", "K13", "ClearedChargingLimit", "the end of a limit of the energy manager", lambda _: {
        "evseId": 1, "chargingLimitSource": "EMS"}),
    ("PF_K22_01_CSMS", "K22", "NotifyPriorityCharging", "priority charging by the driver", lambda station: {
        "transactionId": station.evse.transaction.id, "activated": True}),
    ("PF_J02_01_CSMS", "J02", "MeterValues", "meter values by phase, signed", lambda station: {
        "evseId": 1, "meterValue": [{"timestamp": to_text(station.now_s()), "sampledValue": [
            {"value": 3_500.5, "measurand": "Power.Active.Import", "phase": "L1", "unitOfMeasure": {"unit": "W"}},
            {"value": 12.25, "measurand": "Energy.Active.Export.Register", "unitOfMeasure": {"unit": "kWh"},
             "signedMeterValue": {"signedMeterData": "T0NNRnw=", "signingMethod": "", "encodingMethod": "OCMF",
                                  "publicKey": ""}},
        ]}]}),
    ("PF_R02_01_CSMS", "R02.FR.01", "NotifyEVChargingNeeds", "a DER vehicle's nameplate", lambda _: {
        "evseId": 1, "chargingNeeds": {
            "requestedEnergyTransfer": "AC_BPT_DER", "availableEnergyTransfer": ["AC_BPT_DER"],
            "controlMode": "DynamicControl", "derChargingParameters": {
                    "evSupportedDERControl": ["LimitMaxDischarge"], "evOverExcitedMaxDischargePower": 11_000},
            "v2xChargingParameters": {"maxChargePower": 11_000, "maxDischargePower": 11_000}}}),
)  # fmt: skip
"""Id, requirement, action, what it is about, and its payload."""


def _notice(action, what, payload):
    async def test(pf_test_station):
        await pf_test_station.boot()
        await pf_test_station.authorise()
        await result(pf_test_station, action, payload(pf_test_station))
        await pf_test_station.unplug()

    test.__doc__ = f"{action} ({what}) is answered with a result"
    test.__name__ = test.__qualname__ = f"test_{action.lower()}_is_answered"
    return test


for _id, _requirement, _action, _what, _payload in NOTICES:
    globals()[f"test_{_action.lower()}_is_answered"] = usecase(
        _id, sut="csms", protocol="ocpp2.1", requires=CSMS, requirements=[_requirement], uses_rules=RULES
    )(_notice(_action, _what, _payload))


@usecase("PF_E04_01_CSMS", sut="csms", protocol="ocpp2.1", requires=CSMS, requirements=["E04", "K06"], uses_rules=RULES,
         parameters={"away_s": 60})  # fmt: skip
async def test_what_was_kept_offline_is_taken(pf_test_station, pf_parameters):
    """A station comes back with the events of its time offline: all of them are answered, the session goes on"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    station.samples_every(2)
    station.evse.start_transfer(station.now_s())
    await station.go_offline(pf_parameters.away_s)
    expect(station.core.messages_waiting, at_least=1, of="bench", named="events kept offline", unit="")
    await station.until(lambda: station.core.online, "the CSMS did not let the station in again", PROFILE_S)
    await station.until(lambda: station.core.messages_waiting == 0, "the CSMS left events without an answer", PROFILE_S)
    await station.unplug()
    await station.until(
        lambda: station.core.messages_waiting == 0, "the CSMS left the end without an answer", PROFILE_S
    )


@usecase("PF_E02_01_CSMS", sut="csms", protocol="ocpp2.1", requires=CSMS, requirements=["E02"], uses_rules=RULES,
         parameters={"pause_s": 120})  # fmt: skip
async def test_a_pause_is_taken(pf_test_station, pf_parameters):
    """A vehicle pauses and goes on in one transaction: every event is answered, nothing is stopped"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    await station.charge(2)
    stops = station.listen("RequestStopTransaction")
    transaction = station.evse.transaction.id
    station.evse.pause(station.now_s(), by_vehicle=True)
    await station.bench.clock.sleep(float(pf_parameters.pause_s))
    station.evse.resume(station.now_s())
    await station.charge(2)
    running = station.evse.transaction.id if station.evse.transaction else None
    expect(running, equals=transaction, of="csms", named="transaction after the pause")
    expect(len(stops), equals=0, of="csms", named="times that the CSMS stops a vehicle that pauses")
    await station.unplug()
    await station.until(lambda: station.core.messages_waiting == 0, "the CSMS left events without an answer", PROFILE_S)
