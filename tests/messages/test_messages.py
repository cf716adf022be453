"""Messages as objects: checked when built, never changed, told from each other, and cheap to import."""

import dataclasses
import os
import subprocess
import sys

import pytest

from harness.iso15118 import messages
from harness.iso15118.messages import ContentError, common, dc, dsig
from harness.iso15118.messages.common_types import EvseNotification, EVSEStatus, MessageHeader, RationalNumber
from harness.iso15118.messages.iso2 import types as iso2_types

HEADER = MessageHeader(session_id=bytes(8), time_stamp=1)


def test_a_message_is_built_from_its_fields_and_keeps_them():
    request = common.SessionSetupReq(header=HEADER, evcc_id="WMIV1234")
    assert (request.header.time_stamp, request.evcc_id) == (1, "WMIV1234")
    assert request == common.SessionSetupReq(header=HEADER, evcc_id="WMIV1234")
    assert hash(request) == hash(common.SessionSetupReq(header=HEADER, evcc_id="WMIV1234"))


def test_a_message_cannot_be_changed_but_replaced():
    request = common.SessionSetupReq(header=HEADER, evcc_id="WMIV1234")
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.evcc_id = "other"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del request.evcc_id
    assert dataclasses.replace(request, evcc_id="other").evcc_id == "other"  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"evcc_id": "x"}, "SessionSetupReq.header: is required"),
        ({"header": HEADER}, "SessionSetupReq.evcc_id: is required"),
        ({"header": HEADER, "evcc_id": "x" * 256}, "256 characters, at most 255 allowed"),
        ({"header": HEADER, "evcc_id": 5}, "expected a string, got 5"),
        ({"header": HEADER, "evcc_id": "x", "color": 1}, "has no field color; it has header, evcc_id"),
        ({"header": "h", "evcc_id": "x"}, "expected MessageHeader, got 'h'"),
    ],
)
def test_a_message_against_its_schema_is_refused_with_the_place(fields, complaint):
    with pytest.raises(ContentError) as refused:
        common.SessionSetupReq(**fields)
    assert complaint in str(refused.value)


def test_a_literal_becomes_the_member_of_its_enumeration():
    status = EVSEStatus(notification_max_delay=0, evse_notification="Pause")  # type: ignore[arg-type]
    assert status.evse_notification is EvseNotification.Pause
    with pytest.raises(ContentError, match="'Nap' is not one of Pause, ExitStandby"):
        EVSEStatus(notification_max_delay=0, evse_notification="Nap")  # type: ignore[arg-type]


def test_exactly_one_value_of_a_choice_is_needed():
    assert common.Parameter(name="Connector", int_value=1).int_value == 1
    for wrong in ({}, {"int_value": 1, "bool_value": True}):
        with pytest.raises(ContentError, match="exactly one of bool_value"):
            common.Parameter(name="Connector", **wrong)  # type: ignore[arg-type]


def test_a_subclass_does_not_stand_for_its_base_outside_a_substitution_group():
    limits = {
        f"ev_{edge}_{what}": RationalNumber.of(1)
        for edge in ("maximum", "minimum")
        for what in ("charge_power", "charge_current", "voltage", "discharge_power", "discharge_current")
    }
    mode = dc.BPTDCCPDReqEnergyTransferMode(**limits)
    assert dc.DCChargeParameterDiscoveryReq(header=HEADER, energy_transfer_mode=mode).energy_transfer_mode is mode
    child = common.PriceLevelScheduleEntry(duration=1, price_level=1)
    with pytest.raises(ContentError, match="expected AbsolutePriceSchedule or PriceLevelSchedule"):
        common.ChargingSchedule(power_schedule=powers(), price_schedule=child)  # type: ignore[arg-type]


def powers():
    entry = common.PowerScheduleEntry(duration=1, power=RationalNumber.of(1))
    return common.PowerSchedule(
        time_anchor=0, power_schedule_entries=common.PowerScheduleEntryList(power_schedule_entry=(entry,))
    )


def test_unchecked_construction_takes_anything_but_unknown_fields():
    request = common.SessionSetupReq.unchecked(evcc_id=5)
    assert (request.header, request.evcc_id) == (None, 5)
    with pytest.raises(TypeError, match="color"):
        common.SessionSetupReq.unchecked(color=1)


