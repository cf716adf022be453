"""Rules for ISO 15118-2 and DIN SPEC 70121: a clean session of each trips nothing, one wrong thing trips its rule."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

import harness.rules.iso15118_2  # noqa: F401 - registers the rules
from harness.iso15118.messages import sap
from harness.iso15118.messages.din import body as din
from harness.iso15118.messages.iso2 import body as iso2
from harness.iso15118.messages.iso2 import types
from harness.iso15118.messages.iso2.document import MessageHeader
from harness.rules.rule import RULES, judge
from harness.transcript.event import Event
from harness.transcript.v2g import Message, V2GSession

SESSION, OTHER, ZERO = b"\x11\x22\x33\x44\x55\x66\x77\x88", b"\x01" * 8, bytes(8)
REFUSED, UNKNOWN = "FAILED_SequenceError", "FAILED_UnknownSession"


@dataclass
class Said:
    name: str
    elements: dict = field(default_factory=dict)
    wait_s: float = 0.05
    session_id: bytes | None = SESSION
    error: str = ""
    deviations: tuple = ()

    @property
    def side(self):
        return "vehicle" if self.name.endswith("Req") else "charger"


def exchange(base, wait_s=0.05, code="OK", asks=None, **answers):
    return [
        Said(f"{base}Req", asks or {}, wait_s),
        Said(f"{base}Res", {"response_code": code, **answers}),
    ]


def start(names):
    said = exchange("supportedAppProtocol", code="OK_SuccessfulNegotiation") + exchange(
        "SessionSetup", code="OK_NewSessionEstablished"
    )
    for one in said[:2]:
        one.session_id = None
    said[2].session_id = ZERO
    for name in names:
        said += exchange(name)
    return said


def iso2_dc():
    said = start(["ServiceDiscovery", "PaymentServiceSelection"])
    said += exchange("Authorization", evse_processing="Ongoing") + exchange("Authorization", evse_processing="Finished")
    said += exchange("ChargeParameterDiscovery", evse_processing="Finished")
    said += exchange("CableCheck", evse_processing="Ongoing") + exchange("CableCheck", evse_processing="Finished")
    said += exchange("PreCharge") + exchange("PreCharge") + exchange("PowerDelivery", asks={"charge_progress": "Start"})
    said += exchange("CurrentDemand") * 1 + exchange("CurrentDemand")
    said += exchange("PowerDelivery", asks={"charge_progress": "Stop"}) + exchange("WeldingDetection")
    return said + exchange("SessionStop")


def iso2_ac():
    said = start(["ServiceDiscovery", "ServiceDetail", "PaymentServiceSelection", "PaymentDetails"])
    said += exchange("Authorization", evse_processing="Finished")
    said += exchange("ChargeParameterDiscovery", evse_processing="Finished")
    said += exchange("PowerDelivery", asks={"charge_progress": "Start"})
    said += exchange("ChargingStatus") + exchange("MeteringReceipt") + exchange("ChargingStatus")
    said += exchange("PowerDelivery", asks={"charge_progress": "Stop"})
    return said + exchange("SessionStop")


def din_dc():
    said = start(["ServiceDiscovery", "ServicePaymentSelection"])
    said += exchange("ContractAuthentication", evse_processing="Finished")
    said += exchange("ChargeParameterDiscovery", evse_processing="Finished")
    said += exchange("CableCheck", evse_processing="Finished") + exchange("PreCharge")
    said += exchange("PowerDelivery", asks={"ready_to_charge_state": True}) + exchange("CurrentDemand")
    said += exchange("PowerDelivery", asks={"ready_to_charge_state": False})
    return said + exchange("SessionStop")


def session(said, protocol="iso15118-2", closed_by=""):
    now, told = 0.0, []
    module = din if protocol == "din70121" else iso2
    for ordinal, one in enumerate(said, 1):
        now += one.wait_s
        if one.name.startswith("supported"):
            cls = getattr(sap, one.name[0].upper() + one.name[1:])
        else:
            cls = getattr(module, one.name)
        header = None if one.session_id is None else MessageHeader.unchecked(session_id=one.session_id)
        content = None if one.error else cls.unchecked(**one.elements)
        told.append(
            Message(ordinal, now, one.side, 0x8001, one.name, content, header, one.error, one.deviations, ordinal)
        )
    closed = Event(len(told) + 1, now + 0.1, 0, "v2g", "v2g.link", closed_by, "", {"what": "closed", "by": closed_by})
    return V2GSession(1, protocol, tuple(told), (closed,) if closed_by else ())


def at(said, name, nth=0):
    return [one for one in said if one.name == name][nth]


CLEAN = [(iso2_dc, "iso15118-2"), (iso2_ac, "iso15118-2"), (din_dc, "din70121")]


@pytest.mark.parametrize(("story", "protocol"), CLEAN)
def test_a_clean_session_trips_nothing(story, protocol):
    assert [one.reason for one in judge(session(story(), protocol), protocol)] == []


def cut_in(code, ends=True):
    """ServiceDiscovery in the middle of the loop."""

    def wrong(said):
        place = said.index(at(said, "CurrentDemandRes")) + 1
        if ends:
            del said[place:]
        said[place:place] = exchange("ServiceDiscovery", code=code)

    return wrong


def code(name, value, nth=0, end=True):
    def wrong(said):
        one = at(said, name, nth)
        one.elements["response_code"] = value
        if end:
            del said[said.index(one) + 1 :]

    return wrong


def put(name, nth=0, **changes):
    def wrong(said):
        for key, value in changes.items():
            setattr(at(said, name, nth), key, value)

    return wrong


def after_failure(said):
    code("ServiceDiscoveryRes", "FAILED")(said)
    said += exchange("CableCheck", code="FAILED")


def foreign_but_refused(said):
    put("CableCheckReq", session_id=OTHER)(said)
    code("CableCheckRes", UNKNOWN)(said)


def zero_id(said):
    for one in said[3:]:
        one.session_id = ZERO


def joined(said):
    said[2].session_id = OTHER
    said[3].elements["response_code"] = "OK_OldSessionJoined"


def wrong_type(said):
    place = said.index(at(said, "CableCheckRes"))
    said[place:] = exchange("PreCharge", code="FAILED")[1:]


def unasked(said):
    said += exchange("SessionStop", code="FAILED")[1:]


def long_run(base, seconds, **answers):
    def wrong(said):
        place = said.index(at(said, f"{base}Req"))
        said[place:place] = [one for _ in range(seconds) for one in exchange(base, 1.0, **answers)]

    return wrong


def chosen(name, **elements):
    """A choice against an offer of AC by external identification, schedule 1."""

    def wrong(said):
        at(said, "ServiceDiscoveryRes").elements.update(
            payment_option_list=types.PaymentOptionList.unchecked(payment_option=("ExternalPayment",)),
            charge_service=types.ChargeService.unchecked(
                service_id=1,
                supported_energy_transfer_mode=types.SupportedEnergyTransferMode.unchecked(
                    energy_transfer_mode=("AC_three_phase_core",)
                ),
            ),
        )
        at(said, "ChargeParameterDiscoveryRes").elements["sa_schedules"] = types.SAScheduleList.unchecked(
            sa_schedule_tuple=(types.SAScheduleTuple.unchecked(sa_schedule_tuple_id=1),)
        )
        for request, right in RIGHT.items():
            for one in said:
                if one.name == request:
                    one.elements.update(right)
        at(said, name).elements.update(elements)

    return wrong


def backwards(name, element, service=1):
    """A current of -20 A for five loops."""

    def wrong(said):
        at(said, "PaymentServiceSelectionReq").elements["selected_service_list"] = services(service)
        place = said.index(at(said, "CurrentDemandReq"))
        said[place:place] = [one for _ in range(5) for one in exchange("CurrentDemand")]
        for one in said:
            if one.name == name:
                one.elements[element] = types.PhysicalValue.unchecked(multiplier=0, unit="A", value=-20)

    return wrong


def services(*ids):
    return types.SelectedServiceList.unchecked(
        selected_service=tuple(types.SelectedService.unchecked(service_id=one) for one in ids)
    )


RIGHT = {
    "PaymentServiceSelectionReq": {
        "selected_payment_option": "ExternalPayment",
        "selected_service_list": services(1),
    },
    "ChargeParameterDiscoveryReq": {"requested_energy_transfer_mode": "AC_three_phase_core"},
    "PowerDeliveryReq": {"sa_schedule_tuple_id": 1},
}
ISO2_ONLY = [
    ("payment-option-was-offered", chosen("PaymentServiceSelectionReq", selected_payment_option="Contract")),
    ("selected-services-were-offered", chosen("PaymentServiceSelectionReq", selected_service_list=services(1, 99))),
    (
        "energy-transfer-mode-was-offered",
        chosen("ChargeParameterDiscoveryReq", requested_energy_transfer_mode="DC_core"),
    ),
    ("selected-schedule-was-offered", chosen("PowerDeliveryReq", sa_schedule_tuple_id=9)),
    ("no-current-is-fed-back-one-way", backwards("CurrentDemandRes", "evse_present_current")),
    ("no-current-is-asked-back-one-way", backwards("CurrentDemandReq", "ev_target_current")),
]
AGREED = [chosen("PowerDeliveryReq"), backwards("CurrentDemandRes", "evse_present_current", 28473)]


def unstopped(said):
    del said[said.index(at(said, "PowerDeliveryReq", 1)) :]


ONGOING = {"evse_processing": "Ongoing"}
CASES = [
    ("request-is-in-order", cut_in(REFUSED), ()),
    ("wrong-order-is-refused", cut_in("OK"), ("request-is-in-order",)),
    ("right-order-is-not-refused", code("CableCheckRes", REFUSED), ()),
    ("failed-ends-the-session", after_failure, ()),
    ("new-session-has-an-id", zero_id, ()),
    ("joined-session-keeps-its-id", joined, ()),
    ("request-keeps-the-session-id", foreign_but_refused, ()),
    ("foreign-session-id-is-refused", put("CableCheckReq", session_id=OTHER), ("request-keeps-the-session-id",)),
    ("known-session-is-not-refused", code("CableCheckRes", UNKNOWN), ()),
    ("answer-keeps-the-session-id", put("CableCheckRes", session_id=OTHER), ()),
    ("answer-has-the-type-of-the-request", wrong_type, ()),
    ("nothing-is-sent-unasked", unasked, ()),
    ("request-can-be-decoded", put("SessionStopReq", error="broken"), ()),
    ("answer-can-be-decoded", put("SessionStopRes", error="broken"), ()),
    ("request-follows-the-schema", put("SessionStopReq", deviations=("a trailing octet",)), ()),
    ("answer-follows-the-schema", put("SessionStopRes", deviations=("a trailing octet",)), ()),
    ("answer-comes-in-time", put("CableCheckRes", wait_s=2.5), ()),
    ("loop-answer-is-not-lost", put("CurrentDemandRes", wait_s=1.5), ("loop-is-answered-in-time",)),
    ("loop-is-answered-in-time", put("CurrentDemandRes", wait_s=0.5), ()),
    ("request-comes-in-time", put("PowerDeliveryReq", 1, wait_s=61), ()),
    ("cable-check-finishes", long_run("CableCheck", 45, **ONGOING), ()),
    ("pre-charge-gives-up", long_run("PreCharge", 9), ()),
    ("ongoing-gives-up", long_run("ChargeParameterDiscovery", 65, **ONGOING), ()),
]


@pytest.mark.parametrize(("story", "protocol"), [CLEAN[0], CLEAN[2]], ids=["iso2", "din"])
@pytest.mark.parametrize(("rule", "wrong", "also"), CASES, ids=[case[0] for case in CASES])
def test_one_wrong_thing_trips_its_rule_only(story, protocol, rule, wrong, also):
    said = story()
    wrong(said)
    tripped = {one.rule.partition("/")[2]: one.reason for one in judge(session(said, protocol), protocol)}
    assert set(tripped) == {rule, *also}, tripped


@pytest.mark.parametrize(("rule", "wrong"), ISO2_ONLY, ids=[case[0] for case in ISO2_ONLY])
def test_a_choice_that_was_not_offered_and_a_current_that_was_not_agreed_trip_their_rule(rule, wrong):
    said = iso2_dc()
    wrong(said)
    done = next(one for one in said if one.name == "ChargeParameterDiscoveryRes")
    assert done.elements["evse_processing"] == "Finished"
    assert [one.rule for one in judge(session(said), "iso15118-2")] == [f"iso15118-2/{rule}"]


@pytest.mark.parametrize("right", AGREED)
def test_what_was_offered_and_agreed_trips_nothing(right):
    said = iso2_dc()
    right(said)
    assert judge(session(said), "iso15118-2") == []


@pytest.mark.parametrize(("story", "protocol"), [CLEAN[0], CLEAN[2]], ids=["iso2", "din"])
def test_a_vehicle_that_leaves_without_a_stop_is_told(story, protocol):
    said = story()
    unstopped(said)
    tripped = judge(session(said, protocol, closed_by="vehicle"), protocol)
    assert [(one.rule, one.side) for one in tripped] == [(f"{protocol}/vehicle-stops-before-it-closes", "vehicle")]
    assert judge(session(said, protocol, closed_by="charger"), protocol) == []
    code("CurrentDemandRes", "FAILED")(said)
    assert judge(session(said, protocol, closed_by="vehicle"), protocol) == []


@pytest.mark.parametrize("protocol", ["iso15118-2", "din70121"])
def test_every_registered_rule_has_a_tripping_case(protocol):
    registered = {name.partition("/")[2] for name, rule in RULES.items() if rule.protocol == protocol}
    only = {case[0] for case in ISO2_ONLY} if protocol == "iso15118-2" else set()
    assert registered == {case[0] for case in CASES} | only | {"vehicle-stops-before-it-closes"}


def test_certificate_installation_may_only_lead_to_payment_details():
    said = iso2_ac()
    place = said.index(at(said, "PaymentDetailsReq"))
    del said[place:]
    said += exchange("CertificateInstallation") + exchange("Authorization", code=REFUSED)
    assert [one.side for one in judge(session(said), "iso15118-2")] == ["vehicle"]
