"""What is wrong with a stream: strict says so at the first place, tolerant reads on and lists all of it."""

import random

import pytest

from harness.exi.bits import BitWriter
from harness.exi.datatypes import Unknown
from harness.exi.schema import Lists, QName, complex_type
from harness.iso15118 import messages
from harness.iso15118.messages import ExiError, MessageSet, acdp, common, core, dc, dsig, sap
from harness.iso15118.messages.common_types import (
    EVSEStatus,
    MessageHeader,
    Processing,
    RationalNumber,
    ResponseCode,
)
from harness.iso15118.messages.iso2 import body as iso2_body
from harness.iso15118.messages.iso2 import document as iso2_document
from harness.iso15118.messages.iso2 import types as iso2_types
from harness.iso15118.messages.samples import all_samples
from tests.exi.instances import Instances

HEADER = MessageHeader(session_id=bytes(8), time_stamp=1)
SETUP = common.SessionSetupReq(header=HEADER, evcc_id="WMIV1234")


def tolerant(data, schema="common", kind="document"):
    return messages.decode(data, schema, kind, "tolerant")


def test_a_clean_stream_has_no_deviation():
    assert tolerant(messages.encode(SETUP, "common")).deviations == ()


def test_octets_after_the_document_are_read_over_and_named():
    data = messages.encode(SETUP, "common") + b"\x00"
    with pytest.raises(ExiError, match="1 octets follow the document: 00") as refused:
        messages.decode(data, "common")
    assert refused.value.bit == 8 * (len(data) - 1)
    decoded = tolerant(data)
    assert decoded.message == SETUP
    assert [deviation.kind for deviation in decoded.deviations] == ["trailing"]


def test_an_octet_too_many_does_not_hide_a_long_message():
    schedule = all_samples()["ScheduleExchangeRes, 1,024 entries"][1]
    decoded = tolerant(messages.encode(schedule, "common") + b"\x00")
    assert decoded.message == schedule
    assert [deviation.kind for deviation in decoded.deviations] == ["trailing"]


def test_padding_that_is_not_zero_is_named():
    data = messages.encode(SETUP, "common")
    data = data[:-1] + bytes([data[-1] | 1])
    with pytest.raises(ExiError, match="not all zero"):
        messages.decode(data, "common")
    assert tolerant(data).deviations[0].kind == "padding"


def test_an_exi_cookie_is_read_over_and_named():
    data = b"$EXI" + messages.encode(SETUP, "common")
    with pytest.raises(ExiError, match="cookie"):
        messages.decode(data, "common")
    assert tolerant(data).message == SETUP


@pytest.mark.parametrize("header", [0x00, 0xA0, 0x81, 0x90])
def test_a_header_with_options_or_another_version_is_refused(header):
    data = bytes([header]) + messages.encode(SETUP, "common")[1:]
    with pytest.raises(ExiError, match=f"header octet {header:02x}"):
        tolerant(data)


def test_every_cut_is_refused_with_a_place():
    data = messages.encode(all_samples()["DC_ChargeLoopRes"][1], "dc")
    for length in range(len(data)):
        with pytest.raises(ExiError) as refused:
            messages.decode(data[:length], "dc", "document", "tolerant")
        assert 0 <= refused.value.bit <= 8 * length


def test_a_broken_facet_is_read_and_named_with_its_path():
    long = common.SessionSetupReq.unchecked(header=HEADER, evcc_id="x" * 300)
    data = messages.encode(long, "common")
    with pytest.raises(ExiError, match="300 characters, at most 255") as refused:
        messages.decode(data, "common")
    assert refused.value.path == "SessionSetupReq/EVCCID"
    decoded = tolerant(data)
    assert decoded.message == long
    assert (decoded.deviations[0].kind, decoded.deviations[0].path) == ("facet", "SessionSetupReq/EVCCID")