@pytest.mark.parametrize(
    ("number", "value", "exponent"),
    [
        (0, 0, 0),
        (400, 400, 0),
        (0.1, 1, -1),
        (398.7, 3987, -1),
        (-27.43, -2743, -2),
        (32767, 32767, 0),
        (32768, 3277, 1),
        (150_000, 15000, 1),
        (3_750_000, 3750, 3),
        (1 / 3, 3333, -4),
        (-32768, -32768, 0),
        (1e130, 10000, 126),
    ],
)
def test_a_number_becomes_value_and_exponent_as_exactly_as_16_bits_allow(number, value, exponent):
    made = RationalNumber.of(number)
    assert (made.value, made.exponent) == (value, exponent)
    assert float(made) == pytest.approx(number, rel=2e-4)


@pytest.mark.parametrize("number", [1e132, float("inf"), float("nan")])
def test_a_number_that_no_exponent_can_hold_is_refused(number):
    with pytest.raises(OverflowError):
        RationalNumber.of(number)


def test_a_physical_value_has_seven_powers_of_ten_and_a_unit():
    value = iso2_types.PhysicalValue.of(398.7, iso2_types.UnitSymbol.V)
    assert (value.value, value.multiplier, value.unit, float(value)) == (3987, -1, "V", 398.7)
    assert float(iso2_types.PhysicalValue.of(32_767_000, iso2_types.UnitSymbol.W)) == 32_767_000
    with pytest.raises(OverflowError):
        iso2_types.PhysicalValue.of(33_000_000, iso2_types.UnitSymbol.W)


def test_json_has_the_schema_s_names_and_comes_back():
    status = common.PowerDeliveryRes(
        header=HEADER,
        response_code="OK",  # type: ignore[arg-type]
        evse_status=EVSEStatus(notification_max_delay=0, evse_notification=EvseNotification.Pause),
    )
    content = messages.to_json(status)
    assert content == {
        "PowerDeliveryRes": {
            "Header": {"SessionID": "0000000000000000", "TimeStamp": 1},
            "ResponseCode": "OK",
            "EVSEStatus": {"NotificationMaxDelay": 0, "EVSENotification": "Pause"},
        }
    }
    assert messages.from_json(content, "common") == status


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({}, "expected one message, got none"),
        ({"Nap": {}}, "Nap is no global element of common"),
        ({"SessionStopRes": {"Header": 5, "ResponseCode": "OK"}}, "expected an object, got 5"),
        ({"SessionStopRes": {"Hat": 5}}, "has no Hat"),
    ],
)
def test_json_against_the_schema_is_refused(content, complaint):
    with pytest.raises(ContentError, match=complaint):
        messages.from_json(content, "common")


def test_a_message_set_knows_its_place_in_the_protocol():
    found = {s.name: (s.payload_type, s.namespace) for s in messages.schemas()}
    assert found["dc"] == (0x8004, "urn:iso:std:iso:15118:-20:DC")
    assert found["iso2"] == (0x8001, "urn:iso:15118:2:2013:MsgDef")
    assert messages.schema("dc").message("DC_PreChargeReq") is dc.DCPreChargeReq
    with pytest.raises(KeyError, match="no message Nap"):
        messages.schema("dc").message("Nap")


def test_a_negotiated_namespace_names_a_message_set_also_under_a_maker_s_own_name():
    assert messages.schema_of("urn:iso:std:iso:15118:-20:AC").name == "ac"
    assert messages.schema_of("urn:tesla:din:2018:MsgDef") is messages.schema("din")
    with pytest.raises(KeyError, match="urn:nap"):
        messages.schema_of("urn:nap")


def test_a_signature_is_written_alike_by_itself_and_in_its_schema_s_own_grammar_differently():
    info = dsig.SignedInfo(
        canonicalization_method=dsig.CanonicalizationMethod(algorithm="http://www.w3.org/TR/canonical-exi/"),
        signature_method=dsig.SignatureMethod(algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"),
        reference=(
            dsig.Reference(
                digest_method=dsig.DigestMethod(algorithm="http://www.w3.org/2001/04/xmlenc#sha512"),
                digest_value=bytes(64),
            ),
        ),
    )
    alone = messages.encode(info, "dsig", "fragment")
    within = messages.encode(info, "common", "fragment")
    assert alone != within
    assert messages.decode(alone, "dsig", "fragment").message == messages.decode(within, "common", "fragment").message


def test_importing_the_messages_is_quick_and_brings_no_message_set(tmp_path):
    program = (
        "import time, sys; start = time.process_time(); import harness.iso15118.messages as m;"
        "took = time.process_time() - start;"
        "print(took, any(name.endswith(('.dc', '.common', '.iso2')) for name in sys.modules))"
    )
    compiled = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    command = [sys.executable, "-c", program]
    answers = [
        subprocess.run(command, capture_output=True, text=True, check=True, env=compiled).stdout.split()
        for _ in range(4)
    ]
    assert min(float(took) for took, _ in answers) < 0.150
    assert all(loaded == "False" for _, loaded in answers)
