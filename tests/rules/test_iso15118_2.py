"""Rules for ISO 15118-2 and DIN SPEC 70121: a clean session of each trips nothing, one wrong thing trips its rule."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

import harness.rules.iso15118_2  # noqa: F401 - registers the rules
from harness.iso15118.messages import sap
from harness.iso15118.messages.din import body as din
from harness.iso15118.messages.iso2 import body as iso2
from harness.iso15118.messages.iso2.document import MessageHeader
from harness.rules.rule import RULES, judge
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


def session(said, protocol="iso15118-2"):
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
    return V2GSession(1, protocol, tuple(told))


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


@pytest.mark.parametrize("protocol", ["iso15118-2", "din70121"])
def test_every_registered_rule_has_a_tripping_case(protocol):
    registered = {name.partition("/")[2] for name, rule in RULES.items() if rule.protocol == protocol}
    assert registered == {case[0] for case in CASES}


def test_certificate_installation_may_only_lead_to_payment_details():
    said = iso2_ac()
    place = said.index(at(said, "PaymentDetailsReq"))
    del said[place:]
    said += exchange("CertificateInstallation") + exchange("Authorization", code=REFUSED)
    assert [one.side for one in judge(session(said), "iso15118-2")] == ["vehicle"]