def test_the_facets_of_a_name_with_several_types_count_in_a_fragment_too():
    short = iso2_types.EMAID.unchecked(id="id1", value="DE1")
    data = messages.encode(short, "iso2", "fragment", "eMAID")
    with pytest.raises(ExiError, match="3 characters, at least 14") as refused:
        messages.decode(data, "iso2", "fragment")
    assert refused.value.path == "eMAID"
    assert tolerant(data, "iso2", "fragment").message == short


def test_an_unknown_enumeration_value_keeps_its_number():
    status = EVSEStatus.unchecked(notification_max_delay=0, evse_notification=Unknown(7))
    sent = common.PowerDeliveryRes.unchecked(header=HEADER, response_code=Unknown(63), evse_status=status)
    data = messages.encode(sent, "common")
    with pytest.raises(ExiError, match="number 63"):
        messages.decode(data, "common")
    decoded = tolerant(data)
    assert decoded.message == sent
    assert [deviation.kind for deviation in decoded.deviations] == ["facet", "facet"]
    assert messages.to_json(decoded.message)["PowerDeliveryRes"]["ResponseCode"] == {"unknown": 63}


def test_a_missing_element_is_read_over_and_named():
    sent = dc.DCPreChargeReq.unchecked(header=HEADER, ev_processing=Processing.Ongoing)
    data = messages.encode(sent, "dc")
    with pytest.raises(ExiError, match="EVPresentVoltage should follow"):
        messages.decode(data, "dc")
    decoded = tolerant(data, "dc")
    assert decoded.message.ev_processing is Processing.Ongoing
    assert decoded.message.ev_present_voltage is None
    assert decoded.deviations[0].kind == "missing"


def test_an_empty_string_may_be_an_end_without_characters():
    data = messages.encode(sap_entry(""), "sap")
    writer = BitWriter()
    literal = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"
    # header, root, AppProtocol, ProtocolNamespace; then 0 CH, length 2, 0 EE becomes 1 second level, 000 EE
    at = 8 + 2 + 1 + 1
    assert literal[at : at + 10] == "0" + "00000010" + "0"
    for bit in literal[:at] + "1000" + literal[at + 10 :].rstrip("0"):
        writer.bits(int(bit), 1)
    short = writer.getvalue()
    assert messages.decode(short, "sap").message == sap_entry("")


def sap_entry(namespace):
    entry = sap.AppProtocol(
        protocol_namespace=namespace, version_number_major=1, version_number_minor=0, schema_id=9, priority=1
    )
    return sap.SupportedAppProtocolReq(app_protocol=(entry,))


