"""Message sets added as modules: nothing in the codec knows of them."""

import random

import pytest

from harness.iso15118 import messages
from harness.iso15118.messages import ExiError, ac, der_iec
from harness.iso15118.messages.common_types import MessageHeader, Processing, RationalNumber
from harness.iso15118.messages.core import element, message
from tests.exi.instances import Instances

HEADER = MessageHeader(session_id=bytes(8), time_stamp=1_700_000_000)
number = RationalNumber.of


def der_request():
    mode = der_iec.DERACCPDReqEnergyTransferMode(
        ev_maximum_charge_power=number(11_000),
        ev_minimum_charge_power=number(100),
        ev_processing=Processing.Finished,
        ev_maximum_discharge_power=number(5_000),
        ev_minimum_discharge_power=number(50),
        ev_session_total_discharge_energy_available=number(20_000),
    )
    return ac.ACChargeParameterDiscoveryReq(header=HEADER, energy_transfer_mode=mode)


def plain_loop():
    mode = ac.ScheduledACCLReqControlMode(ev_present_active_power=number(3_700))
    return ac.ACChargeLoopReq(header=HEADER, meter_info_requested=False, control_mode=mode)


def test_the_set_has_a_payload_type_and_a_namespace_of_its_own():
    schema = messages.schema("ac_der_iec")
    assert (schema.payload_type, schema.namespace) == (0x8010, "urn:iso:std:iso:15118:-20:AC-DER-IEC")


def test_a_member_of_the_amendment_comes_back():
    data = messages.encode(der_request(), "ac_der_iec")
    assert messages.decode(data, "ac_der_iec").message == der_request()


def test_plain_ac_does_not_read_a_member_of_the_amendment():
    with pytest.raises(ExiError):
        messages.decode(messages.encode(der_request(), "ac_der_iec"), "ac")


def test_plain_ac_does_not_write_a_member_of_the_amendment():
    with pytest.raises(ExiError, match=r"cannot stand here|expected"):
        messages.encode(der_request(), "ac")


def test_members_that_sort_behind_the_new_ones_get_other_codes():
    assert messages.encode(plain_loop(), "ac") != messages.encode(plain_loop(), "ac_der_iec")


def test_members_that_sort_before_the_new_ones_keep_theirs():
    mode = ac.ACCPDReqEnergyTransferMode(ev_maximum_charge_power=number(11_000), ev_minimum_charge_power=number(100))
    request = ac.ACChargeParameterDiscoveryReq(header=HEADER, energy_transfer_mode=mode)
    assert messages.encode(request, "ac") == messages.encode(request, "ac_der_iec")


def test_every_part_of_the_amendment_comes_back():
    schema = messages.schema("ac_der_iec")
    instances = Instances(schema, random.Random(3))
    for name in (
        "AC_ChargeParameterDiscoveryReq",
        "AC_ChargeParameterDiscoveryRes",
        "AC_ChargeLoopReq",
        "AC_ChargeLoopRes",
    ):
        for _ in range(40):
            message = instances.record(schema.message(name))
            data = messages.encode(message, schema)
            assert messages.decode(data, schema).message == message


SAE = "urn:example:another-amendment"


@message(ns=SAE, name="SAE_AC_CPDReqEnergyTransferMode", root=True, substitutes="AC_CPDReqEnergyTransferMode")
class SAEACCPDReqEnergyTransferMode(ac.ACCPDReqEnergyTransferMode):
    """What a second amendment could add."""

    ev_grid_code: str = element("EVGridCode")


def test_another_amendment_needs_no_more_than_its_declarations():
    plain = messages.schema("ac")
    amended = messages.MessageSet(
        "ac_sae", 0x8011, (SAE, *plain.namespaces), lambda: None, lists=plain.lists, habits=plain.habits
    )
    mode = SAEACCPDReqEnergyTransferMode(
        ev_maximum_charge_power=number(11_000), ev_minimum_charge_power=number(100), ev_grid_code="UL 1741 SB"
    )
    request = ac.ACChargeParameterDiscoveryReq(header=HEADER, energy_transfer_mode=mode)
    assert messages.decode(messages.encode(request, amended), amended).message == request
    with pytest.raises(ExiError):
        messages.encode(request, "ac_der_iec")


def test_a_namespace_of_another_minor_version_can_stand_for_the_same_messages():
    messages.alias("urn:example:-20:AC:minor-1", messages.schema("ac"))
    assert messages.schema_of("urn:example:-20:AC:minor-1") is messages.schema("ac")