def test_a_string_table_hit_is_a_string():
    entries = sap_entry("urn:a").app_protocol * 2
    plain = messages.encode(sap.SupportedAppProtocolReq(app_protocol=entries), "sap")
    bits = f"{int.from_bytes(plain, 'big'):0{8 * len(plain)}b}"
    literal = f"{7:08b}" + "".join(f"{character:08b}" for character in b"urn:a")
    second = bits.rindex(literal)
    hit = bits[:second] + "00000000" + bits[second + len(literal) :].rstrip("0")  # local table, its only entry
    octets = int(hit.ljust(-(-len(hit) // 8) * 8, "0"), 2).to_bytes(-(-len(hit) // 8), "big")
    assert messages.decode(octets, "sap").message.app_protocol == entries


def test_a_hit_in_an_empty_string_table_is_refused():
    data = messages.encode(sap_entry("urn:a"), "sap")
    bits = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"
    broken = bits.replace(f"{7:08b}", f"{0:08b}", 1)
    octets = int(broken, 2).to_bytes(len(data), "big")
    with pytest.raises(ExiError, match="string 0 of 0 in the local table"):
        tolerant(octets, "sap")


def other_lists(name, lists):
    """The message set as an encoder with other lists has it."""
    real = messages.schema(name)
    return MessageSet(name, real.payload_type, real.namespaces, lambda: None, lists=lists)


# each list that libcbv2g's encoder does not close, the set it is in, and how many items it may have
NOT_CLOSED = [
    ("common", "Service", 8),
    ("common", "SelectedService", 16),
    ("common", "PriceRule", 8),
    ("dc", "TaxCosts", 10),
    ("ac", "TaxCosts", 10),
    ("common", "RootCertificateID", 20),
    ("wpt", "AlternativeSECC", 8),
    ("iso2", "Service", 8),
    ("iso2", "Cost", 3),
]


@pytest.mark.parametrize(("schema", "name", "most"), NOT_CLOSED)
def test_a_list_that_libcbv2g_does_not_close_is_read_and_the_cause_named(schema, name, most):
    real = messages.schema(schema)
    owner, field = next(
        (cls, field) for cls in real.classes for field in complex_type(cls).fields if field.slot.names == (name,)
    )
    element = next(qname.name for qname, kinds in real.elements if kinds == (owner,))
    assert field.slot.occurs[1] == most
    instances = Instances(real, random.Random(5))
    full = tuple(instances.value(field.types[0]) for _ in range(most))
    message = owner(**{**vars(instances.record(owner)), field.name: full})
    habit = next(habit for habit in real.habits if name in habit.cause)
    wrong = messages.encode(message, other_lists(schema, habit.lists), "fragment", element)
    assert wrong != messages.encode(message, schema, "fragment", element)
    with pytest.raises(ExiError):
        messages.decode(wrong, schema, "fragment")
    decoded = tolerant(wrong, schema, "fragment")
    assert decoded.message == message
    assert [(each.kind, "libcbv2g" in each.reason) for each in decoded.deviations] == [("habit", True)]


def test_a_long_list_that_is_unrolled_is_read_and_the_cause_named():
    message = all_samples()["ScheduleExchangeRes, 1,024 entries"][1]
    exact = messages.encode(message, other_lists("common", Lists()))
    assert exact != messages.encode(message, "common")
    short = tolerant(messages.encode(services(), other_lists("iso2", Lists())), "iso2")
    assert short.message == services()
    assert "unrolls" in short.deviations[0].reason


def services():
    selected = iso2_types.SelectedServiceList(selected_service=(iso2_types.SelectedService(service_id=1),) * 16)
    request = iso2_body.PaymentServiceSelectionReq(
        selected_payment_option=iso2_types.PaymentOption.Contract, selected_service_list=selected
    )
    header = iso2_document.MessageHeader(session_id=bytes(8))
    return iso2_document.V2GMessage(header=header, body=iso2_body.Body(body_element=request))


def test_swapped_pantograph_messages_are_read_and_the_cause_named():
    request = acdp.ACDPDisconnectReq(header=HEADER, ev_electrical_charging_device_status="State_B")  # type: ignore[arg-type]
    data = bytearray(messages.encode(request, "acdp"))
    names = [root.qname.name for root in messages.schema("acdp").roots]
    width = len(names).bit_length()
    code = names.index("ACDP_ConnectRes") << 8 - width
    data[1] = code | (data[1] & (1 << 8 - width) - 1)
    decoded = tolerant(bytes(data), "acdp")
    assert decoded.message == request
    assert "sorted by their types' names" in decoded.deviations[0].reason


def test_a_clean_stream_of_the_swapped_kind_stays_what_it_is():
    request = acdp.ACDPDisconnectReq(header=HEADER, ev_electrical_charging_device_status="State_B")  # type: ignore[arg-type]
    decoded = tolerant(messages.encode(request, "acdp"), "acdp")
    assert (type(decoded.message), decoded.deviations) == (acdp.ACDPDisconnectReq, ())


# A SessionSetupReq of EVCC ID WMI with something that the schema does not have, encoded by EXIficient
FOREIGN_ELEMENT = (
    "808c0400000000000000008809d80cc063405bab9371d32bc30b6b836328332bc3a3930b004d60663c19b5bdc996803696e10155d35240"
)
FOREIGN_ATTRIBUTE = "808ec05bab9371d32bc30b6b836328135819880800000000000000011013b01980c405574d4900"
NIL = "808c0400000000000000008809d80cc062a8"
NIL_HEADER = "808d500aae9a9200"
TYPED = "808c0400000000000000008809d80cc0629e01200aae9a9200"


@pytest.mark.parametrize(
    ("stream", "evcc_id", "reason"),
    [
        (FOREIGN_ELEMENT, "WMI", "an element outside the schema: {urn:example}extra"),
        (FOREIGN_ATTRIBUTE, "WMI", "an attribute outside the schema: {urn:example}k='1'"),
        (NIL, "", "xsi:nil=true on an element that is not nillable"),
        (NIL_HEADER, "WMI", "xsi:nil=true on an element that is not nillable"),
    ],
)
def test_what_the_schema_does_not_have_is_named_and_what_follows_is_read(stream, evcc_id, reason):
    decoded = tolerant(bytes.fromhex(stream))
    assert decoded.message.evcc_id == evcc_id
    assert [(deviation.kind, deviation.reason) for deviation in decoded.deviations] == [("untyped", reason)]
    with pytest.raises(ExiError, match=reason.partition(":")[0]):
        messages.decode(bytes.fromhex(stream), "common")


def test_another_type_by_xsi_type_is_refused_with_its_place():
    with pytest.raises(ExiError, match=r"unexpected event AT\(xsi:type\)") as refused:
        tolerant(bytes.fromhex(TYPED))
    assert refused.value.path == "SessionSetupReq/EVCCID"


def test_foreign_elements_have_a_depth_and_may_not_be_of_the_schema_itself():
    def nested(depth):
        held = messages.Foreign()
        for _ in range(depth):
            held = messages.Foreign(content=((QName("a", "urn:a"), held),))
        return dsig.SignatureProperty(target="", children=(messages.Child("{urn:a}a", held),))

    assert messages.decode(messages.encode(nested(31), "dsig"), "dsig").message == nested(31)
    with pytest.raises(ExiError, match="more than 32 deep"):
        messages.decode(messages.encode(nested(32), "dsig"), "dsig")
    own = dsig.SignatureProperty(target="", children=(messages.Child(f"{{{core.DSIG}}}KeyName", messages.Foreign()),))
    with pytest.raises(ExiError, match="its namespace is the schema's own"):
        messages.encode(own, "dsig")


def test_content_that_has_no_bits_is_refused_when_written():
    with pytest.raises(ExiError, match="SessionStopReq/ChargingSession"):
        messages.encode(common.SessionStopReq.unchecked(header=HEADER, charging_session="Nap"), "common")
    with pytest.raises(ExiError, match="has no room in 8 bits"):
        messages.encode(
            dc.DCPreChargeRes.unchecked(
                header=HEADER,
                response_code=ResponseCode.OK,
                evse_present_voltage=RationalNumber.unchecked(exponent=500, value=1),
            ),
            "dc",
        )


def test_an_explanation_shows_every_event_and_survives_a_cut_stream():
    data = messages.encode(SETUP, "common")
    whole = messages.explain(data, "common")
    assert [event.label for event in whole.events[:4]] == [
        "header",
        "SE(SessionSetupReq)",
        "SE(Header)",
        "SE(SessionID)",
    ]
    assert [event.bit for event in whole.events] == sorted(event.bit for event in whole.events)
    cut = messages.explain(data[:-3], "common")
    assert cut.decoded is None
    assert cut.error is not None
    assert len(cut.events) > 4


def test_message_sets_have_different_response_codes():
    assert iso2_types.ResponseCode.FAILED_SequenceError.value == ResponseCode.FAILED_SequenceError.value
    assert list(iso2_types.ResponseCode).index(iso2_types.ResponseCode.FAILED_SequenceError) == 5
    assert list(ResponseCode).index(ResponseCode.FAILED_SequenceError) == 34
